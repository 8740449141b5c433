//! The policy as it is written.

use std::collections::BTreeMap;

use crossgate_identity::{Action, Match};
use serde::Deserialize;
use toml::{Spanned, Table};

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// Who is who.
    #[serde(default)]
    pub(super) principals: Vec<Spanned<Principal>>,
    /// Who may what, by role.
    #[serde(default)]
    pub(super) roles: BTreeMap<Spanned<String>, Role>,
}

/// Whom some certificates stand for: those with one of the fingerprints, or those with all of the names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Principal {
    /// SHA-256 or SHA-1 of certificates, in hex, with colons or without.
    #[serde(default)]
    pub(super) fingerprints: Vec<String>,
    pub(super) san_dns: Option<String>,
    pub(super) san_uri: Option<String>,
    pub(super) san_email: Option<String>,
    /// The subject's; only together with `issuer`.
    pub(super) common_name: Option<String>,
    /// The issuer's common name.
    pub(super) issuer: Option<String>,
    pub(super) authid: String,
    pub(super) role: String,
    /// The one realm that may be joined; any when absent.
    pub(super) realm: Option<String>,
    /// For the client's `authextra`.
    #[serde(default)]
    pub(super) extra: Table,
}

/// What a role may do.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Role {
    #[serde(default)]
    pub(super) allow: Vec<Permission>,
    #[serde(default)]
    pub(super) deny: Vec<Prohibition>,
}

/// What is allowed, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Permission {
    pub(super) uri: String,
    #[serde(default)]
    pub(super) r#match: Match,
    #[serde(default = "call")]
    pub(super) actions: Vec<Action>,
    /// Whether the other side learns who called or published; the message decides when absent.
    pub(super) disclose: Option<bool>,
    /// Whether the router may remember the answer for the role.
    #[serde(default)]
    pub(super) cache: bool,
}

/// What is not allowed, whatever else is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Prohibition {
    pub(super) uri: String,
    #[serde(default)]
    pub(super) r#match: Match,
    #[serde(default = "call")]
    pub(super) actions: Vec<Action>,
}

fn call() -> Vec<Action> {
    vec![Action::Call]
}
