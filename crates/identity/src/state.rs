//! The configuration, compiled: everything that a reload replaces, as one value.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::Clock;
use jiff::Timestamp;
use jsonwebtoken::AlgorithmFamily;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::cache::Cache;
use crate::certificate;
use crate::config::{self, Config, Secret};
use crate::digest::unhex32;
use crate::fault::{ConfigError, Faults};
use crate::grants::Grants;
use crate::jwt::{Fetch, Issuer, Jwks, JwksSettings, KeySource, Ring, Rules, Typ, algorithms_named};
use crate::password;
use crate::signed as signatures;
use crate::token::{Client, Issuing};
use crate::wamp;

/// The most that a clock may be off, in seconds.
const LEEWAY_S_MAX: u64 = 300;
/// The longest name of a user, client or API key, in bytes.
pub(crate) const NAME_BYTES_MAX: usize = 256;

/// What is needed to compile a configuration besides itself.
pub(crate) struct Means {
    pub(crate) fetch: Arc<dyn Fetch>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The configuration in force.
pub(crate) struct State {
    pub(crate) grants: Arc<Grants>,
    /// By their exact `iss`.
    pub(crate) issuers: HashMap<String, Issuer>,
    pub(crate) clients: HashMap<String, Client>,
    pub(crate) users: HashMap<String, User>,
    /// By the SHA-256 of the key.
    pub(crate) api_keys: HashMap<[u8; 32], ApiKey>,
    pub(crate) signed_keys: HashMap<String, Arc<signatures::Key>>,
    pub(crate) certificates: Vec<certificate::Rule>,
    pub(crate) issuing: Option<Issuing>,
    pub(crate) sessions: config::Sessions,
    pub(crate) wamp: wamp::Compiled,
    pub(crate) cache: Cache,
    /// Every key set at an address; a reload keeps what has been fetched.
    pub(crate) remotes: Vec<Arc<Jwks>>,
}

/// A user of the configuration.
pub(crate) struct User {
    pub(crate) password: Arc<str>,
    pub(crate) roles: Vec<Arc<str>>,
}

/// A program with an API key.
pub(crate) struct ApiKey {
    pub(crate) name: Arc<str>,
    pub(crate) roles: Vec<Arc<str>>,
    pub(crate) expires: Option<Timestamp>,
}

/// A compilation under way.
pub(crate) struct Compiler<'m> {
    pub(crate) grants: Arc<Grants>,
    pub(crate) faults: Faults,
    means: &'m Means,
    remotes: Vec<Arc<Jwks>>,
    previous: &'m [Arc<Jwks>],
}

/// The key settings that issuers and clients have in common.
pub(crate) struct KeyConfig<'c> {
    pub(crate) jwks: Option<&'c Value>,
    pub(crate) public_key: Option<&'c str>,
    pub(crate) file: Option<&'c PathBuf>,
    pub(crate) jwks_url: Option<&'c str>,
    pub(crate) secret: Option<&'c Secret>,
    pub(crate) algorithms: &'c [String],
    pub(crate) ttl_s: u64,
    pub(crate) refetch_s: u64,
    pub(crate) stale_s: u64,
}

impl State {
    pub(crate) fn compile(config: &Config, means: &Means, previous: &[Arc<Jwks>]) -> Result<Self, ConfigError> {
        let mut faults = Faults::default();
        let grants = Arc::new(Grants::compile(&config.roles, config.caller_rate, &mut faults));
        let mut compiler = Compiler { grants, faults, means, remotes: Vec::new(), previous };
        let mut issuers = compiler.issuers(&config.issuers);
        let issuing = compiler.issuing(&config.tokens);
        if let Some(issuing) = &issuing
            && issuers.insert(issuing.issuer.clone(), issuing.own()).is_some()
        {
            compiler
                .faults
                .add("tokens.issuer", "is also the `issuer` of one of `issuers`; tokens of our own need no such entry");
        }
        let clients =
            config.clients.iter().filter_map(|(id, client)| compiler.client(id, client, &config.tokens)).collect();
        if issuing.is_none() && !config.clients.is_empty() {
            compiler
                .faults
                .add("clients", "clients obtain tokens, and none are issued; set `tokens.issuer` and `tokens.key`");
        }
        let users = config.users.iter().filter_map(|(name, user)| compiler.user(name, user)).collect();
        let api_keys = compiler.api_keys(&config.api_keys);
        let signed_keys = config.signed_keys.iter().filter_map(|(name, key)| compiler.signed_key(name, key)).collect();
        let certificates = compiler.certificates(&config.certificates);
        if config.sessions.lifetime_s == 0 || config.sessions.idle_s == 0 {
            compiler.faults.add("sessions", "`lifetime_s` and `idle_s` are at least 1");
        }
        let wamp = wamp::compile(config, &mut compiler);
        compiler.faults.finish()?;
        Ok(Self {
            grants: compiler.grants,
            issuers,
            clients,
            users,
            api_keys,
            signed_keys,
            certificates,
            issuing,
            sessions: config.sessions.clone(),
            wamp,
            cache: Cache::new(),
            remotes: compiler.remotes,
        })
    }
}

