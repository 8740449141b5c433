//! Keys that check signatures, each pinned to the algorithms that it may be used with (RFC 8725
//! section 3.1), checked for strength when they are read.

use std::path::PathBuf;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, UnparsedPublicKey, VerificationAlgorithm,
};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use x509_parser::prelude::{FromDer as _, SubjectPublicKeyInfo, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::compact::Compact;
use super::fault::TokenFault;
use super::jwk;
use crate::digest::sha256;

/// The least strength of an RSA key, in bits (RFC 7518 section 3.3).
const RSA_BITS_MIN: usize = 2048;
/// The most: beyond it, checking one signature costs an attacker nothing and us much.
const RSA_BITS_MAX: usize = 8192;
/// The largest key file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

const RSA: [Algorithm; 6] =
    [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512, Algorithm::PS256, Algorithm::PS384, Algorithm::PS512];

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyFault {
    #[error("the key is malformed")]
    Malformed,
    #[error("an RSA key has 2048 to 8192 bits and an odd exponent of at least 3")]
    RsaStrength,
    #[error("a shared secret does not belong into a key set; use `secret`")]
    Secret,
    #[error("neither an RSA, P-256, P-384 or Ed25519 public key nor a certificate with one")]
    Kind,
    #[error("a secret is at least as long as its algorithm's hash: 32 bytes for HS256, 48 for HS384, 64 for HS512")]
    SecretLength,
    #[error("its `alg` does not fit its kind, or none of `algorithms` does")]
    Algorithm,
}

/// One key.
#[derive(Clone)]
pub(crate) struct Key {
    kid: Option<String>,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
    /// SHA-256 over the key and what it may be used for: whether two sets hold the same key.
    print: [u8; 32],
}

impl Key {
    fn new(algorithms: &[Algorithm], key: DecodingKey, material: &[u8]) -> Self {
        Self { kid: None, algorithms: algorithms.to_vec(), key, print: sha256(&[material]) }
    }

    pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let (n, e) = (significant(modulus), significant(exponent));
        let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
        let sound_exponent = matches!(e.len(), 1..=8) && e.last().is_some_and(|byte| byte % 2 == 1) && *e != [1];
        if !(RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits)
            || n.last().is_none_or(|byte| byte % 2 == 0)
            || !sound_exponent
        {
            return Err(KeyFault::RsaStrength);
        }
        Ok(Self::new(&RSA, DecodingKey::from_rsa_raw_components(n, e), &[n, e].concat()))
    }

    pub(super) fn p256(point: &[u8]) -> Result<Self, KeyFault> {
        on_curve(&ECDSA_P256_SHA256_FIXED, point)?;
        Ok(Self::new(&[Algorithm::ES256], DecodingKey::from_ec_der(point), point))
    }

    pub(super) fn p384(point: &[u8]) -> Result<Self, KeyFault> {
        on_curve(&ECDSA_P384_SHA384_FIXED, point)?;
        Ok(Self::new(&[Algorithm::ES384], DecodingKey::from_ec_der(point), point))
    }

    pub(super) fn ed25519(public: &[u8]) -> Result<Self, KeyFault> {
        on_curve(&ED25519, public)?;
        Ok(Self::new(&[Algorithm::EdDSA], DecodingKey::from_ed_der(public), public))
    }

    /// A shared secret. `algorithms` says which of HS256 (when empty), HS384, HS512.
    fn secret(secret: &[u8], algorithms: &[Algorithm]) -> Result<Self, KeyFault> {
        let algorithms = if algorithms.is_empty() { &[Algorithm::HS256] } else { algorithms };
        for algorithm in algorithms {
            let bytes_min = match algorithm {
                Algorithm::HS256 => 32,
                Algorithm::HS384 => 48,
                Algorithm::HS512 => 64,
                _ => return Err(KeyFault::Algorithm),
            };
            if secret.len() < bytes_min {
                return Err(KeyFault::SecretLength);
            }
        }
        Ok(Self::new(algorithms, DecodingKey::from_secret(secret), secret))
    }

    /// A subject public key info (RFC 5280 section 4.1.2.7), DER.
    pub(crate) fn from_spki(der: &[u8]) -> Result<Self, KeyFault> {
        let (_, spki) = SubjectPublicKeyInfo::from_der(der).map_err(|_| KeyFault::Malformed)?;
        Self::from_parsed_spki(&spki)
    }

    fn from_parsed_spki(spki: &SubjectPublicKeyInfo<'_>) -> Result<Self, KeyFault> {
        const ED25519_OID: &str = "1.3.101.112";
        match spki.parsed().map_err(|_| KeyFault::Malformed)? {
            PublicKey::RSA(rsa) => Self::rsa(rsa.modulus, rsa.exponent),
            PublicKey::EC(point) if point.data().len() == 65 => Self::p256(point.data()),
            PublicKey::EC(point) if point.data().len() == 97 => Self::p384(point.data()),
            PublicKey::Unknown(_) if spki.algorithm.algorithm.to_id_string() == ED25519_OID => {
                Self::ed25519(&spki.subject_public_key.data)
            }
            _ => Err(KeyFault::Kind),
        }
    }

    /// A public key or a certificate, PEM.
    pub(crate) fn from_pem(text: &str) -> Result<Self, KeyFault> {
        let (kind, der) = <(SectionKind, Vec<u8>)>::from_pem_slice(text.as_bytes()).map_err(|_| KeyFault::Malformed)?;
        match kind {
            SectionKind::PublicKey => Self::from_spki(&der),
            SectionKind::Certificate => {
                let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| KeyFault::Malformed)?;
                Self::from_parsed_spki(certificate.public_key())
            }
            _ => Err(KeyFault::Kind),
        }
    }

    /// Names the key and narrows it to the algorithm that its set says. A key for an algorithm of
    /// another kind than signatures is nobody's business here: none.
    pub(super) fn pinned(mut self, kid: Option<String>, alg: Option<&str>) -> Result<Option<Self>, KeyFault> {
        if let Some(name) = alg {
            let Ok(algorithm) = name.parse::<Algorithm>() else { return Ok(None) };
            if !self.algorithms.contains(&algorithm) {
                return Err(KeyFault::Algorithm);
            }
            self.algorithms = vec![algorithm];
        }
        self.kid = kid;
        Ok(Some(self))
    }

    pub(crate) fn only(mut self, algorithm: Algorithm) -> Self {
        self.algorithms = vec![algorithm];
        self
    }

    pub(crate) fn named(mut self, kid: String) -> Self {
        self.kid = Some(kid);
        self
    }

    fn narrowed(mut self, allowed: &[Algorithm]) -> Option<Self> {
        if !allowed.is_empty() {
            self.algorithms.retain(|algorithm| allowed.contains(algorithm));
        }
        (!self.algorithms.is_empty()).then_some(self)
    }

    fn print(&self) -> [u8; 32] {
        let usable: Vec<u8> = self.algorithms.iter().map(|algorithm| *algorithm as u8).collect();
        sha256(&[&self.print, &usable, self.kid.as_deref().unwrap_or("").as_bytes()])
    }
}

