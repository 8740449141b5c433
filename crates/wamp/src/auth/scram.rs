//! SCRAM with SHA-256 (RFC 5802, RFC 7677) in the two dialects that are spoken.
//!
//! | | `wamp-scram` (the specification) | `scram` (Autobahn, Crossbar) |
//! |---|---|---|
//! | name of Argon2 | `argon2id13` | `argon2id-13` |
//! | salted password of Argon2 | the 32 bytes | their base64 without padding, as text |
//! | `c=` in the signed message | base64 of the GS2 header and the binding | the name of the binding, or nothing |
//! | server's signature in WELCOME | `authextra.verifier` | `authextra.scram_server_signature` |
//! | commas and equal signs in the authid | escaped | as they are |

use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{digest, hmac, pbkdf2};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::{AuthError, secrets_equal};
use crate::value::{Map, Value};

/// The most passes that a client lets a server ask of it.
pub const ARGON2_ITERATIONS_MAX: u32 = 65_536;
/// The most memory in KiB.
pub const ARGON2_MEMORY_KIB_MAX: u32 = 1 << 20;
/// The most iterations of PBKDF2.
pub const PBKDF2_ITERATIONS_MAX: u32 = 10_000_000;
/// The longest nonce, as text.
pub const NONCE_BYTES_MAX: usize = 256;

/// The bytes of a key, a proof and a signature.
const KEY_BYTES: usize = 32;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScramDialect {
    /// `wamp-scram`, by the specification.
    Wamp,
    /// `scram`, as Autobahn and Crossbar do it.
    Autobahn,
}

impl ScramDialect {
    /// The method's name.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Wamp => "wamp-scram",
            Self::Autobahn => "scram",
        }
    }

    /// The dialect of a method.
    #[must_use]
    pub fn from_method(method: &str) -> Option<Self> {
        [Self::Wamp, Self::Autobahn].into_iter().find(|dialect| dialect.method() == method)
    }

    /// Where in `authextra` the server's signature is.
    #[must_use]
    pub const fn signature_key(self) -> &'static str {
        match self {
            Self::Wamp => "verifier",
            Self::Autobahn => "scram_server_signature",
        }
    }

    fn first_bare(self, authid: &str, nonce: &str) -> String {
        match self {
            Self::Wamp => format!("n={},r={nonce}", authid.replace('=', "=3D").replace(',', "=2C")),
            Self::Autobahn => format!("n={authid},r={nonce}"),
        }
    }

    fn binding(self, binding: Option<(&str, &[u8])>) -> String {
        match (self, binding) {
            (Self::Wamp, None) => STANDARD.encode("n,,"),
            (Self::Wamp, Some((name, data))) => STANDARD.encode([format!("p={name},,").as_bytes(), data].concat()),
            (Self::Autobahn, binding) => binding.map_or_else(String::new, |(name, _)| name.to_owned()),
        }
    }
}

/// How a password becomes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kdf {
    /// PBKDF2 with SHA-256.
    Pbkdf2 {
        /// The iterations.
        iterations: u32,
    },
    /// Argon2id, version 1.3, one lane.
    Argon2id {
        /// The passes.
        iterations: u32,
        /// The memory in KiB.
        memory_kib: u32,
    },
}

impl Kdf {
    const fn name(self, dialect: ScramDialect) -> &'static str {
        match (self, dialect) {
            (Self::Pbkdf2 { .. }, _) => "pbkdf2",
            (Self::Argon2id { .. }, ScramDialect::Wamp) => "argon2id13",
            (Self::Argon2id { .. }, ScramDialect::Autobahn) => "argon2id-13",
        }
    }

    const fn iterations(self) -> u32 {
        match self {
            Self::Pbkdf2 { iterations } | Self::Argon2id { iterations, .. } => iterations,
        }
    }

    /// The salted password.
    fn derive(self, dialect: ScramDialect, password: &[u8], salt: &[u8]) -> Result<Vec<u8>, AuthError> {
        const BAD: AuthError = AuthError("the key derivation's parameters are out of range");
        let mut key = [0; KEY_BYTES];
        match self {
            Self::Pbkdf2 { iterations } => {
                let iterations = NonZeroU32::new(iterations).filter(|n| n.get() <= PBKDF2_ITERATIONS_MAX).ok_or(BAD)?;
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password, &mut key);
                Ok(key.to_vec())
            }
            Self::Argon2id { iterations, memory_kib } => {
                if iterations > ARGON2_ITERATIONS_MAX || memory_kib > ARGON2_MEMORY_KIB_MAX {
                    return Err(BAD);
                }
                let params = Params::new(memory_kib, iterations, 1, Some(KEY_BYTES)).map_err(|_| BAD)?;
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                argon2.hash_password_into(password, salt, &mut key).map_err(|_| BAD)?;
                Ok(match dialect {
                    ScramDialect::Wamp => key.to_vec(),
                    ScramDialect::Autobahn => STANDARD_NO_PAD.encode(key).into_bytes(),
                })
            }
        }
    }
}

