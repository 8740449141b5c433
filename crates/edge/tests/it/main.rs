//! The doors, over real sockets on free ports, with certificates made on the spot.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "tests, and their helpers"
)]

mod client;
mod drain;
mod floods;
mod limits;
mod operations;
mod origins;
mod pages;
mod pki;
mod refusals;
mod reload;
mod served;
mod slow;
mod sockets;
mod tls;
mod tokens;
mod wamp;
