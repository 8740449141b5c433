//! Whether a certificate can be used, and if not, why: in sentences that come after "the certificate in FILE".

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::facts::{Facts, key, moment};
use crate::{Error, Result, files};

/// Kinds of key that TLS stacks take, as [`Facts::key`] names them; RSA by its size.
const KEYS: [&str; 4] = ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"];
/// Sizes of RSA keys that are taken, in bits.
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;
/// Signatures with MD2, MD5 and SHA-1, by OID.
const BROKEN: [(&str, &str); 6] = [
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
];

/// What a certificate is to be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A TLS server's own.
    Server,
    /// A TLS client's own.
    Client,
    /// To sign others.
    Authority,
}

impl Purpose {
    /// What a certificate is most likely for: an authority's is one, `clientAuth` alone is a client's, all others are
    /// servers'.
    pub fn guess(der: &[u8]) -> Self {
        let Ok((_, certificate)) = X509Certificate::from_der(der) else { return Self::Server };
        let usage = certificate.extended_key_usage().ok().flatten();
        match usage {
            Some(usage) if usage.value.client_auth && !usage.value.server_auth => Self::Client,
            // A server's own certificate that says CA:TRUE, which is a common mistake, is judged as a server's.
            Some(usage) if usage.value.server_auth => Self::Server,
            _ if certificate.is_ca() => Self::Authority,
            _ => Self::Server,
        }
    }
}

/// One reason why a certificate cannot be used. It reads on from "the certificate in FILE".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Not version 3 (RFC 5280 §4.1.2.1); the version is given.
    Version(u32),
    /// It names no server.
    NoName,
    /// The extended key usage is for something else; the wanted one is given.
    Usage(&'static str),
    /// It has ended.
    Expired(Timestamp),
    /// It has not begun.
    NotYet(Timestamp),
    /// The key is too weak, or of no kind that is taken.
    Key(String),
    /// The signature is by a digest that is broken.
    Signature(&'static str),
    /// It is an authority's, and is to be somebody's own.
    Authority,
    /// It is not an authority's.
    NotAuthority,
    /// It has an extension that must be understood, and is not.
    Critical(String),
    /// It is malformed.
    Malformed,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => {
                write!(f, "is X.509 version {version}, which clients refuse; issue a version 3 certificate")
            }
            Self::NoName => f.write_str(
                "has no subject alternative name, and clients no longer look at the common name; issue one with the \
                 server's DNS name or IP address",
            ),
            Self::Usage(wanted) => {
                write!(f, "is not for this use: its extended key usage lacks {wanted}; issue one with it")
            }
            Self::Expired(at) => write!(f, "expired at {at}; renew it"),
            Self::NotYet(at) => write!(f, "is not valid before {at}; wait, or set the clock"),
            Self::Key(key) => {
                write!(
                    f,
                    "has a key ({key}) that is too weak or not taken; use ECDSA P-256, Ed25519, or RSA from 2048 bits"
                )
            }
            Self::Signature(digest) => {
                write!(f, "is signed with {digest}, which is broken; issue one signed with SHA-256")
            }
            Self::Authority => f.write_str(
                "is an authority's (CA:TRUE), and an authority does not speak for itself; issue one for this use alone",
            ),
            Self::NotAuthority => f.write_str(
                "is no authority's: basic constraints say CA:FALSE or nothing, or the key may not sign certificates",
            ),
            Self::Critical(oid) => write!(f, "has a critical extension ({oid}) that is not understood here"),
            Self::Malformed => f.write_str("is malformed"),
        }
    }
}

/// What was found out about a certificate.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What it says; nothing when it is malformed.
    pub facts: Option<Facts>,
    /// Why it cannot be used; nothing when it can.
    pub faults: Vec<Fault>,
    /// What works here and may not elsewhere.
    pub warnings: Vec<String>,
}

