//! Credentials that are made up for names that nobody has.

use std::sync::Arc;

use aws_lc_rs::hmac;
use crossgate_wamp::auth::{CraSalt, Kdf, ScramDialect, ScramKeys, ScramSecret};
use secrecy::SecretString;

use super::principal::{Cra, Principal};
use crate::digest::hex;

/// Makes up what would belong to a name that nobody has: always the same for one name, and in the form
/// that some principal's has. Whoever asks for names cannot tell them from those that exist.
pub(super) struct Decoys<'k>(pub(super) &'k [u8; 32]);

impl Decoys<'_> {
    fn bytes(&self, what: &str, name: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hmac::sign(&key, format!("{what}\0{name}").as_bytes()).as_ref());
        bytes
    }

    /// As many bytes as are wanted.
    fn stream(&self, what: &str, name: &str, length: usize) -> Vec<u8> {
        let blocks = (0..length.div_ceil(32)).flat_map(|index| self.bytes(&format!("{what} {index}"), name));
        blocks.take(length).collect()
    }

    /// The principal whose forms are imitated.
    pub(super) fn template<'p>(&self, name: &str, principals: &'p [Arc<Principal>]) -> Option<&'p Arc<Principal>> {
        let [a, b, c, d, ..] = self.bytes("template", name);
        let index = u32::from_le_bytes([a, b, c, d]) as usize;
        principals.get(index.checked_rem(principals.len())?)
    }

    /// A key that nobody has, and a salt like the template's.
    pub(super) fn cra(&self, name: &str, like: Option<&Cra>) -> Cra {
        let salt = like.and_then(|cra| cra.salt.as_ref()).map(|salt| CraSalt {
            salt: self.text_like(name, &salt.salt),
            iterations: salt.iterations,
            keylen: salt.keylen,
        });
        Cra { key: SecretString::from(hex(&self.bytes("cra", name))), salt }
    }

    /// Keys that nobody has, and a salt like the template's.
    pub(super) fn scram(&self, name: &str, dialect: ScramDialect, like: Option<&ScramSecret>) -> ScramSecret {
        let (kdf, length) = match like {
            Some(secret) => (secret.kdf, secret.salt.len()),
            None => (Kdf::Pbkdf2 { iterations: 100_000 }, 16),
        };
        let keys = ScramKeys { stored_key: self.bytes("stored", name), server_key: self.bytes("server", name) };
        ScramSecret { dialect, kdf, salt: self.stream("salt", name, length), keys }
    }

    /// A public key whose private key nobody has.
    pub(super) fn public_key(&self, name: &str) -> [u8; 32] {
        self.bytes("cryptosign", name)
    }

    /// Text of the same length, of characters of the same kinds.
    fn text_like(&self, name: &str, like: &str) -> String {
        const HEX: &[u8] = b"0123456789abcdef";
        const ALL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let alphabet = if like.bytes().all(|byte| HEX.contains(&byte)) { HEX } else { ALL };
        let kept = like.trim_end_matches('=');
        let made = self.stream("salt", name, kept.len()).into_iter();
        let made = made.map(|byte| char::from(alphabet[usize::from(byte) % alphabet.len()]));
        made.chain(like[kept.len()..].chars()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_salt_looks_like_a_real_one_and_stays_the_same() {
        let decoys = Decoys(&[7; 32]);
        for like in ["0a1b2c3d", "mGq0W7kQyA==", "salt123"] {
            let made = decoys.text_like("mallory", like);
            assert_eq!(made.len(), like.len());
            assert_eq!(made, decoys.text_like("mallory", like));
            assert_ne!(made, decoys.text_like("mallet", like));
            assert_eq!(made.ends_with("=="), like.ends_with("=="));
        }
        assert!(decoys.text_like("x", "00ff").bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
