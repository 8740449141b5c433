//! Reading certificates and keys, and saying in a sentence what is wrong with them.

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::config::{Certificate, KeySource};

/// No certificate, key or revocation list of a sane issuer is larger.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// What is wrong with which file: a sentence for the operator.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A server certificate, ready to be presented.
pub(super) struct Loaded {
    pub(super) key: CertifiedKey,
    /// The DNS names that it is for, lower case, `*.` kept.
    pub(super) names: Vec<String>,
    pub(super) not_after: i64,
    pub(super) warning: Option<String>,
}

/// Reads a chain and its key, and checks that clients will take them.
pub(super) fn certificate(pair: &Certificate, provider: &CryptoProvider, now: Timestamp) -> Result<Loaded, Fault> {
    let chain = certificates(&pair.chain)?;
    let file = pair.chain.display();
    let first = chain.first().ok_or_else(|| Fault(format!("{file} contains no certificate")))?;
    let (_, parsed) = X509Certificate::from_der(first)
        .map_err(|error| Fault(format!("the certificate in {file} is not readable: {error}")))?;
    if parsed.version() != X509Version::V3 {
        return Err(Fault(format!(
            "the certificate in {file} is X.509 {}, which clients refuse; issue a version 3 certificate",
            version_word(parsed.version())
        )));
    }
    let Some(names) = dns_names(&parsed) else {
        return Err(Fault(format!(
            "the certificate in {file} has no subject alternative name, and clients no longer look at the common name; \
             issue one with the server's DNS name or IP address"
        )));
    };
    let not_after = parsed.validity().not_after.timestamp();
    let warning = validity_warning(&parsed, now).map(|what| format!("the certificate in {file} {what}"));
    let key = private_key(&pair.key)?;
    let key = super::signing_key(key, provider)
        .map_err(|error| Fault(format!("the private key in {} is of no supported kind: {error}", pair.key)))?;
    let key = CertifiedKey::new(chain, key);
    match key.keys_match() {
        Ok(()) | Err(TlsError::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(_) => {
            return Err(Fault(format!("the private key in {} does not belong to the certificate in {file}", pair.key)));
        }
    }
    Ok(Loaded { key, names, not_after, warning })
}

fn version_word(version: X509Version) -> String {
    format!("version {}", version.0.saturating_add(1))
}

/// The DNS names of the subject alternative name; `None` when it names no server at all.
fn dns_names(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let names = certificate.subject_alternative_name().ok().flatten()?;
    let names = &names.value.general_names;
    names.iter().any(|name| matches!(name, GeneralName::DNSName(_) | GeneralName::IPAddress(_))).then(|| {
        let dns = names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        dns.collect()
    })
}

fn validity_warning(certificate: &X509Certificate<'_>, now: Timestamp) -> Option<String> {
    let (from, to) = (certificate.validity().not_before.timestamp(), certificate.validity().not_after.timestamp());
    let shown =
        |second| Timestamp::from_second(second).map_or_else(|_| "an unknown time".to_owned(), |at| at.to_string());
    if now.as_second() > to {
        return Some(format!("expired at {}; clients refuse it", shown(to)));
    }
    (now.as_second() < from).then(|| format!("is not valid before {}; clients refuse it until then", shown(from)))
}

/// The certificates of a PEM file.
pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| broken(file, &error))?;
    if found.is_empty() {
        Err(Fault(format!("{} contains no certificate in PEM form", file.display())))
    } else {
        Ok(found)
    }
}

/// The revocation lists of a file, PEM or DER.
pub(super) fn revocation_lists(file: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, Fault> {
    let text = read(file)?;
    let found: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&text).collect();
    let found = found.map_err(|error| broken(file, &error))?;
    Ok(if found.is_empty() { vec![CertificateRevocationListDer::from(text)] } else { found })
}

fn private_key(source: &KeySource) -> Result<PrivateKeyDer<'static>, Fault> {
    let text = match source {
        KeySource::File(file) => read(file)?,
        KeySource::Environment(name) => {
            std::env::var(name).map_err(|_| Fault(format!("the environment variable {name} is not set")))?.into_bytes()
        }
    };
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        PemError::NoItemsFound if text.windows(9).any(|window| window == b"ENCRYPTED") => Fault(format!(
            "the private key in {source} is encrypted; store it decrypted, readable by this program alone"
        )),
        PemError::NoItemsFound => Fault(format!("{source} contains no private key in PEM form")),
        // The parser's own words could quote a line of the key.
        _ => Fault(format!("the private key in {source} is not well-formed PEM")),
    })
}

fn broken(file: &Path, error: &PemError) -> Fault {
    Fault(format!("{} is not well-formed PEM: {error}", file.display()))
}

fn read(file: &Path) -> Result<Vec<u8>, Fault> {
    let fault = |error: std::io::Error| Fault(format!("cannot read {}: {error}", file.display()));
    let size = std::fs::metadata(file).map_err(fault)?.len();
    if size > FILE_BYTES_MAX {
        return Err(Fault(format!("{} is larger than {FILE_BYTES_MAX} bytes", file.display())));
    }
    std::fs::read(file).map_err(fault)
}
