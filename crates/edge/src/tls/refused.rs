//! Client certificates that are refused are told of in the log, with the reason: the client is told no more than TLS's alert.

use std::sync::Arc;

use crossgate_call::Clock;
use crossgate_certificates::{Purpose, examine};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

/// A check of client certificates that says why one did not pass.
pub(super) struct Told {
    pub(super) check: Arc<dyn ClientCertVerifier>,
    pub(super) listener: String,
    pub(super) clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told").field("check", &self.check).finish_non_exhaustive()
    }
}

impl Told {
    fn tell(&self, certificate: &CertificateDer<'_>, error: &Error) {
        let examined = examine(certificate, Purpose::Client, self.clock.now());
        let why = examined.faults.first().map_or_else(|| sentence(error), ToString::to_string);
        let facts = examined.facts.as_ref();
        tracing::info!(
            listener = self.listener,
            subject = facts.map(|facts| facts.subject.as_str()),
            serial = facts.map(|facts| facts.serial.as_str()),
            sha256 = facts.map(|facts| facts.sha256_hex.as_str()),
            "a client's certificate was refused: it {why}"
        );
    }
}

/// What the check found, where looking at the certificate alone finds nothing.
fn sentence(error: &Error) -> String {
    let Error::InvalidCertificate(error) = error else { return format!("did not pass: {error}") };
    match error {
        CertificateError::Revoked => "is revoked".to_owned(),
        CertificateError::UnknownIssuer => "is not signed by an authority of tls.client_ca".to_owned(),
        CertificateError::BadSignature => "has a signature that does not hold".to_owned(),
        CertificateError::UnknownRevocationStatus => {
            "cannot be looked up: no list of tls.crls is its issuer's".to_owned()
        }
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            "cannot be looked up: its issuer's list in tls.crls is past its next update; sign it anew".to_owned()
        }
        error => format!("did not pass: {error}"),
    }
}

impl ClientCertVerifier for Told {
    fn offer_client_auth(&self) -> bool {
        self.check.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.check.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.check.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check
            .verify_client_cert(certificate, intermediates, now)
            .inspect_err(|error| self.tell(certificate, error))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.check.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.check.supported_verify_schemes()
    }
}
