//! What an operator writes: one section, `[identity]`, of plain values. `crate::state` compiles it.

mod certificate;
mod client;
mod issuer;
mod role;
mod secret;
mod signed;
mod token;
mod user;
mod wamp;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub use certificate::CertificateRule;
pub use client::Client;
pub use issuer::Issuer;
pub use role::{Action, GrantRule, Match, Rate, Role};
pub use secret::Secret;
pub use signed::SignedKey;
pub use token::{Sessions, Tokens};
pub use user::{ApiKey, User};
pub use wamp::{Authorization, CookieMethod, CraSalt, ErrorUris, Method, Principal, Scram, Wamp, WampAuth};

/// Who is who, and who may what. Nothing is permitted that is not granted here.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Whose bearer tokens (JWT) are accepted, by a name of your choice.
    pub issuers: BTreeMap<String, Issuer>,
    /// The programs that may obtain tokens at the token endpoint, by client id.
    pub clients: BTreeMap<String, Client>,
    /// The people who may sign in with a password, by user name.
    pub users: BTreeMap<String, User>,
    /// The programs that present an API key, by the name that the audit log gives them.
    pub api_keys: BTreeMap<String, ApiKey>,
    /// The programs that sign their requests with a shared secret, by the `key` that they send: for the HTTP bridge alone.
    pub signed_keys: BTreeMap<String, SignedKey>,
    /// Whom a TLS client certificate stands for. The first rule that matches decides.
    pub certificates: Vec<CertificateRule>,
    /// What each role may do. `anonymous` is held by callers without credentials, `operator` by those
    /// who run the program on its own data directory (everything, unless it is written down here).
    pub roles: BTreeMap<String, Role>,
    /// How often one caller may call; unlimited when absent.
    pub caller_rate: Option<Rate>,
    /// The tokens that this program issues itself.
    pub tokens: Tokens,
    /// Browser sessions.
    pub sessions: Sessions,
    /// WAMP sessions.
    pub wamp: Wamp,
}

impl Config {
    /// Makes relative paths, also those in `file:` references, relative to `base`: the directory of
    /// the configuration file.
    pub fn relative_to(&mut self, base: &Path) {
        for issuer in self.issuers.values_mut() {
            rebase(&mut issuer.file, base);
            rebase_secret(&mut issuer.secret, base);
        }
        for client in self.clients.values_mut() {
            rebase(&mut client.file, base);
            rebase_secret(&mut client.secret_hash, base);
        }
        for user in self.users.values_mut() {
            rebase_secret(&mut user.password, base);
        }
        for key in self.signed_keys.values_mut() {
            rebase_secret(&mut key.secret, base);
        }
        self.wamp.relative_to(base);
        rebase_secret(&mut self.tokens.key, base);
        for key in &mut self.tokens.previous_keys {
            key.relative_to(base);
        }
    }
}

fn rebase(path: &mut Option<PathBuf>, base: &Path) {
    if let Some(path) = path {
        *path = base.join(&*path);
    }
}

fn rebase_secret(secret: &mut Option<Secret>, base: &Path) {
    if let Some(secret) = secret {
        secret.relative_to(base);
    }
}
