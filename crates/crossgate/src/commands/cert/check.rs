//! Whether certificates can be used.

use std::path::PathBuf;
use std::process::ExitCode;

use crossgate_call::{Clock as _, SystemClock};
use crossgate_certificates::{Examined, Purpose, certificates, examine};
use serde_json::json;

use crate::commands::{print_json, say};

/// What to look at.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Certificates, PEM or DER. In a chain the first is judged for the use, the others as authorities.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What it is to be used for; a certificate that says `clientAuth` alone is judged as a client's, an authority's as
    /// one, and any other as a server's when nothing is said.
    #[arg(long = "for", value_name = "USE", value_parser = ["server", "client", "authority"])]
    purpose: Option<String>,
    /// Print for programs.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let now = SystemClock.now();
    let mut fine = true;
    let mut found = Vec::new();
    for file in &args.files {
        for (place, der) in certificates(file)?.iter().enumerate() {
            let purpose = match (place, args.purpose.as_deref()) {
                (1.., _) | (_, Some("authority")) => Purpose::Authority,
                (_, Some("client")) => Purpose::Client,
                (_, Some(_)) => Purpose::Server,
                (_, None) => Purpose::guess(der),
            };
            let examined = examine(der, purpose, now);
            fine &= examined.faults.is_empty();
            let what = if place == 0 {
                file.display().to_string()
            } else {
                format!("{} (number {})", file.display(), place + 1)
            };
            if args.json {
                found.push(document(&what, purpose, &examined));
            } else {
                told(&what, purpose, &examined)?;
            }
        }
    }
    if args.json {
        print_json(&json!({"ok": fine, "certificates": found}))?;
    }
    Ok(if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Server => "server",
        Purpose::Client => "client",
        Purpose::Authority => "authority",
    }
}

fn document(what: &str, purpose: Purpose, examined: &Examined) -> serde_json::Value {
    let faults: Vec<_> = examined.faults.iter().map(ToString::to_string).collect();
    json!({"file": what, "for": word(purpose), "ok": faults.is_empty(), "faults": faults, "warnings": examined.warnings, "facts": examined.facts})
}

fn told(what: &str, purpose: Purpose, examined: &Examined) -> anyhow::Result<()> {
    for fault in &examined.faults {
        say(format_args!("NOT USABLE: the certificate in {what} {fault}"))?;
    }
    for warning in &examined.warnings {
        say(format_args!("warning: the certificate in {what} {warning}"))?;
    }
    let Some(facts) = &examined.facts else { return Ok(()) };
    if examined.faults.is_empty() {
        say(format_args!("{what} is good for a {}", word(purpose).replace("authority", "certificate authority")))?;
    }
    say(format_args!(
        "  subject {}, issuer {}, key {}, serial {}",
        facts.subject, facts.issuer, facts.key, facts.serial
    ))?;
    say(format_args!("  valid {} to {}, names {}", facts.not_before, facts.not_after, facts.names.join(", ")))?;
    say(format_args!("  SHA-1 {}", facts.sha1))?;
    say(format_args!("  SHA-256 {}", facts.sha256))?;
    say(format_args!("  sha256 {}", facts.sha256_hex))
}
