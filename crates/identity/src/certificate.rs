//! Client certificates. The listener has verified the chain; here the names are read, once per
//! connection, and compared with the rules of the configuration.

use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use crate::config::CertificateRule;
use crate::digest::{hex, sha256, unhex32};
use crate::fault::Faults;

/// The largest certificate that is read, in bytes.
const CERTIFICATE_BYTES_MAX: usize = 64 * 1024;
/// The most certificates in a chain.
const CHAIN_MAX: usize = 16;
/// The most alternative names that are read.
const NAMES_MAX: usize = 256;
/// The longest name that is read, in bytes.
const NAME_BYTES_MAX: usize = 512;

/// The certificate of the peer of a TLS connection, verified by the listener. Made once per connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerCertificate {
    sha256: [u8; 32],
    sha256_hex: Arc<str>,
    common_name: Option<String>,
    dns: Vec<String>,
    uris: Vec<String>,
    emails: Vec<String>,
    not_after: i64,
    der: Box<[u8]>,
}

/// Not a certificate chain that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// No certificate.
    #[error("the chain is empty")]
    Empty,
    /// Longer than is read.
    #[error("the certificate or its chain is too large")]
    TooLarge,
    /// Not DER, not X.509, or with an extension twice.
    #[error("the certificate is malformed")]
    Malformed,
}

impl PeerCertificate {
    /// Reads the names out of a verified chain's first certificate.
    ///
    /// # Errors
    /// When there is none, or it is malformed or larger than 64 KiB.
    pub fn parse(chain: &[CertificateDer<'_>]) -> Result<Self, CertificateError> {
        let leaf = chain.first().ok_or(CertificateError::Empty)?;
        if leaf.len() > CERTIFICATE_BYTES_MAX || chain.len() > CHAIN_MAX {
            return Err(CertificateError::TooLarge);
        }
        let (rest, certificate) = X509Certificate::from_der(leaf).map_err(|_| CertificateError::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateError::Malformed);
        }
        let sha256 = sha256(&[leaf]);
        let mut names = Self {
            sha256,
            sha256_hex: hex(&sha256).into(),
            common_name: only_common_name(&certificate),
            dns: Vec::new(),
            uris: Vec::new(),
            emails: Vec::new(),
            not_after: certificate.validity().not_after.timestamp(),
            der: leaf.as_ref().into(),
        };
        let alternatives = certificate.subject_alternative_name().map_err(|_| CertificateError::Malformed)?;
        for name in alternatives.iter().flat_map(|extension| &extension.value.general_names).take(NAMES_MAX) {
            match name {
                GeneralName::DNSName(name) => keep(name, &mut names.dns),
                GeneralName::URI(name) => keep(name, &mut names.uris),
                GeneralName::RFC822Name(name) => keep(name, &mut names.emails),
                _ => {}
            }
        }
        Ok(names)
    }

    /// SHA-256 of the certificate's DER, lower-case hex.
    pub fn sha256(&self) -> &Arc<str> {
        &self.sha256_hex
    }

    /// SHA-256 of the certificate's DER.
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// The subject's common name, if there is exactly one.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// The DNS names among the subject's alternative names.
    pub fn dns_names(&self) -> &[String] {
        &self.dns
    }

    /// The URIs among the subject's alternative names.
    pub fn uris(&self) -> &[String] {
        &self.uris
    }

    /// The e-mail addresses among the subject's alternative names.
    pub fn emails(&self) -> &[String] {
        &self.emails
    }

    /// The certificate itself.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// When the certificate ends, in seconds since 1970.
    pub fn not_after_s(&self) -> i64 {
        self.not_after
    }
}

/// Names with control characters (a NUL in the middle is an old trick) are as good as absent.
fn plain(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control)
}

fn keep(name: &str, into: &mut Vec<String>) {
    if plain(name) {
        into.push(name.to_owned());
    }
}

fn only_common_name(certificate: &X509Certificate<'_>) -> Option<String> {
    let mut names = certificate.subject().iter_common_name();
    let (first, second) = (names.next()?, names.next());
    let name = first.as_str().ok()?;
    (second.is_none() && plain(name)).then(|| name.to_owned())
}

