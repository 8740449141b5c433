//! The life of a session as values: what each side may say when, and what is said in HELLO and WELCOME.
//!
//! The machine does no authentication itself: it says what has to be done ([`Step`]) and is told how it ended.
//! A connection outlives its sessions: after GOODBYE from both sides a new HELLO opens the next one.

mod details;
mod features;
mod handshake;

pub use details::{AUTH_METHODS_MAX, AuthInfo, HelloDetails, Welcome};
pub use features::{BrokerFeatures, ClientFeatures, DealerFeatures, Features};
pub use handshake::{Handshake, State, Step, Violation, abort};
