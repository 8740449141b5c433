//! `[identity.wamp]`: how WAMP clients prove who they are, and who is asked what they may do.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Secret;

/// Authentication of WAMP sessions, and what dynamic authorizers need.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wamp {
    /// Sets of authentication methods by a name that listeners refer to. `default` is for listeners that
    /// name none; when it is not written down, it offers everything that this configuration has
    /// credentials for, and anonymous sessions with the role `anonymous`.
    pub auth: BTreeMap<String, WampAuth>,
    /// Who is known by credentials in this configuration, by authid.
    pub principals: BTreeMap<String, Principal>,
    /// How dynamic authorizers (`roles.NAME.authorizer`) are asked.
    pub authorization: Authorization,
}

/// A set of authentication methods. Each one that is written down is offered; the client's order decides.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WampAuth {
    /// Sessions of nobody in particular.
    pub anonymous: Option<Method>,
    /// A secret that the client shows.
    pub ticket: Option<Method>,
    /// A challenge signed with a shared secret.
    pub wampcra: Option<Method>,
    /// SCRAM as Autobahn speaks it.
    pub scram: Option<Method>,
    /// SCRAM as the WAMP specification has it.
    #[serde(rename = "wamp-scram")]
    pub wamp_scram: Option<Method>,
    /// A challenge signed with an Ed25519 key.
    pub cryptosign: Option<Method>,
    /// The TLS client certificate.
    pub tls: Option<Method>,
    /// A browser's cookie: of a session at the console, or of an earlier WAMP session.
    pub cookie: Option<CookieMethod>,
    /// Whether a bearer token (JWT) of `issuers` or of our own is accepted as a ticket.
    pub tokens: bool,
    /// Which error URIs a refused client sees.
    pub errors: ErrorUris,
}

impl Default for WampAuth {
    fn default() -> Self {
        Self {
            anonymous: None,
            ticket: None,
            wampcra: None,
            scram: None,
            wamp_scram: None,
            cryptosign: None,
            tls: None,
            cookie: None,
            tokens: true,
            errors: ErrorUris::default(),
        }
    }
}

/// One method: without `authenticator`, it knows `principals`; with one, that procedure decides.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Method {
    /// The role of anonymous sessions (`anonymous` when absent); for other methods, the role of those for
    /// whom the authenticator names none.
    pub role: Option<String>,
    /// The procedure that decides: `authenticate(realm, authid, details)`.
    pub authenticator: Option<String>,
    /// The realm in which it is called; the one that the client wants to join when absent.
    pub authenticator_realm: Option<String>,
    /// The role in which it is called; `operator` when absent.
    pub authenticator_role: Option<String>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for Method {
    fn default() -> Self {
        Self { role: None, authenticator: None, authenticator_realm: None, authenticator_role: None, timeout_ms: 5_000 }
    }
}

/// Sessions that go on by a cookie.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CookieMethod {
    /// How long a WAMP session's cookie stands for who joined with it, in seconds. 0: only sessions at
    /// the console count.
    pub lifetime_s: u64,
}

impl Default for CookieMethod {
    fn default() -> Self {
        Self { lifetime_s: 43_200 }
    }
}

/// Which error URIs a refused client sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorUris {
    /// `wamp.error.no_matching_auth_method` and `wamp.error.authentication_denied`.
    #[default]
    Specification,
    /// `wamp.error.no_auth_method` and `wamp.error.not_authorized`, which clients made for Crossbar know.
    Crossbar,
}

/// A client of WAMP and its credentials; any of them will do, each with its own method.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Principal {
    /// The role it gets.
    pub role: String,
    /// The realms it may join; any when empty.
    pub realms: Vec<String>,
    /// The sets of methods (`auth`) in which it is known; all when empty.
    pub auth: Vec<String>,
    /// For `ticket`: the secret itself, at least 8 bytes.
    pub ticket: Option<Secret>,
    /// For `wampcra`: the shared secret, or with `salt` the key that was derived from a password.
    pub secret: Option<Secret>,
    /// How the secret was derived.
    pub salt: Option<CraSalt>,
    /// For `scram` and `wamp-scram`: what is kept of a password.
    pub scram: Option<Scram>,
    /// For `cryptosign`: Ed25519 public keys, 64 hex digits each.
    pub public_keys: Vec<String>,
    /// For `tls`: the SHA-256 of certificates (DER), 64 hex digits each; colons between them are allowed.
    pub certificates: Vec<String>,
}

/// How a WAMP-CRA secret was derived: base64 of PBKDF2 with SHA-256.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CraSalt {
    /// The salt, as text.
    pub salt: String,
    /// The iterations.
    pub iterations: u32,
    /// The key's length in bytes.
    pub keylen: u32,
}

/// What is kept of a password for SCRAM.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scram {
    /// `pbkdf2` serves both dialects; `argon2id-13` is Autobahn's (`scram`) and `argon2id13` the
    /// specification's (`wamp-scram`): their keys differ.
    pub kdf: String,
    /// The iterations.
    pub iterations: u32,
    /// The memory of Argon2 in KiB.
    #[serde(default)]
    pub memory: Option<u32>,
    /// The salt, in hex.
    pub salt: String,
    /// The stored key, 64 hex digits.
    pub stored_key: Secret,
    /// The server key, 64 hex digits.
    pub server_key: Secret,
}

/// How dynamic authorizers are asked, and what is remembered of their answers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Authorization {
    /// The role in which authorizers are called; `operator` when absent.
    pub role: Option<String>,
    /// How long an authorizer may take, in milliseconds.
    pub timeout_ms: u64,
    /// How long an answer with `cache: true` is remembered, in seconds; 0 forgets at once.
    pub cache_ttl_s: u64,
    /// How many answers are remembered; the least used are forgotten first.
    pub cache_entries_max: u64,
}

impl Default for Authorization {
    fn default() -> Self {
        Self { role: None, timeout_ms: 5_000, cache_ttl_s: 300, cache_entries_max: 16_384 }
    }
}

impl Wamp {
    /// The sets of methods that there are, for those who refer to one.
    pub fn set_names(&self) -> impl Iterator<Item = &str> {
        let implied = (!self.auth.contains_key("default")).then_some("default");
        implied.into_iter().chain(self.auth.keys().map(String::as_str))
    }

    /// The realms in which the authenticators for a listener are asked, where the configuration names them.
    pub fn authenticator_realms(&self, listener: &str) -> impl Iterator<Item = &str> {
        let set = self.auth.get(listener).or_else(|| self.auth.get("default"));
        let methods = set.map(|set| {
            [&set.anonymous, &set.ticket, &set.wampcra, &set.scram, &set.wamp_scram, &set.cryptosign, &set.tls]
        });
        let methods = methods.into_iter().flatten().flatten();
        methods
            .filter(|method| method.authenticator.is_some())
            .filter_map(|method| method.authenticator_realm.as_deref())
    }

    pub(super) fn relative_to(&mut self, base: &Path) {
        for principal in self.principals.values_mut() {
            super::rebase_secret(&mut principal.ticket, base);
            super::rebase_secret(&mut principal.secret, base);
            if let Some(scram) = &mut principal.scram {
                scram.stored_key.relative_to(base);
                scram.server_key.relative_to(base);
            }
        }
    }
}
