//! Every page with plausible values, checked for what holds a page together: tags that close, ids that are unique
//! and found, fields that have labels. With `CROSSGATE_GALLERY=FOLDER` the pages are also written there, to look at.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::{Error, ManualClock, Payload, Trace};
use crossgate_contract::{Contract, Options};
use http::Request;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::console::docs::{Book, Catalog};
use crate::console::pages::{Ask, Pages};
use crate::console::visitor::{
    AUDIT_LIST, Door, LOANS_BALANCE, LOANS_HISTORY, LOANS_LIST, LOGBOOK_PRESENCE, LOGBOOK_SEARCH, PROCEDURES, Pending,
    REALMS_LIST, REALMS_REGISTRATIONS, REALMS_SESSIONS, REALMS_SUBSCRIPTIONS, Visitor,
};

/// Elements that have no end tag (HTML §13.1.2).
const VOID: [&str; 6] = ["meta", "link", "input", "br", "img", "hr"];

/// What the gallery's door answers.
struct Plausible;

impl Door for Plausible {
    fn call<'a>(&'a self, procedure: &'a str, input: Value) -> Pending<'a, Payload> {
        let answer = match procedure {
            LOANS_LIST => loans(),
            LOANS_HISTORY => history(),
            LOANS_BALANCE if input["date"] == "2020-02-30" => {
                return Box::pin(std::future::ready(Err(Error::invalid(
                    "2020-02-30 is not a day of the calendar",
                    Vec::new(),
                ))));
            }
            LOANS_BALANCE => json!("9717.94"),
            AUDIT_LIST if input.get("caller").is_some() => json!({"records": [], "next": null}),
            AUDIT_LIST => calls(input["limit"].as_i64().unwrap_or(0)),
            REALMS_LIST => json!({"realms": [realm("crossgate", 3), realm("factory-7", 1_204), realm("realm1", 0)]}),
            LOGBOOK_SEARCH => log_lines(),
            LOGBOOK_PRESENCE => stays(),
            REALMS_SESSIONS => sessions(),
            REALMS_REGISTRATIONS => registrations(),
            REALMS_SUBSCRIPTIONS => subscriptions(),
            _ => return Box::pin(std::future::ready(Err(Error::forbidden("no")))),
        };
        Box::pin(std::future::ready(Ok(Payload::from_value(answer))))
    }

    fn begin<'a>(&'a self, _: &'a str, _: &'a SecretString) -> Pending<'a, SecretString> {
        Box::pin(std::future::ready(Err(Error::unauthenticated("no"))))
    }

    fn end<'a>(&'a self, _: &'a str) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(std::future::ready(()))
    }
}

const DAEMONS: [&str; 4] = ["log1", "log2", "auth1", "app1"];

fn log_certificate(name: &str) -> Value {
    let (sha1, sha256) = (["B7:81:5C:0A"; 5].join(":"), ["B7:81:5C:0A"; 8].join(":"));
    json!({"common_name": name, "company": "XBR", "sha1": sha1, "sha256": sha256})
}

fn log_lines() -> Value {
    let entry = |n: usize| {
        let who = DAEMONS[n % 4];
        let (kind, level, text) = match n % 5 {
            0 => (
                "join",
                "info",
                format!("+ \"{who}\" on realm \"logger\" CN=\"{who}\" COMPANY=\"XBR\" SHA=B7:81:5C:0A"),
            ),
            1 => ("log", "error", "the connection to the ledger was lost; trying again in 2 s".to_owned()),
            2 => ("log", "warn", "queue is 80 % full".to_owned()),
            3 => ("leave", "info", format!("- \"{who}\" on realm \"logger\"")),
            _ => ("log", "info", "settled 1,204 payments of 2021-01-30".to_owned()),
        };
        json!({"seq": 100 - n, "at": format!("2021-01-31T11:{:02}:07Z", 59 - n), "kind": kind, "level": level, "realm": "logger",
            "session": 4711, "authid": who, "authrole": "server", "certificate": log_certificate(who), "text": text, "reporter": "logdaemon"})
    };
    json!({"entries": (0..25).map(entry).collect::<Vec<_>>(), "next": 75})
}