/// What a server keeps of a user's password. For Argon2 it fits one dialect only.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// SHA-256 of the client's key.
    pub stored_key: [u8; KEY_BYTES],
    /// The key of the server's signature.
    pub server_key: [u8; KEY_BYTES],
}

impl std::fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ScramKeys(..)")
    }
}

/// A user's record: how the password was salted, and what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScramSecret {
    /// Which clients it is for.
    pub dialect: ScramDialect,
    /// How the key was derived.
    pub kdf: Kdf,
    /// The salt's bytes.
    pub salt: Vec<u8>,
    /// What is kept.
    pub keys: ScramKeys,
}

impl ScramSecret {
    /// The record of a new password. The password must have been prepared (RFC 4013) if it is not ASCII.
    ///
    /// # Errors
    /// The parameters are out of range.
    pub fn derive(dialect: ScramDialect, kdf: Kdf, password: &[u8], salt: Vec<u8>) -> Result<Self, AuthError> {
        let salted = kdf.derive(dialect, password, &salt)?;
        let client_key = hmac_sha256(&salted, b"Client Key");
        let keys = ScramKeys { stored_key: sha256(&client_key), server_key: hmac_sha256(&salted, b"Server Key") };
        Ok(Self { dialect, kdf, salt, keys })
    }
}

/// A nonce: base64 of 16 random bytes.
///
/// # Errors
/// The operating system's generator failed.
pub fn scram_nonce() -> Result<String, AuthError> {
    super::random_bytes::<16>().map(|bytes| STANDARD.encode(bytes))
}

fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; KEY_BYTES] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data);
    let mut bytes = [0; KEY_BYTES];
    bytes.copy_from_slice(tag.as_ref());
    bytes
}

fn sha256(data: &[u8]) -> [u8; KEY_BYTES] {
    let mut bytes = [0; KEY_BYTES];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, data).as_ref());
    bytes
}

fn xor(mut left: [u8; KEY_BYTES], right: &[u8; KEY_BYTES]) -> [u8; KEY_BYTES] {
    left.iter_mut().zip(right).for_each(|(byte, other)| *byte ^= other);
    left
}

/// Why a proof is refused. All but the first are the same to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScramError {
    /// HELLO has no useful nonce.
    #[error("`authextra.nonce` must be up to 256 bytes of text without a comma")]
    Nonce,
    /// AUTHENTICATE says another nonce than CHALLENGE.
    #[error("the nonce is another one")]
    OtherNonce,
    /// The channel binding is not the one that the server sees.
    #[error("the channel binding is another one")]
    OtherBinding,
    /// Not 32 bytes of base64.
    #[error("the proof cannot be read")]
    Malformed,
    /// The password is another one.
    #[error("the proof does not fit")]
    Proof,
}

/// The server's side of one exchange.
#[derive(Debug, Clone)]
pub struct ScramExchange {
    secret: ScramSecret,
    authid: String,
    client_nonce: String,
    nonce: String,
    binding: Option<(String, Vec<u8>)>,
}

