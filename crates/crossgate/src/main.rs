//! Crossgate: one program between callers and services.
//!
//! This crate is the composition root: it reads the configuration, opens the parts in order, holds
//! the only list of services, and offers the command line. It knows no domain's rules.

mod bridge;
mod cli;
mod commands;
mod compose;
mod config;
mod console;
mod demo;
mod fetch;
mod log;
mod services;
mod system;
mod webhooks;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
