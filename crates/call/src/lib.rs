//! The vocabulary of a call: who asks ([`Caller`]), for what ([`Call`], [`Procedure`]), with which
//! [`Payload`], and how it ended ([`Outcome`] or [`Error`]).
//!
//! Every part of Crossgate speaks these types, so they stay few and closed. This crate knows no
//! transport (no HTTP status, no WAMP message), no database, no async runtime and no service.

mod caller;
mod clock;
mod error;
mod events;
mod outcome;
mod payload;
mod procedure;
mod trace;

pub use caller::{Caller, Proof, Realm, Vouched};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Error, Field, Kind, Result};
pub use events::{Event, Events};
pub use outcome::Outcome;
pub use payload::{Format, Payload};
pub use procedure::{Answer, Audit, Call, Calls, Function, Procedure, Readiness, Service};
pub use trace::Trace;
