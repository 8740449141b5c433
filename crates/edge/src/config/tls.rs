//! TLS on a listener: certificates, client certificates, revocation lists.

use std::fmt;
use std::path::PathBuf;

use crossgate_certificates::acme::Wanted;
use schemars::JsonSchema;
use serde::Deserialize;

/// TLS on a listener.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The server's certificates. The name that the client asks for (SNI) picks one; the first answers
    /// clients that ask for no name or for an unknown one.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
    /// Certificates that are ordered from the authority of `[edge.acme]`. Until the first has come, clients that ask
    /// for its names are refused.
    #[serde(default)]
    pub acme: Vec<Wanted>,
    /// PEM files, one or a list, of the authorities that client certificates are checked against.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "OneOrMany")]
    pub client_ca: Vec<PathBuf>,
    /// Whether clients present a certificate.
    #[serde(default)]
    pub client_certificate: ClientCertificate,
    /// Certificate revocation lists for client certificates, one file or several, PEM or DER. When any is given,
    /// the revocation status of every client certificate must be known.
    #[serde(default, deserialize_with = "one_or_many")]
    #[schemars(with = "OneOrMany")]
    pub crls: Vec<PathBuf>,
    /// What happens when a list is past its next update.
    #[serde(default)]
    pub crl_expired: CrlExpired,
    /// Which certificates of a client's chain the lists must cover.
    #[serde(default)]
    pub crl_scope: CrlScope,
    /// The lowest TLS version spoken.
    #[serde(default)]
    pub min_version: TlsVersion,
}

/// A certificate chain and its key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// PEM file: the server's certificate first, then the intermediate ones.
    pub chain: PathBuf,
    /// The private key in PEM form, PKCS#8, PKCS#1 or SEC1, not encrypted: a file (`server.key` or
    /// `file:server.key`), or an environment variable that holds the text (`env:SERVER_KEY`).
    pub key: KeySource,
}

/// Where a private key is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(from = "String")]
#[schemars(with = "String")]
pub enum KeySource {
    /// In a file.
    File(PathBuf),
    /// In an environment variable of this name.
    Environment(String),
}

impl From<String> for KeySource {
    fn from(text: String) -> Self {
        match text.split_once(':') {
            Some(("env", name)) => Self::Environment(name.to_owned()),
            Some(("file", path)) => Self::File(path.into()),
            _ => Self::File(text.into()),
        }
    }
}

impl KeySource {
    pub(super) fn file_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::File(path) => Some(path),
            Self::Environment(_) => None,
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => write!(f, "the environment variable {name}"),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum OneOrMany {
    One(PathBuf),
    Many(Vec<PathBuf>),
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Vec<PathBuf>, D::Error> {
    Ok(match OneOrMany::deserialize(input)? {
        OneOrMany::One(path) => vec![path],
        OneOrMany::Many(paths) => paths,
    })
}

/// Whether clients present a certificate.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificate {
    /// They are not asked for one.
    #[default]
    None,
    /// They may; a certificate that does not check out ends the handshake.
    Optional,
    /// They must.
    Required,
}

/// What happens when a revocation list is past its next update.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CrlExpired {
    /// Certificates of its issuer are refused until a fresh list is loaded.
    #[default]
    Refuse,
    /// The old list goes on being used.
    Accept,
}

/// Which certificates the revocation lists must cover.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum CrlScope {
    /// The client's certificate and every intermediate one.
    #[default]
    Chain,
    /// The client's certificate alone.
    Leaf,
}

/// A TLS version.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246) with forward-secret AEAD suites only.
    #[default]
    #[serde(rename = "1.2")]
    V1_2,
    /// TLS 1.3 (RFC 8446).
    #[serde(rename = "1.3")]
    V1_3,
}