/// A number without its leading zeros.
pub(crate) fn significant(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

fn on_curve(algorithm: &'static dyn VerificationAlgorithm, point: &[u8]) -> Result<(), KeyFault> {
    UnparsedPublicKey::new(algorithm, point).parse().map(drop).map_err(|_| KeyFault::Malformed)
}

/// The keys that one issuer's tokens may be signed with.
#[derive(Clone, Default)]
pub(crate) struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    pub(crate) fn of(keys: Vec<Key>) -> Self {
        Self { keys }
    }

    /// Reads a fetched key set; a key in it that cannot be used is passed over with a warning.
    pub(super) fn from_jwks(set: &Value, allowed: &[Algorithm], from: &str) -> Result<Self, String> {
        let keys = jwk::parse_set(set, |fault| tracing::warn!(from, "a key of the key set is not used: {fault}"))?;
        let keys: Vec<Key> = keys.into_iter().filter_map(|key| key.narrowed(allowed)).collect();
        if keys.is_empty() {
            Err("the key set has no key that can check a signature".into())
        } else {
            Ok(Self { keys })
        }
    }

    /// Checks the signature with whichever key the token names, or may mean.
    pub(crate) fn check_signature(&self, token: &Compact<'_>) -> Result<(), TokenFault> {
        let kid = token.kid();
        // A key without a name in its set (from a PEM file) may be meant by any name; a token without a name may mean any key.
        let named = |key: &&Key| kid.is_none() || key.kid.is_none() || key.kid.as_deref() == kid;
        let mut candidates = self.keys.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Err(TokenFault::UnknownKey(kid.unwrap_or_default().to_owned()));
        }
        let mut usable = candidates.filter(|key| key.algorithms.contains(&token.algorithm)).peekable();
        if usable.peek().is_none() {
            return Err(TokenFault::Algorithm(algorithm_name(token.algorithm)));
        }
        let fits = |key: &Key| {
            jsonwebtoken::crypto::verify(token.signature(), token.message(), &key.key, token.algorithm).unwrap_or(false)
        };
        if usable.any(fits) { Ok(()) } else { Err(TokenFault::Signature) }
    }

    /// Whether every key of this set is in the other too.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        let there: Vec<[u8; 32]> = other.keys.iter().map(Key::print).collect();
        self.keys.iter().all(|key| there.contains(&key.print()))
    }
}

