//! WAMP with somebody else's client: autobahn-python, unmodified, against the real program.

use std::path::Path;

use crossgate_tests::{Program, Python, Site};
use serde_json::{Value, json};

use super::OWED;

/// Joe's credentials are the script's: `tests/wamp/autobahn_journey.py`.
const CLIENTS: &str = r#"
[identity.wamp.auth.default]
anonymous = { role = "guest" }
ticket = {}
wampcra = {}
cryptosign = {}

[identity.wamp.principals.joe]
role = "worker"
ticket = "joe-has-a-ticket"
secret = "joe-has-a-secret"
public_keys = ["{{key}}"]

[identity.roles.guest]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
    { uri = "wamp.session.count" },
]

[identity.roles.worker]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
    { uri = "wamp.session.count" },
    { uri = "loans.balance" },
]

[services.loans]"#;

/// The public half of the script's key.
const PUBLIC_KEY: &str = "1766c9e6ec7d7b354fd7a2e4542753a23cae0b901228305621e5b8713299ccdd";

async fn started() -> (Site, Program) {
    let site = Site::with_loans();
    site.reconfigure("[services.loans]", &CLIENTS.replace("{{key}}", PUBLIC_KEY));
    let program = site.start().await;
    (site, program)
}

fn journey(program: &Program, transport: &str, serializer: &str, method: &str) -> Value {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
    let url = program.url("plain").replace("http://", "ws://") + "/ws";
    let output = Python::find()
        .command("python")
        .arg(top.join("tests/wamp/autobahn_journey.py"))
        .args([transport, serializer, &url, method])
        .output()
        .expect("python starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{transport} {serializer} {method}: {stdout}\n{stderr}");
    serde_json::from_str(stdout.lines().last().unwrap_or_default()).expect("the script prints what it saw")
}

fn check(seen: &Value, method: &str) {
    assert_eq!(seen["authmethod"], method);
    assert_eq!(seen["sum"], 42);
    assert_eq!(seen["binary"], "636261ff00");
    assert_eq!((&seen["steps"], &seen["progress"]), (&json!("done"), &json!([0, 1, 2])));
    assert_eq!(seen["com.example.broken"], json!(["com.example.broken", ["on purpose"], {"code": 7}]));
    assert_eq!(seen["com.example.nothing"][0], "wamp.error.no_such_procedure");
    assert_eq!(seen["org.forbidden.thing"][0], "wamp.error.not_authorized");
    let event = |number: u64| json!([[number], {"text": "\u{e9}\u{4e16}"}]);
    assert_eq!(seen["events"], json!([event(0), event(1), event(2)]));
    assert_eq!(seen["sessions"], 2);
    if method != "anonymous" {
        assert_eq!(seen["balance"], json!(OWED.trim_matches('"')));
    }
}

#[tokio::test]
async fn autobahn_python_calls_and_publishes_over_every_transport_and_serializer() {
    let (_site, program) = started().await;
    for transport in ["websocket", "rawsocket"] {
        for serializer in ["json", "msgpack", "cbor"] {
            check(&journey(&program, transport, serializer, "ticket"), "ticket");
        }
    }
    program.stop().await;
}

#[tokio::test]
async fn autobahn_python_proves_who_it_is_by_every_method() {
    let (_site, program) = started().await;
    for method in ["anonymous", "wampcra", "cryptosign"] {
        check(&journey(&program, "websocket", "cbor", method), method);
    }
    program.stop().await;
}
