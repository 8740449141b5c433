//! Certificates from a public authority, as the configuration orders them.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use crossgate_call::{Clock as _, SystemClock};
use crossgate_certificates::acme::{Record, renew, status};
use jiff::Timestamp;
use serde_json::json;

use crate::cli::ConfigFile;
use crate::commands::local::{Local, explained};
use crate::commands::{block_on, configuration, print_json, say};

/// What to do with them.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show each certificate: when it ends, when it is renewed, what the last order failed of.
    Status {
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Have certificates ordered anew now, by the running program, which looks every few seconds.
    Renew {
        /// Those that have one of these names; all without any.
        #[arg(value_name = "DOMAIN")]
        domains: Vec<String>,
        #[command(flatten)]
        file: ConfigFile,
    },
}

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Status { json, file } => show(*json, file),
        Command::Renew { domains, file } => order(domains, file),
    }
}

/// The directory, and the ids of what listeners order.
fn orders(file: &ConfigFile) -> anyhow::Result<(String, Vec<String>)> {
    let config = configuration(file)?.config.edge;
    let acme = config.acme.as_ref().context("the configuration has no [edge.acme]")?;
    let mut ids: Vec<String> = config.wanted().map(crossgate_certificates::acme::Wanted::id).collect();
    ids.sort();
    ids.dedup();
    Ok((acme.directory().to_owned(), ids))
}

fn show(json: bool, file: &ConfigFile) -> anyhow::Result<ExitCode> {
    let (directory, ids) = orders(file)?;
    let records = block_on(async {
        let local = Local::open(file).await?;
        let router = &local.program.router;
        let permit = router.admit_task(&local.caller, "certificates.status", local.origin()).await;
        let permit = permit.map_err(|error| explained(&error))?;
        let found = router
            .perform(permit, async { status(&local.program.store, &directory, &ids).await.map_err(Into::into) })
            .await;
        local.close().await?;
        found.map_err(|error| explained(&error))
    })?;
    let now = SystemClock.now();
    if json {
        let all: Vec<_> = ids
            .iter()
            .zip(&records)
            .map(|(id, record)| json!({"names": id, "state": state(record.as_ref(), now), "record": record}))
            .collect();
        print_json(&json!({"directory": directory, "certificates": all}))?;
        return Ok(ExitCode::SUCCESS);
    }
    say(format_args!("directory {directory}"))?;
    for (id, record) in ids.iter().zip(&records) {
        say(format_args!("{id}: {}", state(record.as_ref(), now)))?;
        let Some(record) = record else { continue };
        if let (Some(from), Some(to)) = (record.not_before, record.not_after) {
            say(format_args!("  valid {from} to {to}"))?;
        }
        if let Some(at) = record.renew_at {
            say(format_args!("  to be renewed at {at}"))?;
        }
        if let Some(error) = &record.error {
            say(format_args!("  failed {} times, next try not before {}: {error}", record.failures, record.next_at))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn state(record: Option<&Record>, now: Timestamp) -> &'static str {
    match record {
        None => "not ordered yet",
        Some(Record { not_after: None, failures: 0, .. }) => "being ordered",
        Some(Record { not_after: None, .. }) => "failing",
        Some(Record { not_after: Some(at), .. }) if *at < now => "expired",
        Some(Record { failures: 0, .. }) => "in use",
        Some(_) => "in use, renewal failing",
    }
}

fn order(domains: &[String], file: &ConfigFile) -> anyhow::Result<ExitCode> {
    let (directory, ids) = orders(file)?;
    let has = |id: &String| {
        domains.is_empty() || id.split(',').any(|name| domains.iter().any(|domain| name.eq_ignore_ascii_case(domain)))
    };
    let chosen: Vec<_> = ids.into_iter().filter(has).collect();
    if chosen.is_empty() {
        bail!("no listener orders a certificate for {}", domains.join(", "));
    }
    block_on(async {
        let local = Local::open(file).await?;
        let router = &local.program.router;
        let permit = router.admit_task(&local.caller, "certificates.renew", local.origin()).await;
        let permit = permit.map_err(|error| explained(&error))?;
        let asked = router.perform(permit, async {
            for id in &chosen {
                renew(&local.program.store, &directory, id, SystemClock.now()).await?;
            }
            Ok(())
        });
        let asked = asked.await;
        local.close().await?;
        asked.map_err(|error| explained(&error))
    })?;
    for id in &chosen {
        say(format_args!("{id} will be ordered anew by the running program; see `crossgate cert acme status`"))?;
    }
    Ok(ExitCode::SUCCESS)
}