impl ScramExchange {
    /// Answers HELLO. `server_nonce` is a new [`scram_nonce`]; `binding` is the type and data of the channel binding that the client asked for and the server
    /// can do. For an authid that does not exist, a made-up record keeps that secret.
    ///
    /// # Errors
    /// [`ScramError::Nonce`].
    pub fn new(
        secret: ScramSecret,
        authid: &str,
        authextra: &Map,
        server_nonce: &str,
        binding: Option<(String, Vec<u8>)>,
    ) -> Result<Self, ScramError> {
        let client_nonce = authextra.get("nonce").and_then(Value::as_text).unwrap_or_default();
        if client_nonce.is_empty() || client_nonce.len() > NONCE_BYTES_MAX || client_nonce.contains(',') {
            return Err(ScramError::Nonce);
        }
        let nonce = format!("{client_nonce}{server_nonce}");
        Ok(Self { secret, authid: authid.to_owned(), client_nonce: client_nonce.to_owned(), nonce, binding })
    }

    /// CHALLENGE.Extra.
    #[must_use]
    pub fn extra(&self) -> Map {
        let kdf = self.secret.kdf;
        let extra = Map::new()
            .with("nonce", self.nonce.as_str())
            .with("salt", STANDARD.encode(&self.secret.salt))
            .with("kdf", kdf.name(self.secret.dialect))
            .with("iterations", u64::from(kdf.iterations()))
            .with_some("channel_binding", self.binding.as_ref().map(|(name, _)| name.as_str()));
        match (kdf, self.secret.dialect) {
            (Kdf::Argon2id { memory_kib, .. }, _) => extra.with("memory", u64::from(memory_kib)),
            (Kdf::Pbkdf2 { .. }, ScramDialect::Wamp) => extra.with("memory", Value::Null),
            // Autobahn reads it as a number whenever it is there.
            (Kdf::Pbkdf2 { .. }, ScramDialect::Autobahn) => extra,
        }
    }

    /// Checks AUTHENTICATE, and gives what belongs into WELCOME.authextra: the server's signature.
    ///
    /// # Errors
    /// Why the client is refused, for the operator.
    pub fn verify(&self, signature: &str, extra: &Map) -> Result<Map, ScramError> {
        self.check_extra(extra)?;
        let proof: [u8; KEY_BYTES] =
            STANDARD.decode(signature).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(ScramError::Malformed)?;
        let message = self.auth_message();
        let client_signature = hmac_sha256(&self.secret.keys.stored_key, message.as_bytes());
        let client_key = xor(client_signature, &proof);
        if !secrets_equal(&self.secret.keys.stored_key, &sha256(&client_key)) {
            return Err(ScramError::Proof);
        }
        let signature = STANDARD.encode(hmac_sha256(&self.secret.keys.server_key, message.as_bytes()));
        Ok(Map::new().with(self.secret.dialect.signature_key(), signature))
    }

    /// Autobahn sends nothing with its proof; what is sent must be right.
    fn check_extra(&self, extra: &Map) -> Result<(), ScramError> {
        let text = |key| extra.get(key).and_then(Value::as_text);
        let nonce = text("nonce");
        if nonce.is_none() && self.secret.dialect == ScramDialect::Autobahn {
            return Ok(());
        }
        if nonce != Some(self.nonce.as_str()) {
            return Err(ScramError::OtherNonce);
        }
        let sent = text("channel_binding").zip(text("cbind_data").and_then(|data| STANDARD.decode(data).ok()));
        let seen = self.binding.as_ref().map(|(name, data)| (name.as_str(), data.clone()));
        if sent != seen || text("channel_binding").is_some() != seen.is_some() {
            return Err(ScramError::OtherBinding);
        }
        Ok(())
    }

    fn auth_message(&self) -> String {
        let binding = self.binding.as_ref().map(|(name, data)| (name.as_str(), data.as_slice()));
        auth_message(
            self.secret.dialect,
            (&self.authid, &self.client_nonce),
            (&self.nonce, &STANDARD.encode(&self.secret.salt), self.secret.kdf.iterations()),
            binding,
        )
    }
}

/// RFC 5802 §3: what both sides sign.
fn auth_message(
    dialect: ScramDialect,
    (authid, client_nonce): (&str, &str),
    (nonce, salt, iterations): (&str, &str, u32),
    binding: Option<(&str, &[u8])>,
) -> String {
    let first = dialect.first_bare(authid, client_nonce);
    format!("{first},r={nonce},s={salt},i={iterations},c={},r={nonce}", dialect.binding(binding))
}

/// The client's side.
#[derive(Debug, Clone)]
pub struct ScramClient {
    dialect: ScramDialect,
    authid: String,
    nonce: String,
    binding: Option<(String, Vec<u8>)>,
}

