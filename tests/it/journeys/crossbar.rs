//! Configurations of Crossbar.io, converted by the real program, and checked by it.

use crossgate_tests::Site;
use serde_json::json;

#[test]
fn a_converted_configuration_is_good_and_nothing_is_overwritten() {
    let site = Site::new();
    let everything = json!({"call": true, "register": true, "publish": true, "subscribe": true});
    let node = json!({"version": 2, "workers": [{"type": "router", "realms": [{"name": "realm1", "roles": [
        {"name": "anonymous", "permissions": [{"uri": "com.example.", "match": "prefix", "allow": everything}]},
        {"name": "authenticator", "permissions": [{"uri": "com.security.*", "allow": {"register": true}}]},
        {"name": "server", "authorizer": "com.security.authorize"},
    ]}], "transports": [
        {"type": "websocket", "endpoint": {"type": "tcp", "port": 8080, "interface": "127.0.0.1"}},
        {"type": "web", "id": "secure", "endpoint": {"type": "tcp", "port": 8443, "tls": {
            "certificate": "server.pem", "key": "server.key", "ca_certificates": ["ca.pem"], "dhparam": "dh.pem"}},
         "paths": {"ws": {"type": "websocket", "auth": {
             "tls": {"type": "dynamic", "authenticator": "com.security.authenticate"},
             "ticket": {"type": "static", "principals": {"joe": {"ticket": "a-ticket-of-joe", "role": "authenticator"}}}}},
             "info": {"type": "nodeinfo"}}},
    ]}]});
    site.write("config.json", &node.to_string());
    let converted = site.run(&["import", "crossbar", "config.json", "-o", "out.toml"]);
    assert_eq!(converted.code, Some(0), "{converted:#?}");
    assert!(converted.stderr.contains("$.workers[0].transports[1].paths.info"), "{}", converted.stderr);
    site.run(&["check", "--config", "out.toml"]).success();
    let again = site.run(&["import", "crossbar", "config.json", "-o", "out.toml"]).failure();
    assert!(again.contains("cannot make out.toml"), "{again}");
    site.write("broken.json", "{\"workers\": [\"hunter2\"");
    let broken = site.run(&["import", "crossbar", "broken.json"]).failure();
    assert!(broken.contains("is not JSON") && !broken.contains("hunter2"), "{broken}");
}
