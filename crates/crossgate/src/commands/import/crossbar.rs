//! A node configuration of Crossbar.io as ours. What has no counterpart is told with its JSON path; nothing is guessed, and nothing
//! that was refused there is allowed here.

mod auth;
mod roles;

use anyhow::{Context as _, bail, ensure};
use serde_json::{Map, Value};
use toml::{Table, Value as Toml};

/// Sizes that our listeners take, in bytes.
const MESSAGE_BYTES: std::ops::RangeInclusive<i64> = 4096..=16_777_216;

/// What could not be converted: where it stands, and why.
pub(super) type Left = Vec<(String, String)>;

type Object = Map<String, Value>;

#[derive(Default)]
struct Conversion {
    listeners: Vec<Toml>,
    realms: Table,
    /// `identity.wamp.auth`, by listener.
    sets: Table,
    principals: Table,
    roles: Table,
    left: Left,
}

/// Converts a whole node.
pub(super) fn convert(node: &Value) -> anyhow::Result<(Table, Left)> {
    let node = node.as_object().context("a node's configuration is an object")?;
    let workers = node.get("workers").and_then(Value::as_array).context("it has no `workers`")?;
    let mut made = Conversion::default();
    made.others(node, "$", &["$schema", "version", "workers"]);
    for (number, worker) in workers.iter().enumerate() {
        let path = format!("$.workers[{number}]");
        match (worker.as_object(), text(worker, "type")) {
            (Some(worker), Some("router")) => made.router(worker, &path)?,
            _ => made
                .leave(path, "only workers of the type `router` are converted; start others as processes of their own"),
        }
    }
    ensure!(!made.listeners.is_empty(), "no transport could be converted: {:?}", made.left);
    made.settle_authorizers();
    Ok(made.finish())
}

impl Conversion {
    fn leave(&mut self, place: impl Into<String>, why: &str) {
        self.left.push((place.into(), why.to_owned()));
    }

    /// Tells of the keys that nobody has looked at.
    fn others(&mut self, object: &Object, path: &str, known: &[&str]) {
        for key in object.keys().filter(|key| !known.contains(&key.as_str())) {
            self.leave(format!("{path}.{key}"), "there is no counterpart");
        }
    }

    fn router(&mut self, worker: &Object, path: &str) -> anyhow::Result<()> {
        self.others(worker, path, &["type", "id", "realms", "transports"]);
        let mut realms = Vec::new();
        for (number, realm) in list(worker, "realms").iter().enumerate() {
            let path = format!("{path}.realms[{number}]");
            let realm = realm.as_object().with_context(|| format!("{path} is no object"))?;
            self.others(realm, &path, &["name", "roles"]);
            let name = realm.get("name").and_then(Value::as_str).with_context(|| format!("{path} has no name"))?;
            self.realms.insert(name.to_owned(), Table::new().into());
            realms.push(name.to_owned());
            self.roles_of(realm, &path);
        }
        for (number, transport) in list(worker, "transports").iter().enumerate() {
            let path = format!("{path}.transports[{number}]");
            let transport = transport.as_object().with_context(|| format!("{path} is no object"))?;
            self.transport(transport, &path, &realms);
        }
        Ok(())
    }

    fn transport(&mut self, transport: &Object, path: &str, realms: &[String]) {
        let name = match transport.get("id").and_then(Value::as_str) {
            Some(id) if !self.sets.contains_key(id) => id.to_owned(),
            _ => format!("listener-{}", self.listeners.len() + 1),
        };
        let mut wamp = Table::new();
        wamp.insert("realms".into(), strings(realms));
        // Where credentials and sizes stand depends on the kind; the first one that speaks WAMP counts.
        let (kinds, carrier, at) = match text_of(transport, "type") {
            Some("websocket") => {
                wamp.insert("path".into(), "/".into());
                (vec!["websocket"], transport.clone(), path.to_owned())
            }
            Some("rawsocket") => (vec!["rawsocket"], transport.clone(), path.to_owned()),
            Some("universal") => self.universal(transport, path, &mut wamp),
            Some("web") => {
                let paths = transport.get("paths").and_then(Value::as_object).cloned().unwrap_or_default();
                self.paths(&paths, &format!("{path}.paths"), &mut wamp)
            }
            _ => (Vec::new(), Object::new(), String::new()),
        };
        if kinds.is_empty() {
            return self.leave(path, "no way to speak WAMP is known in it");
        }
        self.others(
            transport,
            path,
            &["id", "type", "endpoint", "options", "auth", "paths", "websocket", "rawsocket", "url", "serializers"],
        );
        let Some(mut listener) = self.endpoint(transport, path) else { return };
        wamp.insert("transports".into(), strings(&kinds));
        self.options(&carrier, &at, &mut wamp);
        let set = self.auth(&carrier, &at, &name);
        listener.insert("name".into(), name.clone().into());
        listener.insert("serve".into(), strings(&["wamp"]));
        if let Some(realm) = realms.first() {
            listener.insert("realm".into(), realm.clone().into());
        }
        listener.insert("wamp".into(), wamp.into());
        self.sets.insert(name, set.into());
        self.listeners.push(listener.into());
    }

