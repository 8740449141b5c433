//! Principals of the configuration, compiled.

use std::sync::Arc;

use crossgate_call::Realm;
use crossgate_wamp::auth::{CraSalt, Kdf, ScramDialect, ScramKeys, ScramSecret, from_hex};
use secrecy::{ExposeSecret as _, SecretString};

use crate::config;
use crate::digest::{sha256, unhex32};
use crate::fault::Faults;
use crate::state::Compiler;

/// The shortest ticket and WAMP-CRA secret, in bytes.
const SECRET_BYTES_MIN: usize = 8;
/// The most bytes of a salt.
const SALT_BYTES_MAX: usize = 256;
/// The most iterations that a client is asked for, and KiB of memory.
const ITERATIONS_MAX: u32 = 10_000_000;
const MEMORY_KIB_MAX: u32 = 1 << 20;
/// The longest WAMP-CRA key, in bytes.
const KEYLEN_MAX: u32 = 256;

/// A WAMP-CRA key and how it was salted.
#[derive(Clone)]
pub(super) struct Cra {
    pub(super) key: SecretString,
    pub(super) salt: Option<CraSalt>,
}

/// Somebody whom the configuration knows.
pub(super) struct Principal {
    pub(super) authid: Arc<str>,
    pub(super) role: Arc<str>,
    realms: Vec<String>,
    /// Of the ticket.
    ticket: Option<[u8; 32]>,
    pub(super) cra: Option<Cra>,
    scram: Option<ScramSecret>,
    pub(super) keys: Vec<[u8; 32]>,
    pub(super) certificates: Vec<[u8; 32]>,
}

impl Principal {
    pub(super) fn may_join(&self, realm: &Realm) -> bool {
        self.realms.is_empty() || self.realms.iter().any(|name| name == realm.as_str())
    }

    pub(super) fn has_ticket(&self) -> bool {
        self.ticket.is_some()
    }

    /// The digest of the ticket; for who has none, one that no ticket has.
    pub(super) fn ticket_digest(&self) -> Option<&[u8; 32]> {
        self.ticket.as_ref()
    }

    /// What is kept of the password, for clients of that dialect. PBKDF2 is the same in both.
    pub(super) fn scram(&self, dialect: ScramDialect) -> Option<ScramSecret> {
        let secret = self.scram.as_ref()?;
        let fits = secret.dialect == dialect || matches!(secret.kdf, Kdf::Pbkdf2 { .. });
        fits.then(|| ScramSecret { dialect, ..secret.clone() })
    }

    pub(super) fn compile(
        compiler: &mut Compiler<'_>,
        name: &str,
        principal: &config::Principal,
        role: Arc<str>,
    ) -> Self {
        let key = format!("wamp.principals.{name}");
        compiler.name(&key, name);
        let ticket = read_secret(compiler, &format!("{key}.ticket"), principal.ticket.as_ref());
        if ticket.as_ref().is_some_and(|ticket| looks_like_token(ticket.expose_secret())) {
            compiler.faults.add(format!("{key}.ticket"), "looks like a bearer token; tokens need no ticket here");
        }
        let cra = read_secret(compiler, &format!("{key}.secret"), principal.secret.as_ref());
        let salt = principal.salt.as_ref().map(|salt| cra_salt(&format!("{key}.salt"), salt, &mut compiler.faults));
        if principal.salt.is_some() && principal.secret.is_none() {
            compiler.faults.add(format!("{key}.salt"), "is of no use without `secret`");
        }
        let scram = principal.scram.as_ref().and_then(|scram| scram_secret(compiler, &format!("{key}.scram"), scram));
        let keys = digests(&format!("{key}.public_keys"), &principal.public_keys, "an Ed25519 public key", compiler);
        let certificates =
            digests(&format!("{key}.certificates"), &principal.certificates, "a certificate's SHA-256", compiler);
        let compiled = Self {
            authid: name.into(),
            role,
            realms: principal.realms.clone(),
            ticket: ticket.map(|ticket| ticket_digest(ticket.expose_secret())),
            cra: cra.map(|key| Cra { key, salt }),
            scram,
            keys,
            certificates,
        };
        if !principal.has_credentials() {
            compiler.faults.add(key, "has no credentials: ticket, secret, scram, public_keys or certificates");
        }
        compiled
    }
}

impl config::Principal {
    fn has_credentials(&self) -> bool {
        self.ticket.is_some()
            || self.secret.is_some()
            || self.scram.is_some()
            || !self.public_keys.is_empty()
            || !self.certificates.is_empty()
    }
}

/// A ticket as it is compared: digests have one length, whatever was sent.
pub(super) fn ticket_digest(ticket: &str) -> [u8; 32] {
    sha256(&[b"crossgate wamp ticket ", ticket.as_bytes()])
}

/// Whether it has the shape of a JSON Web Token. Such tickets are looked up nowhere else.
pub(super) fn looks_like_token(ticket: &str) -> bool {
    ticket.starts_with("eyJ") && ticket.bytes().filter(|byte| *byte == b'.').count() == 2
}

