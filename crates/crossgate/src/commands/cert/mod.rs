//! `crossgate cert`: a private authority for servers and clients, and a judge of anybody's certificates.

mod acme;
mod check;
mod list;
mod make;
mod print;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use crossgate_certificates::{Authority, Days, Folder, KeyKind, Reason};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// How long a revocation list is valid when nothing is said, in days.
const LIST_DAYS: u32 = 30;

/// What to do with certificates.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a private authority: its certificate, its key, and an empty revocation list.
    Ca(make::Ca),
    /// Issue a server's certificate. Names are DNS names, IP addresses or URIs.
    Server(make::Server),
    /// Issue a client's certificate.
    Client(make::Client),
    /// Show what the authority has issued.
    List(list::Args),
    /// Revoke certificates, and sign a new revocation list.
    Revoke(make::Revoke),
    /// Sign the revocation list anew, as must be done before its next update.
    Crl(make::Crl),
    /// Issue certificates anew, with new keys, in the place of the old ones. `ca` renews the authority, with its old key.
    Renew(make::Renew),
    /// Say whether certificates can be used, and if not, why.
    Check(check::Args),
    /// Certificates from a public authority (ACME), as the configuration orders them.
    #[command(subcommand)]
    Acme(acme::Command),
}

/// Where the authority is, and for whom to print.
#[derive(Debug, clap::Args)]
pub(super) struct Place {
    /// The authority's folder.
    #[arg(long, value_name = "FOLDER", default_value = "certificates", env = "CROSSGATE_CERTIFICATES")]
    dir: PathBuf,
    /// The passphrase of the authority's key: `file:PATH`, `env:NAME`, or `-` to type it or pipe it in. Typed when the key
    /// needs one and nothing is said.
    #[arg(long, value_name = "SECRET")]
    passphrase: Option<String>,
    /// Print for programs.
    #[arg(long)]
    json: bool,
}

impl Place {
    fn folder(&self) -> Folder {
        Folder::new(&self.dir)
    }

    fn unlock(&self) -> anyhow::Result<Authority> {
        let folder = self.folder();
        let passphrase = match &self.passphrase {
            Some(reference) => Some(secret(reference, "passphrase of the authority's key")?),
            None if folder.needs_passphrase()? => Some(secret("-", "passphrase of the authority's key")?),
            None => None,
        };
        Ok(folder.unlock(passphrase.as_ref())?)
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Ca(args) => make::ca(&args),
        Command::Server(args) => make::server(&args),
        Command::Client(args) => make::client(&args),
        Command::List(args) => list::run(&args),
        Command::Revoke(args) => make::revoke(&args),
        Command::Crl(args) => make::crl(&args),
        Command::Renew(args) => make::renew(&args),
        Command::Check(args) => check::run(&args),
        Command::Acme(command) => acme::run(&command),
    }
}

/// A secret from a file, from the environment, or typed. What stands on a command line is seen by every user of the
/// machine, so it is not taken from there.
fn secret(reference: &str, what: &str) -> anyhow::Result<SecretString> {
    if reference == "-" {
        return Ok(SecretString::from(super::read_secret(what)?));
    }
    crossgate_store::secrets::resolve(reference).map_err(|error| anyhow::anyhow!("{what}: {error}"))
}

/// A parser for one of a type's words.
fn words<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    words: &'static [&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words).try_map(|word| serde_json::from_value(serde_json::Value::String(word)))
}

fn keys() -> impl TypedValueParser<Value = KeyKind> {
    words(&["ecdsa-p256", "rsa-2048", "rsa-4096", "ed25519"])
}

fn reasons() -> impl TypedValueParser<Value = Reason> {
    words(&[
        "unspecified",
        "key-compromise",
        "affiliation-changed",
        "superseded",
        "cessation-of-operation",
        "privilege-withdrawn",
    ])
}

fn days(days: Option<u32>) -> Option<Days> {
    days.map(Days)
}

/// A path as it is written in a configuration beside which the shell stands.
fn shown(path: &Path) -> std::path::Display<'_> {
    path.display()
}
