//! WAMP over HTTP long-poll: a session behind an id that nobody can guess, and a task that owns it.

mod registry;
mod session;

pub(crate) use registry::{Refused, Registry, Task};
pub(crate) use session::{Ends, Received, Session};
