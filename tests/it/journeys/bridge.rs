//! The HTTP bridge: scripts that call and publish with nothing but HTTP.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use crossgate_tests::{Answer, Program, Python, Site, Visitor};
use http::Method;
use serde_json::{Value, json};

use super::{OWED, records, signed_in};

/// Who is there besides the standard callers: a worker over WAMP, an application over HTTP, and a key that signs.
pub(super) const BRIDGED: &str = r#"
[identity.wamp.auth.default]
ticket = {}

[identity.wamp.principals.worker]
role = "worker"
ticket = "worker-has-a-ticket"

[identity.signed_keys.script]
secret = "file:script.key"
roles = ["app"]

[identity.clients.app]
secret_hash = "sha256:{{hash}}"
roles = ["app"]

[identity.roles.worker]
allow = [{ uri = "com.example.", match = "prefix", actions = ["register", "subscribe"] }]

[identity.roles.app]
allow = [
    { uri = "bridge.", match = "prefix" },
    { uri = "loans.balance" },
    { uri = "wamp.session.count" },
    { uri = "com.example.", match = "prefix", actions = ["call", "publish", "subscribe"] },
]
deny = [{ uri = "com.example.secret", actions = ["call", "publish", "subscribe"] }]

[realms.crossgate]
outbox_bytes_max = 65536
history = [{ topic = "com.example.kept.", match = "prefix", events_max = 100 }]

[services.loans]"#;

/// Signs the script's requests.
const SCRIPT_KEY: &str = "script-key-1c8f4a66d2b90e37";
/// The application's secret and its SHA-256.
pub(super) const APP: crossgate_tests::Client = ("app", "app-secret-2f7b90c4a1d8e635");
const APP_HASH: &str = "45e8ac236d54996b8ed69b65499a6480aeed7efb1ce82e7f7854b46ead6d8851";

/// A site with all of them, and loans.
pub(super) fn site() -> Site {
    let site = Site::with_loans();
    site.write("script.key", SCRIPT_KEY);
    site.reconfigure("[services.loans]", &BRIDGED.replace("{{hash}}", APP_HASH));
    site
}

/// A worker that answers, and hears what is published.
struct Worker {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Worker {
    fn start(program: &Program) -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
        let url = program.url("plain").replace("http://", "ws://") + "/ws";
        let mut child = Python::find()
            .command("python")
            .arg(top.join("tests/wamp/bridge_worker.py"))
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut worker = Self { child, lines };
        assert_eq!(worker.line(), "ready");
        worker
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the worker says something");
        line.trim().to_owned()
    }

