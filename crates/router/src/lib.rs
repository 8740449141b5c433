//! The one door that every call passes: [`Router::admit`] decides whether (grant, rate, audit
//! place), [`Router::call`] finds the callee, guards its deadline and its panics, and records how
//! it ended.
//!
//! Owns the tables of procedures per realm, the rate limits in force and the audit log; and WAMP's
//! realms at run time ([`realm`]): sessions, broker and dealer, with the protocol's own rules taken from
//! `crossgate-wamp`. Must not know HTTP statuses, sockets, TLS, how messages are framed, or any
//! service's types.

pub mod audit;
mod limits;
mod permit;
pub mod realm;
mod router;
mod table;

pub use permit::{Origin, Permit};
pub use router::{Handle, Parts, Router};
pub use table::{Callee, Conflict};
