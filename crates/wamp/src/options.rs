//! What the protocol defines inside options and details, as small types that are read from a [`Dict`] and written to one.
//!
//! Unknown attributes are ignored; an attribute that is null counts as absent; one of another type is an
//! [`OptionError`], which is the request's fault and not the connection's.

mod calls;
mod events;
mod passthru;
mod tables;

pub use calls::{
    CallOptions, CancelMode, CancelOptions, InterruptOptions, InvocationDetails, ResultDetails, YieldOptions,
};
pub use events::{Audience, EventDetails, PublishOptions};
pub use passthru::Passthru;
pub use tables::{Policy, RegisterOptions, Revocation, SubscribeOptions};

pub use crate::dict::{Dict, OptionError};
