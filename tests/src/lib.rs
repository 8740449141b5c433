//! The test kit: a private certificate authority made on the spot, the real program started on free ports,
//! and clients to talk to it. It knows the program from outside only, by its command line, its configuration
//! and its answers: no crate of ours is a dependency, so what passes here passes for a user.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why, and stops")]

mod answer;
mod client;
mod events;
mod pebble;
mod pki;
mod program;
mod python;
mod site;
mod standard;
mod until;

pub use answer::Answer;
pub use client::{Http, Visitor};
pub use events::{EventStream, Told};
pub use pebble::{EXTERNAL_ACCOUNT, Manner, Pebble, Ports};
pub use pki::{Authority, Leaf};
pub use program::{Listener, Program};
pub use python::{Python, chromium};
pub use site::{Finished, Site, executable};
pub use standard::Client;
pub use until::{PATIENCE, until};
