//! `crossgate worker`: WAMP workers of our own, each a process that connects outwards with its own certificate.

pub(crate) mod authenticator;

use std::process::ExitCode;

/// Which worker.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Decide by a policy file who may join, and what they may do.
    #[command(after_help = authenticator::EXAMPLES)]
    Authenticator(Box<authenticator::Args>),
}

/// Runs it until SIGTERM or Ctrl-C.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = super::block_on(async {
        match command {
            Command::Authenticator(args) => authenticator::run(*args).await,
        }
    });
    match done {
        // What the client says of the arguments has its own code.
        Err(error) => error.downcast_ref().map(super::wamp::exit::failed).ok_or(error),
        done => done,
    }
}
