//! The router from outside: identity, audit and procedures for real, in a folder of the test's own.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod calls;
mod kit;
mod limits;
mod realm;
