//! `[edge.acme]`, and a listener's `tls.acme`. Every field's comment is its description in the JSON Schema.

use std::path::{Path, PathBuf};
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::{KeyKind, Name};

/// The directories that have a name of their own.
const KNOWN: [(&str, &str); 2] = [
    ("letsencrypt", "https://acme-v02.api.letsencrypt.org/directory"),
    ("letsencrypt-staging", "https://acme-staging-v02.api.letsencrypt.org/directory"),
];
/// Names in one certificate: Let's Encrypt's limit.
const DOMAINS_MAX: usize = 100;

/// Certificates from a public authority (ACME, RFC 8555).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The authority: `letsencrypt`, `letsencrypt-staging` for trying things out, or the https address of another
    /// authority's directory.
    pub directory: String,
    /// That you agree to the authority's terms of service. Nothing is ordered without.
    #[serde(default)]
    pub terms_agreed: bool,
    /// Where the authority may write to: e-mail addresses.
    #[serde(default)]
    pub contacts: Vec<String>,
    /// How names are proved where `tls.acme` says nothing else.
    #[serde(default)]
    pub challenge: Challenge,
    /// An account that you have with the authority already (external account binding).
    #[serde(default)]
    pub external_account: Option<ExternalAccount>,
    /// The program that puts records into the DNS, for `dns-01`.
    #[serde(default)]
    pub hook: Option<Hook>,
    /// PEM file of the authorities that sign the directory's own certificate, when it is not a public one.
    #[serde(default)]
    pub roots: Option<PathBuf>,
    /// After an order that failed, the next try comes after so many seconds, then after twice as many, and so on.
    #[serde(default = "retry_default")]
    pub retry_s: u64,
    /// The longest time between two tries, in seconds.
    #[serde(default = "retry_max_default")]
    pub retry_max_s: u64,
}

fn retry_default() -> u64 {
    60
}

fn retry_max_default() -> u64 {
    6 * 3600
}

/// An account that you have with the authority already (RFC 8555 §7.3.4).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalAccount {
    /// The key's identifier, as the authority gave it.
    pub key_id: String,
    /// The HMAC key, base64url as the authority gave it: `file:PATH` or `env:NAME`.
    #[schemars(with = "String")]
    pub hmac_key: SecretString,
}

/// A program that puts records into the DNS. It is run with `present` or `cleanup` as its last argument, and with
/// `CROSSGATE_ACME_ACTION`, `_DOMAIN`, `_RECORD` (`_acme-challenge.example.org`) and `_VALUE` in its environment; it
/// succeeds by exit code 0, when the record is on every name server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// Variables of our environment that it gets besides `PATH` and `HOME`.
    #[serde(default)]
    pub environment: Vec<String>,
    /// How long it may take, in seconds; then it is killed.
    #[serde(default = "hook_timeout_default")]
    pub timeout_s: u64,
    /// How long the authority is kept waiting after it, in seconds, for the DNS to settle.
    #[serde(default)]
    pub settle_s: u64,
}

fn hook_timeout_default() -> u64 {
    120
}

/// A way to prove that a name is ours.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
pub enum Challenge {
    /// The authority asks a listener without TLS on port 80.
    #[default]
    #[serde(rename = "http-01")]
    Http01,
    /// The authority asks a listener with TLS on port 443, this one or another.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
    /// The authority asks the DNS; the only way to `*.` names.
    #[serde(rename = "dns-01")]
    Dns01,
}

/// A certificate that a listener orders.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The DNS names in it; `*.` in front stands for one label.
    pub domains: Vec<String>,
    /// How the names are proved; as `[edge.acme]` says when left out.
    #[serde(default)]
    pub challenge: Option<Challenge>,
    /// The kind of key.
    #[serde(default)]
    pub key: KeyKind,
}

impl Wanted {
    /// The names, lower case, in order: which certificate it is, in the store and on listeners.
    pub fn id(&self) -> String {
        self.names().join(",")
    }

    /// The names, lower case, in order, each once.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.domains.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names.dedup();
        names
    }
}

impl Config {
    /// The directory's address.
    pub fn directory(&self) -> &str {
        KNOWN.iter().find(|(name, _)| *name == self.directory).map_or(&self.directory, |(_, url)| url)
    }

    /// How a certificate's names are proved.
    pub fn challenge(&self, wanted: &Wanted) -> Challenge {
        wanted.challenge.unwrap_or(self.challenge)
    }

    pub(super) fn retry(&self) -> Duration {
        Duration::from_secs(self.retry_s)
    }

    pub(super) fn retry_max(&self) -> Duration {
        Duration::from_secs(self.retry_max_s)
    }

