//! What this crate promises, as tables.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says what is wrong by failing")]

mod bodies;
mod compat;
mod discriminators;
mod faults;
mod formats;
mod fuzz;
mod keywords;
mod kit;
mod properties;
mod realistic;
mod responses;
mod routing;
mod styles;
