//! The whole console against a door that answers from values: what each page says, what each response carries.

mod gallery;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{Error, Field, ManualClock, Payload, Trace};
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION, RETRY_AFTER, SET_COOKIE,
};
use http::{Request, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::console::docs::{Book, Catalog};
use crate::console::pages::{Ask, Pages};
use crate::console::reply::POLICY;
use crate::console::visitor::{
    AUDIT_LIST, Door, LOANS_BALANCE, LOANS_HISTORY, LOANS_LIST, LOGBOOK_PRESENCE, LOGBOOK_SEARCH, PROCEDURES, Pending,
    REALMS_LIST, REALMS_REGISTRATIONS, REALMS_SESSIONS, REALMS_SUBSCRIPTIONS, SESSIONS_KILL, Visitor,
};

/// Text that breaks out of a page which forgets to escape it.
const HOSTILE: &str = "\"><script>alert(1)</script><a href='javascript:x'>&";
/// The pages that fetch something, and those that do not.
const PATHS: [&str; 15] = [
    "/",
    "/sign-in",
    "/loans",
    "/loans?cursor=x",
    "/loans/1",
    "/loans/1?date=2020-10-31",
    "/calls",
    "/calls?caller=a&outcome=ok&before=7",
    "/logbook",
    "/logbook?realm=a&authid=b&level=warn&kind=log&text=x&cursor=7",
    "/realms",
    "/realms/demo",
    "/docs",
    "/docs/loans",
    "/nothing",
];

type Script = Box<dyn Fn(&str, &Value) -> Result<Value, Error> + Send + Sync>;

/// A door that answers calls by a function, knows one password, and remembers what it was asked.
struct Fake {
    script: Script,
    asked: Mutex<Vec<(String, Value)>>,
    ended: Mutex<Vec<String>>,
}

impl Fake {
    fn new(script: impl Fn(&str, &Value) -> Result<Value, Error> + Send + Sync + 'static) -> Self {
        Self { script: Box::new(script), asked: Mutex::default(), ended: Mutex::default() }
    }

    fn asked(&self) -> Vec<(String, Value)> {
        self.asked.lock().expect("a lock").clone()
    }
}

impl Door for Fake {
    fn call<'a>(&'a self, procedure: &'a str, input: Value) -> Pending<'a, Payload> {
        let answer = (self.script)(procedure, &input).map(Payload::from_value);
        self.asked.lock().expect("a lock").push((procedure.to_owned(), input));
        Box::pin(std::future::ready(answer))
    }

    fn begin<'a>(&'a self, user: &'a str, password: &'a SecretString) -> Pending<'a, SecretString> {
        let answer = match (user, password.expose_secret()) {
            ("alice", " right ") => Ok(SecretString::from("the-session")),
            ("locked", _) => Err(Error::too_many("too many attempts", Duration::from_secs(120))),
            _ => Err(Error::unauthenticated("alice has another password")),
        };
        Box::pin(std::future::ready(answer))
    }

    fn end<'a>(&'a self, cookie: &'a str) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        self.ended.lock().expect("a lock").push(cookie.to_owned());
        Box::pin(std::future::ready(()))
    }
}

fn pages() -> Pages {
    let clock = Arc::new(ManualClock::at("2021-01-31T10:00:00Z".parse().expect("a time")));
    let pages = Pages::new("0.1.0", Some(Bytes::from_static(b"{\"swagger\":\"2.0\"}")), clock);
    pages.catalog.store(Arc::new(Catalog(vec![Book::new("loans", "/partner", &contract("Loans"))])));
    pages
}

fn contract(title: &str) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1", "description": title},
        "security": [{"bearer": []}],
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
        "paths": {"/loan/{id}": {"get": {
            "operationId": title, "summary": title, "description": title,
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string", "example": title}}],
            "responses": {"200": {"description": title, "content": {"application/json": {"schema": {"type": "string"}, "example": title}}}}
        }}}
    })
}

fn visitor(name: Option<&str>) -> Visitor {
    Visitor {
        name: name.map(Into::into),
        roles: name.map(|_| "clerk".into()).into_iter().collect(),
        realm: "demo".into(),
        proof: if name.is_some() { "session" } else { "anonymous" },
        secure: true,
        trace: Trace::from_random(7),
        granted: if name.is_some() { PROCEDURES.to_vec() } else { Vec::new() },
    }
}

