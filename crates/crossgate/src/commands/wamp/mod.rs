//! `crossgate wamp`: a WAMP client for people and scripts.
//!
//! Data goes to standard output, everything else to standard error. Exit codes tell scripts what happened: see [`exit`].

mod call;
pub(super) mod connection;
pub(super) mod exit;
mod publish;
mod register;
mod shell;
pub(super) mod show;
pub(super) mod subscribe;
mod values;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Call a procedure and print its result.
    #[command(after_help = call::EXAMPLES)]
    Call(Box<call::Args>),
    /// Answer calls with a shell command.
    #[command(after_help = register::EXAMPLES)]
    Register(Box<register::Args>),
    /// Publish an event.
    #[command(after_help = publish::EXAMPLES)]
    Publish(Box<publish::Args>),
    /// Print events, one JSON object a line.
    #[command(after_help = subscribe::EXAMPLES)]
    Subscribe(Box<subscribe::Args>),
}

/// Does it.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    let done = super::block_on(async {
        match command {
            Command::Call(args) => call::run(*args).await,
            Command::Register(args) => register::run(*args).await,
            Command::Publish(args) => publish::run(*args).await,
            Command::Subscribe(args) => subscribe::run(*args).await,
        }
    });
    match done {
        // What the client says of the arguments has its own code.
        Err(error) => error.downcast_ref().map(exit::failed).ok_or(error),
        done => done,
    }
}

/// Waits for Ctrl-C or SIGTERM.
pub(super) fn stopped() -> anyhow::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
