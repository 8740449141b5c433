//! Roles and what they may do.

use crossgate_identity::{Match, Pattern};
use serde_json::Value;
use toml::{Table, Value as Toml};

use super::{Conversion, Object, list, strings, text_of};

/// In this order, as they are written.
const ACTIONS: [&str; 4] = ["call", "register", "publish", "subscribe"];

impl Conversion {
    pub(super) fn roles_of(&mut self, realm: &Object, path: &str) {
        for (number, role) in list(realm, "roles").iter().enumerate() {
            let path = format!("{path}.roles[{number}]");
            let Some((role, name)) = role.as_object().and_then(|role| Some((role, text_of(role, "name")?))) else {
                self.leave(path, "it has no name");
                continue;
            };
            self.others(role, &path, &["name", "permissions", "authorizer"]);
            if ["trusted", "operator"].contains(&name) {
                self.leave(path, "this role is given to nobody here");
                continue;
            }
            let mut made = Table::new();
            if let Some(authorizer) = role.get("authorizer").and_then(Value::as_str) {
                made.insert("authorizer".into(), authorizer.into());
            }
            let grants = self.permissions(role, &path);
            if !grants.is_empty() {
                made.insert("allow".into(), Toml::Array(grants));
            }
            match self.roles.get(name) {
                Some(before) if *before != Toml::Table(made.clone()) => {
                    self.leave(
                        path,
                        "a role means the same in every realm, and another realm's counts; give this one another name",
                    );
                }
                _ => drop(self.roles.insert(name.to_owned(), made.into())),
            }
        }
    }

    fn permissions(&mut self, role: &Object, path: &str) -> Vec<Toml> {
        let mut grants = Vec::new();
        for (number, permission) in list(role, "permissions").iter().enumerate() {
            let path = format!("{path}.permissions[{number}]");
            let Some(permission) = permission.as_object() else { continue };
            self.others(permission, &path, &["uri", "match", "allow", "disclose", "cache"]);
            let (uri, kind) = pattern(permission);
            if let Err(wrong) = Pattern::parse(&uri, kind) {
                self.leave(format!("{path}.uri"), &format!("the uri {wrong}"));
                continue;
            }
            let discloses = permission.get("disclose").and_then(Value::as_object);
            if discloses.is_some_and(|disclose| disclose.values().any(|value| value == true)) {
                self.leave(format!("{path}.disclose"), "say `disclosure` for the realm, or let callers ask for it");
            }
            let allow = permission.get("allow").and_then(Value::as_object);
            let allowed = |action: &&str| allow.is_some_and(|allow| allow.get(*action) == Some(&Value::Bool(true)));
            let actions: Vec<&str> = ACTIONS.into_iter().filter(allowed).collect();
            if actions.is_empty() {
                if !uri.is_empty() {
                    self.leave(path, "it allows nothing; where it takes away from a wider grant, write a `deny`");
                }
                continue;
            }
            let mut grant = Table::new();
            grant.insert("uri".into(), uri.into());
            let word = match kind {
                Match::Exact => "exact",
                Match::Prefix => "prefix",
                Match::Wildcard => "wildcard",
            };
            grant.insert("match".into(), word.into());
            grant.insert("actions".into(), strings(&actions));
            grants.push(grant.into());
        }
        grants
    }

    /// An authorizer that nobody may register would be refused as a whole.
    pub(super) fn settle_authorizers(&mut self) {
        let names: Vec<String> = self.roles.keys().cloned().collect();
        for name in names {
            let authorizer = |role: &Toml| role.get("authorizer").and_then(Toml::as_str).map(str::to_owned);
            let Some(procedure) = self.roles.get(&name).and_then(authorizer) else { continue };
            let mut others = self.roles.iter().filter(|(_, role)| authorizer(role).is_none());
            if others.any(|(_, role)| registers(role, &procedure)) {
                continue;
            }
            if let Some(role) = self.roles.get_mut(&name).and_then(Toml::as_table_mut) {
                role.remove("authorizer");
            }
            let why = format!(
                "no role may register `{procedure}`; give it to one that has no authorizer itself, then write the authorizer again"
            );
            self.leave(format!("roles.{name}.authorizer"), &why);
        }
    }
}

/// Whether a converted role may register a procedure.
pub(super) fn registers(role: &Toml, procedure: &str) -> bool {
    let grants = role.get("allow").and_then(Toml::as_array);
    grants.into_iter().flatten().any(|grant| {
        let uri = grant.get("uri").and_then(Toml::as_str).unwrap_or_default();
        let kind = match grant.get("match").and_then(Toml::as_str) {
            Some("prefix") => Match::Prefix,
            Some("wildcard") => Match::Wildcard,
            _ => Match::Exact,
        };
        let actions = grant.get("actions").and_then(Toml::as_array);
        actions.is_some_and(|actions| actions.iter().any(|action| action.as_str() == Some("register")))
            && Pattern::parse(uri, kind).is_ok_and(|pattern| pattern.matches(procedure))
    })
}

/// Without `match`, stars say how the URI is meant.
fn pattern(permission: &Object) -> (String, Match) {
    let uri = text_of(permission, "uri").unwrap_or_default().to_owned();
    match text_of(permission, "match") {
        Some("prefix") => (uri, Match::Prefix),
        Some("wildcard") => (uri, Match::Wildcard),
        Some(_) => (uri, Match::Exact),
        None => match uri.strip_suffix('*') {
            Some(stem) if !stem.contains('*') => (stem.to_owned(), Match::Prefix),
            _ if uri.contains('*') => (
                uri.split('.').map(|part| if part == "*" { "" } else { part }).collect::<Vec<_>>().join("."),
                Match::Wildcard,
            ),
            _ => (uri, Match::Exact),
        },
    }
}
