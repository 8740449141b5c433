//! Making tokens (RFC 9068), and saying how they are made (RFC 7517, RFC 8414).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crossgate_call::{Error, Result};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};

use super::client::LIFETIME_S_MAX;
use crate::config;
use crate::grants::check_rate;
use crate::jwt::{Issuer, KeySet, Ring, Rules, Typ};
use crate::random;
use crate::signing::{Published, SigningKey};
use crate::state::{Compiler, signed};

/// How far our own clocks may be apart, in seconds, when several programs share a key.
const OWN_LEEWAY_S: i64 = 5;
/// The most previous keys.
const PREVIOUS_MAX: usize = 16;

/// What this program needs to issue tokens.
pub(crate) struct Issuing {
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
    pub(crate) token_endpoint: String,
    pub(crate) lifetime_s: i64,
    jwks_uri: String,
    key: SigningKey,
    previous: Vec<Published>,
    revoked: Vec<String>,
}

/// Whom a token is for.
pub(crate) struct Subject<'s> {
    pub(crate) id: &'s str,
    pub(crate) client_id: &'s str,
    pub(crate) roles: &'s [Arc<str>],
    pub(crate) scope: Option<String>,
    pub(crate) lifetime_s: i64,
    /// SHA-256 of the certificate that the token is bound to.
    pub(crate) bound_to: Option<[u8; 32]>,
}

/// A token for somebody in particular, made by whoever may run the program (`crossgate token issue`).
#[derive(Clone, Copy, Debug, Default)]
pub struct IssueRequest<'a> {
    /// Whom it is for.
    pub subject: &'a str,
    /// The roles that it carries; each must be configured.
    pub roles: &'a [String],
    /// How long it is valid, in seconds; `tokens.lifetime_s` when absent, at most a day.
    pub lifetime_s: Option<u64>,
    /// SHA-256 of the client certificate that it is bound to (RFC 8705).
    pub certificate: Option<[u8; 32]>,
}

/// An issued token (RFC 6749 section 5.1).
#[derive(Clone)]
pub struct TokenResponse {
    /// The token.
    pub access_token: SecretString,
    /// How long it is valid, in seconds.
    pub expires_in_s: u64,
    /// The scope that was given.
    pub scope: Option<String>,
}

impl TokenResponse {
    /// The body of the answer. It carries the token: it must not be cached (RFC 6749 section 5.1).
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("access_token".into(), self.access_token.expose_secret().into());
        body.insert("token_type".into(), "Bearer".into());
        body.insert("expires_in".into(), self.expires_in_s.into());
        if let Some(scope) = &self.scope {
            body.insert("scope".into(), scope.as_str().into());
        }
        Value::Object(body)
    }
}

impl fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in_s", &self.expires_in_s)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl Compiler<'_> {
    pub(crate) fn issuing(&mut self, tokens: &config::Tokens) -> Option<Issuing> {
        let (Some(key), false) = (&tokens.key, tokens.issuer.is_empty()) else {
            if tokens.key.is_some() || !tokens.issuer.is_empty() {
                self.faults.add("tokens", "`issuer` and `key` go together: write both, or neither to issue no tokens");
            }
            return None;
        };
        check_rate("tokens.rate", tokens.rate, &mut self.faults);
        if !(1..=LIFETIME_S_MAX).contains(&tokens.lifetime_s) {
            self.faults.add("tokens.lifetime_s", format!("is 1 to {LIFETIME_S_MAX}"));
        }
        if tokens.audience.iter().any(String::is_empty) || tokens.previous_keys.len() > PREVIOUS_MAX {
            self.faults
                .add("tokens", format!("no `audience` is empty, and there are at most {PREVIOUS_MAX} `previous_keys`"));
        }
        let pem = self.secret("tokens.key", key);
        let key = pem.and_then(|pem| self.faults.keep("tokens.key", SigningKey::from_pem(pem.expose_secret())));
        let mut previous = Vec::new();
        for (index, old) in tokens.previous_keys.iter().enumerate() {
            let at = format!("tokens.previous_keys[{index}]");
            let pem = self.secret(&at, old);
            previous.extend(pem.and_then(|pem| self.faults.keep(&at, Published::from_pem(pem.expose_secret()))));
        }
        let under = |path: &str, written: &str| match written {
            "" => format!("{}{path}", tokens.issuer.trim_end_matches('/')),
            written => written.to_owned(),
        };
        Some(Issuing {
            issuer: tokens.issuer.clone(),
            audience: if tokens.audience.is_empty() { vec![tokens.issuer.clone()] } else { tokens.audience.clone() },
            token_endpoint: under("/oauth/token", &tokens.token_endpoint),
            jwks_uri: under("/.well-known/jwks.json", &tokens.jwks_uri),
            lifetime_s: signed(tokens.lifetime_s),
            key: key?,
            previous,
            revoked: tokens.revoked.clone(),
        })
    }
}

