//! Decisions, as functions of the policy and of what the router tells. Nothing here waits.

use crossgate_client::WampError;
use crossgate_client::wamp::{Map, Value, uris};
use crossgate_identity::{Action, Match};

use super::policy::{Policy, Shown, Verdict};

/// The only proof that is judged here.
const METHOD: &str = "tls";

/// A line for the log, and the answer.
pub(super) type Decided = (String, Result<Value, WampError>);

/// Answers `authenticate(realm, authid, details)`.
pub(super) fn authenticate(policy: &Policy, args: &[Value]) -> Decided {
    let [realm, _, Value::Map(details)] = args else { return malformed("authenticate(realm, authid, details)") };
    let realm = realm.as_text();
    let asked = realm.unwrap_or("(any)");
    let Some(certificate) = certificate(details) else {
        return refused(format!("- nobody on realm {asked:?}: no certificate"));
    };
    let shown = shown(certificate);
    let who = about(certificate, &shown);
    if details.get("authmethod").and_then(Value::as_text) != Some(METHOD) {
        return refused(format!("- refused on realm {asked:?} {who}: only certificates are judged here"));
    }
    if certificate.get("expired").and_then(Value::as_bool) != Some(false) {
        return refused(format!("- refused on realm {asked:?} {who}: the certificate has expired"));
    }
    let Some(identity) = policy.identify(&shown) else {
        return refused(format!("- refused on realm {asked:?} {who}: the policy does not name it"));
    };
    if let (Some(only), Some(wanted)) = (&identity.realm, realm)
        && only != wanted
    {
        return refused(format!("- refused {:?} on realm {wanted:?} {who}: it belongs on {only:?}", identity.authid));
    }
    let answer = Map::new()
        .with("authid", identity.authid.as_str())
        .with("role", identity.role.as_str())
        .with_some("realm", identity.realm.as_deref().or(realm))
        .with("extra", identity.extra.clone());
    let entered = identity.realm.as_deref().unwrap_or(asked);
    (format!("+ {:?} on realm {entered:?} {who}", identity.authid), Ok(answer.into()))
}

/// Answers `authorize(details, uri, action, options)`.
pub(super) fn authorize(policy: &Policy, args: &[Value]) -> Decided {
    let usage = "authorize(details, uri, action, options)";
    let [Value::Map(details), Value::Text(uri), Value::Text(action), Value::Map(options)] = args else {
        return malformed(usage);
    };
    let text = |key: &str| details.get(key).and_then(Value::as_text).unwrap_or_default();
    let (role, authid) = (text("authrole"), text("authid"));
    let Some(action) = Action::ALL.into_iter().find(|known| known.as_str() == action) else { return malformed(usage) };
    let kind = match options.get("match").map(Value::as_text) {
        None | Some(Some("exact")) => Match::Exact,
        Some(Some("prefix")) => Match::Prefix,
        Some(Some("wildcard")) => Match::Wildcard,
        Some(_) => return malformed(usage),
    };
    let Verdict { allow, disclose, cache } = policy.judge(role, action, uri, kind);
    let words = if allow { "allowed" } else { "denied" };
    let line = format!("{words} {authid:?} ({role}) to {} {uri:?}", action.as_str());
    (line, Ok(Map::new().with("allow", allow).with("cache", cache).with_some("disclose", disclose).into()))
}

/// Clients are told no more than that: why, is for the log.
fn refused(line: String) -> Decided {
    (line, Err(WampError::new(uris::error::AUTHENTICATION_DENIED, "this certificate may not join here")))
}

fn malformed(usage: &str) -> Decided {
    let words = format!("the arguments are not those of {usage}");
    (words.clone(), Err(WampError::new(uris::error::INVALID_ARGUMENT, words)))
}

fn certificate(details: &Map) -> Option<&Map> {
    let transport = details.get("transport")?.as_map()?;
    ["peer_cert", "client_cert"].into_iter().find_map(|key| transport.get(key)?.as_map())
}

fn shown(certificate: &Map) -> Shown<'_> {
    let text = |key: &str| certificate.get(key).and_then(Value::as_text).unwrap_or_default();
    let name = |of: &str| certificate.get(of)?.as_map()?.get("cn")?.as_text();
    let extensions = certificate.get("extensions").and_then(Value::as_list).unwrap_or_default();
    let alternative = extensions.iter().filter_map(Value::as_map).find_map(|extension| {
        (extension.get("name")?.as_text()? == "subjectAltName").then(|| extension.get("value")?.as_text())?
    });
    Shown {
        sha1: text("sha1"),
        sha256: text("sha256"),
        common_name: name("subject"),
        issuer: name("issuer"),
        alternative_names: alternative.unwrap_or_default(),
    }
}

/// What tells an instance from its siblings.
fn about(certificate: &Map, shown: &Shown<'_>) -> String {
    let unit = || certificate.get("issuer")?.as_map()?.get("ou")?.as_text();
    let (name, unit) = (shown.common_name.unwrap_or_default(), unit().unwrap_or_default());
    format!("CN={name:?} COMPANY={unit:?} SHA={}", shown.sha1)
}

#[cfg(test)]
mod tests;
