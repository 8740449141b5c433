//! Who is who, and who may what: the policy, checked when it was read. What is not written is denied.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use crossgate_client::wamp::uri::is_realm;
use crossgate_client::wamp::{Map, Value};
use crossgate_identity::{Action, Match, OPERATOR, Pattern};

use super::document::{Document, Permission, Principal, Prohibition, Role};
use crate::config::{located, with_suggestion};

/// No policy of people's making is larger, in bytes.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Roles that no authenticator may give: the router refuses them as well.
const RESERVED: [&str; 2] = ["trusted", OPERATOR];
/// Hex digits of a SHA-1 and of a SHA-256.
const FINGERPRINT_DIGITS: [usize; 2] = [40, 64];

/// A certificate, as the router tells of it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Shown<'a> {
    pub(super) sha1: &'a str,
    pub(super) sha256: &'a str,
    pub(super) common_name: Option<&'a str>,
    pub(super) issuer: Option<&'a str>,
    /// Its alternative names: `DNS:a.example, URI:spiffe://b`.
    pub(super) alternative_names: &'a str,
}

/// Whom a certificate stands for.
#[derive(Debug)]
pub(super) struct Identity {
    pub(super) authid: String,
    pub(super) role: String,
    pub(super) realm: Option<String>,
    pub(super) extra: Map,
}

/// The names that a certificate must all have.
#[derive(Debug)]
struct Names {
    san_dns: Option<String>,
    san_uri: Option<String>,
    san_email: Option<String>,
    common_name: Option<String>,
    issuer: Option<String>,
}

/// What is decided of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) allow: bool,
    pub(super) disclose: Option<bool>,
    pub(super) cache: bool,
}

const DENIED: Verdict = Verdict { allow: false, disclose: None, cache: false };

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    actions: Vec<Action>,
    verdict: Verdict,
}

#[derive(Debug, Default)]
struct Rules {
    allow: Vec<Rule>,
    deny: Vec<Rule>,
}

/// The policy in force.
#[derive(Debug)]
pub(super) struct Policy {
    identities: Vec<Identity>,
    by_fingerprint: HashMap<String, usize>,
    by_names: Vec<(Names, usize)>,
    roles: HashMap<String, Rules>,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} principals, {} roles", self.identities.len(), self.roles.len())
    }
}

impl Policy {
    /// Reads a file.
    pub(super) fn load(file: &Path) -> anyhow::Result<Self> {
        let name = file.display();
        let size = std::fs::metadata(file).with_context(|| format!("cannot read the policy {name}"))?.len();
        ensure!(size <= FILE_BYTES_MAX, "the policy {name} is larger than {FILE_BYTES_MAX} bytes");
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read the policy {name}"))?;
        Self::parse(&text).with_context(|| format!("the policy {name}"))
    }

    /// Reads a text.
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        let document: Document =
            toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", with_suggestion(&located(&error, text))))?;
        let mut policy = Self {
            identities: Vec::new(),
            by_fingerprint: HashMap::new(),
            by_names: Vec::new(),
            roles: HashMap::new(),
        };
        for (name, role) in document.roles {
            let place = || format!("line {}: roles.{}", line(text, name.span().start), name.get_ref());
            let rules = rules(role).with_context(place)?;
            policy.roles.insert(name.get_ref().clone(), rules);
        }
        for principal in document.principals {
            let start = principal.span().start;
            let principal = principal.into_inner();
            let place = format!("line {}: the principal `{}`", line(text, start), principal.authid);
            policy.add(principal).context(place)?;
        }
        // An editor's file that is still empty must not lock everybody out.
        ensure!(!policy.identities.is_empty(), "it names nobody; write [[principals]]");
        Ok(policy)
    }

    fn add(&mut self, principal: Principal) -> anyhow::Result<()> {
        let Principal { fingerprints, san_dns, san_uri, san_email, common_name, issuer, .. } = principal;
        let (authid, role, realm) = (principal.authid, principal.role, principal.realm);
        ensure!(!authid.is_empty(), "`authid` is empty");
        ensure!(!RESERVED.contains(&role.as_str()), "the role `{role}` is given to nobody");
        ensure!(
            self.roles.contains_key(&role),
            "there is no role `{role}`; write [roles.{role}], an empty one when the router's configuration says what it may"
        );
        if let Some(realm) = &realm {
            ensure!(is_realm(realm), "`{realm}` is not the name of a realm");
        }
        let extra = serde_json::to_value(&principal.extra).context("`extra`")?;
        let Value::Map(extra) = Value::from_json(&extra).context("`extra`")? else { bail!("`extra` is a table") };
        let names = Names { san_dns, san_uri, san_email, common_name, issuer };
        let index = self.identities.len();
        match (fingerprints.is_empty(), names.any()) {
            (false, false) => {}
            (true, true) => {
                names.check()?;
                self.by_names.push((names, index));
            }
            (true, false) => bail!(
                "it matches no certificate; name `fingerprints`, `san_dns`, `san_uri`, `san_email`, or `common_name` with `issuer`"
            ),
            (false, true) => bail!("fingerprints need no names beside them; write two entries"),
        }
        for written in fingerprints {
            let digits = digits(&written);
            let hex = FINGERPRINT_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            ensure!(hex, "`{written}` is no fingerprint: a SHA-256 has 64 hex digits, a SHA-1 40");
            if let Some(other) = self.by_fingerprint.insert(digits, index) {
                let other = self.identities.get(other).map_or(authid.as_str(), |identity| identity.authid.as_str());
                bail!("the fingerprint `{written}` stands there twice, also for `{other}`");
            }
        }
        self.identities.push(Identity { authid, role, realm, extra });
        Ok(())
    }

    /// Whom a certificate stands for. Fingerprints count before names, names in the order of the file.
    pub(super) fn identify(&self, shown: &Shown<'_>) -> Option<&Identity> {
        let found = [shown.sha256, shown.sha1].into_iter().find_map(|print| self.by_fingerprint.get(&digits(print)));
        let named = || self.by_names.iter().find(|(names, _)| names.fit(shown)).map(|(_, index)| index);
        self.identities.get(*found.or_else(named)?)
    }

    /// What a role may do with a URI, or with everything that a pattern matches.
    pub(super) fn judge(&self, role: &str, action: Action, uri: &str, kind: Match) -> Verdict {
        let (Some(rules), Ok(wanted)) = (self.roles.get(role), Pattern::requested(uri, kind)) else { return DENIED };
        let concerns = |rule: &&Rule| rule.actions.contains(&action);
        if rules.deny.iter().filter(concerns).any(|rule| rule.pattern.overlaps(&wanted)) {
            return DENIED;
        }
        let allowed = rules.allow.iter().filter(concerns).find(|rule| rule.pattern.covers(&wanted));
        allowed.map_or(DENIED, |rule| rule.verdict)
    }
}

