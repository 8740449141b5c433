//! Certificates for listeners from a public authority: ACME (RFC 8555), http-01, tls-alpn-01 (RFC 8737) and dns-01, external
//! accounts, and renewal when the authority suggests it (ARI, RFC 9773) or two thirds of the time have passed.
//!
//! The account and the certificates are in the store: a restart orders nothing anew, and of several processes with one
//! store the one that holds a certificate's lease orders it, while the others take up what it got.

mod account;
mod config;
mod engine;
mod hook;
mod http;
mod order;
mod records;
mod schedule;

use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

pub use config::{Challenge, Config, ExternalAccount, Hook, Wanted};
pub use engine::{Acme, Parts};
pub use http::{BoxError, Http, Sent};
pub use records::{Record, renew, status};

/// An answer to a challenge, for a listener to give to whoever asks.
#[derive(Debug)]
pub enum Answer {
    /// http-01 (RFC 8555 §8.3): `/.well-known/acme-challenge/TOKEN` says this.
    Http {
        /// The token.
        token: String,
        /// What is said.
        text: String,
    },
    /// tls-alpn-01 (RFC 8737 §3): who asks for the name with the protocol `acme-tls/1` is shown this certificate.
    Alpn {
        /// The name.
        name: String,
        /// The certificate.
        certificate: CertificateDer<'static>,
        /// Its key.
        key: PrivatePkcs8KeyDer<'static>,
    },
}

/// Where answers are given and certificates used: the listeners.
pub trait Place: Send + Sync + 'static {
    /// Gives an answer from now on.
    ///
    /// # Errors
    /// When it is not one that can be given; a sentence for the operator.
    fn answer(&self, answer: &Answer) -> Result<(), String>;
    /// Gives it no more.
    fn withdraw(&self, answer: &Answer);
    /// Uses a certificate for connections from now on; `id` is [`Wanted::id`].
    ///
    /// # Errors
    /// When it cannot be used; a sentence for the operator.
    fn serve(
        &self,
        id: &str,
        chain: Vec<CertificateDer<'static>>,
        key: PrivatePkcs8KeyDer<'static>,
    ) -> Result<(), String>;
}