/// Where a configuration says that keys are.
#[derive(Default)]
pub(crate) struct KeySource<'c> {
    pub(crate) jwks: Option<&'c Value>,
    pub(crate) public_key: Option<&'c str>,
    pub(crate) file: Option<&'c PathBuf>,
    pub(crate) secret: Option<SecretString>,
}

impl KeySource<'_> {
    /// Reads the keys. An unusable key is an error here: the operator wrote it down.
    pub(crate) fn read(&self, allowed: &[Algorithm]) -> Result<KeySet, String> {
        let mut keys = Vec::new();
        if let Some(set) = self.jwks {
            keys.extend(strict_set(set)?);
        }
        if let Some(pem) = self.public_key {
            keys.push(Key::from_pem(pem).map_err(|fault| fault.to_string())?);
        }
        if let Some(path) = self.file {
            keys.extend(read_file(path)?);
        }
        if let Some(secret) = &self.secret {
            let key = Key::secret(secret.expose_secret().as_bytes(), allowed).map_err(|fault| fault.to_string())?;
            return Ok(KeySet { keys: vec![key] });
        }
        if allowed.iter().any(|algorithm| algorithm.family() == AlgorithmFamily::Hmac) {
            return Err(
                "`algorithms` names HS256, HS384 or HS512, which need a `secret`; a public key is no secret".into()
            );
        }
        let keys: Vec<Key> = keys.into_iter().filter_map(|key| key.narrowed(allowed)).collect();
        if keys.is_empty() {
            Err("there is no key that `algorithms` can be used with".into())
        } else {
            Ok(KeySet { keys })
        }
    }
}

fn strict_set(set: &Value) -> Result<Vec<Key>, String> {
    let mut faults = Vec::new();
    let keys = jwk::parse_set(set, |fault| faults.push(fault))?;
    if faults.is_empty() { Ok(keys) } else { Err(faults.join("; ")) }
}

fn read_file(path: &PathBuf) -> Result<Vec<Key>, String> {
    let shown = path.display();
    let size = std::fs::metadata(path).map_err(|error| format!("cannot read {shown}: {error}"))?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{shown} is {size} bytes; a key file has at most {FILE_BYTES_MAX}"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {shown}: {error}"))?;
    if text.contains("-----BEGIN ") {
        return Key::from_pem(&text).map(|key| vec![key]).map_err(|fault| format!("{shown}: {fault}"));
    }
    let set: Value =
        serde_json::from_str(&text).map_err(|error| format!("{shown} is neither PEM nor JSON: {error}"))?;
    strict_set(&set).map_err(|fault| format!("{shown}: {fault}"))
}

/// The algorithms of those names; the error names the first that is none.
pub(crate) fn algorithms_named(names: &[String]) -> Result<Vec<Algorithm>, String> {
    let known = || {
        RSA.into_iter().chain([
            Algorithm::ES256,
            Algorithm::ES384,
            Algorithm::EdDSA,
            Algorithm::HS256,
            Algorithm::HS384,
            Algorithm::HS512,
        ])
    };
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let known_names: Vec<String> = known().map(algorithm_name).collect();
        let hint = crate::fault::suggestion(name, known_names.iter().map(String::as_str));
        found.push(name.parse().map_err(|_| format!("`{name}` is no signature algorithm that is known here{hint}"))?);
    }
    Ok(found)
}

/// The name that RFC 7518 section 3.1 gives it.
pub(crate) fn algorithm_name(algorithm: Algorithm) -> String {
    format!("{algorithm:?}")
}
