//! `crossgate hash`: what goes into the configuration instead of a secret.

use std::process::ExitCode;

use anyhow::bail;
use crossgate_wamp::auth::{Kdf, ScramDialect, ScramSecret, random_bytes, to_hex};

/// The fewest iterations of PBKDF2 (RFC 7677 §4).
const PBKDF2_ITERATIONS_MIN: u32 = 4096;
/// Iterations of PBKDF2 where none are named: some hundred milliseconds.
const PBKDF2_ITERATIONS: u32 = 600_000;
/// Passes of Argon2 where none are named, and its memory in KiB.
const ARGON2: (u32, u32) = (2, 19_456);

/// What to hash.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// A user's password, read from standard input: argon2id, for `identity.users.NAME.password`.
    Password,
    /// A client's secret or an API key, read from standard input: SHA-256. For random secrets only.
    Secret,
    /// A WAMP client's password for SCRAM, read from standard input: for `identity.wamp.principals.NAME`.
    Scram {
        /// How the key is derived. `pbkdf2` serves `scram` and `wamp-scram`, `argon2id-13` the former (Autobahn's),
        /// `argon2id13` the latter (the specification's).
        #[arg(long, value_name = "NAME", default_value = "pbkdf2")]
        kdf: KdfName,
        /// How often; 600000 times with PBKDF2, 2 with Argon2 where nothing is said.
        #[arg(long, value_name = "N")]
        iterations: Option<u32>,
        /// Argon2's memory in KiB; 19456 where nothing is said.
        #[arg(long, value_name = "KIB")]
        memory: Option<u32>,
    },
}

/// The names as the configuration has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KdfName {
    #[value(name = "pbkdf2")]
    Pbkdf2,
    #[value(name = "argon2id-13")]
    Autobahn,
    #[value(name = "argon2id13")]
    Specification,
}

/// Prints the hash.
pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let hash = match command {
        Command::Password => crossgate_identity::hash_password(&super::read_secret("password")?)?,
        Command::Secret => crossgate_identity::hash_client_secret(&super::read_secret("secret")?),
        Command::Scram { kdf, iterations, memory } => {
            scram(*kdf, *iterations, *memory, &super::read_secret("password")?)?
        }
    };
    super::say(hash)?;
    Ok(ExitCode::SUCCESS)
}

/// The record of a password, as a line of the configuration.
fn scram(name: KdfName, iterations: Option<u32>, memory: Option<u32>, password: &str) -> anyhow::Result<String> {
    if !password.is_ascii() {
        bail!("clients prepare passwords beyond ASCII in different ways (RFC 4013); choose one in ASCII");
    }
    let memory_kib = memory.unwrap_or(ARGON2.1);
    let (kdf, dialect, word) = match name {
        KdfName::Pbkdf2 => {
            let iterations = iterations.unwrap_or(PBKDF2_ITERATIONS);
            if iterations < PBKDF2_ITERATIONS_MIN || memory.is_some() {
                bail!("pbkdf2 has at least {PBKDF2_ITERATIONS_MIN} iterations, and no memory");
            }
            (Kdf::Pbkdf2 { iterations }, ScramDialect::Wamp, "pbkdf2")
        }
        KdfName::Autobahn => (argon2(iterations, memory_kib), ScramDialect::Autobahn, "argon2id-13"),
        KdfName::Specification => (argon2(iterations, memory_kib), ScramDialect::Wamp, "argon2id13"),
    };
    let record = ScramSecret::derive(dialect, kdf, password.as_bytes(), random_bytes::<16>()?.to_vec())?;
    let work = match kdf {
        Kdf::Pbkdf2 { iterations } => format!("iterations = {iterations}"),
        Kdf::Argon2id { iterations, memory_kib } => format!("iterations = {iterations}, memory = {memory_kib}"),
    };
    Ok(format!(
        "scram = {{ kdf = \"{word}\", {work}, salt = \"{}\", stored_key = \"{}\", server_key = \"{}\" }}",
        to_hex(&record.salt),
        to_hex(&record.keys.stored_key),
        to_hex(&record.keys.server_key)
    ))
}

fn argon2(iterations: Option<u32>, memory_kib: u32) -> Kdf {
    Kdf::Argon2id { iterations: iterations.unwrap_or(ARGON2.0), memory_kib }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scram_record_is_a_line_of_the_configuration() {
        for (kdf, words) in [
            (KdfName::Pbkdf2, "kdf = \"pbkdf2\", iterations = 4096, salt"),
            (KdfName::Autobahn, "kdf = \"argon2id-13\", iterations = 4096, memory = 64, salt"),
        ] {
            let memory = (kdf != KdfName::Pbkdf2).then_some(64);
            let line = scram(kdf, Some(4096), memory, "secret").unwrap();
            assert!(line.contains(words), "{line}");
            let principal: crossgate_identity::Principal = toml::from_str(&line).unwrap();
            assert!(principal.scram.is_some());
        }
        assert!(scram(KdfName::Pbkdf2, Some(1000), None, "secret").is_err());
        assert!(scram(KdfName::Pbkdf2, None, None, "gehe\u{ed}m").is_err());
    }
}
