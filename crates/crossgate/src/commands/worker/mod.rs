//! `crossgate worker`: workers of this program's own. Each is a process that connects outwards to a router, proves who it is
//! with a certificate of its own, and connects again when it has to.

pub(crate) mod authenticator;
mod logger;

use std::process::ExitCode;

use super::wamp::exit;

/// Which one.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Decide by a policy file who may join, and what they may do.
    #[command(after_help = authenticator::EXAMPLES)]
    Authenticator(Box<authenticator::Args>),
    /// Record log lines, and who joins and leaves, in the router's logbook.
    #[command(after_help = logger::EXAMPLES)]
    Logger(Box<logger::Args>),
}

/// Runs it until SIGTERM or Ctrl-C.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = super::block_on(async {
        match command {
            Command::Authenticator(args) => authenticator::run(*args).await,
            Command::Logger(args) => logger::run(*args).await,
        }
    });
    match done {
        // What the client says of the arguments has its own code.
        Err(error) => error.downcast_ref().map(exit::failed).ok_or(error),
        done => done,
    }
}