impl Compiler<'_> {
    pub(crate) fn roles(&mut self, key: &str, names: &[String]) -> Vec<Arc<str>> {
        self.grants.named(&format!("{key}.roles"), names, &mut self.faults)
    }

    pub(crate) fn secret(&mut self, key: &str, secret: &Secret) -> Option<SecretString> {
        self.faults.keep(key, secret.resolve())
    }

    pub(crate) fn name(&mut self, key: &str, name: &str) {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || name.chars().any(char::is_control) {
            self.faults.add(key, format!("a name is 1 to {NAME_BYTES_MAX} bytes without control characters"));
        }
    }

    fn issuers(&mut self, issuers: &BTreeMap<String, config::Issuer>) -> HashMap<String, Issuer> {
        let mut compiled = HashMap::with_capacity(issuers.len());
        for (name, issuer) in issuers {
            let key = format!("issuers.{name}");
            let (Some(keys), rules) = (self.issuer_keys(&key, issuer), self.issuer_rules(&key, issuer)) else {
                continue;
            };
            if issuer.issuer.is_empty() {
                self.faults.add(format!("{key}.issuer"), "is missing; write the tokens' `iss` exactly as it is");
            }
            let issuer_name = name.clone();
            if compiled.insert(issuer.issuer.clone(), Issuer { name: issuer_name, keys, rules }).is_some() {
                self.faults.add(format!("{key}.issuer"), "two issuers have the same `issuer`; put their keys into one");
            }
        }
        compiled
    }

    fn issuer_keys(&mut self, key: &str, issuer: &config::Issuer) -> Option<Ring> {
        self.ring(
            key,
            &KeyConfig {
                jwks: issuer.jwks.as_ref(),
                public_key: issuer.public_key.as_deref(),
                file: issuer.file.as_ref(),
                jwks_url: issuer.jwks_url.as_deref(),
                secret: issuer.secret.as_ref(),
                algorithms: &issuer.algorithms,
                ttl_s: issuer.jwks_ttl_s,
                refetch_s: issuer.jwks_refetch_s,
                stale_s: issuer.jwks_stale_s,
            },
        )
    }

    fn issuer_rules(&mut self, key: &str, issuer: &config::Issuer) -> Rules {
        if issuer.audience.is_empty() || issuer.audience.iter().any(String::is_empty) {
            self.faults.add(
                format!("{key}.audience"),
                "is missing; name the `aud` that means this server, lest tokens for others be accepted",
            );
        }
        if issuer.leeway_s > LEEWAY_S_MAX {
            self.faults.add(format!("{key}.leeway_s"), format!("is at most {LEEWAY_S_MAX}"));
        }
        if issuer.subject_claims.is_empty() || issuer.roles_claim.is_empty() {
            self.faults.add(key, "`subject_claims` and `roles_claim` name at least one claim");
        }
        let role_map = issuer.role_map.iter().map(|(word, roles)| {
            (word.clone(), self.grants.named(&format!("{key}.role_map.{word}"), roles, &mut self.faults))
        });
        Rules {
            role_map: role_map.collect(),
            typ: if issuer.compat { Typ::Compat } else { Typ::AccessToken },
            audience: issuer.audience.clone(),
            leeway_s: signed(issuer.leeway_s),
            require_exp: issuer.require_exp,
            require_iat: !issuer.compat,
            max_age_s: issuer.max_token_age_s.map(signed),
            subject_claims: issuer.subject_claims.clone(),
            subject_prefix: issuer.subject_prefix.clone(),
            roles_claim: issuer.roles_claim.clone(),
            trusted: false,
            revoked: issuer.revoked.iter().cloned().collect(),
        }
    }

    /// The keys of an issuer or a client: exactly one source.
    pub(crate) fn ring(&mut self, key: &str, keys: &KeyConfig<'_>) -> Option<Ring> {
        let given = [
            keys.jwks.is_some(),
            keys.public_key.is_some(),
            keys.file.is_some(),
            keys.jwks_url.is_some(),
            keys.secret.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            self.faults.add(key, "write exactly one of `jwks`, `public_key`, `file`, `jwks_url` and `secret`");
            return None;
        }
        let allowed = self.faults.keep(&format!("{key}.algorithms"), algorithms_named(keys.algorithms))?;
        if let Some(url) = keys.jwks_url {
            if allowed.iter().any(|algorithm| algorithm.family() == AlgorithmFamily::Hmac) {
                self.faults.add(
                    format!("{key}.algorithms"),
                    "HS256, HS384 and HS512 need a `secret`; whoever can read the key set could sign",
                );
            }
            self.faults.keep(&format!("{key}.jwks_url"), check_url(url))?;
            return Some(Ring::Remote(self.remote(JwksSettings {
                url: url.to_owned(),
                allowed,
                ttl: Duration::from_secs(keys.ttl_s.max(1)),
                refetch: Duration::from_secs(keys.refetch_s.max(1)),
                stale: Duration::from_secs(keys.stale_s),
            })));
        }
        let secret = match keys.secret {
            Some(secret) => Some(self.secret(&format!("{key}.secret"), secret)?),
            None => None,
        };
        let source = KeySource { jwks: keys.jwks, public_key: keys.public_key, file: keys.file, secret };
        self.faults.keep(key, source.read(&allowed)).map(|set| Ring::Fixed(Arc::new(set)))
    }

    fn remote(&mut self, settings: JwksSettings) -> Arc<Jwks> {
        let known = self.remotes.iter().chain(self.previous).find(|jwks| *jwks.settings() == settings).cloned();
        let jwks =
            known.unwrap_or_else(|| Jwks::new(settings, Arc::clone(&self.means.fetch), Arc::clone(&self.means.clock)));
        self.remotes.push(Arc::clone(&jwks));
        jwks
    }

    fn user(&mut self, name: &str, user: &config::User) -> Option<(String, User)> {
        let key = format!("users.{name}");
        self.name(&key, name);
        let roles = self.roles(&key, &user.roles);
        let Some(password) = &user.password else {
            self.faults.add(format!("{key}.password"), "is missing; make one with `crossgate hash password`");
            return None;
        };
        let hash = self.secret(&format!("{key}.password"), password)?;
        self.faults.keep(&format!("{key}.password"), password::check_hash(hash.expose_secret()))?;
        Some((name.to_owned(), User { password: hash.expose_secret().into(), roles }))
    }

    fn api_keys(&mut self, keys: &BTreeMap<String, config::ApiKey>) -> HashMap<[u8; 32], ApiKey> {
        let mut compiled = HashMap::with_capacity(keys.len());
        for (name, api_key) in keys {
            let key = format!("api_keys.{name}");
            self.name(&key, name);
            let roles = self.roles(&key, &api_key.roles);
            let digest = api_key.sha256.strip_prefix("sha256:").unwrap_or(&api_key.sha256);
            let Some(digest) = unhex32(digest) else {
                self.faults.add(
                    format!("{key}.sha256"),
                    "is the SHA-256 of the key, 64 hex digits; make one with `crossgate hash secret`",
                );
                continue;
            };
            let entry = ApiKey { name: name.as_str().into(), roles, expires: api_key.expires };
            if compiled.insert(digest, entry).is_some() {
                self.faults.add(format!("{key}.sha256"), "is another API key's too; each program has its own");
            }
        }
        compiled
    }

    fn certificates(&mut self, rules: &[config::CertificateRule]) -> Vec<certificate::Rule> {
        let mut compiled = Vec::with_capacity(rules.len());
        for (index, rule) in rules.iter().enumerate() {
            let key = format!("certificates[{index}]");
            let roles = self.roles(&key, &rule.roles);
            compiled.push(certificate::Rule::compile(&key, rule, roles, &mut self.faults));
        }
        compiled
    }
}