    /// Makes relative paths relative to the folder of the configuration file.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Some(roots) = &mut self.roots {
            *roots = folder.join(&*roots);
        }
        if let Some(account) = &mut self.external_account
            && let Some(path) = account.hmac_key.expose_secret().strip_prefix("file:")
        {
            account.hmac_key = SecretString::from(format!("file:{}", folder.join(path).display()));
        }
    }

    /// Says what is wrong with it and with what listeners want, if anything is.
    pub fn wrong<'a>(&self, wanted: impl Iterator<Item = &'a Wanted>) -> Option<String> {
        if !self.directory().starts_with("https://") {
            return Some(format!(
                "acme.directory is `letsencrypt`, `letsencrypt-staging` or an https address, not `{}`",
                self.directory
            ));
        }
        if !self.terms_agreed {
            return Some(
                "acme.terms_agreed must be true: read the authority's terms of service, then agree to them".into(),
            );
        }
        if self.retry_s == 0 || self.retry_max_s < self.retry_s {
            return Some("acme.retry_s must be at least 1, and acme.retry_max_s at least as long".into());
        }
        if let Some(hook) = &self.hook
            && (hook.command.is_empty() || hook.timeout_s == 0)
        {
            return Some("acme.hook needs a command, and a timeout_s of at least 1".into());
        }
        if let Some(account) = &self.external_account
            && let Err(error) = crossgate_store::secrets::resolve(account.hmac_key.expose_secret())
        {
            return Some(format!("acme.external_account.hmac_key: {error}"));
        }
        if let Some(contact) = self.contacts.iter().find(|contact| Name::email(mail(contact)).is_err()) {
            return Some(format!("acme.contacts: `{contact}` is no e-mail address"));
        }
        wanted.into_iter().find_map(|wanted| self.unwanted(wanted))
    }

    fn unwanted(&self, wanted: &Wanted) -> Option<String> {
        if wanted.domains.is_empty() || wanted.domains.len() > DOMAINS_MAX {
            return Some(format!("tls.acme needs 1 to {DOMAINS_MAX} domains"));
        }
        if let Some(error) = wanted.domains.iter().find_map(|domain| Name::dns(domain).err()) {
            return Some(format!("tls.acme: {error}"));
        }
        let challenge = self.challenge(wanted);
        if challenge != Challenge::Dns01 && wanted.domains.iter().any(|domain| domain.starts_with("*.")) {
            return Some("tls.acme: a `*.` name can only be proved by dns-01".into());
        }
        (challenge == Challenge::Dns01 && self.hook.is_none())
            .then(|| "tls.acme: dns-01 needs acme.hook, the program that puts records into the DNS".into())
    }
}

/// An address with or without the scheme that the protocol wants.
pub(super) fn mail(contact: &str) -> &str {
    contact.strip_prefix("mailto:").unwrap_or(contact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(acme: &str, wanted: &str) -> String {
        let config: Config = serde_json::from_str(acme).unwrap();
        let wanted: Wanted = serde_json::from_str(wanted).unwrap();
        config.wrong([wanted].iter()).unwrap_or_else(|| "fine".to_owned())
    }

    #[test]
    fn what_cannot_work_is_refused_before_anything_is_ordered() {
        let good = r#"{"directory": "letsencrypt-staging", "terms_agreed": true, "contacts": ["ops@example.org"]}"#;
        let one = r#"{"domains": ["example.org"]}"#;
        assert_eq!(verdict(good, one), "fine");
        for (acme, wanted, word) in [
            (r#"{"directory": "letsencrypt"}"#, one, "terms_agreed"),
            (r#"{"directory": "http://acme.example", "terms_agreed": true}"#, one, "https"),
            (r#"{"directory": "letsencrypt", "terms_agreed": true, "contacts": ["ops"]}"#, one, "ops"),
            (r#"{"directory": "letsencrypt", "terms_agreed": true, "retry_s": 0}"#, one, "retry_s"),
            (r#"{"directory": "letsencrypt", "terms_agreed": true, "hook": {"command": []}}"#, one, "hook"),
            (good, r#"{"domains": []}"#, "domains"),
            (good, r#"{"domains": ["*.example.org"]}"#, "dns-01"),
            (good, r#"{"domains": ["example.org"], "challenge": "dns-01"}"#, "hook"),
            (good, r#"{"domains": ["exa mple.org"]}"#, "exa mple.org"),
        ] {
            assert!(verdict(acme, wanted).contains(word), "{acme} {wanted}: {}", verdict(acme, wanted));
        }
    }

    #[test]
    fn which_certificate_it_is_does_not_depend_on_the_order_of_names() {
        let id = |text: &str| serde_json::from_str::<Wanted>(text).unwrap().id();
        assert_eq!(id(r#"{"domains": ["b.org", "A.org", "a.org"]}"#), "a.org,b.org");
    }
}