fn answers(procedure: &str, _: &Value) -> Result<Value, Error> {
    Ok(match procedure {
        LOANS_LIST => json!({"as_of": "2021-01-31", "next": null, "loans": [
            {"id": 1, "start_on": "2019-12-17", "initial": "362.00", "balance": "423.00", "entries": 2},
            {"id": 2, "start_on": "2030-01-01", "initial": "1000.50", "balance": null, "entries": 0},
        ]}),
        LOANS_HISTORY => json!({"loan_id": 1, "start_on": "2019-12-17", "initial": "362.00", "next": null, "days": [
            {"date": "2019-12-17", "balance": "362.00", "entries": []},
            {"date": "2020-02-14", "balance": "284.00", "entries": [entry("payment", "-78.00", None)]},
            {"date": "2020-03-01", "balance": "423.00", "entries": [entry("fee", "139.00", Some("a note"))]},
        ]}),
        LOANS_BALANCE => json!("423.00"),
        AUDIT_LIST => json!({"records": [record("alice")], "next": 41}),
        REALMS_LIST | REALMS_SESSIONS | REALMS_REGISTRATIONS | REALMS_SUBSCRIPTIONS => realms(procedure, "press"),
        SESSIONS_KILL => Value::Null,
        LOGBOOK_SEARCH | LOGBOOK_PRESENCE => logbook(procedure, "press"),
        _ => return Err(Error::new(crossgate_call::Kind::NoSuchProcedure, "no such procedure")),
    })
}

/// What the logbook tells, with `text` wherever somebody else chose the words.
fn logbook(procedure: &str, text: &str) -> Value {
    let certificate = json!({"common_name": text, "company": text, "sha1": text, "sha256": text});
    match procedure {
        LOGBOOK_SEARCH => {
            let entry = |kind: &str| {
                json!({"seq": 7, "at": text, "kind": kind, "level": text, "realm": text, "session": 4711,
                "authid": text, "authrole": text, "certificate": certificate, "text": text, "reporter": text})
            };
            json!({"next": 7, "entries": [entry("log"), entry("join"), entry(text)]})
        }
        _ => {
            let stay = |joined: Value, left: Value| {
                json!({"seq": 7, "realm": text, "session": 4711, "joined_at": joined, "left_at": left,
                "authid": text, "authrole": text, "authmethod": text, "certificate": certificate})
            };
            json!({"next": null, "sessions": [stay(json!(text), Value::Null), stay(Value::Null, json!("2021-01-30T00:00:00Z"))]})
        }
    }
}

/// What is told about the realm `demo`, with `text` wherever a client or an operator wrote something.
fn realms(procedure: &str, text: &str) -> Value {
    match procedure {
        REALMS_LIST => {
            let realm = |name: &str| {
                json!({"realm": name, "sessions": 1, "subscriptions": 1, "registrations": 1, "calls": 3, "calls_waiting": 2,
                "queue_bytes": 2048, "events_dropped": 7, "messages_in": 10, "messages_out": 20})
            };
            json!({"realms": [realm("demo"), realm(text)]})
        }
        REALMS_SESSIONS => {
            json!({"next": 9, "sessions": [{"session": 4711, "authid": text, "authrole": text, "authmethod": text, "transport": text,
            "serializer": text, "peer": text, "since": text, "subscriptions": 1, "registrations": 1, "calls": 0, "invocations": 3,
            "queue_bytes": 2048, "events_dropped": 7, "messages_in": 10, "messages_out": 20, "mean_in": 0.5, "mean_out": 1.25}]})
        }
        REALMS_REGISTRATIONS => {
            json!({"next": null, "registrations": [{"procedure": text, "match": text, "invoke": text,
            "callees": [4711], "calls": 1, "waiting": 2}]})
        }
        _ => {
            json!({"next": null, "subscriptions": [{"topic": text, "match": text, "subscribers": 1, "history": true, "retained": false}]})
        }
    }
}

fn entry(kind: &str, effect: &str, note: Option<&str>) -> Value {
    json!({"loan_id": 1, "seq": 1, "type": kind, "effective_on": "2020-02-14", "posted_at": "2020-02-16T09:30:00Z",
        "amount": "78.00", "effect": effect, "origin": "posted", "posted_by": "lender", "back_dated": true,
        "note": note, "reverses": null, "reversed_by": 3})
}

fn record(text: &str) -> Value {
    json!({"seq": 42, "at": "2021-01-31T09:59:59.123456Z", "realm": "demo", "caller": text, "proof": text, "procedure": text,
        "door": text, "source": "127.0.0.1", "outcome": text, "detail": text, "duration_us": 850,
        "trace": "4bf92f3577b34da6a3ce929d0e0e4736", "hash": "ab"})
}