/// Judges a certificate by itself. Whether its signature holds is the chain's question, not asked here.
pub fn examine(der: &[u8], purpose: Purpose, now: Timestamp) -> Examined {
    let Some(certificate) = X509Certificate::from_der(der).ok().filter(|(rest, _)| rest.is_empty()) else {
        return Examined { facts: None, faults: vec![Fault::Malformed], warnings: Vec::new() };
    };
    let certificate = certificate.1;
    let mut faults = Vec::new();
    if certificate.version() != X509Version::V3 {
        faults.push(Fault::Version(certificate.version().0.saturating_add(1)));
    }
    let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
    // An authority's own signature on itself is not looked at by anybody (RFC 5280 §6.1).
    if purpose != Purpose::Authority || certificate.subject() != certificate.issuer() {
        faults.extend(BROKEN.iter().find(|(oid, _)| *oid == algorithm).map(|(_, digest)| Fault::Signature(digest)));
    }
    let kind = key(&certificate);
    let rsa = kind.strip_prefix("rsa-").and_then(|bits| bits.parse().ok()).is_some_and(|bits| RSA_BITS.contains(&bits));
    if !rsa && !KEYS.contains(&kind.as_str()) {
        faults.push(Fault::Key(kind));
    }
    faults.extend(role(&certificate, purpose));
    faults.extend(critical(&certificate));
    faults.extend(time(&certificate, now));
    Examined { facts: Some(Facts::of(der, &certificate)), faults, warnings: warnings(&certificate, purpose) }
}

fn role(certificate: &X509Certificate<'_>, purpose: Purpose) -> Vec<Fault> {
    let authority = certificate.is_ca();
    if purpose == Purpose::Authority {
        let signs = certificate.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
        return if authority && signs { Vec::new() } else { vec![Fault::NotAuthority] };
    }
    let mut faults = Vec::new();
    if authority {
        faults.push(Fault::Authority);
    }
    if purpose == Purpose::Server && !names_a_server(certificate) {
        faults.push(Fault::NoName);
    }
    match certificate.extended_key_usage() {
        Ok(Some(usage)) if purpose == Purpose::Server && !usage.value.server_auth => {
            faults.push(Fault::Usage("serverAuth"));
        }
        Ok(Some(usage)) if purpose == Purpose::Client && !usage.value.client_auth => {
            faults.push(Fault::Usage("clientAuth"));
        }
        Ok(_) => {}
        Err(_) => faults.push(Fault::Malformed),
    }
    faults
}

fn names_a_server(certificate: &X509Certificate<'_>) -> bool {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.is_some_and(|names| {
        names.value.general_names.iter().any(|name| matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_)))
    })
}

fn critical(certificate: &X509Certificate<'_>) -> Option<Fault> {
    let unknown = certificate.extensions().iter().find(|extension| {
        extension.critical && matches!(extension.parsed_extension(), ParsedExtension::UnsupportedExtension { .. })
    });
    unknown.map(|extension| Fault::Critical(extension.oid.to_id_string()))
}

fn time(certificate: &X509Certificate<'_>, now: Timestamp) -> Option<Fault> {
    let (from, to) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    if now.as_second() > to {
        return Some(Fault::Expired(moment(to)));
    }
    (now.as_second() < from).then(|| Fault::NotYet(moment(from)))
}

fn warnings(certificate: &X509Certificate<'_>, purpose: Purpose) -> Vec<String> {
    let mut warnings = Vec::new();
    if purpose == Purpose::Authority {
        return warnings;
    }
    if certificate.extended_key_usage().ok().flatten().is_none() {
        warnings.push("says nothing of what it is for (no extended key usage)".to_owned());
    }
    if certificate.key_usage().ok().flatten().is_some_and(|usage| !usage.value.digital_signature()) {
        warnings.push("has a key usage without digitalSignature, which TLS 1.3 needs; some peers refuse it".to_owned());
    }
    if purpose == Purpose::Client && certificate.subject_alternative_name().ok().flatten().is_none() {
        warnings.push("has no subject alternative name; rules can match its common name or its fingerprint".to_owned());
    }
    warnings
}

/// The certificates of a PEM file, or the one of a DER file, in their order.
///
/// # Errors
/// When the file cannot be read, or has none.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = files::read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| Error::refused(format!("{} is not well-formed PEM: {error}", path.display())))?;
    if found.is_empty() && bytes.first() == Some(&0x30) {
        return Ok(vec![CertificateDer::from(bytes)]);
    }
    if found.is_empty() {
        return Err(Error::refused(format!("{} contains no certificate", path.display())));
    }
    Ok(found)
}

/// The authorities of a PEM file, each of which must be one.
///
/// # Errors
/// As [`certificates`]; the first that is no usable authority.
pub fn authorities(path: &Path, now: Timestamp) -> Result<Vec<CertificateDer<'static>>> {
    let found = certificates(path)?;
    for certificate in &found {
        if let Some(fault) = examine(certificate, Purpose::Authority, now).faults.first() {
            return Err(Error::refused(format!("the certificate in {} {fault}", path.display())));
        }
    }
    Ok(found)
}