fn stays() -> Value {
    let stay = |n: usize| {
        let left = (n % 3 == 1).then(|| format!("2021-01-31T10:{:02}:00Z", 10 + n * 5));
        json!({"seq": 9 - n, "realm": "logger", "session": 7_140_112_233_445_566_u64 + n as u64, "joined_at": format!("2021-01-31T0{}:15:00Z", 9 - n),
            "left_at": left, "authid": "logdaemon", "authrole": "logdaemon", "authmethod": "tls", "certificate": log_certificate(DAEMONS[n % 4])})
    };
    json!({"sessions": (0..5).map(stay).collect::<Vec<_>>(), "next": null})
}

fn amount(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

fn loans() -> Value {
    let loan = |id: i64| {
        let balance = (id != 11).then(|| amount(1_187_625 + id * 791_931 % 900_000));
        json!({"id": id, "start_on": format!("2019-{:02}-{:02}", 1 + id % 12, 1 + id * 7 % 28), "initial": amount(1_000_000 + id * 125_000), "balance": balance, "entries": 3 + id * 5 % 17})
    };
    json!({"as_of": "2021-01-31", "next": null, "loans": (1..=12).map(loan).collect::<Vec<_>>()})
}

fn history() -> Value {
    let (mut balance, mut days) =
        (1_250_000_i64, vec![json!({"date": "2019-12-17", "balance": "12500.00", "entries": []})]);
    for step in 0..26_i64 {
        let (month, day) = (1 + step / 2 % 12, if step % 2 == 0 { 1 } else { 15 + step % 9 });
        let date = format!("{}-{month:02}-{day:02}", 2020 + step / 24);
        let (kind, effect) = match step % 6 {
            0 | 2 | 4 => ("interest", balance / 190),
            5 => ("fee", 4_500),
            _ => ("payment", -(40_000 + step * 2_100)),
        };
        balance += effect;
        let note = (step == 7).then_some("bank transfer 4711, received late");
        let reversed = (step == 11).then_some(27);
        days.push(json!({"date": date, "balance": amount(balance), "entries": [{
            "loan_id": 1, "seq": step + 1, "type": kind, "effective_on": date, "posted_at": "2020-06-02T09:30:00Z", "amount": amount(effect.abs()),
            "effect": amount(effect), "origin": "posted", "posted_by": "lender", "back_dated": step == 7, "note": note, "reverses": null, "reversed_by": reversed}]}));
    }
    json!({"loan_id": 1, "start_on": "2019-12-17", "initial": "12500.00", "days": days, "next": null})
}

fn realm(name: &str, sessions: u64) -> Value {
    json!({"realm": name, "sessions": sessions, "subscriptions": sessions * 2, "registrations": sessions / 2, "calls": sessions / 3,
        "calls_waiting": sessions / 300, "queue_bytes": sessions * 733, "events_dropped": sessions / 100, "messages_in": sessions * 48_211,
        "messages_out": sessions * 91_007})
}

fn sessions() -> Value {
    let session = |index: u64| {
        let (authid, role, method, transport) = [
            ("press-17.hall-2.factory.example", "machine", "certificate", "websocket"),
            ("alice", "operator", "session", "events"),
            ("billing", "worker", "ticket", "rawsocket"),
            ("anonymous", "anonymous", "anonymous", "longpoll"),
        ][usize::try_from(index % 4).unwrap_or(0)];
        let serializer = ["json", "cbor", "msgpack"][usize::try_from(index % 3).unwrap_or(0)];
        let (waits, dropped) = if index == 3 { (4_100_231, 812) } else { (index * 311, 0) };
        let mean = f64::from(u32::try_from(index).unwrap_or(0));
        json!({"session": 7_318_240_193_477_112 + index * 104_729, "authid": authid, "authrole": role, "authmethod": method,
            "transport": transport, "serializer": serializer,
            "peer": format!("tcp4:203.0.113.{}:{}", 20 + index, 40_000 + index * 37), "since": "2021-01-31T08:12:45.120Z",
            "subscriptions": index % 5, "registrations": index % 3, "calls": index % 2, "invocations": index % 7,
            "queue_bytes": waits, "events_dropped": dropped,
            "messages_in": index * 1_931, "messages_out": index * 8_800, "mean_in": mean * 1.7, "mean_out": mean * 12.3})
    };
    json!({"sessions": (0..9).map(session).collect::<Vec<_>>(), "next": 7_318_240_194_000_000_u64})
}

fn registrations() -> Value {
    let one = |procedure: &str, policy: &str, invoke: &str, callees: &[u64], waiting: u64| {
        json!({"registration": 1, "procedure": procedure, "match": policy, "invoke": invoke,
        "created": "2021-01-31T08:12:45.120Z", "callees": callees, "calls": callees.len() * 2, "waiting": waiting})
    };
    json!({"next": null, "registrations": [
        one("com.example.machine.set_speed", "exact", "single", &[1], 0),
        one("com.example.orders.", "prefix", "roundrobin", &[1, 2, 3], 14),
        one("com..report", "wildcard", "leastloaded", &[4, 5], 0),
    ]})
}

fn subscriptions() -> Value {
    let one = |topic: &str, policy: &str, subscribers: u64, history: bool, retained: bool| {
        json!({"subscription": 1, "topic": topic, "match": policy,
        "created": "2021-01-31T08:12:45.120Z", "subscribers": subscribers, "history": history, "retained": retained})
    };
    json!({"next": null, "subscriptions": [
        one("com.example.machine.temperature", "exact", 41, true, true),
        one("com.example.", "prefix", 2, false, false),
        one("wamp.session.on_join", "exact", 1, false, false),
    ]})
}

fn calls(count: i64) -> Value {
    let callers =
        [("alice", "session"), ("billing", "token"), ("ops-probe", "certificate"), ("anonymous", "anonymous")];
    let kinds = [
        ("loans.balance", "ok", None),
        ("loans.history", "ok", None),
        ("loans.post", "forbidden", Some("none of your roles may call `loans.post`")),
        ("audit.list", "ok", None),
        ("loans.balance", "not_found", Some("loan 1 did not exist on 2019-01-01; it starts on 2019-12-17")),
        ("crossgate.ready", "unavailable", Some("not ready: loans")),
    ];
    let record = |index: i64| {
        let at = |length: usize| usize::try_from(index).unwrap_or(0) % length;
        let ((caller, proof), (procedure, outcome, detail)) = (callers[at(4)], kinds[at(6)]);
        let duration_us = [412, 1_930, 38, 12_400, 871, 2_400_000][at(6)];
        json!({"seq": 1842 - index, "at": format!("2021-01-31T09:{:02}:{:02}.123456Z", 59 - index, 51 - index / 2), "realm": "demo", "caller": caller,
            "proof": proof, "procedure": procedure, "door": "http", "source": "203.0.113.24", "outcome": outcome, "detail": detail,
            "duration_us": duration_us, "trace": format!("{:032x}", 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.rotate_left(u32::try_from(index).unwrap_or(0) * 4)),
            "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"})
    };
    json!({"records": (0..count.min(24)).map(record).collect::<Vec<_>>(), "next": 1818})
}

fn pages() -> Pages {
    let clock = Arc::new(ManualClock::at("2021-01-31T10:00:00Z".parse().expect("a time")));
    let pages = Pages::new("0.1.0", None, clock);
    let book = |name: &str, text: &str| {
        let contract =
            Contract::parse(name, text, Options::default()).map_err(|faults| faults.to_string()).expect("a contract");
        Book::new(name, "", contract.document())
    };
    let loans = book("loans", include_str!("../../../../../contracts/loans.yaml"));
    let own = book("crossgate", include_str!("../../../../../contracts/crossgate.yaml"));
    pages.catalog.store(Arc::new(Catalog(vec![loans, own])));
    pages
}

fn visitor(name: Option<&str>, granted: &[&'static str]) -> Visitor {
    Visitor {
        name: name.map(Into::into),
        roles: name.map(|_| "loan-officer".into()).into_iter().collect(),
        realm: "demo".into(),
        proof: if name.is_some() { "session" } else { "anonymous" },
        secure: true,
        trace: Trace::from_random(0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736),
        granted: granted.to_vec(),
    }
}

/// The pages to look at: a file's name, who looks, at which path, with which posted form.
fn shots() -> Vec<(&'static str, Visitor, &'static str, Option<&'static str>)> {
    let all = PROCEDURES;
    let alice = || visitor(Some("alice"), &all);
    let nobody = || visitor(None, &[]);
    vec![
        ("welcome", nobody(), "/", None),
        ("sign-in", nobody(), "/sign-in?next=/loans", None),
        ("sign-in-failed", nobody(), "/sign-in", Some("user=alice&password=wrong")),
        ("overview", alice(), "/", None),
        ("overview-bare", visitor(Some("bob"), &[]), "/", None),
        ("loans", alice(), "/loans", None),
        ("loan", alice(), "/loans/1", None),
        ("loan-date", alice(), "/loans/1?date=2020-09-10", None),
        ("loan-bad-date", alice(), "/loans/1?date=2020-02-30", None),
        ("calls", alice(), "/calls?before=1900", None),
        ("calls-none", alice(), "/calls?caller=nobody", None),
        ("logs", alice(), "/logbook", None),
        ("realms", alice(), "/realms", None),
        ("realm", alice(), "/realms/factory-7", None),
        ("realm-none", alice(), "/realms/nowhere", None),
        ("docs", alice(), "/docs", None),
        ("docs-loans", alice(), "/docs/loans", None),
        ("docs-crossgate", nobody(), "/docs/crossgate", None),
        ("not-found", alice(), "/nothing", None),
    ]
}

#[tokio::test]
async fn every_page_holds_together() {
    let pages = pages();
    let folder = std::env::var_os("CROSSGATE_GALLERY");
    for (name, visitor, path, form) in shots() {
        let method = if form.is_some() { "POST" } else { "GET" };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "text/html")
            .header("sec-fetch-site", "same-origin");
        let (head, ()) = request.header("host", "localhost:8443").body(()).expect("a request").into_parts();
        let body = Bytes::from_static(form.unwrap_or_default().as_bytes());
        let reply = pages.answer(&Ask { head: &head, body: &body, visitor: &visitor, door: &Plausible }).await;
        let page = String::from_utf8(reply.body().to_vec()).expect("text");
        check(name, &page);
        if let Some(folder) = &folder {
            std::fs::write(Path::new(folder).join(format!("{name}.html")), page).expect("written");
        }
    }
    if let Some(folder) = &folder {
        let assets = &pages.assets;
        std::fs::create_dir_all(Path::new(folder).join("assets")).expect("made");
        for asset in [&assets.style, &assets.script, &assets.explorer, &assets.logo] {
            std::fs::write(Path::new(folder).join(&asset.path[1..]), &asset.bytes).expect("written");
        }
    }
}

/// Tags close in order, ids are unique, what is referred to exists, and every visible field is inside a label.
fn check(name: &str, page: &str) {
    let mut open: Vec<String> = Vec::new();
    let (mut ids, mut wanted) = (HashSet::new(), Vec::new());
    for tag in page.split('<').skip(1).filter_map(|part| part.split_once('>').map(|(tag, _)| tag)) {
        if tag.starts_with('!') {
            continue;
        }
        if let Some(end) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(end), "{name}: </{end}> closes another element");
            continue;
        }
        let element = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        let attributes = attributes(tag);
        if let Some(id) = attributes.get("id") {
            assert!(ids.insert(id.clone()), "{name}: two elements have the id {id}");
        }
        for reference in ["aria-labelledby", "aria-describedby", "for"] {
            wanted.extend(attributes.get(reference).into_iter().flat_map(|ids| ids.split(' ').map(str::to_owned)));
        }
        wanted.extend(attributes.get("href").and_then(|href| href.strip_prefix('#')).map(str::to_owned));
        let field = matches!(&*element, "input" | "select" | "textarea")
            && attributes.get("type").is_none_or(|kind| kind != "hidden");
        assert!(!field || open.iter().any(|element| element == "label"), "{name}: <{tag}> has no label");
        if !VOID.contains(&&*element) && !tag.ends_with('/') {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: not closed: {open:?}");
    for id in wanted {
        assert!(ids.contains(&id), "{name}: nothing has the id {id}");
    }
}

fn attributes(tag: &str) -> HashMap<String, String> {
    let mut attributes = HashMap::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else { break };
        attributes.insert(before.rsplit(' ').next().unwrap_or_default().to_owned(), value.to_owned());
        rest = after;
    }
    attributes
}
