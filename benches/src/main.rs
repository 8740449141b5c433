//! Measures what a call costs: the program, answering a balance over HTTPS with a token, a validated contract
//! and an audit record, against a bare handler that answers the same bytes over the same TLS stack. It owns no
//! product code and knows the program from outside, like the journeys.
//!
//! Servers and load each run in a process of their own, so that the kernel's account of a server's CPU time is
//! the server's alone. Rounds alternate, so that a busy machine bothers both sides alike.
#![allow(clippy::print_stdout, reason = "a bench prints")]

mod bare;
mod compare;
mod load;
mod process;
mod report;
mod startup;

use clap::{Parser, Subcommand};

/// Measures Crossgate against a bare handler over the same TLS stack.
#[derive(Debug, Parser)]
#[command(name = "crossgate-benches", version)]
struct Arguments {
    /// Print the figures for programs.
    #[arg(long)]
    json: bool,
    /// Rounds for each side.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each round.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Connections that ask at the same time.
    #[arg(long, default_value_t = 16)]
    connections: usize,
    #[command(subcommand)]
    role: Option<Role>,
}

/// What the bench starts of itself.
#[derive(Debug, Subcommand)]
enum Role {
    /// Serves fixed bytes.
    #[command(hide = true)]
    Bare(bare::Arguments),
    /// Asks as fast as it is answered.
    #[command(hide = true)]
    Load(load::Arguments),
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match arguments.role {
            Some(Role::Bare(bare)) => bare::serve(&bare).await,
            Some(Role::Load(load)) => load::run(load).await,
            None => {
                let figures = report::Figures {
                    comparison: compare::run(arguments.rounds, arguments.seconds, arguments.connections).await?,
                    startup: startup::run().await?,
                };
                if arguments.json {
                    println!("{}", serde_json::to_string_pretty(&figures)?);
                } else {
                    print!("{figures}");
                }
                Ok(())
            }
        }
    })
}