    fn universal(&mut self, transport: &Object, path: &str, wamp: &mut Table) -> (Vec<&'static str>, Object, String) {
        let sockets = transport.get("websocket").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut found = self.paths(&sockets, &format!("{path}.websocket"), wamp);
        if let Some(raw) = transport.get("rawsocket").and_then(Value::as_object) {
            found.0.push("rawsocket");
            if found.0.len() == 1 {
                (found.1, found.2) = (raw.clone(), format!("{path}.rawsocket"));
            } else if raw.get("auth") != found.1.get("auth") {
                self.leave(
                    format!("{path}.rawsocket.auth"),
                    "all transports of a listener share the first one's methods",
                );
            }
        }
        found
    }

    /// Paths of a web server: those that speak WAMP.
    fn paths(&mut self, paths: &Object, path: &str, wamp: &mut Table) -> (Vec<&'static str>, Object, String) {
        let mut found = (Vec::new(), Object::new(), String::new());
        // WebSocket's methods and sizes count for the listener, whatever it is called.
        let mut services: Vec<_> = paths.iter().collect();
        services.sort_by_key(|(_, service)| text(service, "type") != Some("websocket"));
        for (name, service) in services {
            let at = format!("{path}.{name}");
            let Some(service) = service.as_object() else { continue };
            let under = if name == "/" { name.clone() } else { format!("/{}", name.trim_start_matches('/')) };
            let (kind, key) = match text_of(service, "type") {
                Some("websocket") => ("websocket", "path"),
                Some("longpoll") => ("longpoll", "longpoll_path"),
                _ => {
                    self.leave(at, "only `websocket` and `longpoll` are converted; serve pages with a web server");
                    continue;
                }
            };
            if found.0.contains(&kind) {
                self.leave(at, "a listener has one path of a kind; configure another listener for this one");
                continue;
            }
            wamp.insert(key.into(), under.into());
            if found.0.is_empty() {
                (found.1, found.2) = (service.clone(), at);
            } else if service.get("auth") != found.1.get("auth") {
                self.leave(format!("{at}.auth"), "all transports of a listener share the first one's methods");
            }
            found.0.push(kind);
        }
        found
    }

    fn endpoint(&mut self, transport: &Object, path: &str) -> Option<Table> {
        let path = format!("{path}.endpoint");
        let mut listener = Table::new();
        let endpoint = transport.get("endpoint").and_then(Value::as_object);
        match address(endpoint) {
            Ok((address, exposed)) => {
                listener.insert("address".into(), address.into());
                if exposed && endpoint.is_some_and(|endpoint| !endpoint.contains_key("tls")) {
                    listener.insert("insecure_plain".into(), true.into());
                    self.leave(&path, "warning: without TLS others on the network can read passwords; insecure_plain = true is kept for now");
                }
            }
            Err(error) => {
                self.leave(path, &format!("the whole transport is left out: {error}"));
                return None;
            }
        }
        let endpoint = endpoint?;
        self.others(endpoint, &path, &["type", "port", "interface", "version", "path", "tls", "backlog"]);
        if let Some(tls) = endpoint.get("tls").and_then(Value::as_object) {
            let at = format!("{path}.tls");
            self.others(tls, &at, &["certificate", "key", "ca_certificates", "ciphers", "dhparam"]);
            let file = |key: &str| tls.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut pair = Table::new();
            pair.insert("chain".into(), file("certificate").into());
            pair.insert("key".into(), file("key").into());
            let mut made = Table::new();
            made.insert("certificates".into(), Toml::Array(vec![pair.into()]));
            let authorities = list(tls, "ca_certificates");
            if !authorities.is_empty() {
                let files: Vec<&str> = authorities.iter().filter_map(Value::as_str).collect();
                made.insert("client_ca".into(), strings(&files));
                made.insert("client_certificate".into(), "required".into());
            }
            listener.insert("tls".into(), made.into());
        }
        Some(listener)
    }

