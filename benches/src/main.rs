//! Measures what a call costs, over HTTP and over WAMP, against servers that do nothing but move the same bytes. It owns no
//! product code and knows the program from outside, like the journeys.
//!
//! Servers and load each run in a process of their own, so that the kernel's account of a server's CPU time is
//! the server's alone. Rounds alternate, so that a busy machine bothers all sides alike.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

mod http;
mod middle;
mod process;
mod wamp;

use std::fmt;

use clap::{Parser, Subcommand};
use serde::Serialize;

use crate::middle::middle;
use crate::process::itself;

/// Measures Crossgate against what the same bytes cost by themselves.
#[derive(Debug, Parser)]
#[command(name = "crossgate-benches", version)]
struct Arguments {
    /// Print the figures for programs.
    #[arg(long)]
    json: bool,
    /// Rounds for each side.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    #[command(flatten)]
    http: http::Plan,
    #[command(flatten)]
    wamp: wamp::Plan,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// HTTP alone.
    Http,
    /// WAMP alone.
    Wamp,
    /// Serves fixed bytes.
    #[command(hide = true)]
    Bare(http::BareArguments),
    /// Asks as fast as it is answered.
    #[command(hide = true)]
    Load(http::LoadArguments),
    /// Passes frames on.
    #[command(hide = true)]
    Floor(wamp::FloorArguments),
    /// Clients of WAMP.
    #[command(hide = true)]
    WampLoad(wamp::LoadArguments),
}

/// Everything that was measured.
#[derive(Debug, Serialize)]
struct Figures {
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<http::Figures>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wamp: Option<wamp::Figures>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(http) = &self.http {
            writeln!(f, "{http}")?;
        }
        self.wamp.as_ref().map_or(Ok(()), |wamp| wamp.fmt(f))
    }
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        Some(Part::Floor(floor)) => wamp::floor(&floor),
        Some(Part::WampLoad(load)) => wamp::load(&load),
        Some(Part::Bare(bare)) => runtime()?.block_on(http::bare(&bare)),
        Some(Part::Load(load)) => runtime()?.block_on(http::load(load)),
        Some(Part::Http) => measure(&arguments, true, false),
        Some(Part::Wamp) => measure(&arguments, false, true),
        None => measure(&arguments, true, true),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn measure(arguments: &Arguments, http: bool, wamp: bool) -> anyhow::Result<()> {
    let rounds = arguments.rounds;
    let figures = runtime()?.block_on(async {
        anyhow::Ok(Figures {
            http: if http { Some(http::run(&arguments.http, rounds).await?) } else { None },
            wamp: if wamp { Some(wamp::run(&arguments.wamp, rounds).await?) } else { None },
        })
    })?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&figures)?);
    } else {
        print!("{figures}");
    }
    Ok(())
}
