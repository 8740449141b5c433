//! JSON Web Keys (RFC 7517), as far as signatures are concerned.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use super::key::{Key, KeyFault};

/// The most keys that a set may hold.
const KEYS_MAX: usize = 64;

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// Reads a key set. Keys of kinds that we do not know are passed over (RFC 7517 section 5); what is
/// wrong with a key that we should know is told to `skipped`.
pub(super) fn parse_set(set: &Value, mut skipped: impl FnMut(String)) -> Result<Vec<Key>, String> {
    let keys = set.get("keys").and_then(Value::as_array).ok_or("not a JSON Web Key Set: it has no list `keys`")?;
    if keys.len() > KEYS_MAX {
        return Err(format!("the key set has {} keys; at most {KEYS_MAX} are read", keys.len()));
    }
    let mut found = Vec::with_capacity(keys.len());
    for (index, value) in keys.iter().enumerate() {
        match parse_one(value) {
            Ok(Some(key)) => found.push(key),
            Ok(None) => {}
            Err(fault) => skipped(format!("key {index}: {fault}")),
        }
    }
    Ok(found)
}

fn parse_one(value: &Value) -> Result<Option<Key>, KeyFault> {
    let jwk = Jwk::deserialize(value).map_err(|_| KeyFault::Malformed)?;
    let signs = jwk.r#use.as_deref().is_none_or(|purpose| purpose == "sig");
    let verifies = jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify" || op == "sign"));
    if !signs || !verifies {
        return Ok(None);
    }
    let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => Key::rsa(&field(&jwk.n)?, &field(&jwk.e)?)?,
        ("EC", Some("P-256")) => Key::p256(&point(&jwk, 32)?)?,
        ("EC", Some("P-384")) => Key::p384(&point(&jwk, 48)?)?,
        ("OKP", Some("Ed25519")) => Key::ed25519(&field(&jwk.x)?)?,
        // A public key set with a secret in it is a mistake, and taking it would let anybody who reads the set sign.
        ("oct", _) => return Err(KeyFault::Secret),
        _ => return Ok(None),
    };
    key.pinned(jwk.kid, jwk.alg.as_deref())
}

fn field(encoded: &Option<String>) -> Result<Vec<u8>, KeyFault> {
    let encoded = encoded.as_deref().ok_or(KeyFault::Malformed)?;
    URL_SAFE_NO_PAD.decode(encoded).map_err(|_| KeyFault::Malformed)
}

/// An uncompressed point: 4, x, y (SEC 1 section 2.3.3).
fn point(jwk: &Jwk, bytes: usize) -> Result<Vec<u8>, KeyFault> {
    let (x, y) = (field(&jwk.x)?, field(&jwk.y)?);
    if x.len() != bytes || y.len() != bytes {
        return Err(KeyFault::Malformed);
    }
    Ok([&[4], x.as_slice(), y.as_slice()].concat())
}