impl Issuing {
    /// Ourselves, as one of those whose tokens are accepted.
    pub(crate) fn own(&self) -> Issuer {
        let keys = self.published().map(|key| key.verifying.clone()).collect();
        let rules = Rules {
            typ: Typ::AccessToken,
            audience: self.audience.clone(),
            leeway_s: OWN_LEEWAY_S,
            require_exp: true,
            require_iat: true,
            max_age_s: None,
            subject_claims: vec!["sub".into()],
            subject_prefix: String::new(),
            roles_claim: "roles".into(),
            role_map: BTreeMap::new(),
            trusted: true,
            revoked: self.revoked.iter().cloned().collect(),
        };
        Issuer { name: "tokens".into(), keys: Ring::Fixed(Arc::new(KeySet::of(keys))), rules }
    }

    fn published(&self) -> impl Iterator<Item = &Published> {
        std::iter::once(&self.key.published).chain(&self.previous)
    }

    /// Makes a token (RFC 9068 section 2.2).
    pub(crate) fn make(&self, subject: &Subject<'_>, now: Timestamp) -> Result<TokenResponse> {
        let issued = now.as_second();
        let audience = match self.audience.as_slice() {
            [one] => Value::from(one.as_str()),
            several => json!(several),
        };
        let mut claims = json!({
            "iss": self.issuer,
            "sub": subject.id,
            "client_id": subject.client_id,
            "aud": audience,
            "iat": issued,
            "exp": issued.saturating_add(subject.lifetime_s),
            "jti": random::text::<16>()?,
            "roles": subject.roles,
        });
        if let Some(scope) = &subject.scope {
            claims["scope"] = scope.as_str().into();
        }
        if let Some(thumbprint) = subject.bound_to {
            claims["cnf"] = json!({"x5t#S256": URL_SAFE_NO_PAD.encode(thumbprint)});
        }
        let token = self.key.sign("at+jwt", &claims).map_err(Error::internal)?;
        Ok(TokenResponse {
            access_token: SecretString::from(token),
            expires_in_s: u64::try_from(subject.lifetime_s).unwrap_or(0),
            scope: subject.scope.clone(),
        })
    }

    /// Our key set (RFC 7517 section 5): what signs, and what has signed.
    pub(crate) fn jwks(&self) -> Value {
        json!({"keys": self.published().map(|key| &key.jwk).collect::<Vec<_>>()})
    }

    /// RFC 8414 section 2.
    pub(crate) fn metadata(&self, scopes: &[&str]) -> Value {
        json!({
            "issuer": self.issuer,
            "token_endpoint": self.token_endpoint,
            "jwks_uri": self.jwks_uri,
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "scopes_supported": scopes,
            "token_endpoint_auth_methods_supported":
                ["client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth"],
            "token_endpoint_auth_signing_alg_values_supported":
                ["EdDSA", "ES256", "ES384", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
            "tls_client_certificate_bound_access_tokens": true,
        })
    }
}