/// A client's answer, and the signature that the server must show.
#[derive(Debug, Clone, PartialEq)]
pub struct ScramAnswer {
    /// AUTHENTICATE.Signature.
    pub signature: String,
    /// AUTHENTICATE.Extra: the nonce, and what the channel is known by.
    pub extra: Map,
    expected: String,
}

impl ScramAnswer {
    /// Whether WELCOME.authextra shows that the server knows the password's record.
    #[must_use]
    pub fn is_server(&self, dialect: ScramDialect, authextra: &Map) -> bool {
        let shown = authextra.get(dialect.signature_key()).and_then(Value::as_text).unwrap_or_default();
        // The specification's example has the syntax of RFC 5802 in front.
        secrets_equal(self.expected.as_bytes(), shown.strip_prefix("v=").unwrap_or(shown).as_bytes())
    }
}

impl ScramClient {
    /// A client with a nonce (see [`scram_nonce`]), which goes into HELLO's `authextra`.
    #[must_use]
    pub fn new(dialect: ScramDialect, authid: &str, nonce: &str) -> Self {
        Self { dialect, authid: authid.to_owned(), nonce: nonce.to_owned(), binding: None }
    }

    /// The same, bound to the channel: the binding's type and data. In [`ScramDialect::Autobahn`] a binding is
    /// named and not proved; there it stays away.
    #[must_use]
    pub fn bound(mut self, kind: &str, data: &[u8]) -> Self {
        self.binding = (self.dialect == ScramDialect::Wamp).then(|| (kind.to_owned(), data.to_vec()));
        self
    }

    /// HELLO's `authextra`.
    #[must_use]
    pub fn authextra(&self) -> Map {
        let binding = self.binding.as_ref().map_or(Value::Null, |(kind, _)| kind.as_str().into());
        Map::new().with("nonce", self.nonce.as_str()).with("channel_binding", binding)
    }

    /// Answers CHALLENGE.Extra.
    ///
    /// # Errors
    /// The challenge is not one for this client, or asks too much of it.
    pub fn answer(&self, password: &[u8], extra: &Map) -> Result<ScramAnswer, AuthError> {
        const BAD: AuthError = AuthError("the challenge cannot be read");
        let text = |key| extra.get(key).and_then(Value::as_text).ok_or(BAD);
        let number = |key| extra.get(key).and_then(Value::as_unsigned).and_then(|n| u32::try_from(n).ok()).ok_or(BAD);
        let (nonce, salt, iterations) = (text("nonce")?, text("salt")?, number("iterations")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(AuthError("the server's nonce does not go on from ours"));
        }
        let binding = self.binding.as_ref().map(|(kind, data)| (kind.as_str(), data.as_slice()));
        // A router, or somebody before it, that talks us out of the binding.
        let agreed = extra.get("channel_binding").and_then(Value::as_text).filter(|kind| !kind.is_empty());
        if agreed != binding.map(|(kind, _)| kind) {
            return Err(AuthError("the challenge is bound to the channel in another way than asked"));
        }
        let kdf = match text("kdf")? {
            "pbkdf2" => Kdf::Pbkdf2 { iterations },
            "argon2id13" | "argon2id-13" => Kdf::Argon2id { iterations, memory_kib: number("memory")? },
            _ => return Err(AuthError("the key derivation is unknown")),
        };
        let salted = kdf.derive(self.dialect, password, &STANDARD.decode(salt).map_err(|_| BAD)?)?;
        let client_key = hmac_sha256(&salted, b"Client Key");
        let message = auth_message(self.dialect, (&self.authid, &self.nonce), (nonce, salt, iterations), binding);
        let proof = xor(client_key, &hmac_sha256(&sha256(&client_key), message.as_bytes()));
        let server_key = hmac_sha256(&salted, b"Server Key");
        Ok(ScramAnswer {
            signature: STANDARD.encode(proof),
            extra: Map::new()
                .with("nonce", nonce)
                .with("channel_binding", binding.map_or(Value::Null, |(kind, _)| kind.into()))
                .with("cbind_data", binding.map_or(Value::Null, |(_, data)| STANDARD.encode(data).into())),
            expected: STANDARD.encode(hmac_sha256(&server_key, message.as_bytes())),
        })
    }
}
