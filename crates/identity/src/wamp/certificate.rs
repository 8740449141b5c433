//! A client certificate as authenticators see it: the names and forms that OpenSSL gives to Python programs.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use crossgate_wamp::wire::Big;
use crossgate_wamp::{Map, Value};
use jiff::Timestamp;
use md5::{Digest as _, Md5};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::Oid;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::subject_hash::subject_hash;
use crate::certificate::PeerCertificate;
use crate::digest::hex;

/// The most extensions, and the most names in one, that are shown.
const SHOWN_MAX: usize = 64;

/// The dictionary for `peer_cert` and `client_cert`; nothing for a certificate that cannot be read again.
pub(super) fn details(peer: &PeerCertificate, now: Timestamp) -> Option<Map> {
    let der = peer.der();
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let validity = certificate.validity();
    // MD5 and SHA-1 only name the certificate, to programs that know it by them. Nothing here trusts them.
    let map = Map::new()
        .with("md5", fingerprint(&Md5::digest(der)))
        .with("sha1", fingerprint(digest(&SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()))
        .with("sha256", fingerprint(peer.thumbprint()))
        .with("expired", now.as_second() > validity.not_after.timestamp())
        .with("hash", subject_hash(certificate.subject()).map_or(Value::Null, |hash| u64::from(hash).into()))
        .with("serial", serial(certificate.raw_serial()))
        .with("signature_algorithm", algorithm(&certificate.signature_algorithm.algorithm))
        .with("version", u64::from(certificate.version().0))
        .with("not_before", generalized_time(validity.not_before.timestamp()))
        .with("not_after", generalized_time(validity.not_after.timestamp()))
        .with("subject", name(certificate.subject()))
        .with("issuer", name(certificate.issuer()));
    let extensions = certificate.extensions().iter().take(SHOWN_MAX).map(extension);
    Some(map.with("extensions", Value::List(extensions.map(Value::Map).collect())))
}

/// Upper-case hex with colons.
fn fingerprint(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

/// A number; each serializer writes it as it can, MessagePack as text when it has more than 64 bits.
fn serial(bytes: &[u8]) -> Value {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let bytes = &bytes[start..];
    if bytes.len() > size_of::<u64>() {
        return Value::Big(Big::new(false, bytes.to_vec()));
    }
    Value::from(bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)))
}

/// OpenSSL's name of a signature algorithm; the numbers where it is another one.
fn algorithm(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    let known = match number.as_str() {
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "rsassaPss",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.3.101.112" => "ED25519",
        "1.3.101.113" => "ED448",
        _ => return number,
    };
    known.to_owned()
}

/// `20261120231957Z`.
fn generalized_time(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| String::new(), |time| time.strftime("%Y%m%d%H%M%SZ").to_string())
}

/// A name's attributes by their short names in lower case; the last of several counts.
fn name(name: &X509Name<'_>) -> Map {
    let attributes = name.iter_attributes().filter_map(|attribute| {
        let value = attribute.as_str().ok()?;
        Some((attribute_name(attribute.attr_type()), Value::from(value)))
    });
    attributes.collect()
}

fn attribute_name(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    let known = match number.as_str() {
        "2.5.4.3" => "cn",
        "2.5.4.4" => "sn",
        "2.5.4.5" => "serialnumber",
        "2.5.4.6" => "c",
        "2.5.4.7" => "l",
        "2.5.4.8" => "st",
        "2.5.4.9" => "street",
        "2.5.4.10" => "o",
        "2.5.4.11" => "ou",
        "2.5.4.12" => "title",
        "2.5.4.42" => "gn",
        "2.5.4.97" => "organizationidentifier",
        "0.9.2342.19200300.100.1.1" => "uid",
        "0.9.2342.19200300.100.1.25" => "dc",
        "1.2.840.113549.1.9.1" => "emailaddress",
        _ => return number,
    };
    known.to_owned()
}

fn extension(extension: &X509Extension<'_>) -> Map {
    Map::new()
        .with("name", extension_name(&extension.oid))
        .with("value", extension_value(extension))
        .with("critical", extension.critical)
}