    fn options(&mut self, carrier: &Object, path: &str, wamp: &mut Table) {
        self.others(
            carrier,
            path,
            &[
                "id",
                "type",
                "endpoint",
                "auth",
                "options",
                "serializers",
                "url",
                "paths",
                "websocket",
                "rawsocket",
                "max_message_size",
            ],
        );
        if let Some(serializers) = carrier.get("serializers").and_then(Value::as_array) {
            let known = ["json", "msgpack", "cbor"];
            let kept: Vec<&str> =
                serializers.iter().filter_map(Value::as_str).filter(|name| known.contains(name)).collect();
            if kept.len() < serializers.len() {
                self.leave(format!("{path}.serializers"), "json, msgpack and cbor are spoken");
            }
            if !kept.is_empty() {
                wamp.insert("serializers".into(), strings(&kept));
            }
        }
        let options = carrier.get("options").and_then(Value::as_object).cloned().unwrap_or_default();
        let at = format!("{path}.options");
        self.others(
            &options,
            &at,
            &["max_message_size", "max_frame_size", "auto_ping_interval", "allowed_origins", "enable_webstatus"],
        );
        let size = options.get("max_message_size").or_else(|| carrier.get("max_message_size"));
        for (key, ours, value) in [
            ("max_message_size", "message_bytes_max", size),
            ("max_frame_size", "frame_bytes_max", options.get("max_frame_size")),
        ] {
            match value.and_then(Value::as_i64) {
                Some(bytes) if MESSAGE_BYTES.contains(&bytes) => drop(wamp.insert(ours.into(), bytes.into())),
                Some(_) => {
                    self.leave(format!("{at}.{key}"), "4096 to 16777216 bytes are possible; the default is 16777216")
                }
                None => {}
            }
        }
        if let Some(ping) = options.get("auto_ping_interval").and_then(Value::as_i64).filter(|ping| *ping >= 0) {
            wamp.insert("ping_ms".into(), ping.into());
        }
        let origins = list(&options, "allowed_origins");
        let plain: Vec<&str> =
            origins.iter().filter_map(Value::as_str).filter(|origin| *origin == "*" || !origin.contains('*')).collect();
        if plain.len() < origins.len() {
            self.leave(format!("{at}.allowed_origins"), "name each origin, or `*` for any");
        }
        if !plain.is_empty() {
            wamp.insert("origins".into(), strings(&plain));
        }
    }

    fn finish(self) -> (Table, Left) {
        let mut wamp = Table::new();
        wamp.insert("auth".into(), self.sets.into());
        wamp.insert("principals".into(), self.principals.into());
        let mut identity = Table::new();
        identity.insert("wamp".into(), wamp.into());
        identity.insert("roles".into(), self.roles.into());
        let mut edge = Table::new();
        edge.insert("listeners".into(), Toml::Array(self.listeners));
        let mut table = Table::new();
        if let Some(realm) = self.realms.keys().next() {
            table.insert("realm".into(), realm.clone().into());
        }
        table.insert("realms".into(), self.realms.into());
        table.insert("edge".into(), edge.into());
        table.insert("identity".into(), identity.into());
        (table, self.left)
    }
}

/// Where it listens, and whether others can reach that.
fn address(endpoint: Option<&Object>) -> anyhow::Result<(String, bool)> {
    let endpoint = endpoint.context("there is no endpoint")?;
    match text_of(endpoint, "type") {
        Some("unix") => Ok((format!("unix:{}", text_of(endpoint, "path").context("there is no path")?), false)),
        Some("tcp") => {
            let port = endpoint.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
            let port = port.context("the port is no number")?;
            let interface = text_of(endpoint, "interface").unwrap_or("0.0.0.0");
            let interface = if interface == "localhost" { "127.0.0.1" } else { interface };
            let ip: std::net::IpAddr = interface.parse().context("the interface is no IP address")?;
            Ok((std::net::SocketAddr::new(ip, port).to_string(), !ip.is_loopback()))
        }
        _ => bail!("only tcp and unix endpoints are known"),
    }
}

fn list<'a>(object: &'a Object, key: &str) -> &'a [Value] {
    object.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn text_of<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key)?.as_str()
}

fn strings<S: AsRef<str>>(all: &[S]) -> Toml {
    Toml::Array(all.iter().map(|one| Toml::String(one.as_ref().to_owned())).collect())
}

#[cfg(test)]
mod tests;
