//! The command line: what can be said, and who does it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::commands;

/// One program between callers and services: secure, validated, audited calls over HTTPS and WAMP.
#[derive(Debug, Parser)]
#[command(name = "crossgate", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where the configuration is.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file. Without it: ./crossgate-data/crossgate.toml, the demonstration's.
    #[arg(long, short, env = "CROSSGATE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start what the configuration names; without one, a demonstration in ./crossgate-data.
    Up(commands::up::Args),
    /// Check the configuration, contracts, certificates and databases; start nothing.
    Check(commands::check::Args),
    /// Print the JSON Schema of the configuration.
    Schema,
    /// Issue and inspect tokens.
    #[command(subcommand)]
    Token(commands::token::Command),
    /// Make, check, renew and revoke certificates.
    #[command(subcommand)]
    Cert(commands::cert::Command),
    /// Hash a secret for the configuration.
    #[command(subcommand)]
    Hash(commands::hash::Command),
    /// Add a user to the store.
    #[command(subcommand)]
    Add(commands::add::Command),
    /// Read and verify the audit log.
    #[command(subcommand)]
    Audit(commands::audit::Command),
    /// Call, register, publish and subscribe as a WAMP client.
    #[command(subcommand)]
    Wamp(commands::wamp::Command),
    /// Run workers that belong to this program, as processes of their own.
    #[command(subcommand)]
    Worker(commands::worker::Command),
    /// Read what log daemons reported.
    #[command(subcommand)]
    Logs(commands::logs::Command),
    /// Convert configurations of other programs.
    #[command(subcommand)]
    Import(commands::import::Command),
    /// Work with loans in the configured store.
    #[command(subcommand)]
    Loans(commands::loans::Command),
}

/// Parses the command line and does what it says. Exit codes: 0 done, 1 failed, 2 wrong usage; `wamp` has
/// more of them.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Up(args) => commands::up::run(&args),
        Command::Check(args) => commands::check::run(&args),
        Command::Schema => commands::schema::run(),
        Command::Token(command) => commands::token::run(command),
        Command::Cert(command) => commands::cert::run(command),
        Command::Hash(command) => commands::hash::run(&command),
        Command::Add(command) => commands::add::run(&command),
        Command::Audit(command) => commands::audit::run(command),
        Command::Wamp(command) => commands::wamp::run(command),
        Command::Worker(command) => commands::worker::run(command),
        Command::Logs(command) => commands::logs::run(command),
        Command::Import(command) => commands::import::run(&command),
        Command::Loans(command) => commands::loans::run(command),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            // A reader that went away (`crossgate audit export | head`) is no failure worth words.
            if error.chain().any(|cause| {
                cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
            }) {
                return ExitCode::SUCCESS;
            }
            commands::complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
