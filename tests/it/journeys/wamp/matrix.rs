//! Every transport with every serializer and every way to prove who one is, as far as autobahn-python and autobahn-js
//! have them. In each cell two sessions do all that sessions do; one process for each library walks all cells.

use std::collections::BTreeMap;

use crossgate_tests::{Http, Program, Site};
use serde_json::{Value, json};

use super::super::OWED;
use super::{doors, javascript, lines, python, site};

/// The forms of messages.
const SINGLE: &[&str] = &["json", "msgpack", "cbor"];
const BATCHED: &[&str] = &["json", "msgpack", "cbor", "json.batched", "msgpack.batched", "cbor.batched"];
/// The ways to prove who one is that need nothing of the transport.
const PORTABLE: &[&str] = &["anonymous", "ticket", "token", "wampcra", "salted wampcra", "scram", "cryptosign"];
/// All of them: also by what TLS and HTTP carry.
const ALL: &[&str] = &[
    "anonymous",
    "ticket",
    "token",
    "wampcra",
    "salted wampcra",
    "scram",
    "cryptosign",
    "certificate",
    "console's cookie",
    "router's cookie",
];

/// A transport, a door, and what is combined there.
type Row = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const PYTHON: &[Row] = &[
    ("websocket", "tls", BATCHED, ALL),
    ("websocket", "plain", BATCHED, PORTABLE),
    ("websocket+deflate", "tls", SINGLE, &["ticket"]),
    // What it prefers: batched CBOR.
    ("websocket", "tls", &["default"], &["ticket"]),
    (
        "rawsocket",
        "tls",
        SINGLE,
        &["anonymous", "ticket", "token", "wampcra", "salted wampcra", "scram", "cryptosign", "certificate"],
    ),
    ("rawsocket", "plain", SINGLE, PORTABLE),
    ("rawsocket", "unix", SINGLE, PORTABLE),
];

/// autobahn-js has no SCRAM, no batches, RawSocket with JSON and without TLS, and shows nobody its Set-Cookie. Over WebSocket it asks for
/// compression, where there is some to be had: at the door with TLS.
const METHODS: &[&str] = &["anonymous", "ticket", "token", "wampcra", "salted wampcra", "cryptosign"];
const JAVASCRIPT: &[Row] = &[
    (
        "websocket",
        "tls",
        SINGLE,
        &["anonymous", "ticket", "token", "wampcra", "salted wampcra", "cryptosign", "certificate", "console's cookie"],
    ),
    ("websocket", "plain", SINGLE, METHODS),
    ("rawsocket", "plain", &["json"], METHODS),
    ("rawsocket", "unix", &["json"], METHODS),
    ("longpoll", "tls", &["json"], METHODS),
    ("longpoll", "plain", &["json"], METHODS),
];

/// What somebody needs to prove who it is, and who it then is.
struct Proof {
    /// The method's name in HELLO.
    method: &'static str,
    credentials: Value,
    /// Who it is: none for nobody in particular.
    authid: Option<&'static str>,
    role: &'static str,
}

fn proof(how: &str, token: &str) -> Proof {
    let known = |method, authid, credentials| Proof { method, credentials, authid: Some(authid), role: "worker" };
    match how {
        "anonymous" => Proof { method: "anonymous", credentials: json!({}), authid: None, role: "guest" },
        "ticket" => known("ticket", "joe", json!({"authid": "joe", "ticket": "joe-has-a-ticket"})),
        "token" => Proof { role: "lender", ..known("ticket", "billing", json!({"ticket": token})) },
        "wampcra" => known("wampcra", "joe", json!({"authid": "joe", "secret": "joe-has-a-secret"})),
        "salted wampcra" => known("wampcra", "sally", json!({"authid": "sally", "secret": "sallys-password"})),
        "scram" => known("scram", "ada", json!({"authid": "ada", "password": "password-of-ada"})),
        "cryptosign" => known(
            "cryptosign",
            "joe",
            json!({
                "authid": "joe",
                "privkey": "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7",
            }),
        ),
        "certificate" => known("tls", "worker-7", json!({})),
        "console's cookie" => known("cookie", "alice", json!({})),
        // The router's cookie stands for whoever joined with it first.
        "router's cookie" => known("cookie", "joe", json!({"authid": "joe", "ticket": "joe-has-a-ticket"})),
        other => panic!("nobody proves anything by {other}"),
    }
}

/// What the scripts need besides the cells.
struct Plan {
    doors: Value,
    origin: String,
    token: String,
    /// The console's cookie of a user who signed in.
    cookie: String,
}

const PASSWORD: &str = "correct horse battery staple";

async fn started() -> (Site, Program, Plan) {
    let site = site();
    let hash = site.run_with_input(&["hash", "password"], &format!("{PASSWORD}\n")).success();
    let user =
        format!("[identity.users.alice]\npassword = \"{}\"\nroles = [\"worker\"]\n\n[services.loans]", hash.trim());
    site.reconfigure("[services.loans]", &user);
    let lender = r#"allow = [{ uri = "loans.", match = "prefix" }]"#;
    let worker = r#"allow = [{ uri = "loans.", match = "prefix" }, { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] }, { uri = "wamp.registration.lookup" }]"#;
    site.reconfigure(lender, worker);
    let program = site.start().await;
    let origin = program.url("tls");
    let visitor = program.visitor_with("tls", Http::One, None);
    let form = [("user", "alice"), ("password", PASSWORD), ("next", "/")];
    let signed_in = visitor.with_header("origin", &origin).post_form("/sign-in", &form).await;
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    assert!(cookie.starts_with("__Host-crossgate="), "{signed_in:?}");
    let (client, secret) = Site::LENDER;
    let token = visitor.token(client, secret).await;
    let plan = Plan { doors: doors(&program), origin, token, cookie };
    (site, program, plan)
}