async fn ask(request: Request<Bytes>, visitor: &Visitor, door: &Fake) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    pages().answer(&Ask { head: &head, body: &body, visitor, door }).await
}

async fn get(path: &str, visitor: &Visitor, door: &Fake) -> Response<Bytes> {
    let request = Request::get(path).header("accept", "text/html").header("host", "bank.example");
    ask(request.body(Bytes::new()).expect("a request"), visitor, door).await
}

async fn post(path: &str, form: &str, origin: &str, visitor: &Visitor, door: &Fake) -> Response<Bytes> {
    let request = Request::post(path).header("origin", origin).header("host", "bank.example");
    let request = request.header("cookie", "__Host-crossgate=the-session");
    ask(request.body(Bytes::copy_from_slice(form.as_bytes())).expect("a request"), visitor, door).await
}

fn text(response: &Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).expect("text")
}

fn header(response: &Response<Bytes>, name: http::HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

#[tokio::test]
async fn every_response_carries_the_strict_policy_and_no_page_is_kept() {
    for visitor in [visitor(None), visitor(Some("alice"))] {
        for path in PATHS {
            let response = get(path, &visitor, &Fake::new(answers)).await;
            assert_eq!(header(&response, CONTENT_SECURITY_POLICY), POLICY, "{path}");
            assert_eq!(header(&response, CACHE_CONTROL), "no-store", "{path}");
            assert!(!POLICY.contains("unsafe"));
            let page = text(&response);
            assert!(!page.contains(" style=") && !page.contains("<style"), "{path} has a style of its own");
            assert!(!page.contains(" onclick=") && !page.contains("<script>"), "{path} has a script of its own");
        }
    }
}

#[tokio::test]
async fn what_the_pages_show_is_what_was_answered() {
    let (alice, door) = (visitor(Some("alice")), Fake::new(answers));
    let loans = text(&get("/loans", &alice, &door).await);
    for shown in ["Loan 1", "1,000.50", "not started", "423.00", "href=\"/loans/1\""] {
        assert!(loans.contains(shown), "{shown}");
    }
    let loan = text(&get("/loans/1?date=2020-10-31", &alice, &door).await);
    for shown in [
        "<svg",
        "362.00",
        "\u{2212}78.00",
        "284.00",
        "back-dated, posted on 2020-02-16",
        "reversed by #3",
        "a note",
        "2020-10-31",
    ] {
        assert!(loan.contains(shown), "{shown}");
    }
    assert!(door.asked().contains(&(LOANS_BALANCE.to_owned(), json!({"loan_id": 1, "date": "2020-10-31"}))));
    let calls = text(&get("/calls", &alice, &door).await);
    for shown in
        ["<span>2021-01-31</span> <span>09:59:59</span>", "850 µs", "4bf92f35", "#42", "href=\"/calls?before=41\""]
    {
        assert!(calls.contains(shown), "{shown}");
    }
}

#[tokio::test]
async fn filters_and_cursors_reach_the_procedure() {
    let door = Fake::new(answers);
    let path = "/calls?caller=al%26ice&procedure=&outcome=ok&trace=ABC&before=90";
    let page = text(&get(path, &visitor(Some("alice")), &door).await);
    let asked = json!({"limit": 50, "caller": "al&ice", "outcome": "ok", "trace": "abc", "before": 90});
    assert_eq!(door.asked(), [(AUDIT_LIST.to_owned(), asked)]);
    assert!(page.contains("href=\"/calls?caller=al%26ice&amp;outcome=ok&amp;trace=abc&amp;before=41\""), "{page}");
}

#[tokio::test]
async fn nothing_that_anybody_wrote_becomes_markup() {
    let hostile = |procedure: &str, _: &Value| {
        Ok(match procedure {
            LOANS_LIST => json!({"next": HOSTILE, "loans": [
                {"id": 1, "start_on": HOSTILE, "initial": HOSTILE, "balance": HOSTILE, "entries": 1}]}),
            LOANS_HISTORY => json!({"start_on": HOSTILE, "initial": HOSTILE, "next": null, "days": [
                {"date": HOSTILE, "balance": HOSTILE, "entries": [entry(HOSTILE, HOSTILE, Some(HOSTILE))]}]}),
            LOANS_BALANCE => json!(HOSTILE),
            REALMS_LIST | REALMS_SESSIONS | REALMS_REGISTRATIONS | REALMS_SUBSCRIPTIONS => realms(procedure, HOSTILE),
            LOGBOOK_SEARCH | LOGBOOK_PRESENCE => logbook(procedure, HOSTILE),
            _ => json!({"records": [record(HOSTILE)], "next": 1}),
        })
    };
    let mut alice = visitor(Some(HOSTILE));
    alice.roles = vec![HOSTILE.into()];
    alice.realm = HOSTILE.to_owned();
    let encoded = crate::console::form::encode(HOSTILE);
    let pages = pages();
    pages.catalog.store(Arc::new(Catalog(vec![Book::new("loans", HOSTILE, &contract(HOSTILE))])));
    let queries = [
        format!("/loans?cursor={encoded}"),
        format!("/loans/1?date={encoded}"),
        format!("/calls?caller={encoded}&trace={encoded}&outcome={encoded}"),
    ];
    for path in PATHS.iter().map(|path| (*path).to_owned()).chain(queries) {
        let request =
            Request::get(&path).header("accept", "text/html").header("host", "<script>").body(()).expect("a request");
        let (head, ()) = request.into_parts();
        let door = Fake::new(hostile);
        let page = text(&pages.answer(&Ask { head: &head, body: &Bytes::new(), visitor: &alice, door: &door }).await);
        assert!(!page.contains("<script>"), "{path}: {page}");
        assert!(!page.contains("<a href='") && !page.contains("=\"javascript:"), "{path}");
    }
}

#[tokio::test]
async fn empty_answers_make_pages_that_say_so() {
    let nothing = |procedure: &str, _: &Value| {
        Ok(match procedure {
            LOANS_LIST => json!({"loans": [], "next": null}),
            LOANS_HISTORY => json!({"start_on": "2019-12-17", "initial": "0.00", "days": [], "next": null}),
            LOANS_BALANCE => json!("0.00"),
            REALMS_LIST => {
                json!({"realms": [{"realm": "demo", "sessions": 0, "subscriptions": 0, "registrations": 0, "calls": 0,
                "calls_waiting": 0, "queue_bytes": 0, "events_dropped": 0, "messages_in": 0, "messages_out": 0}]})
            }
            LOGBOOK_SEARCH => json!({"entries": [], "next": null}),
            LOGBOOK_PRESENCE => json!({"sessions": [], "next": null}),
            REALMS_SESSIONS => json!({"sessions": [], "next": null}),
            REALMS_REGISTRATIONS => json!({"registrations": [], "next": null}),
            REALMS_SUBSCRIPTIONS => json!({"subscriptions": [], "next": null}),
            _ => json!({"records": [], "next": null}),
        })
    };
    let pages = pages();
    pages.catalog.store(Arc::default());
    for path in PATHS.iter().filter(|path| !matches!(**path, "/docs/loans" | "/nothing" | "/sign-in")) {
        let (head, ()) = Request::get(*path).header("accept", "text/html").body(()).expect("a request").into_parts();
        let (alice, door) = (visitor(Some("alice")), Fake::new(nothing));
        let response = pages.answer(&Ask { head: &head, body: &Bytes::new(), visitor: &alice, door: &door }).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}: {}", text(&response));
    }
}

