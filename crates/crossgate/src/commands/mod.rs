//! What each subcommand does. Reading arguments is `cli`'s, the work is the other crates'; here is
//! what lies between: opening the configured parts, and printing for people or programs.
#![expect(clippy::print_stderr, reason = "printing is what a command line is for")]

pub(crate) mod add;
pub(crate) mod audit;
pub(crate) mod cert;
pub(crate) mod check;
pub(crate) mod hash;
pub(crate) mod import;
pub(crate) mod loans;
pub(crate) mod logs;
pub(crate) mod schema;
pub(crate) mod token;
pub(crate) mod up;
pub(crate) mod wamp;
pub(crate) mod worker;

mod local;

use std::io::Write as _;
use std::path::Path;

use anyhow::bail;

use crate::cli::ConfigFile;
use crate::config::{Loaded, load};
use crate::demo;

/// Says on standard error what went wrong, from the outside in.
pub(crate) fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Prints a value for a program.
fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Prints a line for a person; unlike `println!`, fails when nobody reads.
fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

/// The configuration that the command line names, or the demonstration's if there is one.
fn configuration(file: &ConfigFile) -> anyhow::Result<Loaded> {
    let demo = Path::new(demo::FOLDER).join("crossgate.toml");
    match &file.config {
        Some(file) => load(file, std::env::vars()),
        None if demo.exists() => load(&demo, std::env::vars()),
        None => bail!(
            "no configuration: name one with --config FILE, or run `crossgate up` here once to make {}",
            demo.display()
        ),
    }
}

/// A runtime for commands that finish; `up` has its own.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// A secret typed or piped in: the first line of standard input.
fn read_secret(prompt: &str) -> anyhow::Result<String> {
    use std::io::IsTerminal as _;
    if std::io::stdin().is_terminal() {
        eprint!("{prompt}: ");
        std::io::stderr().flush()?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let secret = line.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        bail!("nothing was given; type it, or pipe it in: printf %s \"$SECRET\" | crossgate ...");
    }
    Ok(secret.to_owned())
}
