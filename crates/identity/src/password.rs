//! Passwords: argon2id (RFC 9106) hashes, compared a few at a time and always at the same cost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use argon2::password_hash::PasswordHasher as _;
use argon2::{Argon2, PasswordHash, PasswordVerifier as _};
use crossgate_call::{Error, Result};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::random;

/// How many passwords are compared at one time. Each takes a core and 19 MiB.
const CONCURRENT_MAX: usize = 2;
/// How many comparisons may wait for their turn.
const WAITING_MAX: usize = 32;
/// When to come back once too many wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest password, in bytes.
pub(crate) const PASSWORD_BYTES_MAX: usize = 1024;
/// What a password is compared with when there is no such user, so that the answer takes as long: a
/// hash with the parameters of [`hash_password`]. Whether it fits does not matter.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A";
/// The most memory that a hash may ask for, in KiB: a hash in the configuration must not eat the machine.
const MEMORY_KIB_MAX: u32 = 256 * 1024;
/// The most passes that a hash may ask for.
const PASSES_MAX: u32 = 16;
/// The most lanes that a hash may ask for.
const LANES_MAX: u32 = 16;

/// Why a password cannot be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Empty or longer than 1024 bytes.
    #[error("a password has 1 to 1024 bytes")]
    Length,
    /// The system gives no random bytes, or argon2 refuses.
    #[error("the password could not be hashed")]
    Hash,
}

/// Hashes a password for `users.NAME.password` and `clients.ID.secret_hash`: argon2id with the
/// parameters that OWASP recommends, as a PHC string. Takes some 20 ms and 19 MiB.
///
/// # Errors
/// When it is empty or longer than 1024 bytes.
pub fn hash_password(password: &str) -> std::result::Result<String, PasswordError> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return Err(PasswordError::Length);
    }
    let salt = random::bytes::<16>().map_err(|_| PasswordError::Hash)?;
    let hash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Says what is wrong with a hash that somebody wrote into the configuration.
pub(crate) fn check_hash(phc: &str) -> std::result::Result<(), &'static str> {
    let wrong = "not an argon2id hash; make one with `crossgate hash password`";
    let hash = PasswordHash::new(phc).map_err(|_| wrong)?;
    if hash.algorithm.as_str() != "argon2id" || hash.hash.is_none() || hash.salt.is_none() {
        return Err(wrong);
    }
    let params = argon2::Params::try_from(&hash).map_err(|_| wrong)?;
    if params.m_cost() > MEMORY_KIB_MAX || params.t_cost() > PASSES_MAX || params.p_cost() > LANES_MAX {
        return Err("asks for more than 256 MiB, 16 passes or 16 lanes");
    }
    Ok(())
}

/// Compares passwords with hashes.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// Counts somebody who waits, until it is dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(CONCURRENT_MAX)), waiting: Arc::default() }
    }

    /// Whether the password is the hash's. Without a hash the answer is no, after as long.
    pub(crate) async fn verify(&self, password: &SecretString, phc: Option<&str>) -> Result<bool> {
        let place = Place(Arc::clone(&self.waiting));
        if self.waiting.fetch_add(1, Ordering::AcqRel) >= CONCURRENT_MAX + WAITING_MAX {
            return Err(Error::unavailable("too many passwords are being checked; try again", RETRY_AFTER));
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(Error::internal)?;
        let known = phc.is_some();
        let phc = phc.unwrap_or(NOBODY).to_owned();
        let password = password.clone();
        // A comparison cannot be stopped. Its turn ends with it and not with whoever asked for it: callers who ask
        // and go away again would otherwise start as many comparisons as they like.
        let compared = tokio::task::spawn_blocking(move || {
            let _until_done = (turn, place);
            compare(&password, &phc)
        });
        Ok(compared.await.map_err(Error::internal)? && known)
    }
}

fn compare(password: &SecretString, phc: &str) -> bool {
    let password = password.expose_secret();
    let Ok(hash) = PasswordHash::new(phc) else { return false };
    password.len() <= PASSWORD_BYTES_MAX && Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let passwords = Passwords::new();
        let hash = hash_password("correct horse").unwrap();
        check_hash(&hash).unwrap();
        let right = SecretString::from("correct horse");
        assert!(passwords.verify(&right, Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&SecretString::from("battery"), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&right, None).await.unwrap(), "there is no such user");
        assert_eq!(passwords.waiting.load(Ordering::Acquire), 0);
    }

    #[tokio::test]
    async fn who_goes_away_does_not_give_the_turn_to_another_while_the_comparison_runs() {
        let passwords = Passwords::new();
        // Some 100 ms: as long as nothing else is wrong, it runs when we look.
        let slow = NOBODY.replace("t=2", "t=16");
        let wrong = SecretString::from("a");
        tokio::select! {
            biased;
            _ = passwords.verify(&wrong, Some(&slow)) => panic!("it takes its time"),
            () = std::future::ready(()) => {}
        }
        let (turns, waiting) = (passwords.turns.available_permits(), passwords.waiting.load(Ordering::Acquire));
        assert_eq!((turns, waiting), (CONCURRENT_MAX - 1, 1));
        // And it comes back in the end.
        let all = u32::try_from(CONCURRENT_MAX).unwrap();
        drop(passwords.turns.acquire_many(all).await.unwrap());
    }

    #[test]
    fn two_hashes_of_one_password_differ() {
        assert_ne!(hash_password("a").unwrap(), hash_password("a").unwrap());
        assert_eq!(hash_password(""), Err(PasswordError::Length));
        assert_eq!(hash_password(&"a".repeat(PASSWORD_BYTES_MAX + 1)), Err(PasswordError::Length));
    }

    #[test]
    fn a_hash_that_is_none_or_too_dear_is_refused_when_it_is_read() {
        let salt_and_hash = NOBODY.split('$').skip(4).collect::<Vec<_>>().join("$");
        for phc in [
            "hunter2".to_owned(),
            "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
            format!("$argon2i$v=19$m=19456,t=2,p=1${salt_and_hash}"),
            format!("$argon2id$v=19$m=4194304,t=2,p=1${salt_and_hash}"),
            format!("$argon2id$v=19$m=19456,t=99,p=1${salt_and_hash}"),
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ".to_owned(),
        ] {
            assert!(check_hash(&phc).is_err(), "{phc}");
        }
        check_hash(NOBODY).unwrap();
        let ours = hash_password("a").unwrap();
        assert!(ours.starts_with(&NOBODY[..NOBODY.find("p=1$").unwrap()]), "nobody costs as much as somebody: {ours}");
    }

    #[tokio::test]
    async fn those_who_come_when_too_many_wait_are_sent_away() {
        let passwords = Passwords::new();
        passwords.waiting.store(CONCURRENT_MAX + WAITING_MAX, Ordering::Release);
        let error = passwords.verify(&SecretString::from("a"), None).await.unwrap_err();
        assert_eq!(error.kind(), crossgate_call::Kind::Unavailable);
        assert_eq!(error.retry_after(), Some(RETRY_AFTER));
        assert_eq!(passwords.waiting.load(Ordering::Acquire), CONCURRENT_MAX + WAITING_MAX);
    }
}
