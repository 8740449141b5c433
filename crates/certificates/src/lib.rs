//! Certificates: making them with a private authority, judging whether they can be used, revoking them, and ordering
//! them from a public authority (ACME, RFC 8555).
//!
//! Owns the authority's folder (key, index, revocation list), the rules for a usable certificate, and the account and
//! orders at an ACME server. Must not know sockets, TLS sessions or HTTP clients: answers to challenges and certificates
//! go to a place, requests to a client that somebody else brings. It vouches for nobody: who a
//! certificate stands for is `crates/identity`'s.
//!
//! - [`Folder`] is a private authority on disk: [`Folder::create`], [`Folder::unlock`], then [`Authority::issue`],
//!   [`Authority::revoke`], [`Authority::renew`].
//! - [`examine`] says in sentences why a certificate cannot be used for a purpose.
//! - [`acme`] keeps the listeners' certificates fresh.

pub mod acme;
mod authority;
mod error;
mod examine;
mod facts;
mod files;
mod index;
mod key;
mod names;
mod pkcs12;
mod request;

pub use authority::{Authority, Folder, Issued, Revoked};
pub use error::Error;
pub use examine::{Examined, Fault, Purpose, authorities, certificates, examine};
pub use facts::{Facts, fingerprint, hex};
pub use files::{folder as make_folder, write as write_file};
pub use index::{Entry, Kind, Reason, Status};
pub use key::KeyKind;
pub use names::Name;
pub use request::{Days, Request};

/// What a fallible step here returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;
