//! `crossgate import`: other programs' configurations, converted as far as they can be.
#![expect(clippy::print_stderr, reason = "what could not be converted goes beside the result")]

mod crossbar;

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};

use crate::config::Config;

/// No configuration of people's making is larger, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Whose configuration.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Convert a node configuration of Crossbar.io (JSON). What cannot be converted is listed on standard error, with its place.
    Crossbar(Args),
}

/// From where, and where to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The configuration, usually `.crossbar/config.json`.
    file: PathBuf,
    /// Write the result there; nothing is overwritten. On standard output without it.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Converts.
pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Crossbar(args) = command;
    let name = args.file.display();
    let size = std::fs::metadata(&args.file).with_context(|| format!("cannot read {name}"))?.len();
    ensure!(size <= FILE_BYTES_MAX, "{name} is larger than {FILE_BYTES_MAX} bytes");
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {name}"))?;
    // serde_json's own words name a place and never a value.
    let node = serde_json::from_str(&text).map_err(|error| anyhow::anyhow!("{name} is not JSON: {error}"))?;
    let (table, left) = crossbar::convert(&node).with_context(|| name.to_string())?;
    let converted = toml::to_string(&table).context("the result cannot be written as TOML")?;
    toml::from_str::<Config>(&converted)
        .map_err(|error| anyhow::anyhow!("the result is no configuration: {}", error.message()))?;
    let heading = "# Converted from a configuration of Crossbar.io. Check it: `crossgate check --config FILE`.\n\n";
    match &args.output {
        None => super::say(format_args!("{heading}{converted}"))?,
        Some(output) => {
            // Tickets and secrets may stand in it.
            let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
            let mut file = file.with_context(|| format!("cannot make {}", output.display()))?;
            file.write_all(format!("{heading}{converted}").as_bytes())
                .with_context(|| format!("cannot write {}", output.display()))?;
        }
    }
    for (place, why) in &left {
        eprintln!("not converted: {place}: {why}");
    }
    Ok(ExitCode::SUCCESS)
}
