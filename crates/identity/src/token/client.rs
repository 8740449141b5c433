//! The clients of the token endpoint, compiled.

use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::bucket::Bucket;
use crate::certificate::Rule;
use crate::config;
use crate::digest::{hex, sha256, unhex32};
use crate::jwt::Ring;
use crate::password;
use crate::state::{Compiler, KeyConfig, signed};

/// The longest that a token may be valid, in seconds: what cannot be called back must end.
pub(crate) const LIFETIME_S_MAX: u64 = 86_400;

/// A client.
pub(crate) struct Client {
    pub(crate) id: Arc<str>,
    pub(crate) secret: Option<SecretHash>,
    pub(crate) keys: Option<Ring>,
    pub(crate) tls: Option<Rule>,
    pub(crate) roles: Vec<Arc<str>>,
    pub(crate) scopes: Vec<String>,
    pub(crate) lifetime_s: i64,
    pub(crate) certificate_bound: bool,
    pub(crate) bucket: Bucket,
}

/// What a client's secret is compared with.
pub(crate) enum SecretHash {
    /// Argon2id, for secrets that people think up.
    Argon2(Arc<str>),
    /// SHA-256, for random ones.
    Sha256([u8; 32]),
}

/// The value of `clients.ID.secret_hash` and of `api_keys.NAME.sha256` for a *random* secret of at
/// least 128 bits. For a secret that people thought up, use [`crate::hash_password`].
pub fn hash_client_secret(secret: &str) -> String {
    format!("sha256:{}", hex(&sha256(&[secret.as_bytes()])))
}

impl Compiler<'_> {
    pub(crate) fn client(
        &mut self,
        id: &str,
        client: &config::Client,
        tokens: &config::Tokens,
    ) -> Option<(String, Client)> {
        let key = format!("clients.{id}");
        self.name(&key, id);
        let roles = self.roles(&key, &client.roles);
        let with_keys =
            client.jwks.is_some() || client.public_key.is_some() || client.file.is_some() || client.jwks_url.is_some();
        if client.secret_hash.is_none() && !with_keys && client.tls.is_none() {
            self.faults.add(
                &key,
                "cannot prove itself; write `secret_hash`, a key (`jwks`, `public_key`, `file`, `jwks_url`) or `tls`",
            );
        }
        let lifetime_s = client.lifetime_s.unwrap_or(tokens.lifetime_s);
        if !(1..=LIFETIME_S_MAX).contains(&lifetime_s) {
            self.faults.add(format!("{key}.lifetime_s"), format!("is 1 to {LIFETIME_S_MAX}"));
        }
        if let Some(scope) = client.scopes.iter().find(|scope| !is_scope(scope)) {
            self.faults.add(
                format!("{key}.scopes"),
                format!("`{scope}` is no scope: printable ASCII without spaces, quotes and backslashes"),
            );
        }
        let keys = if with_keys { self.client_keys(&key, client) } else { None };
        let compiled = Client {
            id: id.into(),
            secret: client.secret_hash.as_ref().and_then(|hash| self.secret_hash(&format!("{key}.secret_hash"), hash)),
            keys,
            tls: client.tls.as_ref().map(|rule| self.tls(&format!("{key}.tls"), rule)),
            roles,
            scopes: client.scopes.clone(),
            lifetime_s: signed(lifetime_s),
            certificate_bound: client.certificate_bound.unwrap_or(client.tls.is_some()),
            bucket: Bucket::new(tokens.rate),
        };
        Some((id.to_owned(), compiled))
    }

    fn client_keys(&mut self, key: &str, client: &config::Client) -> Option<Ring> {
        // The issuers' defaults serve as well for a client's key set.
        let defaults = config::Issuer::default();
        self.ring(
            key,
            &KeyConfig {
                jwks: client.jwks.as_ref(),
                public_key: client.public_key.as_deref(),
                file: client.file.as_ref(),
                jwks_url: client.jwks_url.as_deref(),
                secret: None,
                algorithms: &[],
                ttl_s: defaults.jwks_ttl_s,
                refetch_s: defaults.jwks_refetch_s,
                stale_s: defaults.jwks_stale_s,
            },
        )
    }

    fn secret_hash(&mut self, key: &str, hash: &config::Secret) -> Option<SecretHash> {
        let hash = self.secret(key, hash)?;
        if let Some(digest) = hash.expose_secret().strip_prefix("sha256:") {
            let digest =
                unhex32(digest).ok_or("`sha256:` is followed by 64 hex digits; make one with `crossgate hash secret`");
            return self.faults.keep(key, digest).map(SecretHash::Sha256);
        }
        self.faults.keep(key, password::check_hash(hash.expose_secret()))?;
        Some(SecretHash::Argon2(hash.expose_secret().into()))
    }

    fn tls(&mut self, key: &str, rule: &config::CertificateRule) -> Rule {
        if !rule.roles.is_empty() || !rule.id.is_empty() {
            self.faults.add(key, "the client's own name and `roles` count; leave `id` and `roles` out here");
        }
        Rule::compile(key, rule, Vec::new(), &mut self.faults)
    }
}

/// A scope token (RFC 6749 section 3.3).
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E))
}
