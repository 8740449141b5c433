//! The crate's behaviour, from outside.

#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests are not marked as tests themselves")]

mod auth;
mod broker;
mod calls;
mod client;
mod fuzz;
mod kit;
mod messages;
mod names;
mod options;
mod oracles;
mod rawsocket;
mod registrations;
mod serializers;
mod session;
mod tables;
mod values;
