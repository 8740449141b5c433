//! `crossgate token`: issuing tokens by hand, and explaining what is wrong with one.

use std::process::ExitCode;

use crossgate_identity::{Inspection, IssueRequest};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::local::{Local, explained};
use crate::cli::ConfigFile;

/// What to do with a token.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Issue an access token, signed with the configured key. The issuing is recorded in the audit log.
    Issue {
        /// Whom the token names.
        #[arg(long)]
        subject: String,
        /// A role that the token gives; may be given several times.
        #[arg(long = "role", required = true)]
        roles: Vec<String>,
        /// Seconds until it expires; `identity.tokens.lifetime_s` without it.
        #[arg(long, value_name = "SECONDS")]
        lifetime: Option<u64>,
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Verify a token, read from standard input, as the program would, and explain it.
    Inspect {
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Issue { subject, roles, lifetime, json, file } => super::block_on(async {
            let local = Local::open(&file).await?;
            let router = &local.program.router;
            let permit = router
                .admit_task(&local.caller, "identity.issue_token", local.origin())
                .await
                .map_err(|error| explained(&error))?;
            let request = IssueRequest { subject: &subject, roles: &roles, lifetime_s: lifetime, certificate: None };
            let issued = router
                .perform(permit, async { local.program.identity.issue(&request) })
                .await
                .map_err(|error| explained(&error));
            local.close().await?;
            let issued = issued?;
            let token = issued.access_token.expose_secret();
            if json {
                super::print_json(
                    &json!({"access_token": token, "token_type": "Bearer", "expires_in": issued.expires_in_s}),
                )?;
            } else {
                super::say(token)?;
            }
            Ok(ExitCode::SUCCESS)
        }),
        Command::Inspect { json, file } => {
            let token = super::read_secret("token")?;
            super::block_on(async {
                let local = Local::open(&file).await?;
                let inspection = local.program.identity.inspect(token.trim()).await;
                local.close().await?;
                if json {
                    super::print_json(&inspection)?
                } else {
                    print(&inspection)?
                }
                Ok(if inspection.valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            })
        }
    }
}

fn print(inspection: &Inspection) -> anyhow::Result<()> {
    match &inspection.reason {
        None => super::say("valid")?,
        Some(reason) => super::say(format_args!("NOT VALID: {reason}"))?,
    }
    let roles: Vec<_> = inspection.roles.iter().map(AsRef::as_ref).collect();
    let lines = [("issuer", &inspection.issuer), ("caller", &inspection.caller), ("expires", &inspection.expires)];
    for (name, value) in lines {
        if let Some(value) = value {
            super::say(format_args!("{name:<8} {value}"))?;
        }
    }
    if !roles.is_empty() {
        super::say(format_args!("roles    {}", roles.join(", ")))?;
    }
    for (name, part) in [("header", &inspection.header), ("claims", &inspection.claims)] {
        if let Some(part) = part {
            super::say(format_args!("{name}   {}", serde_json::to_string_pretty(part)?))?;
        }
    }
    Ok(())
}