#[tokio::test]
async fn a_session_is_ended_by_a_form_of_our_own_page_and_by_nothing_else() {
    let (alice, door) = (visitor(Some("alice")), Fake::new(answers));
    let page = text(&get("/realms/demo", &alice, &door).await);
    for shown in
        ["press", "4711", "End the session", "2 waiting", "7 dropped", "2.0 KiB", "href=\"/realms/demo?after=9\""]
    {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let ended = post("/realms/demo/kill", "session=4711", "https://bank.example", &alice, &door).await;
    assert_eq!((ended.status(), header(&ended, LOCATION)), (StatusCode::SEE_OTHER, "/realms/demo"));
    assert_eq!(door.asked().last(), Some(&(SESSIONS_KILL.to_owned(), json!({"realm": "demo", "session": 4711}))));
    let door = Fake::new(answers);
    let forged = post("/realms/demo/kill", "session=4711", "https://evil.example", &alice, &door).await;
    assert_eq!(forged.status(), StatusCode::CONFLICT);
    assert_eq!(post("/realms/demo/kill", "session=x", "https://bank.example", &alice, &door).await.status(), 400);
    assert_eq!(get("/realms/demo/kill", &alice, &door).await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(get("/realms/other", &alice, &door).await.status(), StatusCode::NOT_FOUND);
    assert!(door.asked().iter().all(|(procedure, _)| procedure != SESSIONS_KILL));
    // Who may not end sessions, or not see them, gets a page without.
    let bob = Visitor { granted: vec![REALMS_LIST, REALMS_SESSIONS], ..visitor(Some("bob")) };
    let page = text(&get("/realms/demo", &bob, &door).await);
    assert!(page.contains("4711") && !page.contains("End the session") && !page.contains("Registrations"), "{page}");
}

#[tokio::test]
async fn a_missing_grant_is_named_and_a_stranger_is_asked_to_sign_in() {
    let refusing = || Fake::new(|_, _| Err(Error::forbidden("you may not")));
    let page = get("/calls", &visitor(Some("bob")), &refusing()).await;
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
    assert!(text(&page).contains("<code>audit.list</code>") && text(&page).contains("clerk"), "{}", text(&page));

    let stranger = Fake::new(|_, _| Err(Error::unauthenticated("sign in")));
    let page = get("/loans/1?date=2020-10-31", &visitor(None), &stranger).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert_eq!(header(&page, LOCATION), "/sign-in?next=%2Floans%2F1%3Fdate%3D2020-10-31");
}

#[tokio::test]
async fn failures_become_pages_without_their_causes() {
    for (error, status) in [
        (Error::internal("hunter2"), 500),
        (Error::unavailable("the ledger is away", Duration::from_secs(5)).because("hunter2"), 503),
        (Error::new(crossgate_call::Kind::Deadline, "too slow"), 504),
        (Error::too_many("too often", Duration::from_secs(3)), 429),
        (Error::not_found("there is no loan 9"), 404),
    ] {
        let waits = error.retry_after().is_some();
        let error = Mutex::new(Some(error));
        let door = Fake::new(move |_, _| Err(error.lock().expect("a lock").take().expect("one call")));
        let page = get("/loans/9", &visitor(Some("alice")), &door).await;
        assert_eq!(page.status().as_u16(), status);
        assert_eq!(page.headers().contains_key(RETRY_AFTER), waits, "{status}");
        assert!(!text(&page).contains("hunter2"));
        assert_eq!(
            text(&page).contains(&Trace::from_random(7).to_string()),
            matches!(status, 500 | 503 | 504),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_date_that_does_not_fit_is_explained_beside_the_form() {
    let door = Fake::new(|procedure, input| match procedure {
        LOANS_BALANCE => Err(Error::invalid(
            "the date cannot be read",
            vec![Field::new("input", "/date", "2020-02-30 is not a day of the calendar")],
        )),
        _ => answers(procedure, input),
    });
    let page = get("/loans/1?date=2020-02-30", &visitor(Some("alice")), &door).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(text(&page).contains("2020-02-30 is not a day of the calendar."));
    assert!(get("/loans/1%27", &visitor(Some("alice")), &door).await.status() == StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page_and_has_an_end() {
    let door = Fake::new(|procedure, input| {
        assert_eq!(procedure, LOANS_HISTORY);
        let page: u64 = input.get("cursor").and_then(Value::as_str).map_or(0, |cursor| cursor.parse().expect("ours"));
        Ok(json!({"start_on": "2000-01-01", "initial": "1.00", "next": (page + 1).to_string(), "days": [
            {"date": "2000-01-01", "balance": "2.00", "entries": [entry("fee", "1.00", None)]}]}))
    });
    let page = text(&get("/loans/1", &visitor(Some("alice")), &door).await);
    assert_eq!(door.asked().len(), 10);
    assert!(page.contains("too long for a page") && page.contains("over 10"), "{page}");
}

#[tokio::test]
async fn signing_in_sets_the_cookie_and_leads_back() {
    let (stranger, door) = (visitor(None), Fake::new(answers));
    let page =
        post("/sign-in", "user=alice&password=+right+&next=%2Floans", "https://bank.example", &stranger, &door).await;
    assert_eq!((page.status(), header(&page, LOCATION)), (StatusCode::SEE_OTHER, "/loans"));
    assert_eq!(header(&page, SET_COOKIE), "__Host-crossgate=the-session; Path=/; HttpOnly; SameSite=Lax; Secure");
    assert_eq!(*door.ended.lock().expect("a lock"), ["the-session"], "the one that the browser had");
}

#[tokio::test]
async fn a_failed_sign_in_does_not_tell_which_part_was_wrong() {
    let (stranger, door) = (visitor(None), Fake::new(answers));
    let known = post("/sign-in", "user=alice&password=wrong", "https://bank.example", &stranger, &door).await;
    let unknown = post("/sign-in", "user=nobody&password=wrong", "https://bank.example", &stranger, &door).await;
    assert_eq!((known.status(), unknown.status()), (StatusCode::UNAUTHORIZED, StatusCode::UNAUTHORIZED));
    assert_eq!(text(&known).replace("alice", "nobody"), text(&unknown));
    assert!(!known.headers().contains_key(SET_COOKIE));
    let locked = post("/sign-in", "user=locked&password=x", "https://bank.example", &stranger, &door).await;
    assert_eq!((locked.status(), header(&locked, RETRY_AFTER)), (StatusCode::TOO_MANY_REQUESTS, "120"));
    assert!(text(&locked).contains("Try again in 2 minutes."), "{}", text(&locked));
}

#[tokio::test]
async fn a_form_from_another_site_does_nothing() {
    for path in ["/sign-in", "/sign-out"] {
        let door = Fake::new(answers);
        let page =
            post(path, "user=alice&password=+right+", "https://evil.example", &visitor(Some("alice")), &door).await;
        assert_eq!(page.status(), StatusCode::CONFLICT);
        assert!(!page.headers().contains_key(SET_COOKIE) && door.ended.lock().expect("a lock").is_empty());
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_here_and_in_the_browser() {
    let door = Fake::new(answers);
    let page = post("/sign-out", "", "https://bank.example", &visitor(Some("alice")), &door).await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert!(header(&page, SET_COOKIE).contains("Max-Age=0"));
    assert_eq!(*door.ended.lock().expect("a lock"), ["the-session"]);
}

#[tokio::test]
async fn documents_and_assets_are_served_with_tags() {
    let (stranger, door) = (visitor(None), Fake::new(answers));
    let document = get("/docs/openapi/loans.json", &stranger, &door).await;
    let value: Value = serde_json::from_slice(document.body()).expect("JSON");
    assert_eq!(value["servers"], json!([{"url": "/partner"}]));
    let style = pages().assets.style.path;
    for (path, cache) in [
        ("/docs/openapi/loans.json", "no-cache"),
        ("/swagger.json", "no-cache"),
        (&*style, "immutable"),
        ("/favicon.ico", "no-cache"),
    ] {
        let first = get(path, &stranger, &door).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        assert!(header(&first, CACHE_CONTROL).contains(cache), "{path}");
        let request =
            Request::get(path).header("if-none-match", header(&first, ETAG)).body(Bytes::new()).expect("a request");
        let again = ask(request, &stranger, &door).await;
        assert_eq!((again.status(), again.body().len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
}

#[tokio::test]
async fn the_addresses_of_before_lead_to_the_explorer() {
    for path in ["/api", "/api/v1"] {
        let page = get(path, &visitor(None), &Fake::new(answers)).await;
        assert_eq!((page.status(), header(&page, LOCATION)), (StatusCode::FOUND, "/docs"));
    }
}

#[tokio::test]
async fn nothing_there_is_a_page_for_people_and_a_problem_for_programs() {
    let (stranger, door) = (visitor(None), Fake::new(answers));
    for path in ["/nothing", "/docs/x", "/docs/openapi/x.json", "/assets/x.css", "/docs/openapi/loans", "//", "/loans/"]
    {
        let page = get(path, &visitor(Some("alice")), &door).await;
        assert_eq!(
            (page.status(), header(&page, CONTENT_TYPE)),
            (StatusCode::NOT_FOUND, "text/html; charset=utf-8"),
            "{path}"
        );
    }
    let plain =
        ask(Request::get("/nothing").header("accept", "*/*").body(Bytes::new()).expect("a request"), &stranger, &door)
            .await;
    assert_eq!(header(&plain, CONTENT_TYPE), "application/problem+json");
    let wrong = ask(Request::delete("/loans").body(Bytes::new()).expect("a request"), &stranger, &door).await;
    assert_eq!((wrong.status(), header(&wrong, ALLOW)), (StatusCode::METHOD_NOT_ALLOWED, "GET, HEAD"));
}

#[tokio::test]
async fn one_part_that_fails_does_not_take_the_overview_with_it() {
    let door = Fake::new(|procedure, input| match procedure {
        AUDIT_LIST => Err(Error::unavailable("the log is away", Duration::from_secs(5))),
        _ => answers(procedure, input),
    });
    let page = get("/", &visitor(Some("alice")), &door).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(text(&page).contains("The log is away.") && text(&page).contains("423.00"), "{}", text(&page));
}
