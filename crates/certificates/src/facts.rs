//! What a certificate says, in the forms that people and configurations use.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use jiff::Timestamp;
use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::public_key::PublicKey;

/// The most names of a certificate that are shown.
const NAMES_MAX: usize = 256;

/// What a certificate says about itself.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Facts {
    /// The serial number, lower-case hex.
    pub serial: String,
    /// Whom it names.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// Its subject alternative names, as OpenSSL writes them: `DNS:example.org`.
    pub names: Vec<String>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// The kind of key: `ecdsa-p256`, `rsa-2048`.
    pub key: String,
    /// SHA-1 of the DER, upper-case hex with colons, as WAMP's `peer_cert` has it. It names the certificate for programs
    /// that know it by that; nothing relies on it.
    pub sha1: String,
    /// SHA-256 of the DER, upper-case hex with colons.
    pub sha256: String,
    /// SHA-256 of the DER, lower-case hex, as `[[identity.certificates]]` takes it.
    pub sha256_hex: String,
}

impl Facts {
    pub(crate) fn of(der: &[u8], certificate: &X509Certificate<'_>) -> Self {
        let names = certificate.subject_alternative_name().ok().flatten();
        let names = names.iter().flat_map(|names| &names.value.general_names).take(NAMES_MAX).map(name).collect();
        let validity = certificate.validity();
        let sha256 = digest(&SHA256, der);
        Self {
            serial: hex(significant(certificate.raw_serial())),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            names,
            not_before: moment(validity.not_before.timestamp()),
            not_after: moment(validity.not_after.timestamp()),
            key: key(certificate),
            sha1: fingerprint(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
            sha256: fingerprint(sha256.as_ref()),
            sha256_hex: hex(sha256.as_ref()),
        }
    }
}

/// Beyond what can be represented there is nothing worth telling apart.
pub(crate) fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(name) => format!("DNS:{name}"),
        GeneralName::URI(uri) => format!("URI:{uri}"),
        GeneralName::RFC822Name(address) => format!("email:{address}"),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let address = address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from));
            address.map_or_else(|_| "IP:(malformed)".to_owned(), |address| format!("IP:{address}"))
        }
        _ => "(another kind of name)".to_owned(),
    }
}

/// The kind of key, named like the kinds that are made here where it is one of them.
pub(crate) fn key(certificate: &X509Certificate<'_>) -> String {
    let info = certificate.public_key();
    let algorithm = info.algorithm.algorithm.to_id_string();
    match info.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("rsa-{}", rsa_bits(rsa.modulus)),
        Ok(PublicKey::EC(_)) => match curve(certificate).as_deref() {
            Some("1.2.840.10045.3.1.7") => "ecdsa-p256".to_owned(),
            Some("1.3.132.0.34") => "ecdsa-p384".to_owned(),
            Some("1.3.132.0.35") => "ecdsa-p521".to_owned(),
            other => format!("ecdsa on {}", other.unwrap_or("an unnamed curve")),
        },
        Ok(PublicKey::DSA(_)) => "dsa".to_owned(),
        _ if algorithm == "1.3.101.112" => "ed25519".to_owned(),
        _ => algorithm,
    }
}

fn curve(certificate: &X509Certificate<'_>) -> Option<String> {
    let parameters = certificate.public_key().algorithm.parameters.as_ref()?;
    parameters.as_oid().ok().map(|oid| oid.to_id_string())
}

fn rsa_bits(modulus: &[u8]) -> usize {
    let modulus = significant(modulus);
    let zeros = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    modulus.len() * 8 - zeros
}

/// A number's bytes without zeros in front: DER puts one there to say that the number is positive.
fn significant(number: &[u8]) -> &[u8] {
    &number[number.iter().position(|byte| *byte != 0).unwrap_or(number.len())..]
}

/// Upper-case hex with colons, as fingerprints are shown.
pub fn fingerprint(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