fn extension_name(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    let known = match number.as_str() {
        "2.5.29.14" => "subjectKeyIdentifier",
        "2.5.29.15" => "keyUsage",
        "2.5.29.17" => "subjectAltName",
        "2.5.29.18" => "issuerAltName",
        "2.5.29.19" => "basicConstraints",
        "2.5.29.30" => "nameConstraints",
        "2.5.29.31" => "crlDistributionPoints",
        "2.5.29.32" => "certificatePolicies",
        "2.5.29.35" => "authorityKeyIdentifier",
        "2.5.29.37" => "extendedKeyUsage",
        "1.3.6.1.5.5.7.1.1" => "authorityInfoAccess",
        _ => return number,
    };
    known.to_owned()
}

/// As OpenSSL prints it where that is short; the DER in hex otherwise.
fn extension_value(extension: &X509Extension<'_>) -> String {
    match extension.parsed_extension() {
        ParsedExtension::BasicConstraints(constraints) => {
            let ca = if constraints.ca { "CA:TRUE" } else { "CA:FALSE" };
            constraints.path_len_constraint.map_or_else(|| ca.to_owned(), |length| format!("{ca}, pathlen:{length}"))
        }
        ParsedExtension::KeyUsage(usage) => usage.to_string(),
        ParsedExtension::ExtendedKeyUsage(usage) => {
            let words = [
                (usage.any, "Any Extended Key Usage"),
                (usage.server_auth, "TLS Web Server Authentication"),
                (usage.client_auth, "TLS Web Client Authentication"),
                (usage.code_signing, "Code Signing"),
                (usage.email_protection, "E-mail Protection"),
                (usage.time_stamping, "Time Stamping"),
                (usage.ocsp_signing, "OCSP Signing"),
            ];
            let known = words.iter().filter(|(set, _)| *set).map(|(_, word)| (*word).to_owned());
            known.chain(usage.other.iter().map(Oid::to_id_string)).collect::<Vec<_>>().join(", ")
        }
        ParsedExtension::SubjectAlternativeName(names) => {
            let names = names.general_names.iter().take(SHOWN_MAX).map(alternative_name);
            names.collect::<Vec<_>>().join(", ")
        }
        ParsedExtension::SubjectKeyIdentifier(id) => fingerprint(id.0),
        _ => hex(extension.value),
    }
}

fn alternative_name(name: &GeneralName<'_>) -> String {
    // Names stand one after the other with commas between them: a comma inside would let one pass for two.
    let one = |name: &str| name.replace(',', "%2C");
    match name {
        GeneralName::DNSName(name) => format!("DNS:{}", one(name)),
        GeneralName::URI(uri) => format!("URI:{}", one(uri)),
        GeneralName::RFC822Name(name) => format!("email:{}", one(name)),
        GeneralName::IPAddress(bytes) => {
            let address = <[u8; 4]>::try_from(*bytes).map(std::net::IpAddr::from);
            let address = address.or_else(|_| <[u8; 16]>::try_from(*bytes).map(std::net::IpAddr::from));
            address.map_or_else(|_| "IP Address:<invalid>".to_owned(), |address| format!("IP Address:{address}"))
        }
        _ => "othername:<unsupported>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_is_a_number_of_any_size() {
        assert_eq!(serial(&[0, 0]), Value::from(0_u64));
        assert_eq!(serial(&[0, 1, 0]), Value::from(256_u64));
        assert_eq!(serial(&[0xff; 8]), Value::from(u64::MAX));
        assert_eq!(serial(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), Value::Big(Big::new(false, vec![1, 0, 0, 0, 0, 0, 0, 0, 0])));
    }

    #[test]
    fn no_alternative_name_passes_for_two() {
        let hostile = GeneralName::URI("spiffe://a, DNS:admin.example");
        assert_eq!(alternative_name(&hostile), "URI:spiffe://a%2C DNS:admin.example");
        assert_eq!(alternative_name(&GeneralName::DNSName("a.example")), "DNS:a.example");
    }

    #[test]
    fn times_are_written_as_openssl_writes_them() {
        assert_eq!(generalized_time(1_795_216_797), "20261120231957Z");
        assert_eq!(generalized_time(i64::MAX), "");
    }

    #[test]
    fn a_fingerprint_is_upper_case_with_colons() {
        assert_eq!(fingerprint(&[0x8c, 0x0a, 0xff]), "8C:0A:FF");
    }
}
