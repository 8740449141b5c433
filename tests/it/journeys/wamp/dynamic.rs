//! Programs that decide who comes in and who may what: written for autobahn-python, as people's are, with real certificates.

use serde_json::{Value, json};

use super::callees::Running;
use super::{doors, lines, python, site};

const SECURITY: &str = r#"
[[edge.listeners]]
name = "dynamic"
address = "127.0.0.1:0"

[edge.listeners.tls]
certificates = [{ chain = "server.pem", key = "server.key" }]
client_ca = ["ca.pem"]
client_certificate = "optional"

[identity.wamp.auth.dynamic]
ticket = { authenticator = "com.security.authenticate" }
wampcra = { authenticator = "com.security.authenticate" }
cryptosign = { authenticator = "com.security.authenticate" }
tls = { authenticator = "com.security.authenticate" }

[identity.wamp.principals.authority]
role = "authority"
ticket = "the-ticket-of-the-authority"

[identity.roles.authority]
allow = [
    { uri = "com.security.", match = "prefix", actions = ["register"] },
    { uri = "wamp.session.on_join", actions = ["subscribe"] },
]

[identity.roles.judged]
authorizer = "com.security.authorize"

[services.loans]"#;

/// What two authorities were asked and saw, and what became of their clients. One of the two is killed with each kind of
/// question, and another takes its place.
async fn judged() -> (Value, Vec<Value>) {
    let site = site();
    site.reconfigure("[services.loans]", SECURITY);
    let program = site.start().await;
    let mut doors = doors(&program);
    let dynamic = &program.listener("dynamic").address;
    let port: u16 = dynamic.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    doors["dynamic"] = json!({"host": "127.0.0.1", "port": port, "tls": true});
    let authority = json!({"authid": "authority", "ticket": "the-ticket-of-the-authority"});
    site.write("plan.json", &json!({"site": site.folder(), "doors": doors, "authority": authority}).to_string());
    let plan = site.path("plan.json");
    let authorities: Vec<Running> = (0..3).map(|_| Running::ready("authority.py", &plan)).collect();
    let mut command = python("judged.py");
    command.arg(&plan);
    let seen = lines(command).pop().expect("the script prints what it saw");
    let said: Vec<Value> = authorities.into_iter().flat_map(Running::kill).collect();
    program.stop().await;
    (seen, said)
}

/// The questions of a kind, and who has joined.
fn asked<'a>(said: &'a [Value], what: &str) -> Vec<&'a Value> {
    said.iter().filter(|line| line["asked"] == what).collect()
}

#[tokio::test]
async fn authenticators_and_authorizers_written_for_autobahn_python_are_asked_and_obeyed() {
    let (seen, said) = judged().await;
    answers_of_authenticators(&seen);
    questions_to_authenticators(&said);
    answers_of_authorizers(&seen["may"]);
    questions_to_authorizers(&said);
    events_of_sessions(&said);
}

fn answers_of_authenticators(seen: &Value) {
    let tickets = &seen["tickets"];
    let dora = json!({"authid": "dora", "role": "judged", "extra": {"desk": 7}, "provider": "dynamic"});
    assert_eq!(tickets["dictionary"], dora);
    for wish in ["role", "die"] {
        assert_eq!((&tickets[wish]["authid"], &tickets[wish]["role"]), (&json!("tom"), &json!("worker")), "{wish}");
    }
    assert_eq!(tickets["denied"], json!(["com.example.denied", "nobody is at home"]));
    for (wish, uri) in [
        ("exception", "wamp.error.runtime_error"),
        ("nothing", "wamp.error.authentication_failed"),
        ("number", "wamp.error.authentication_failed"),
        ("no role", "wamp.error.no_such_role"),
        ("unknown role", "wamp.error.no_such_role"),
        ("trusted", "wamp.error.no_such_role"),
        ("operator", "wamp.error.no_such_role"),
    ] {
        assert_eq!(tickets[wish][0], uri, "{wish}: {}", tickets[wish]);
    }
    assert_eq!(seen["wampcra"]["role"], "worker");
    assert_eq!(seen["wrong secret"][0], "wamp.error.authentication_denied");
    assert_eq!(seen["cryptosign"]["role"], "worker");
    assert_eq!(seen["certificate"], dora);
    let refused = seen["no certificate"][0].as_str().expect("a refusal");
    assert!(refused.starts_with("wamp.error."), "{refused}");
}

