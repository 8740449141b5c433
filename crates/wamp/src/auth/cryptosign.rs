//! WAMP-cryptosign: a challenge signed with an Ed25519 key, bound to the TLS channel on demand.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::{AuthError, from_hex, secrets_equal, to_hex};
use crate::value::Map;

/// The size of a channel's id, and of a challenge.
pub const CHANNEL_ID_BYTES: usize = 32;

/// Signature and message together.
const ANSWER_BYTES: usize = 96;

/// Why an answer is refused. All are the same to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptosignError {
    /// Not 96 bytes in hexadecimal digits.
    #[error("the answer is not a signature and a message")]
    Malformed,
    /// What was signed is not this challenge on this channel.
    #[error("the signed message is not the challenge")]
    OtherMessage,
    /// The signature is not by this key.
    #[error("the signature does not fit")]
    Signature,
}

/// What the router asks the client to sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CryptosignChallenge {
    challenge: [u8; 32],
    channel: Option<(String, [u8; CHANNEL_ID_BYTES])>,
}

impl CryptosignChallenge {
    /// A challenge of random bytes. `channel` is the type of the binding and the channel's id.
    #[must_use]
    pub const fn new(challenge: [u8; 32], channel: Option<(String, [u8; CHANNEL_ID_BYTES])>) -> Self {
        Self { challenge, channel }
    }

    /// CHALLENGE.Extra.
    #[must_use]
    pub fn extra(&self) -> Map {
        let binding = self.channel.as_ref().map_or(crate::Value::Null, |(kind, _)| kind.as_str().into());
        Map::new().with("challenge", to_hex(&self.challenge)).with("channel_binding", binding)
    }

    /// The message to be signed: the challenge, XOR the channel's id.
    #[must_use]
    pub fn message(&self) -> [u8; 32] {
        let mut message = self.challenge;
        if let Some((_, channel)) = &self.channel {
            message.iter_mut().zip(channel).for_each(|(byte, other)| *byte ^= other);
        }
        message
    }

    /// Checks AUTHENTICATE.Signature: hexadecimal digits of the signature and the message.
    ///
    /// # Errors
    /// Why it does not fit, for the operator.
    pub fn verify(&self, public_key: &[u8; 32], answer: &str) -> Result<(), CryptosignError> {
        let bytes: [u8; ANSWER_BYTES] = from_hex(answer).ok_or(CryptosignError::Malformed)?;
        let (signature, message) = bytes.split_at(64);
        if !secrets_equal(&self.message(), message) {
            return Err(CryptosignError::OtherMessage);
        }
        UnparsedPublicKey::new(&ED25519, public_key).verify(message, signature).map_err(|_| CryptosignError::Signature)
    }
}

/// A client's answer to a challenge, with its private key's 32 bytes.
///
/// # Errors
/// The private key is none.
pub fn cryptosign_answer(private_key: &[u8; 32], challenge: &CryptosignChallenge) -> Result<String, AuthError> {
    let pair = key_pair(private_key)?;
    let message = challenge.message();
    let mut answer = to_hex(pair.sign(&message).as_ref());
    answer.push_str(&to_hex(&message));
    Ok(answer)
}

/// The public key to a private one.
///
/// # Errors
/// The private key is none.
pub fn cryptosign_public_key(private_key: &[u8; 32]) -> Result<[u8; 32], AuthError> {
    let pair = key_pair(private_key)?;
    pair.public_key().as_ref().try_into().map_err(|_| AuthError("not an Ed25519 key"))
}

fn key_pair(private_key: &[u8; 32]) -> Result<Ed25519KeyPair, AuthError> {
    Ed25519KeyPair::from_seed_unchecked(private_key).map_err(|_| AuthError("not an Ed25519 key"))
}
