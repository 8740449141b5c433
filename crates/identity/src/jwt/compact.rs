//! The compact serialization (RFC 7515 section 3.1), taken apart. Nothing is believed here yet.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::fault::TokenFault;
use crate::json;

/// The longest token that is read, in bytes. Header lines beyond it are a problem for proxies as well.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// The longest key id, in bytes.
const KID_BYTES_MAX: usize = 256;

/// A token in its parts.
pub(crate) struct Compact<'t> {
    pub(crate) header: Map<String, Value>,
    pub(crate) claims: Map<String, Value>,
    /// What is signed: header and claims as they came.
    message: &'t str,
    /// The signature, base64url.
    signature: &'t str,
    pub(crate) algorithm: Algorithm,
}

impl<'t> Compact<'t> {
    pub(crate) fn parse(token: &'t str) -> Result<Self, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::TooLong(token.len()));
        }
        let (message, signature) = token.rsplit_once('.').ok_or(TokenFault::Malformed("not three parts"))?;
        let (header, claims) = message.split_once('.').ok_or(TokenFault::Malformed("not three parts"))?;
        if claims.contains('.') {
            return Err(TokenFault::Malformed("not three parts"));
        }
        let header = part(header, "the header")?;
        let algorithm = check_header(&header)?;
        Ok(Self { claims: part(claims, "the claims")?, header, message, signature, algorithm })
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    pub(crate) fn typ(&self) -> Option<&str> {
        self.header.get("typ").and_then(Value::as_str)
    }

    pub(crate) fn message(&self) -> &'t [u8] {
        self.message.as_bytes()
    }

    pub(crate) fn signature(&self) -> &'t str {
        self.signature
    }
}

fn part(encoded: &str, what: &'static str) -> Result<Map<String, Value>, TokenFault> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| TokenFault::Malformed(what))?;
    json::object(&bytes).map_err(|_| TokenFault::Malformed(what))
}

/// Refuses what would change how the token is to be read (RFC 8725 sections 3.1, 3.2, 3.10). Keys and
/// addresses of keys that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) are never looked at.
fn check_header(header: &Map<String, Value>) -> Result<Algorithm, TokenFault> {
    for (name, what) in [("crit", "`crit`"), ("b64", "`b64`"), ("enc", "`enc`"), ("zip", "`zip`"), ("cty", "`cty`")] {
        if header.contains_key(name) {
            return Err(TokenFault::Header(what));
        }
    }
    match header.get("kid") {
        None => {}
        Some(Value::String(kid)) if kid.len() <= KID_BYTES_MAX => {}
        Some(_) => return Err(TokenFault::Header("an impossible `kid`")),
    }
    if header.get("typ").is_some_and(|typ| !typ.is_string()) {
        return Err(TokenFault::Header("an impossible `typ`"));
    }
    match header.get("alg") {
        // `none` is no algorithm here: it does not parse.
        Some(Value::String(name)) => name.parse().map_err(|_| TokenFault::Algorithm(name.clone())),
        _ => Err(TokenFault::Header("no `alg`")),
    }
}