fn questions_to_authenticators(said: &[Value]) {
    let questions = asked(said, "authenticate");
    let with = |method: &str| questions.iter().filter(|one| one["details"]["authmethod"] == method).collect::<Vec<_>>();
    for question in &questions {
        let (realm, details) = (&question["realm"], &question["details"]);
        assert_eq!(realm, "crossgate");
        assert!(details["session"].is_u64(), "{details}");
        let headers = &details["transport"]["http_headers_received"];
        assert!(headers["user-agent"].as_str().is_some_and(|agent| agent.starts_with("AutobahnPython")), "{headers}");
        assert!(headers.get("sec-websocket-key").is_none() && headers.get("cookie").is_none(), "{headers}");
    }
    let ticket = with("ticket");
    assert_eq!((&ticket[0]["authid"], &ticket[0]["details"]["authid"]), (&json!("tom"), &json!("tom")));
    assert!(ticket.iter().all(|one| one["details"]["ticket"].is_string()));
    assert_eq!(ticket[0]["details"]["transport"]["client_cert"], Value::Null, "it showed none");
    let tls = with("tls");
    // Whoever shows no certificate is refused before anybody is asked.
    assert_eq!(tls.len(), 1, "{tls:?}");
    assert_eq!((&tls[0]["authid"], &tls[0]["details"]["authextra"]), (&Value::Null, &json!({"wish": "dictionary"})));
    certificate(&tls[0]["details"]["transport"]);
}

/// Everything that programs read of a transport with a client certificate.
fn certificate(transport: &Value) {
    for (key, value) in
        [("channel_type", "tls"), ("channel_framing", "websocket"), ("websocket_protocol", "wamp.2.cbor.batched")]
    {
        assert_eq!(transport[key], value, "{key}");
    }
    assert!(transport["peer"].as_str().is_some_and(|peer| peer.starts_with("tcp4:127.0.0.1:")), "{transport}");
    assert_eq!((&transport["is_server"], &transport["is_secure"]), (&json!(true), &json!(true)));
    let shown = &transport["client_cert"];
    assert_eq!(shown, &transport["peer_cert"]);
    assert_eq!(
        (&shown["subject"]["cn"], &shown["issuer"]["cn"]),
        (&json!("worker-7"), &json!("Crossgate test authority"))
    );
    for (digest, bytes) in [("md5", 16), ("sha1", 20), ("sha256", 32)] {
        let pairs: Vec<&str> = shown[digest].as_str().expect("a fingerprint").split(':').collect();
        let upper = |pair: &&str| pair.len() == 2 && pair.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        assert!(pairs.len() == bytes && pairs.iter().all(upper), "{digest} {pairs:?}");
    }
    assert_eq!((&shown["expired"], &shown["version"]), (&json!(false), &json!(2)));
    assert_eq!(shown["not_after"], "21000101000000Z");
    assert!(shown["serial"].is_u64() && shown["hash"].is_u64(), "{shown}");
    let extensions = shown["extensions"].as_array().expect("a list");
    assert!(extensions.iter().any(|one| one["name"] == "subjectAltName"), "{extensions:?}");
}

fn answers_of_authorizers(may: &Value) {
    for wish in ["yes", "die"] {
        assert_eq!(may[wish], "no error", "{wish}");
    }
    for denied in ["no", "call denied", "denied", "pattern", "authorizer"] {
        assert_eq!(may[denied], "wamp.error.not_authorized", "{denied}");
    }
    for broken in ["nonsense", "half", "exception"] {
        assert_eq!(may[broken], "wamp.error.authorization_failed", "{broken}");
    }
    assert_eq!(may["call"][0], "no error");
    assert_eq!(may["cached"], json!(["no error", "no error", "no error"]));
}

fn questions_to_authorizers(said: &[Value]) {
    let questions = asked(said, "authorize");
    let about = |uri: &str, action: &str| {
        questions.iter().filter(|one| one["uri"] == uri && one["action"] == action).collect::<Vec<_>>()
    };
    for question in &questions {
        let details = &question["details"];
        assert_eq!((&details["authid"], &details["authrole"]), (&json!("dora"), &json!("judged")));
        assert_eq!((&details["authmethod"], &details["authprovider"]), (&json!("tls"), &json!("dynamic")));
        assert_eq!(details["authextra"], json!({"desk": 7}));
        assert!(details["session"].is_u64());
        certificate(&details["transport"]);
    }
    assert_eq!(about("com.judged.yes", "register").len(), 1);
    assert_eq!(about("com.judged.yes", "call").len(), 1);
    assert_eq!(about("com.judged.die", "register").len(), 2, "asked again when the first one was killed");
    assert_eq!(about("com.judged.cached", "publish").len(), 1, "asked once for three");
    assert_eq!(about("com.judged.cached", "publish")[0]["options"]["acknowledge"], true);
    assert_eq!(about("com.judged.no.", "subscribe")[0]["options"]["match"], "prefix");
    assert!(about("com.security.authorize", "register").is_empty(), "none decides about itself");
}

/// `wamp.session.on_join` shows the certificate under both names, too.
fn events_of_sessions(said: &[Value]) {
    let joined: Vec<&Value> = said.iter().filter_map(|line| line.get("joined")).collect();
    let by_certificate = |one: &&&Value| one["authmethod"] == "tls";
    let dora = joined.iter().find(by_certificate).expect("an event of the session with the certificate");
    assert_eq!(
        (&dora["authid"], &dora["authrole"], &dora["realm"]),
        (&json!("dora"), &json!("judged"), &json!("crossgate"))
    );
    certificate(&dora["transport"]);
}
