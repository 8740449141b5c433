use serde_json::json;

use super::*;

fn node(transports: &Value) -> Value {
    let roles = json!([
        {"name": "anonymous", "permissions": [
            {"uri": "com.example.*", "allow": {"call": true, "publish": false}, "cache": true},
            {"uri": "com.*.open", "allow": {"subscribe": true}},
            {"uri": "com.news", "match": "exact", "allow": {"publish": true}, "disclose": {"publisher": true}}
        ]},
        {"name": "trusted", "permissions": []},
        {"name": "judged", "authorizer": "com.judge"}
    ]);
    json!({"version": 2, "controller": {}, "workers": [
        {"type": "router", "realms": [{"name": "realm1", "roles": roles}], "transports": transports, "components": []},
        {"type": "guest", "executable": "node"}
    ]})
}

fn converted(transports: &Value) -> (Table, Vec<String>) {
    let (table, left) = convert(&node(transports)).unwrap();
    let text = toml::to_string(&table).unwrap();
    if let Err(error) = toml::from_str::<crate::config::Config>(&text) {
        panic!("{error}\n{text}");
    }
    (table, left.into_iter().map(|(place, _)| place).collect())
}

fn at<'a>(table: &'a Table, path: &[&str]) -> &'a Toml {
    let (first, rest) = path.split_first().unwrap();
    rest.iter().fold(&table[*first], |value, key| match key.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[*key],
    })
}

#[test]
fn roles_keep_their_patterns_and_what_is_lost_is_told() {
    let (table, left) =
        converted(&json!([{"type": "websocket", "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"}}]));
    let allow = at(&table, &["identity", "roles", "anonymous", "allow"]).as_array().unwrap();
    let shown: Vec<_> =
        allow.iter().map(|grant| (grant["uri"].as_str().unwrap(), grant["match"].as_str().unwrap())).collect();
    assert_eq!(shown, [("com.example.", "prefix"), ("com..open", "wildcard"), ("com.news", "exact")]);
    assert_eq!(allow[0]["actions"].as_array().unwrap().len(), 1, "what was not allowed there is not allowed here");
    for place in [
        "$.controller",
        "$.workers[0].components",
        "$.workers[0].realms[0].roles[0].permissions[2].disclose",
        "$.workers[0].realms[0].roles[1]",
        "$.workers[1]",
        "roles.judged.authorizer",
    ] {
        assert!(left.iter().any(|told| told == place), "{place}: {left:?}");
    }
    let listener = at(&table, &["edge", "listeners", "0"]);
    assert_eq!(listener["address"].as_str(), Some("127.0.0.1:8080"));
    assert_eq!(
        at(&table, &["identity", "wamp", "auth", "listener-1", "anonymous", "role"]).as_str(),
        Some("anonymous")
    );
}

#[test]
fn every_kind_of_transport_and_credential_is_converted() {
    let (table, left) = converted(&json!([
        {"type": "web", "id": "web", "endpoint": {"type": "tcp", "port": 8080}, "paths": {
            "/": {"type": "static", "directory": "web"},
            "ws": {"type": "websocket", "options": {"max_message_size": 65536, "auto_ping_interval": 1000}, "auth": {
                "ticket": {"type": "static", "principals": {"joe": {"ticket": "a-long-ticket", "role": "anonymous"}, "ann": {"ticket": "short", "role": "anonymous"}}},
                "wampcra": {"type": "static", "users": {"eve": {"secret": "c2VjcmV0", "role": "user", "salt": "pepper"}}},
                "cryptosign": {"type": "static", "principals": {"kim": {"role": "user", "authorized_keys": ["1766c9e6ec7d7b354fd7a2e4542753a23cae0b901228305621e5b8713299ccdd"]}}},
                "tls": {"type": "static", "principals": {"app": {"certificate-sha1": "00", "role": "user"}}}
            }},
            "lp": {"type": "longpoll"}
        }},
        {"type": "rawsocket", "endpoint": {"type": "unix", "path": "raw.sock"}, "serializers": ["cbor", "flatbuffers"],
         "auth": {"tls": {"type": "dynamic", "authenticator": "com.auth", "authenticator-realm": "realm1"}}},
        {"type": "universal", "endpoint": {"type": "tcp", "port": "$PORT"}, "rawsocket": {}},
        {"type": "mqtt", "endpoint": {"type": "tcp", "port": 1883}}
    ]));
    let web = at(&table, &["edge", "listeners", "0", "wamp"]);
    assert_eq!((web["path"].as_str(), web["longpoll_path"].as_str()), (Some("/ws"), Some("/lp")));
    assert_eq!((web["message_bytes_max"].as_integer(), web["ping_ms"].as_integer()), (Some(65536), Some(1000)));
    let principals = at(&table, &["identity", "wamp", "principals"]).as_table().unwrap();
    assert_eq!(principals.keys().map(String::as_str).collect::<Vec<_>>(), ["eve", "joe", "kim"]);
    assert_eq!(principals["joe"]["auth"][0].as_str(), Some("web"), "known where it was known, and nowhere else");
    let raw = at(&table, &["edge", "listeners", "1"]);
    assert_eq!(
        (raw["address"].as_str(), raw["wamp"]["serializers"].as_array().unwrap().len()),
        (Some("unix:raw.sock"), 1)
    );
    for place in [
        "$.workers[0].transports[0].endpoint",
        "$.workers[0].transports[0].paths./",
        "$.workers[0].transports[0].paths.ws.auth.ticket.principals.ann",
        "$.workers[0].transports[0].paths.ws.auth.tls.principals.app",
        "$.workers[0].transports[0].paths.lp.auth",
        "$.workers[0].transports[1].serializers",
        "$.workers[0].transports[2].endpoint",
        "$.workers[0].transports[3]",
    ] {
        assert!(left.iter().any(|told| told == place), "{place}: {left:?}");
    }
}

#[test]
fn what_is_no_configuration_is_refused() {
    for wrong in [
        json!(null),
        json!([]),
        json!({}),
        json!({"workers": {}}),
        json!({"workers": []}),
        node(&json!([])),
        node(&json!([1])),
    ] {
        assert!(convert(&wrong).is_err(), "{wrong}");
    }
}
