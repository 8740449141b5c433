//! Immutable tables that many tasks read while one owner changes them.
//!
//! Every table here can be cloned in constant time and shares its structure with its clones: the owner
//! changes its own, and hands a clone to the readers after each change.

mod hamt;
mod patterns;
mod roster;

pub use hamt::Hamt;
pub use patterns::Patterns;
pub use roster::Roster;