impl Names {
    const fn any(&self) -> bool {
        self.san_dns.is_some()
            || self.san_uri.is_some()
            || self.san_email.is_some()
            || self.common_name.is_some()
            || self.issuer.is_some()
    }

    fn check(&self) -> anyhow::Result<()> {
        let alternative = self.san_dns.is_some() || self.san_uri.is_some() || self.san_email.is_some();
        ensure!(
            self.common_name.is_none() || self.issuer.is_some(),
            "anybody's authority can issue a common name; name the `issuer`, too"
        );
        ensure!(alternative || self.common_name.is_some(), "an `issuer` alone is everybody; name somebody, too");
        let written = [&self.san_dns, &self.san_uri, &self.san_email, &self.common_name, &self.issuer];
        ensure!(written.iter().all(|name| name.as_deref() != Some("")), "a name is empty");
        Ok(())
    }

    /// Whether the certificate has all of them.
    fn fit(&self, shown: &Shown<'_>) -> bool {
        let has = |kind: &str, wanted: &str, same: fn(&str, &str) -> bool| {
            // The router leaves no comma inside a name.
            let mut names = shown.alternative_names.split(", ");
            names.any(|name| name.strip_prefix(kind).is_some_and(|name| same(name, wanted)))
        };
        let exact: fn(&str, &str) -> bool = |a, b| a == b;
        let plain =
            |wanted: &Option<String>, have: Option<&str>| wanted.as_deref().is_none_or(|wanted| have == Some(wanted));
        self.san_dns.as_deref().is_none_or(|wanted| has("DNS:", wanted, str::eq_ignore_ascii_case))
            && self.san_uri.as_deref().is_none_or(|wanted| has("URI:", wanted, exact))
            && self.san_email.as_deref().is_none_or(|wanted| has("email:", wanted, exact))
            && plain(&self.common_name, shown.common_name)
            && plain(&self.issuer, shown.issuer)
    }
}

fn rules(role: Role) -> anyhow::Result<Rules> {
    let rule = |uri: &str, kind: Match, actions: Vec<Action>, verdict: Verdict| {
        ensure!(!actions.is_empty(), "`{uri}` has no actions; leave them out for calls, or say which");
        let pattern = Pattern::parse(uri, kind).map_err(|wrong| anyhow::anyhow!("the uri `{uri}` {wrong}"))?;
        Ok(Rule { pattern, actions, verdict })
    };
    let allow = role.allow.into_iter().map(|permission| {
        let Permission { uri, r#match, actions, disclose, cache } = permission;
        rule(&uri, r#match, actions, Verdict { allow: true, disclose, cache })
    });
    let deny = role.deny.into_iter().map(|prohibition| {
        let Prohibition { uri, r#match, actions } = prohibition;
        rule(&uri, r#match, actions, DENIED)
    });
    Ok(Rules { allow: allow.collect::<anyhow::Result<_>>()?, deny: deny.collect::<anyhow::Result<_>>()? })
}

/// A fingerprint without what people put between its digits.
fn digits(fingerprint: &str) -> String {
    fingerprint.chars().filter(|c| *c != ':').map(|c| c.to_ascii_lowercase()).collect()
}

/// The line of a position, from 1 on.
fn line(text: &str, position: usize) -> usize {
    text.as_bytes().iter().take(position).filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests;
