//! Reading certificates and keys, and saying in a sentence what is wrong with them.

use std::fmt;
use std::path::Path;

use crossgate_certificates::{Fault as Flaw, Purpose, examine};
use jiff::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error as TlsError, InconsistentKeys};
use rustls_pki_types::pem::{Error as PemError, PemObject};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

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
    let examined = examine(first, Purpose::Server, now);
    // What is a matter of time passes, or is mended by a file: it keeps nobody from starting.
    let (warnings, faults): (Vec<_>, Vec<_>) =
        examined.faults.into_iter().partition(|fault| matches!(fault, Flaw::Expired(_) | Flaw::NotYet(_)));
    if let Some(fault) = faults.first() {
        return Err(Fault(format!("the certificate in {file} {fault}")));
    }
    let facts = examined.facts.ok_or_else(|| Fault(format!("the certificate in {file} is malformed")))?;
    let names = facts.names.iter().filter_map(|name| name.strip_prefix("DNS:")).map(str::to_ascii_lowercase).collect();
    let not_after = facts.not_after.as_second();
    let warning = warnings.first().map(|fault| format!("the certificate in {file} {fault}"));
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