/// The cells of some rows, as the scripts want them.
fn cells(rows: &[Row], plan: &Plan) -> Vec<Value> {
    let mut cells = Vec::new();
    for (transport, door, forms, proofs) in rows {
        for form in *forms {
            for how in *proofs {
                let Proof { method, credentials, .. } = proof(how, &plan.token);
                cells.push(json!({
                    "name": format!("{transport}, {door}, {form}, {how}"),
                    "number": cells.len(),
                    "transport": transport,
                    "door": door,
                    "serializer": form,
                    "method": method,
                    "credentials": credentials,
                    "certificate": (*how == "certificate").then_some("worker-7"),
                    "headers": if *how == "console's cookie" { json!({"Cookie": plan.cookie}) } else { json!({}) },
                    "first": (*how == "router's cookie").then_some("ticket"),
                }));
            }
        }
    }
    cells
}

fn judge(name: &str, seen: &Value, client: &str) {
    let how = name.rsplit(", ").next().expect("a cell's name ends with the proof");
    let Proof { method, authid, role, .. } = proof(how, "");
    let mut expected = json!({
        "authmethod": method,
        "authrole": role,
        "authid": authid,
        "realm": "crossgate",
        "sum": [[42, 7], {"note": "sum"}],
        "binary": "636261ff00",
        "long": true,
        "steps": "done",
        "progress": [0, 1, 2],
        "broken": ["com.example.broken", ["on purpose"], {"code": 7}],
        "canceled": true,
        "publications": 3,
        "meta": true,
        "left": ["wamp.close.goodbye_and_out", "wamp.close.goodbye_and_out"],
    });
    if client == "python" {
        let form = name.split(", ").nth(2).expect("a cell's name has a form").replace("default", "cbor.batched");
        let websocket = name.starts_with("websocket");
        expected["protocol"] = websocket.then(|| format!("wamp.2.{form}")).into();
    }
    let numbers = 0..3;
    let text = json!({"text": "\u{e9}\u{4e16}"});
    expected["events"] = numbers.clone().map(|number| json!([[number], text])).collect();
    let topic = &seen["pattern"][0][0];
    assert!(topic.as_str().is_some_and(|topic| topic.ends_with(".topic.one")), "{name}: {topic}");
    expected["pattern"] = numbers.map(|number| json!([topic, [number], text])).collect();
    let balance = if role == "guest" { json!("wamp.error.not_authorized") } else { json!("no error") };
    if client == "javascript" {
        expected["canceled"] = json!("wamp.error.canceled");
    }
    let mut seen = seen.as_object().expect("what was seen").clone();
    if authid.is_none() {
        let random = seen.insert("authid".into(), Value::Null);
        assert!(random.is_some_and(|id| id.as_str().is_some_and(|id| id.len() > 8)), "{name}");
    }
    let refused = |seen: &Value, uri: &str| assert_eq!(seen[0], uri, "{name}: {seen}");
    refused(&seen.remove("nothing").expect("nothing"), "wamp.error.no_such_procedure");
    refused(&seen.remove("forbidden").expect("forbidden"), "wamp.error.not_authorized");
    let owed = seen.remove("balance").expect("balance");
    assert_eq!(owed[0], balance, "{name}");
    assert!(role == "guest" || owed[1] == json!([OWED.trim_matches('"')]), "{name}: {owed}");
    let expected = expected.as_object().expect("an object");
    for (key, value) in &seen {
        assert_eq!(value, &expected[key], "{name}: {key}");
    }
    let missing: Vec<_> = expected.keys().filter(|key| !seen.contains_key(*key)).collect();
    // JavaScript has no type for bytes that all of its serializers share.
    assert!(missing.is_empty() || (client == "javascript" && missing == ["binary"]), "{name}: {missing:?}");
}

/// Has a script walk the cells of some rows, and judges each.
fn walk(site: &Site, plan: &Plan, rows: &[Row], client: &str) {
    let cells = cells(rows, plan);
    let document = json!({"site": site.folder(), "doors": plan.doors, "origin": plan.origin, "cells": cells});
    let file = format!("{client}.json");
    site.write(&file, &document.to_string());
    let mut command = match client {
        "python" => python("matrix.py"),
        _ => javascript(site, "matrix.js"),
    };
    command.arg(site.path(&file));
    let lines = lines(command);
    let failed: Vec<String> =
        lines.iter().filter_map(|line| Some(format!("{}: {}", line["cell"], line.get("failed")?.as_str()?))).collect();
    assert!(failed.is_empty(), "{} cells failed:\n{}", failed.len(), failed.join("\n"));
    let seen: BTreeMap<&str, &Value> =
        lines.iter().map(|line| (line["cell"].as_str().expect("a name"), &line["seen"])).collect();
    assert_eq!(seen.len(), cells.len(), "each cell was walked once");
    for (name, seen) in seen {
        judge(name, seen, client);
    }
}

#[tokio::test]
async fn autobahn_python_does_all_of_wamp_in_every_cell() {
    let (site, program, plan) = started().await;
    walk(&site, &plan, PYTHON, "python");
    program.stop().await;
}

#[tokio::test]
async fn autobahn_js_does_all_of_wamp_in_every_cell() {
    let (site, program, plan) = started().await;
    walk(&site, &plan, JAVASCRIPT, "javascript");
    program.stop().await;
}
