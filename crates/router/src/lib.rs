//! The one door that every call passes: [`Router::admit`] decides whether (grant, rate, audit
//! place), [`Router::call`] finds the callee, guards its deadline and its panics, and records how
//! it ended.
//!
//! Owns the tables of procedures per realm, the rate limits in force and the audit log. Must not
//! know HTTP statuses, TLS, wire formats or any service's types.

pub mod audit;
mod limits;
mod permit;
pub mod realm;
mod router;
mod table;

pub use permit::{Origin, Permit};
pub use router::{Handle, Parts, Router};
pub use table::{Callee, Conflict};
