//! The key that our own tokens are signed with.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use rustls_pki_types::pem::{PemObject as _, SectionKind};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, SubjectPublicKeyInfo, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::digest::sha256;
use crate::jwt::{Key, algorithm_name, significant};

/// Why a signing key cannot be used or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeyError {
    /// Not one PEM section.
    #[error("not a private key in PEM")]
    Pem,
    /// Not a kind of key that can be used.
    #[error("not an Ed25519, ECDSA P-256 or P-384 (PKCS #8) or RSA (at least 2048 bits) private key")]
    Kind,
    /// The system gives no random bytes.
    #[error("the key could not be made")]
    Generate,
}

/// Makes a signing key for `tokens.key`: Ed25519, PKCS #8, PEM. Keep it secret.
///
/// # Errors
/// When the system gives no random bytes.
pub fn generate_signing_key() -> Result<String, SigningKeyError> {
    let key = Ed25519KeyPair::generate().map_err(|_| SigningKeyError::Generate)?;
    let der = key.to_pkcs8v1().map_err(|_| SigningKeyError::Generate)?;
    Ok(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref())))
}

/// The public half of a key of ours, as others see it.
#[derive(Clone)]
pub(crate) struct Published {
    /// The thumbprint of the key (RFC 7638), which rotation never gives to another key.
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    /// The key, as a JSON Web Key.
    pub(crate) jwk: Value,
    /// The key that checks our own signatures.
    pub(crate) verifying: Key,
}

impl Published {
    /// A key that no longer signs: private or public, or a certificate, in PEM.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let (kind, der) = section(pem)?;
        match kind {
            SectionKind::PublicKey => Self::from_spki(&der),
            SectionKind::Certificate => {
                let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| SigningKeyError::Kind)?;
                Self::from_spki(certificate.public_key().raw)
            }
            _ => SigningKey::from_pem(pem).map(|key| key.published),
        }
    }

    fn from_spki(der: &[u8]) -> Result<Self, SigningKeyError> {
        let verifying = Key::from_spki(der).map_err(|_| SigningKeyError::Kind)?;
        let (_, spki) = SubjectPublicKeyInfo::from_der(der).map_err(|_| SigningKeyError::Kind)?;
        // Each `jwk` has the members that RFC 7638 section 3.2 names, in its order, and nothing else.
        let (algorithm, mut jwk) = match spki.parsed().map_err(|_| SigningKeyError::Kind)? {
            PublicKey::RSA(rsa) => {
                let (e, n) = (significant(rsa.exponent), significant(rsa.modulus));
                (Algorithm::RS256, json!({"e": encode(e), "kty": "RSA", "n": encode(n)}))
            }
            PublicKey::EC(point) => {
                // An uncompressed point: 4, x, y (SEC 1 section 2.3.3); `Key::from_spki` has checked it.
                let both = point.data().get(1..).unwrap_or_default();
                let (x, y) = both.split_at(both.len() / 2);
                let (algorithm, curve) =
                    if x.len() == 32 { (Algorithm::ES256, "P-256") } else { (Algorithm::ES384, "P-384") };
                (algorithm, json!({"crv": curve, "kty": "EC", "x": encode(x), "y": encode(y)}))
            }
            _ => {
                (Algorithm::EdDSA, json!({"crv": "Ed25519", "kty": "OKP", "x": encode(&spki.subject_public_key.data)}))
            }
        };
        let kid = encode(&sha256(&[jwk.to_string().as_bytes()]));
        jwk["kid"] = kid.clone().into();
        jwk["use"] = "sig".into();
        jwk["alg"] = algorithm_name(algorithm).into();
        Ok(Self { verifying: verifying.only(algorithm).named(kid.clone()), kid, algorithm, jwk })
    }
}

/// A private key, ready to sign.
pub(crate) struct SigningKey {
    key: EncodingKey,
    pub(crate) published: Published,
}

impl SigningKey {
    pub(crate) fn from_pem(pem: &str) -> Result<Self, SigningKeyError> {
        let (kind, der) = section(pem)?;
        let rsa = match kind {
            SectionKind::PrivateKey => RsaKeyPair::from_pkcs8(&der),
            SectionKind::RsaPrivateKey => RsaKeyPair::from_der(&der),
            _ => return Err(SigningKeyError::Kind),
        };
        if let Ok(pair) = rsa {
            let key = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| SigningKeyError::Kind)?;
            return Self::new(key, pair.public_key());
        }
        if let Ok(pair) = Ed25519KeyPair::from_pkcs8(&der) {
            let der = pair.to_pkcs8v1().map_err(|_| SigningKeyError::Kind)?;
            return Self::new(EncodingKey::from_ed_der(der.as_ref()), pair.public_key());
        }
        for curve in [&ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED_SIGNING] {
            if let Ok(pair) = EcdsaKeyPair::from_pkcs8(curve, &der) {
                return Self::new(EncodingKey::from_ec_der(&der), pair.public_key());
            }
        }
        Err(SigningKeyError::Kind)
    }

    fn new(key: EncodingKey, public: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<Self, SigningKeyError> {
        let spki = public.as_der().map_err(|_| SigningKeyError::Kind)?;
        Ok(Self { key, published: Published::from_spki(spki.as_ref())? })
    }

    /// A signed token with the claims.
    pub(crate) fn sign(&self, typ: &str, claims: &Value) -> Result<String, jsonwebtoken::errors::Error> {
        let Published { kid, algorithm, .. } = &self.published;
        let header = json!({"typ": typ, "alg": algorithm_name(*algorithm), "kid": kid});
        let message = format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.key, *algorithm)?;
        Ok(format!("{message}.{signature}"))
    }
}

fn section(pem: &str) -> Result<(SectionKind, Vec<u8>), SigningKeyError> {
    <(SectionKind, Vec<u8>)>::from_pem_slice(pem.as_bytes()).map_err(|_| SigningKeyError::Pem)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
