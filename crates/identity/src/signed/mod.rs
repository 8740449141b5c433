//! Requests that are signed with a shared secret, as clients of Crossbar's HTTP bridge sign them: HMAC-SHA-256 over key,
//! timestamp, sequence number, nonce and body, one after the other, in URL-safe base64.
//!
//! Nothing separates the parts, so a signature also holds for the same bytes divided otherwise. That is why a replay is known by
//! the signature, and not by nonce and sequence number.

mod replay;

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use crossgate_call::{Caller, Error, Proof, Realm, Vouched};
use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret as _;

use crate::config;
use crate::identity::Identity;
use crate::refusal::Refusal;
use crate::state::Compiler;

pub(crate) use replay::{Seen, Signatures};

/// The shortest secret, in bytes: 128 bits.
const SECRET_BYTES_MIN: usize = 16;
/// The widest window, in seconds.
const WINDOW_S_MAX: u64 = 3_600;
/// Digits of a sequence number or a nonce at the most; clients use up to 53 bits.
const DIGITS_MAX: usize = 20;
/// What clients send is padded, and what people write often is not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Told whatever is wrong with key or signature.
const NOT_VALID: &str = "the signature is not valid; sign key, timestamp, seq, nonce and body with the key's secret";

/// A key, compiled.
pub(crate) struct Key {
    name: Arc<str>,
    secret: hmac::Key,
    roles: Vec<Arc<str>>,
    window_s: i64,
}

/// What a signed request says in its query.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the names are those of the parameters")]
pub struct SignedRequest<'a> {
    pub key: &'a str,
    pub timestamp: &'a str,
    pub seq: &'a str,
    pub nonce: &'a str,
    pub signature: &'a str,
}

/// A signed request whose body has not been read: its key is known, and it is not from another time.
pub struct SignedAttempt {
    key: Arc<Key>,
    at: Timestamp,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Compiler<'_> {
    pub(crate) fn signed_key(&mut self, name: &str, key: &config::SignedKey) -> Option<(String, Arc<Key>)> {
        let place = format!("signed_keys.{name}");
        self.name(&place, name);
        let roles = self.roles(&place, &key.roles);
        if key.window_s == 0 || key.window_s > WINDOW_S_MAX {
            self.faults.add(format!("{place}.window_s"), format!("is 1 to {WINDOW_S_MAX}"));
        }
        let Some(secret) = &key.secret else {
            self.faults.add(format!("{place}.secret"), "is missing; write `file:PATH` or `env:NAME`");
            return None;
        };
        let secret = self.secret(&format!("{place}.secret"), secret)?;
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < SECRET_BYTES_MIN {
            self.faults.add(format!("{place}.secret"), format!("has at least {SECRET_BYTES_MIN} bytes"));
        }
        let secret = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let window_s = crate::state::signed(key.window_s);
        Some((name.to_owned(), Arc::new(Key { name: name.into(), secret, roles, window_s })))
    }
}

impl Identity {
    /// Judges a signed request before its body is read.
    ///
    /// # Errors
    /// When the key is not known, the timestamp is not within the key's window, or a part is malformed.
    pub fn signed_begin(&self, realm: &Realm, request: &SignedRequest<'_>) -> Result<SignedAttempt, Refusal> {
        let refused = |public| Refusal::unauthenticated(realm, public);
        let SignedRequest { key, timestamp, seq, nonce, signature } = *request;
        let key = self.state.load().signed_keys.get(key).cloned().ok_or_else(|| refused(NOT_VALID))?;
        let signature = BASE64.decode(signature).map_err(|_| refused(NOT_VALID))?;
        if !is_number(seq) || !is_number(nonce) {
            return Err(refused("`seq` and `nonce` of a signed request are whole numbers"));
        }
        let utc = timestamp.strip_suffix('Z').is_some_and(|rest| rest.contains('T'));
        let at = timestamp.parse::<Timestamp>().ok().filter(|_| utc);
        let at = at.ok_or_else(|| refused("`timestamp` is UTC as in 2011-10-14T16:59:51.123Z"))?;
        let off = at.duration_since(self.means.clock.now()).abs();
        if off > SignedDuration::from_secs(key.window_s) {
            return Err(refused(
                "the request was signed too long ago or in the future; sign it anew, by a clock that is right",
            ));
        }
        let signed = [&*key.name, timestamp, seq, nonce].concat().into_bytes();
        Ok(SignedAttempt { key, at, signed, signature })
    }

    /// Who sent the request, now that its body is there. Each signature is good once.
    ///
    /// # Errors
    /// When the signature does not hold, or was seen before.
    pub fn signed_caller(&self, realm: &Realm, attempt: SignedAttempt, body: &[u8]) -> Result<Arc<Caller>, Refusal> {
        let SignedAttempt { key, at, mut signed, signature } = attempt;
        signed.extend_from_slice(body);
        // Compares in constant time.
        hmac::verify(&key.secret, &signed, &signature).map_err(|_| Refusal::unauthenticated(realm, NOT_VALID))?;
        let now = self.means.clock.now();
        let until = crate::identity::after(at, key.window_s);
        self.signatures.take(&key.name, &signature, until, now).map_err(|seen| match seen {
            Seen::Before => Refusal::unauthenticated(realm, "this signed request was received before; sign a new one"),
            Seen::TooMany(wait) => Refusal::unavailable(
                realm,
                Error::too_many("too many signed requests at a time; try again later", wait),
            ),
        })?;
        Ok(Arc::new(Caller::vouch(Vouched {
            id: Arc::clone(&key.name),
            roles: key.roles.clone(),
            realm: realm.clone(),
            proof: Proof::Signature,
            expires: None,
            certificate: None,
        })))
    }
}

fn is_number(text: &str) -> bool {
    (1..=DIGITS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}
