//! `crossgate hash`: what goes into the configuration instead of a secret.

use std::process::ExitCode;

/// What to hash.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// A user's password, read from standard input: argon2id, for `identity.users.NAME.password`.
    Password,
    /// A client's secret or an API key, read from standard input: SHA-256. For random secrets only.
    Secret,
}

/// Prints the hash.
pub(crate) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    let hash = match command {
        Command::Password => crossgate_identity::hash_password(&super::read_secret("password")?)?,
        Command::Secret => crossgate_identity::hash_client_secret(&super::read_secret("secret")?),
    };
    super::say(hash)?;
    Ok(ExitCode::SUCCESS)
}
