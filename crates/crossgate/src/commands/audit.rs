//! `crossgate audit`: reading and verifying the record of calls.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use crossgate_router::audit::{Audit, Stored, Verified, verify_export};
use jiff::Timestamp;
use serde_json::json;

use super::local::{Local, explained};
use crate::cli::ConfigFile;

/// How often `tail --follow` looks for new records.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// How many records are read at a time.
const PAGE: usize = 500;

/// What to do with the log.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Check the chain from the first record to the last.
    Verify {
        /// A hash that a record must have: the head that an earlier `verify` printed, kept elsewhere since.
        /// The end of the log cannot have been cut off behind it unnoticed.
        #[arg(long, value_name = "HASH")]
        expect_head: Option<String>,
        /// Verify a file made by `export` instead of the log.
        #[arg(long, value_name = "FILE", conflicts_with = "expect_head")]
        exported: Option<PathBuf>,
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Print the newest records.
    Tail {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: usize,
        /// Go on printing what is added.
        #[arg(long, short)]
        follow: bool,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// Write records as JSON lines that can be verified on their own.
    Export {
        /// Not before this instant: 2026-11-22T00:00:00Z.
        #[arg(long)]
        since: Option<Timestamp>,
        /// Before this instant.
        #[arg(long)]
        until: Option<Timestamp>,
        /// Where to; standard output without it.
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        file: ConfigFile,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Verify { exported: Some(path), json, .. } => {
            let read = std::io::BufReader::new(std::fs::File::open(&path)?);
            report(&verify_export(read)?, json)
        }
        Command::Verify { expect_head, json, file, .. } => super::block_on(async {
            let local = Local::open(&file).await?;
            let permit = local
                .program
                .router
                .admit_task(&local.caller, "audit.verify", local.origin())
                .await
                .map_err(|error| explained(&error))?;
            let audit = local.program.router.audit().clone();
            let verified = local
                .program
                .router
                .perform(permit, audit.verify(expect_head.as_deref()))
                .await
                .map_err(|error| explained(&error));
            local.close().await?;
            report(&verified?, json)
        }),
        Command::Tail { lines, follow, json, file } => super::block_on(async {
            let local = Local::open(&file).await?;
            let permit = local
                .program
                .router
                .admit_task(&local.caller, "audit.tail", local.origin())
                .await
                .map_err(|error| explained(&error))?;
            let audit = local.program.router.audit().clone();
            let newest =
                local.program.router.perform(permit, audit.tail(lines)).await.map_err(|error| explained(&error))?;
            newest.iter().try_for_each(|record| print(record, json))?;
            if follow {
                go_on(&audit, newest.last().map_or(0, |record| record.seq), json).await?;
            }
            local.close().await?;
            Ok(ExitCode::SUCCESS)
        }),
        Command::Export { since, until, output, file } => super::block_on(async {
            let local = Local::open(&file).await?;
            let permit = local
                .program
                .router
                .admit_task(&local.caller, "audit.export", local.origin())
                .await
                .map_err(|error| explained(&error))?;
            let audit = local.program.router.audit().clone();
            let mut out: Box<dyn std::io::Write + Send> = match &output {
                Some(path) => Box::new(std::io::BufWriter::new(create_private(path)?)),
                None => Box::new(std::io::BufWriter::new(std::io::stdout())),
            };
            let written = local
                .program
                .router
                .perform(permit, audit.export(since, until, &mut out))
                .await
                .map_err(|error| explained(&error));
            out.flush()?;
            drop(out);
            local.close().await?;
            let written = written?;
            if let Some(path) = output {
                super::say(format_args!("{written} records written to {}", path.display()))?;
            }
            Ok(ExitCode::SUCCESS)
        }),
    }
}

/// A new file for its owner alone, as the log itself is: it tells who did what.
fn create_private(path: &Path) -> anyhow::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("cannot write {}", path.display()))
}

async fn go_on(audit: &Audit, mut last: i64, json: bool) -> anyhow::Result<()> {
    let mut tick = tokio::time::interval(FOLLOW_EVERY);
    let stop = tokio::signal::ctrl_c();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            _ = &mut stop => return Ok(()),
            _ = tick.tick() => {
                for record in audit.after(last, PAGE).await.map_err(|error| explained(&error))? {
                    last = record.seq;
                    print(&record, json)?;
                }
            }
        }
    }
}

fn print(record: &Stored, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return super::say(serde_json::to_string(record)?);
    }
    let detail = record.detail.as_deref().map(|detail| format!("  {detail}")).unwrap_or_default();
    let source = record.source.as_deref().unwrap_or("-");
    super::say(format_args!(
        "{:>7}  {}  {:<24} {:<16} {:<10} {:>8} µs  {} {} {}{detail}",
        record.seq,
        record.at,
        record.procedure,
        record.caller,
        record.outcome,
        record.duration_us,
        record.door,
        source,
        record.trace
    ))
}

/// Exit code 1 when the chain is broken, so that a script notices.
fn report(verified: &Verified, as_json: bool) -> anyhow::Result<ExitCode> {
    let broken = verified.broken.as_ref();
    if as_json {
        super::print_json(
            &json!({"ok": broken.is_none(), "records": verified.records, "head": verified.head, "broken": broken.map(|b| json!({"seq": b.seq, "reason": b.reason}))}),
        )?;
    } else if let Some(broken) = broken {
        super::say(format_args!("BROKEN at record {}: {}", broken.seq, broken.reason))?;
    } else {
        super::say(format_args!("{} records, chain intact\nhead {}", verified.records, verified.head))?;
    }
    Ok(if broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn an_export_is_for_its_owner_alone_and_replaces_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("export.jsonl");
        let mode = create_private(&path).unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
        assert!(create_private(&path).is_err());
    }
}
