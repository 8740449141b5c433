//! What a dealer knows: who registered what, and which calls are on their way.

mod calls;
mod registrations;
mod waiting;

pub use calls::{Answer, Call, CallKey, Calls, Canceled, Continuation, Interrupt, Lost, NewCall, TOMBSTONES_MAX};
pub use registrations::{Callee, RegisterError, Registered, Registration, Registrations, Unregistered};
pub use waiting::Waiting;
