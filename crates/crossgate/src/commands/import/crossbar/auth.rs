//! Authentication methods, and who is known by them.

use serde_json::Value;
use toml::{Table, Value as Toml};

use super::{Conversion, Object, text_of};

/// The shortest ticket that is taken, in bytes.
const TICKET_BYTES_MIN: usize = 8;

impl Conversion {
    /// The set of methods of a listener.
    pub(super) fn auth(&mut self, carrier: &Object, path: &str, listener: &str) -> Table {
        let mut set = Table::new();
        // What clients written for it look for.
        set.insert("errors".into(), "crossbar".into());
        let Some(auth) = carrier.get("auth").and_then(Value::as_object) else {
            // Without a word of it, everybody is anonymous there.
            set.insert("anonymous".into(), self.role("anonymous"));
            return set;
        };
        for (method, how) in auth {
            let at = format!("{path}.auth.{method}");
            let Some(how) = how.as_object() else { continue };
            let known = ["anonymous", "ticket", "wampcra", "scram", "cryptosign", "tls", "cookie"];
            if !known.contains(&method.as_str()) {
                self.leave(at, "this method is not known");
                continue;
            }
            if method == "cookie" {
                set.insert(method.clone(), Table::new().into());
                self.leave(at, "warning: cookies need `cookie = true` at the listener, and end with a restart");
                continue;
            }
            match text_of(how, "type") {
                Some("dynamic") => drop(set.insert(method.clone(), self.dynamic(how, &at).into())),
                Some("static") if method == "anonymous" => {
                    let role = text_of(how, "role").unwrap_or("anonymous").to_owned();
                    set.insert(method.clone(), self.role(&role));
                }
                Some("static") => {
                    set.insert(method.clone(), Table::new().into());
                    self.principals_of(method, how, &at, listener);
                }
                _ => self.leave(at, "`static` and `dynamic` are known"),
            }
        }
        set
    }

    /// A method that gives a role, which must be there.
    fn role(&mut self, role: &str) -> Toml {
        self.roles.entry(role).or_insert_with(|| Table::new().into());
        let mut method = Table::new();
        method.insert("role".into(), role.into());
        method.into()
    }

    fn dynamic(&mut self, how: &Object, at: &str) -> Table {
        self.others(how, at, &["type", "authenticator", "authenticator-realm", "authenticator-role", "default-role"]);
        let mut method = Table::new();
        for (theirs, ours) in [
            ("authenticator", "authenticator"),
            ("authenticator-realm", "authenticator_realm"),
            ("authenticator-role", "authenticator_role"),
            ("default-role", "role"),
        ] {
            if let Some(value) = text_of(how, theirs) {
                if ours.ends_with("role") {
                    self.roles.entry(value).or_insert_with(|| Table::new().into());
                }
                method.insert(ours.into(), value.into());
            }
        }
        method
    }

    fn principals_of(&mut self, method: &str, how: &Object, at: &str, listener: &str) {
        let key = if method == "wampcra" { "users" } else { "principals" };
        self.others(how, at, &["type", key]);
        for (authid, known) in how.get(key).and_then(Value::as_object).into_iter().flatten() {
            let at = format!("{at}.{key}.{authid}");
            let Some(known) = known.as_object() else { continue };
            let role = text_of(known, "role").unwrap_or("anonymous");
            match credential(method, known) {
                Err(why) => self.leave(at, why),
                Ok(credential) => {
                    let mut principal =
                        self.principals.get(authid).and_then(Toml::as_table).cloned().unwrap_or_default();
                    if principal.get("role").is_some_and(|before| before.as_str() != Some(role)) {
                        self.leave(
                            at,
                            "somebody of that name has another role at another transport; give this one another name",
                        );
                        continue;
                    }
                    if credential.iter().any(|(key, value)| principal.get(key).is_some_and(|before| before != value)) {
                        self.leave(at, "somebody of that name has other credentials at another transport; give this one another name");
                        continue;
                    }
                    principal.insert("role".into(), role.into());
                    principal.extend(credential);
                    let sets = principal.entry("auth").or_insert_with(|| Toml::Array(Vec::new()));
                    if let Some(sets) = sets.as_array_mut()
                        && !sets.iter().any(|set| set.as_str() == Some(listener))
                    {
                        sets.push(listener.into());
                    }
                    if let Some(realm) = text_of(known, "realm") {
                        principal.insert("realms".into(), super::strings(&[realm]));
                    }
                    self.roles.entry(role).or_insert_with(|| Table::new().into());
                    self.principals.insert(authid.clone(), principal.into());
                }
            }
        }
    }
}

/// What proves who somebody is, or why it cannot be converted.
fn credential(method: &str, known: &Object) -> Result<Table, &'static str> {
    let mut made = Table::new();
    let number = |key: &str| known.get(key).and_then(Value::as_i64);
    let text = |key: &str| text_of(known, key).ok_or("something that it needs is missing");
    match method {
        "ticket" => {
            let ticket = text("ticket")?;
            if ticket.len() < TICKET_BYTES_MIN {
                return Err("a ticket has at least 8 bytes here");
            }
            made.insert("ticket".into(), ticket.into());
        }
        "wampcra" => {
            made.insert("secret".into(), text("secret")?.into());
            if let Some(salt) = text_of(known, "salt") {
                let mut salted = Table::new();
                salted.insert("salt".into(), salt.into());
                salted.insert("iterations".into(), number("iterations").unwrap_or(1000).into());
                salted.insert("keylen".into(), number("keylen").unwrap_or(32).into());
                made.insert("salt".into(), salted.into());
            }
        }
        "scram" => {
            let mut scram = Table::new();
            for key in ["kdf", "salt"] {
                scram.insert(key.into(), text(key)?.into());
            }
            for (theirs, ours) in [("stored-key", "stored_key"), ("server-key", "server_key")] {
                scram.insert(ours.into(), text(theirs)?.into());
            }
            scram.insert("iterations".into(), number("iterations").ok_or("`iterations` is missing")?.into());
            if let Some(memory) = number("memory") {
                scram.insert("memory".into(), memory.into());
            }
            made.insert("scram".into(), scram.into());
        }
        "cryptosign" => {
            let keys: Vec<&str> = super::list(known, "authorized_keys").iter().filter_map(Value::as_str).collect();
            if keys.is_empty() {
                return Err("it has no `authorized_keys`");
            }
            made.insert("public_keys".into(), super::strings(&keys));
        }
        _ => {
            return Err(
                "certificates are known by SHA-256 here, not by SHA-1: add `certificates` to [identity.wamp.principals]",
            );
        }
    }
    Ok(made)
}
