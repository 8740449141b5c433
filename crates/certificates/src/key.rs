//! Keys: which kinds are made, and how the authority's is kept under a passphrase.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use aws_lc_rs::signature::Ed25519KeyPair;
use pkcs8::der::SecretDocument;
use pkcs8::pkcs5::pbes2;
use pkcs8::{EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256, RsaKeySize};
use rustls_pki_types::PrivatePkcs8KeyDer;
use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Rounds of PBKDF2-HMAC-SHA-256 between a passphrase and the key that encrypts with it.
const ROUNDS: u32 = 600_000;
/// The label of an encrypted key in PEM (RFC 7468 §11).
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
/// A passphrase shorter than this is no protection for an authority, in characters.
pub(crate) const PASSPHRASE_MIN: usize = 12;

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// ECDSA on P-256 with SHA-256: small, fast, understood by everything of the last ten years.
    #[default]
    EcdsaP256,
    /// RSA with 2048 bits and SHA-256: for clients that know nothing else.
    #[serde(rename = "rsa-2048")]
    Rsa2048,
    /// RSA with 4096 bits and SHA-256.
    #[serde(rename = "rsa-4096")]
    Rsa4096,
    /// Ed25519. Browsers do not take it in certificates.
    Ed25519,
}

impl KeyKind {
    /// Makes a key.
    pub(crate) fn generate(self) -> Result<KeyPair> {
        Ok(match self {
            Self::EcdsaP256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?,
            Self::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?,
            Self::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096)?,
            Self::Ed25519 => {
                // PKCS#8 of version 1 (RFC 5208): OpenSSL does not read version 2, which carries the public key.
                let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new())
                    .map_err(|_| Error::refused("the system gives no random bytes"))?;
                KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(pkcs8.as_ref()), &PKCS_ED25519)?
            }
        })
    }
}

/// The PEM text of a key, encrypted when there is a passphrase (PKCS#8 with PBES2, RFC 8018: PBKDF2 and AES-256-CBC).
pub(crate) fn to_pem(key: &KeyPair, passphrase: Option<&SecretString>) -> Result<String> {
    let Some(passphrase) = passphrase else { return Ok(key.serialize_pem()) };
    if passphrase.expose_secret().chars().count() < PASSPHRASE_MIN {
        return Err(Error::refused(format!("the passphrase is too short: take at least {PASSPHRASE_MIN} characters")));
    }
    let broken = |_| Error::refused("the key cannot be encrypted");
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    random(&mut salt)?;
    random(&mut iv)?;
    let parameters = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(ROUNDS, &salt, iv)
        .map_err(|_| Error::refused("the key cannot be encrypted"))?;
    let plain =
        PrivateKeyInfoRef::try_from(key.serialized_der()).map_err(|_| Error::refused("the key is malformed"))?;
    let sealed = plain.encrypt_with_params(parameters, passphrase.expose_secret()).map_err(broken)?;
    let text = sealed.to_pem(ENCRYPTED, LineEnding::LF).map_err(|_| Error::refused("the key cannot be written"))?;
    Ok(text.to_string())
}

/// Whether a PEM text is an encrypted key.
pub(crate) fn is_encrypted(pem: &str) -> bool {
    pem.contains(ENCRYPTED)
}

/// Reads a key, with its passphrase when it is encrypted. The errors never quote the text.
pub(crate) fn from_pem(pem: &str, passphrase: Option<&SecretString>) -> Result<KeyPair> {
    if !is_encrypted(pem) {
        return KeyPair::from_pem(pem).map_err(|_| Error::refused("the key is malformed, or of no supported kind"));
    }
    let Some(passphrase) = passphrase else {
        return Err(Error::refused("the authority's key is encrypted; name its passphrase with --passphrase"));
    };
    let malformed = || Error::refused("the encrypted key is malformed");
    let (_, sealed) = SecretDocument::from_pem(pem.trim()).map_err(|_| malformed())?;
    let sealed = EncryptedPrivateKeyInfoRef::try_from(sealed.as_bytes()).map_err(|_| malformed())?;
    let plain = sealed
        .decrypt(passphrase.expose_secret())
        .map_err(|_| Error::refused("the passphrase does not open the authority's key"))?;
    KeyPair::try_from(plain.as_bytes()).map_err(|_| malformed())
}

/// Fills with random bytes.
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::refused("the system gives no random bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_under_a_passphrase_opens_with_it_alone() {
        let key = KeyKind::EcdsaP256.generate().unwrap();
        let right = SecretString::from("correct horse battery");
        let pem = to_pem(&key, Some(&right)).unwrap();
        assert!(is_encrypted(&pem) && !is_encrypted(&key.serialize_pem()));
        assert_eq!(from_pem(&pem, Some(&right)).unwrap().serialized_der(), key.serialized_der());
        let wrong = from_pem(&pem, Some(&SecretString::from("wrong horse battery"))).unwrap_err();
        assert!(wrong.to_string().contains("does not open"), "{wrong}");
        assert!(from_pem(&pem, None).unwrap_err().to_string().contains("--passphrase"));
        assert!(to_pem(&key, Some(&SecretString::from("short"))).unwrap_err().to_string().contains("12"));
    }

    #[test]
    fn text_that_is_no_key_is_refused_without_being_quoted() {
        for text in ["", "hunter2", "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n"] {
            assert!(!from_pem(text, None).unwrap_err().to_string().contains("hunter2"), "{text}");
        }
        let sealed = format!("-----BEGIN {ENCRYPTED}-----\nAAAA\n-----END {ENCRYPTED}-----\n");
        assert!(from_pem(&sealed, Some(&SecretString::from("x"))).unwrap_err().to_string().contains("malformed"));
    }
}
