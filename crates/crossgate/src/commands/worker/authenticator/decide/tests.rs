use super::*;

const POLICY: &str = r#"
[[principals]]
fingerprints = ["00112233445566778899aabbccddeeff00112233"]
authid = "server"
role = "server"
realm = "crossbar"
extra = { desk = 7 }

[[principals]]
san_uri = "spiffe://example/app"
authid = "app"
role = "server"

[roles.server]
allow = [{ uri = "hello.", match = "prefix", actions = ["call", "subscribe"], cache = true }]
"#;

fn policy() -> Policy {
    Policy::parse(POLICY).unwrap()
}

fn certificate() -> Map {
    let alternative = Map::new().with("name", "subjectAltName").with("value", "URI:spiffe://example/other");
    Map::new()
        .with("sha1", "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33")
        .with("sha256", "AA")
        .with("expired", false)
        .with("subject", Map::new().with("cn", "app1\n+ \"forged\""))
        .with("issuer", Map::new().with("cn", "Our authority").with("ou", "XBR"))
        .with("extensions", Value::List(vec![alternative.into()]))
}

fn details(certificate: Value) -> Value {
    let transport = Map::new().with("peer_cert", certificate);
    Map::new().with("authmethod", "tls").with("transport", transport).into()
}

fn asked(realm: Value, details: Value) -> Decided {
    authenticate(&policy(), &[realm, Value::Null, details])
}

#[test]
fn a_known_certificate_gets_what_the_policy_says() {
    for realm in [Value::Null, "crossbar".into()] {
        let (line, answer) = asked(realm, details(certificate().into()));
        let expected = Map::new().with("authid", "server").with("role", "server").with("realm", "crossbar");
        assert_eq!(answer, Ok(expected.with("extra", Map::new().with("desk", 7_i64)).into()));
        assert!(line.starts_with("+ \"server\" on realm \"crossbar\" CN="), "{line}");
        assert!(line.contains("COMPANY=\"XBR\" SHA=00:11:") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn whoever_is_not_named_is_told_no_more_than_that() {
    let unknown = certificate().with("sha1", "FF");
    let ticket = Map::new().with("authmethod", "ticket").with("transport", Map::new().with("peer_cert", certificate()));
    let mut undated = Map::new();
    undated.insert("sha1", certificate().get("sha1").unwrap().clone());
    for (realm, details, why) in [
        ("crossbar", details(unknown.into()), "does not name it"),
        ("logger", details(certificate().into()), "it belongs on \"crossbar\""),
        ("crossbar", details(certificate().with("expired", true).into()), "has expired"),
        ("crossbar", details(undated.into()), "has expired"),
        ("crossbar", details(Value::Null), "no certificate"),
        ("crossbar", Map::new().into(), "no certificate"),
        ("crossbar", ticket.into(), "only certificates"),
    ] {
        let (line, answer) = asked(realm.into(), details);
        assert!(line.starts_with("- ") && line.contains(why), "{line}");
        let error = answer.unwrap_err();
        assert_eq!(error, WampError::new(uris::error::AUTHENTICATION_DENIED, "this certificate may not join here"));
    }
}

#[test]
fn arguments_of_another_form_are_refused() {
    let policy = policy();
    let map = || Value::Map(Map::new());
    for args in [vec![], vec![Value::Null], vec![Value::Null, Value::Null, Value::Null]] {
        assert_eq!(authenticate(&policy, &args).1.unwrap_err().uri, uris::error::INVALID_ARGUMENT);
    }
    let role = || Value::Map(Map::new().with("authrole", "server"));
    for args in [
        vec![],
        vec![map(), "hello.a".into(), "call".into()],
        vec![role(), "hello.a".into(), "dance".into(), map()],
        vec![role(), Value::Null, "call".into(), map()],
        vec![role(), "hello.a".into(), "subscribe".into(), Map::new().with("match", "regex").into()],
        vec![role(), "hello.a".into(), "subscribe".into(), Map::new().with("match", 1_u64).into()],
    ] {
        assert_eq!(authorize(&policy, &args).1.unwrap_err().uri, uris::error::INVALID_ARGUMENT, "{args:?}");
    }
}

#[test]
fn requests_are_judged_by_role_action_uri_and_pattern() {
    let policy = policy();
    for (role, uri, action, options, allow) in [
        ("server", "hello.world", "call", Map::new(), true),
        ("server", "hello.", "subscribe", Map::new().with("match", "prefix"), true),
        ("server", "hello.world", "publish", Map::new(), false),
        ("server", "hell", "subscribe", Map::new().with("match", "prefix"), false),
        ("client", "hello.world", "call", Map::new(), false),
    ] {
        let details = Map::new().with("authrole", role).with("authid", "x");
        let (line, answer) = authorize(&policy, &[details.into(), uri.into(), action.into(), options.into()]);
        let answer = answer.unwrap();
        let answer = answer.as_map().unwrap();
        assert_eq!(answer.get("allow"), Some(&allow.into()), "{line}");
        assert_eq!(answer.get("cache"), Some(&allow.into()), "denials are never remembered: {line}");
        assert_eq!(answer.get("disclose"), None);
    }
}
