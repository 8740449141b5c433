//! What an authority has issued.

use std::process::ExitCode;

use crossgate_call::{Clock as _, SystemClock};
use crossgate_certificates::Status;
use jiff::Timestamp;
use serde_json::json;

use super::Place;
use crate::commands::{print_json, say};

/// Which to show.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let now = SystemClock.now();
    let folder = args.place.folder();
    let (all, next_update) = (folder.certificates()?, folder.list_next_update()?);
    if args.place.json {
        let certificates: Vec<_> =
            all.iter().map(|status| json!({"certificate": status, "state": state(status, now)})).collect();
        print_json(&json!({"certificates": certificates, "list": folder.list(), "list_next_update": next_update}))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["NAME", "FOR", "STATE", "ENDS", "SERIAL", "SHA-256", "SUBJECT AND NAMES"]);
    for status in &all {
        let entry = &status.entry;
        let kind = format!("{:?}", entry.kind).to_lowercase();
        let names = [&[format!("CN={}", entry.common_name)], &entry.names[..]].concat().join(", ");
        let ends = entry.not_after.strftime("%Y-%m-%d").to_string();
        let sha256 = format!("{}...", entry.sha256.get(..12).unwrap_or_default());
        table.add_row([
            entry.name.clone(),
            kind,
            state(status, now).to_owned(),
            ends,
            entry.serial.clone(),
            sha256,
            names,
        ]);
    }
    say(table)?;
    match next_update {
        Some(at) if at < now => {
            say(format_args!("the revocation list should have been replaced by {at}: `crossgate cert crl`"))?
        }
        Some(at) => say(format_args!("the revocation list is to be replaced by {at}"))?,
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

fn state(status: &Status, now: Timestamp) -> &'static str {
    match status {
        Status { revoked: Some(_), .. } => "revoked",
        Status { entry, .. } if entry.not_after < now => "expired",
        Status { .. } => "valid",
    }
}
