//! A client's side of a session as values: the way in ([`Join`]), and which answer belongs to which request
//! ([`Client`]). Whoever drives it reads and writes the messages, waits, and keeps the secrets.

mod join;
mod receive;
mod requests;

pub use join::{Join, JoinFault, JoinStep};
pub use receive::{Arrival, ClientViolation};
pub use requests::Client;