/// A rule of the configuration, checked.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub(crate) id: Option<String>,
    pub(crate) roles: Vec<Arc<str>>,
    sha256: Option<[u8; 32]>,
    common_name: Option<String>,
    dns: Option<String>,
    uri: Option<String>,
    email: Option<String>,
}

impl Rule {
    pub(crate) fn compile(key: &str, rule: &CertificateRule, roles: Vec<Arc<str>>, faults: &mut Faults) -> Self {
        let compiled = Self {
            id: (!rule.id.is_empty()).then(|| rule.id.clone()),
            roles,
            sha256: rule.sha256.as_deref().and_then(unhex32),
            common_name: rule.common_name.clone(),
            dns: rule.san_dns.as_ref().map(|name| name.to_ascii_lowercase()),
            uri: rule.san_uri.clone(),
            email: rule.san_email.clone(),
        };
        if rule.sha256.is_some() && compiled.sha256.is_none() {
            faults.add(format!("{key}.sha256"), "a SHA-256 is 64 hex digits");
        }
        let written = [&rule.sha256, &rule.common_name, &rule.san_dns, &rule.san_uri, &rule.san_email];
        if written.iter().all(|condition| condition.is_none()) {
            faults.add(key, "names nothing to match; write one of sha256, common_name, san_dns, san_uri, san_email");
        }
        if written.iter().any(|condition| condition.as_deref() == Some("")) {
            faults.add(key, "an empty condition matches nothing; leave it out or fill it in");
        }
        if let Some(name) = &compiled.dns
            && name.strip_prefix("*.").unwrap_or(name).contains('*')
        {
            faults.add(format!("{key}.san_dns"), "a `*` stands for the whole first label: `*.workers.example`");
        }
        compiled
    }

    /// The caller's name when the certificate fits the rule.
    pub(crate) fn matches(&self, certificate: &PeerCertificate) -> Option<String> {
        if self.sha256.is_some_and(|wanted| wanted != certificate.sha256) {
            return None;
        }
        let mut name = None;
        if let Some(wanted) = &self.common_name {
            name = Some(certificate.common_name.as_ref().filter(|have| *have == wanted)?);
        }
        if let Some(wanted) = &self.email {
            name = Some(certificate.emails.iter().find(|have| *have == wanted)?);
        }
        if let Some(wanted) = &self.uri {
            name = Some(certificate.uris.iter().find(|have| *have == wanted)?);
        }
        if let Some(wanted) = &self.dns {
            name = Some(certificate.dns.iter().find(|have| dns_matches(wanted, have))?);
        }
        let found = self.id.as_ref().or(name).cloned();
        Some(found.or_else(|| certificate.common_name.clone()).unwrap_or_else(|| certificate.sha256_hex.to_string()))
    }
}

/// DNS names are compared without regard to case; `*.` is one label (RFC 9525 section 6.3).
fn dns_matches(wanted: &str, have: &str) -> bool {
    match wanted.strip_prefix("*.") {
        Some(parent) => have
            .split_once('.')
            .is_some_and(|(label, rest)| !label.is_empty() && label != "*" && rest.eq_ignore_ascii_case(parent)),
        None => have.eq_ignore_ascii_case(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_label() {
        for (wanted, have, expected) in [
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "A.EXAMPLE.COM", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", "*.example.com", false),
            ("example.com", "Example.com", true),
            ("example.com", "a.example.com", false),
        ] {
            assert_eq!(dns_matches(wanted, have), expected, "{wanted} {have}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_an_error_and_no_panic() {
        assert_eq!(PeerCertificate::parse(&[]), Err(CertificateError::Empty));
        assert_eq!(PeerCertificate::parse(&[CertificateDer::from(vec![0x30, 0x82])]), Err(CertificateError::Malformed));
        let large = CertificateDer::from(vec![0x30; CERTIFICATE_BYTES_MAX + 1]);
        assert_eq!(PeerCertificate::parse(&[large]), Err(CertificateError::TooLarge));
    }

    #[test]
    fn arbitrary_bytes_never_panic_the_certificate_reader() {
        bolero::check!().with_iterations(2_000).for_each(|input: &[u8]| {
            let _ = PeerCertificate::parse(&[CertificateDer::from(input)]);
        });
    }
}