fn read_secret(compiler: &mut Compiler<'_>, key: &str, secret: Option<&config::Secret>) -> Option<SecretString> {
    let secret = compiler.secret(key, secret?)?;
    if secret.expose_secret().len() < SECRET_BYTES_MIN {
        compiler.faults.add(key, format!("is shorter than {SECRET_BYTES_MIN} bytes, and soon guessed"));
    }
    Some(secret)
}

fn cra_salt(key: &str, salt: &config::CraSalt, faults: &mut Faults) -> CraSalt {
    if salt.salt.is_empty() || salt.salt.len() > SALT_BYTES_MAX {
        faults.add(key, format!("a salt has 1 to {SALT_BYTES_MAX} bytes"));
    }
    if !(1..=ITERATIONS_MAX).contains(&salt.iterations) || !(1..=KEYLEN_MAX).contains(&salt.keylen) {
        faults.add(key, format!("`iterations` is 1 to {ITERATIONS_MAX}, `keylen` 1 to {KEYLEN_MAX}"));
    }
    CraSalt { salt: salt.salt.clone(), iterations: salt.iterations, keylen: salt.keylen as usize }
}

fn scram_secret(compiler: &mut Compiler<'_>, key: &str, scram: &config::Scram) -> Option<ScramSecret> {
    let stored = compiler.secret(&format!("{key}.stored_key"), &scram.stored_key)?;
    let server = compiler.secret(&format!("{key}.server_key"), &scram.server_key)?;
    let secret = make_scram(
        &scram.kdf,
        (scram.iterations, scram.memory),
        &scram.salt,
        (stored.expose_secret(), server.expose_secret()),
    );
    compiler.faults.keep(key, secret)
}

/// A record out of its parts, as configuration and authenticators write them: salt and keys in hex. An
/// Argon2 record is for the dialect that spells its name that way.
pub(super) fn make_scram(
    kdf: &str,
    (iterations, memory): (u32, Option<u32>),
    salt: &str,
    (stored_key, server_key): (&str, &str),
) -> Result<ScramSecret, &'static str> {
    if !(1..=ITERATIONS_MAX).contains(&iterations) {
        return Err("`iterations` is 1 to 10000000");
    }
    let argon2 = || match memory {
        Some(memory_kib) if (8..=MEMORY_KIB_MAX).contains(&memory_kib) => Ok(Kdf::Argon2id { iterations, memory_kib }),
        _ => Err("`memory` is 8 to 1048576 KiB"),
    };
    let (dialect, kdf) = match kdf {
        "pbkdf2" => (ScramDialect::Wamp, Kdf::Pbkdf2 { iterations }),
        "argon2id-13" => (ScramDialect::Autobahn, argon2()?),
        "argon2id13" => (ScramDialect::Wamp, argon2()?),
        _ => return Err("`kdf` is `pbkdf2`, `argon2id-13` (for `scram`) or `argon2id13` (for `wamp-scram`)"),
    };
    let salt = unhex(salt).ok_or("`salt` is up to 256 bytes in hex")?;
    let keys = from_hex(stored_key).zip(from_hex(server_key)).ok_or("a key is 64 hex digits")?;
    Ok(ScramSecret { dialect, kdf, salt, keys: ScramKeys { stored_key: keys.0, server_key: keys.1 } })
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if digits.is_empty() || !digits.len().is_multiple_of(2) || digits.len() > 2 * SALT_BYTES_MAX {
        return None;
    }
    digits.as_bytes().chunks_exact(2).map(|pair| from_hex::<1>(str::from_utf8(pair).ok()?).map(|[byte]| byte)).collect()
}

fn digests(key: &str, texts: &[String], what: &str, compiler: &mut Compiler<'_>) -> Vec<[u8; 32]> {
    let mut read = Vec::with_capacity(texts.len());
    for text in texts {
        match unhex32(text) {
            Some(digest) => read.push(digest),
            None => compiler.faults.add(key, format!("{what} is 64 hex digits")),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_salt_is_hex() {
        assert_eq!(unhex("00ff"), Some(vec![0, 255]));
        for wrong in ["", "0", "zz", "é", &"00".repeat(257)] {
            assert_eq!(unhex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_record_says_by_its_name_for_which_clients_it_is() {
        let key = "11".repeat(32);
        let make = |kdf, memory| make_scram(kdf, (4_096, memory), "00ff", (&key, &key));
        assert_eq!(make("argon2id-13", Some(512)).unwrap().dialect, ScramDialect::Autobahn);
        assert_eq!(make("argon2id13", Some(512)).unwrap().dialect, ScramDialect::Wamp);
        assert!(make("argon2id13", None).is_err());
        assert!(make("argon2i", Some(512)).is_err());
        assert!(make_scram("pbkdf2", (0, None), "00ff", (&key, &key)).is_err());
        assert!(make_scram("pbkdf2", (1, None), "00ff", ("11", &key)).is_err());
    }
}
