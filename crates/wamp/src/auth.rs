//! The computations of the authentication methods: challenges, answers, and whether they fit.
//!
//! Nothing here looks anybody up or decides on roles. Comparisons of secrets take the same time
//! wherever they differ.

mod cra;
mod cryptosign;
mod scram;

pub use cra::{CraChallenge, CraSalt, cra_key, cra_sign, cra_verify};
pub use cryptosign::{
    CHANNEL_ID_BYTES, CryptosignChallenge, CryptosignError, cryptosign_answer, cryptosign_public_key,
};
pub use scram::{
    ARGON2_ITERATIONS_MAX, ARGON2_MEMORY_KIB_MAX, Kdf, NONCE_BYTES_MAX, PBKDF2_ITERATIONS_MAX, ScramAnswer,
    ScramClient, ScramDialect, ScramError, ScramExchange, ScramKeys, ScramSecret, scram_nonce,
};

use subtle::ConstantTimeEq as _;

/// Why a computation could not be done: the fault is in the configuration, or the generator of random numbers failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AuthError(pub &'static str);

/// Whether two secrets are equal, in time that depends on their lengths alone.
#[must_use]
pub fn secrets_equal(expected: &[u8], presented: &[u8]) -> bool {
    expected.ct_eq(presented).into()
}

/// Random bytes.
///
/// # Errors
/// The operating system's generator failed.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], AuthError> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| AuthError("no random numbers"))?;
    Ok(bytes)
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

/// The bytes of hexadecimal digits of either case; `None` when they are none, or of another number.
#[must_use]
pub fn from_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let value = |digit: u8| char::from(digit).to_digit(16);
        *byte = (value(pair[0])? << 4 | value(pair[1])?) as u8;
    }
    Some(bytes)
}
