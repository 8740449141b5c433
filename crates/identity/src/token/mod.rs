//! Issuing tokens: the token endpoint's logic (RFC 6749 section 4.4), and the tokens that this program
//! makes for users and operators.

mod authenticate;
mod client;
mod error;
mod form;
mod issuing;

pub use error::OAuthError;
pub use issuing::{IssueRequest, TokenResponse};

pub(crate) use authenticate::{Method, Presented};
pub use client::hash_client_secret;
pub(crate) use client::{Client, SecretHash};
pub(crate) use form::Form;
pub(crate) use issuing::{Issuing, Subject};

use std::sync::Arc;

use crate::certificate::PeerCertificate;

/// A request to the token endpoint.
#[derive(Clone, Copy, Debug)]
pub struct TokenRequest<'a> {
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The body, `application/x-www-form-urlencoded`.
    pub form: &'a str,
    /// The connection's client certificate.
    pub certificate: Option<&'a Arc<PeerCertificate>>,
    /// Where the request comes from (an address), to slow down guessing.
    pub source: Option<&'a str>,
}