    fn heard(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("an event")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn call(visitor: &Visitor, procedure: &str, args: Value, kwargs: Value) -> Value {
    let body = json!({"procedure": procedure, "args": args, "kwargs": kwargs});
    let answer = visitor.post("/wamp/call", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn a_script_calls_whatever_it_is_granted_and_nothing_else() {
    let site = site();
    let program = site.start().await;
    let worker = Worker::start(&program);
    let app = signed_in(&program, APP).await;
    let nothing = || json!({});
    assert_eq!(call(&app, "com.example.add", json!([40, 2]), nothing()).await, json!({"args": [42]}));
    assert_eq!(
        call(&app, "com.example.echo", json!([1, [2]]), json!({"text": "é"})).await,
        json!({"args": [1, [2]], "kwargs": {"text": "é"}})
    );
    assert_eq!(call(&app, "com.example.nothing", Value::Null, Value::Null).await, json!({"args": [null]}));
    assert_eq!(call(&app, "com.example.binary", json!([]), nothing()).await, json!({"args": ["\u{0}AAE="]}));
    assert_eq!(
        call(&app, "com.example.broken", json!([1]), nothing()).await,
        json!({"error": "com.example.broken", "args": ["on purpose", 1], "kwargs": {"code": 7}})
    );
    // The program's own procedures, and the router's.
    let balance = call(&app, "loans.balance", json!([]), json!({"loan_id": 1, "date": "2020-10-31"})).await;
    assert_eq!(balance, json!({"args": [OWED.trim_matches('"')]}));
    assert_eq!(call(&app, "wamp.session.count", json!([]), nothing()).await, json!({"args": [1]}));
    for (procedure, error) in [
        ("com.example.absent", "wamp.error.no_such_procedure"),
        ("com.example.secret", "wamp.error.not_authorized"),
        ("loans.post", "wamp.error.not_authorized"),
        ("wamp.session.list", "wamp.error.not_authorized"),
        ("no uri", "wamp.error.invalid_uri"),
    ] {
        let answer = call(&app, procedure, json!([]), nothing()).await;
        assert_eq!(answer["error"], error, "{procedure}: {answer}");
        assert!(answer["args"][0].is_string(), "{answer}");
    }
    app.post("/wamp/call", &json!({"procedure": "bridge.call"})).await.problem(400);
    app.post("/wamp/call", &json!({"procedure": "com.example.add", "arguments": []})).await.problem(400);
    let deep = format!("{{\"procedure\":\"com.example.echo\",\"args\":[{}{}]}}", "[".repeat(2000), "]".repeat(2000));
    let answer = app.request(Method::POST, "/wamp/call", Some(("application/json", deep.into_bytes()))).await;
    answer.problem(400);
    // Each is on record by its own name, in the name of whoever called.
    let auditor = signed_in(&program, Site::AUDITOR).await;
    let made = records(&auditor, "procedure=com.example.add", 1).await;
    assert_eq!(
        (&made[0]["caller"], &made[0]["door"], &made[0]["outcome"]),
        (&json!("app"), &json!("bridge"), &json!("ok"))
    );
    let refused = records(&auditor, "procedure=wamp.call&outcome=forbidden", 3).await;
    assert!(refused.iter().all(|record| record["caller"] == "app" && record["door"] == "bridge"), "{refused:?}");
    drop(worker);
    program.stop().await;
}

#[tokio::test]
async fn a_script_publishes_whatever_it_is_granted_and_nothing_else() {
    let site = site();
    let program = site.start().await;
    let mut worker = Worker::start(&program);
    let app = signed_in(&program, APP).await;
    let body = json!({"topic": "com.example.news", "args": ["hello"], "kwargs": {"n": 1}});
    let answer = app.post("/wamp/publish", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json()["id"].as_u64().is_some_and(|id| id > 0), "{answer:?}");
    assert_eq!(worker.heard(), json!([["hello"], {"n": 1}]));
    let nobody = json!({"topic": "com.example.news", "args": [2], "options": {"eligible_authrole": ["nobody"]}});
    assert!(app.post("/wamp/publish", &nobody).await.json()["id"].is_u64());
    for (topic, options, error) in [
        ("com.example.secret", json!({}), "wamp.error.not_authorized"),
        ("org.other", json!({}), "wamp.error.not_authorized"),
        ("wamp.session.on_join", json!({}), "wamp.error.invalid_uri"),
        ("com.example.news", json!({"exclude": "everybody"}), "wamp.error.invalid_argument"),
        ("com.example.news", json!({"ppt_scheme": "x_mine"}), "wamp.error.invalid_argument"),
    ] {
        let answer = app.post("/wamp/publish", &json!({"topic": topic, "options": options})).await;
        assert_eq!(answer.json()["error"], error, "{topic} {options}: {answer:?}");
    }
    assert!(
        app.post("/wamp/publish", &json!({"topic": "com.example.news", "args": ["last"]})).await.json()["id"].is_u64()
    );
    assert_eq!(worker.heard(), json!([["last"], {}]), "what was refused, or for others, did not arrive");
    // Who may not use the bridge does not learn what is behind it.
    signed_in(&program, Site::LENDER).await.post("/wamp/publish", &body).await.problem(403);
    program.visitor("tls").post("/wamp/publish", &body).await.problem(401);
    let auditor = signed_in(&program, Site::AUDITOR).await;
    let made = records(&auditor, "procedure=wamp.publish&outcome=ok", 3).await;
    assert!(made.iter().all(|record| record["detail"] == "com.example.news"), "{made:?}");
    drop(worker);
    program.stop().await;
}

/// Signs by the documented rule, with Python's own implementation, and sends.
async fn signed(visitor: &Visitor, edit: &str, body: &Value) -> Answer {
    let script = "import sys,hmac,hashlib,base64,datetime,urllib.parse as u\n\
        key,secret,seq,nonce,offset='script',sys.argv[1],'1','4711',0\n\
        body=sys.argv[2]\n\
        exec(sys.argv[3])\n\
        at=(datetime.datetime.now(datetime.timezone.utc)+datetime.timedelta(seconds=offset)).strftime('%Y-%m-%dT%H:%M:%S.%fZ')\n\
        mac=hmac.new(secret.encode(),(key+at+seq+nonce+body).encode(),hashlib.sha256)\n\
        print(u.urlencode(dict(key=key,timestamp=at,seq=seq,nonce=nonce,signature=base64.urlsafe_b64encode(mac.digest()))))";
    let output = Python::find()
        .command("python")
        .args(["-c", script, SCRIPT_KEY, &body.to_string(), edit])
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let query = String::from_utf8(output.stdout).expect("text").trim().to_owned();
    if edit == "seq='77'" {
        visitor.post(&format!("/wamp/publish?{query}"), body).await;
    }
    visitor.post(&format!("/wamp/publish?{query}"), body).await
}

#[tokio::test]
async fn a_signed_request_is_taken_once_and_only_as_it_was_signed() {
    let site = site();
    let program = site.start().await;
    let nobody = program.visitor("tls");
    let body = json!({"topic": "com.example.news", "args": ["signed"]});
    let answer = signed(&nobody, "", &body).await;
    assert!(answer.status == 200 && answer.json()["id"].is_u64(), "{answer:?}");
    let refused = [
        ("secret='another-secret-of-that-length'", "a wrong secret"),
        ("body='{}'", "another body"),
        ("key='nobody'", "an unknown key"),
        ("offset=-400", "stale"),
        ("offset=400", "from the future"),
        ("nonce='x'", "no nonce"),
        // Sent twice.
        ("seq='77'", "a replay"),
    ];
    for (edit, what) in refused {
        let answer = signed(&nobody, edit, &body).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
        answer.problem(401);
        assert!(!answer.header("www-authenticate").is_empty());
    }
    // A signature is for the bridge alone, all of it is needed, and a listener may refuse it.
    nobody.post("/wamp/publish?key=script&seq=1", &body).await.problem(401);
    nobody.get("/api/v1/loan/1/2020-10-31?key=script&signature=x").await.problem(401);
    let auditor = signed_in(&program, Site::AUDITOR).await;
    let made = records(&auditor, "procedure=wamp.publish&outcome=ok", 2).await;
    assert!(made.iter().all(|record| record["caller"] == "script" && record["proof"] == "signature"), "{made:?}");
    program.stop().await;
}