/// A configured number of seconds; beyond what the calendar knows, the end of it.
pub(crate) fn signed(seconds: u64) -> i64 {
    const FAR_S: u64 = 1 << 40;
    i64::try_from(seconds.min(FAR_S)).unwrap_or(i64::MAX)
}

/// Keys come over HTTPS: whoever could change them on the way could sign. On this machine, HTTP will do.
fn check_url(url: &str) -> Result<(), &'static str> {
    let wrong =
        "is `https://...`, or `http://` with a loopback address; keys that anybody can change on the way prove nothing";
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(wrong);
    }
    let (scheme, rest) = url.split_once("://").ok_or(wrong)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    let loopback = ["localhost", "127.0.0.1", "::1"].contains(&host);
    let fits = !host.is_empty() && !authority.contains('@') && (scheme == "https" || (scheme == "http" && loopback));
    if fits { Ok(()) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_over_https_or_from_this_machine() {
        for url in [
            "https://login.example.com/keys",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/k?a=b",
        ] {
            assert_eq!(check_url(url), Ok(()), "{url}");
        }
        for url in [
            "http://login.example.com/keys",
            "http://localhost@evil.example/",
            "ftp://localhost/",
            "https://",
            "keys",
            "https://a b/",
            "http://localhost.evil.example/",
        ] {
            assert!(check_url(url).is_err(), "{url}");
        }
    }
}
