//! The doors, with a router, an identity and a table of procedures behind them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{
    Answer, Audit as Policy, Call, Clock, Error, Function, Outcome, Payload, Procedure, Realm, Service, SystemClock,
};
use crossgate_contract::{Contract, Options};
use crossgate_edge::{Config, Edge, Mount, Parts, Site, Visit};
use crossgate_identity::{BoxError, Fetch, Identity, generate_signing_key, hash_client_secret};
use crossgate_router::audit::Audit;
use crossgate_router::realm::RealmConfig;
use crossgate_router::{Parts as RouterParts, Router};
use crossgate_store::Store;
use http::{Request, Response};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinHandle;

pub(crate) const API_KEY: &str = "meter-key-of-enough-length";
pub(crate) const CLIENT_SECRET: &str = "billing-secret-of-enough-length";
/// How long a test waits for what must happen, before it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The contract under test: an operation for each way to answer and to fail.
const CONTRACT: &str = r"
openapi: 3.0.3
info: {title: Doors, version: '1'}
paths:
  /whoami:
    get: {operationId: open.whoami, responses: {'200': {description: who calls}}}
    post: {operationId: open.act, responses: {'200': {description: done}}}
  /words/{word}:
    get:
      operationId: open.word
      parameters:
        - {name: word, in: path, required: true, schema: {type: string}}
        - {name: times, in: query, schema: {type: integer, minimum: 1, maximum: 100000}}
      responses:
        '200':
          description: the word, repeated
          content: {application/json: {schema: {type: string}}}
  /notes:
    post:
      operationId: open.note
      x-crossgate-body-bytes-max: 1000
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: object, required: [text], properties: {text: {type: string}}}
      responses: {'201': {description: made, content: {application/json: {schema: {type: object}}}}}
    delete: {operationId: open.clear, responses: {'204': {description: gone}}}
  /jobs:
    post: {operationId: open.job, responses: {'202': {description: taken on, content: {application/json: {schema: {}}}}}}
  /strict:
    post:
      operationId: open.strict
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [n], properties: {n: {type: integer}}}}}
      responses: {'200': {description: fine}, '422': {description: not fine}}
  /slow: {get: {operationId: open.slow, responses: {'200': {description: at last}}}}
  /broken: {get: {operationId: open.broken, responses: {'200': {description: never}}}}
  /panic: {get: {operationId: open.panic, responses: {'200': {description: never}}}}
  /wrong:
    get:
      operationId: open.wrong
      responses:
        '200': {description: a number, content: {application/json: {schema: {type: integer}}}}
  /members: {get: {operationId: member.only, responses: {'200': {description: for members}}}}
  /nobody: {get: {operationId: none.answers, responses: {'200': {description: documented}}}}
  /counts:
    get: {operationId: open.counts, x-crossgate-surface: metrics, responses: {'200': {description: numbers}}}
";

/// What the slow procedure says and waits for.
pub(crate) struct Slow {
    pub(crate) entered: Semaphore,
    pub(crate) release: Semaphore,
}

/// Running doors.
pub(crate) struct Served {
    pub(crate) edge: Arc<Edge>,
    pub(crate) slow: Arc<Slow>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) audit: Audit,
    addresses: BTreeMap<String, String>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<usize>,
}

impl Served {
    /// Serves listeners (the `edge.listeners` of a configuration).
    pub(crate) async fn listeners(listeners: Value) -> Self {
        Self::start(json!({"listeners": listeners})).await
    }

    /// One plain listener on this machine, with other keys of its configuration.
    pub(crate) async fn plain(keys: Value) -> Self {
        Self::listeners(json!([plain(keys)])).await
    }

    pub(crate) async fn start(config: Value) -> Self {
        Self::try_start(config).await.unwrap()
    }

    pub(crate) async fn try_start(config: Value) -> Result<Self, crossgate_edge::Error> {
        let config: Config = serde_json::from_value(config).unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let realm = Realm::new("test");
        let store = Store::temporary().unwrap();
        let identity = serde_json::from_value(identity()).unwrap();
        let identity = Identity::open(identity, store, Arc::new(NoFetch), Arc::clone(&clock)).await.unwrap();
        let audit = serde_json::from_value(json!({"delay_ms": 1})).unwrap();
        let audit = Audit::with_store(&audit, Store::temporary().unwrap(), Arc::clone(&clock)).await.unwrap();
        let parts = RouterParts { identity: Arc::clone(&identity), audit: audit.clone(), clock: Arc::clone(&clock) };
        let router = Router::new(parts);
        router.configure_realms(BTreeMap::from([("test".to_owned(), RealmConfig::default())])).unwrap();
        let slow = Arc::new(Slow { entered: Semaphore::new(0), release: Semaphore::new(0) });
        let ready = Arc::new(|| -> Pin<Box<dyn Future<Output = _> + Send>> { Box::pin(async { Ok(()) }) });
        router.install(&realm, &Service { name: "open", procedures: table(&slow), ready }).unwrap();
        let parts =
            Parts { router, identity: Arc::clone(&identity), clock, site: Arc::new(Pages), mounts: mounts(), realm };
        let edge = Arc::new(Edge::bind(config, parts).await?);
        let addresses = edge.addresses().into_iter().map(|(name, address)| (name, address.to_string())).collect();
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&edge);
        let serving = tokio::spawn(async move { served.serve(async { drop(stopped.await) }).await });
        Ok(Self { edge, slow, identity, audit, addresses, stop: Some(stop), serving })
    }

    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.addresses[listener].parse().unwrap()
    }

    /// `http://127.0.0.1:PORT/path` of the listener `plain`.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses["plain"])
    }

    /// Signs alice in; gives her session cookie's value.
    pub(crate) async fn session(&self) -> String {
        let password = "a long enough password";
        self.identity.add_user("alice", password, &["member".to_owned()], true).await.unwrap();
        let session = self.identity.begin_session(&Realm::new("test"), "alice", password).await.unwrap();
        session.cookie_value.expose_secret().to_owned()
    }

    /// Tells the doors to close.
    pub(crate) fn tell(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    /// Drops the future that serves.
    pub(crate) fn abort(&self) {
        self.serving.abort();
    }

    /// Waits until they are; gives the number of connections that were cut off.
    pub(crate) async fn stopped(self) -> usize {
        within(self.serving).await.unwrap()
    }
}

/// Fails when something does not happen.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it happens in time")
}

/// A plain listener's configuration.
pub(crate) fn plain(keys: Value) -> Value {
    with(json!({"name": "plain", "address": "127.0.0.1:0"}), keys)
}

/// An object with the members of another.
pub(crate) fn with(mut base: Value, keys: Value) -> Value {
    for (key, value) in keys.as_object().unwrap() {
        base[key] = value.clone();
    }
    base
}

fn identity() -> Value {
    let digest = |secret: &str| hash_client_secret(secret);
    json!({
        "api_keys": {"meter": {"sha256": digest(API_KEY).trim_start_matches("sha256:"), "roles": ["member"]}},
        "clients": {"billing": {"secret_hash": digest(CLIENT_SECRET), "roles": ["member"]}},
        "certificates": [{"id": "partner", "common_name": "partner", "roles": ["member"]}],
        "tokens": {"issuer": "https://doors.test", "audience": ["https://doors.test"], "key": generate_signing_key().unwrap()},
        "roles": {
            "anonymous": {"allow": [{"uri": "open.", "match": "prefix"}, {"uri": "wamp.session.get"}]},
            "member": {"allow": [{"uri": "open.", "match": "prefix"}, {"uri": "member.", "match": "prefix"}]},
        },
    })
}

fn mounts() -> Vec<Mount> {
    let mount = |prefix: &str, validate_responses| {
        let contract = Contract::parse("doors.yaml", CONTRACT, Options::default()).unwrap();
        let named = |id: Option<&str>| id.filter(|id| *id != "none.answers").map(Into::into);
        let procedures = contract.operations().iter().map(|operation| named(operation.id())).collect();
        Mount { contract: Arc::new(contract), prefix: prefix.into(), procedures, validate_responses }
    };
    vec![mount("", false), mount("/checked", true)]
}

fn table(slow: &Arc<Slow>) -> Vec<Procedure> {
    let row = |name, run: Function| Procedure {
        name,
        operation: None,
        run,
        deadline: Duration::from_secs(10),
        audit: Policy::All,
    };
    let simple = |name, answer: fn(&Call) -> crossgate_call::Result<Outcome>| {
        let run = move |call: Call| -> Answer { Box::pin(std::future::ready(answer(&call))) };
        row(name, Arc::new(run))
    };
    let slow = Arc::clone(slow);
    let wait = move |_: Call| -> Answer {
        let slow = Arc::clone(&slow);
        Box::pin(async move {
            slow.entered.add_permits(1);
            slow.release.acquire().await.unwrap().forget();
            Outcome::value(&"at last")
        })
    };
    vec![
        simple("open.whoami", |call| {
            let caller = &call.caller;
            Outcome::value(&json!({"id": &**caller.id(), "proof": caller.proof().as_str()}))
        }),
        simple("open.act", |_| Outcome::value(&"acted")),
        simple("open.word", |call| {
            let input = call.payload.value()?;
            let times = input["times"].as_u64().unwrap_or(1);
            let word = input["word"].as_str().unwrap_or_default();
            Outcome::value(&word.repeat(usize::try_from(times).unwrap_or(1)))
        }),
        simple("open.note", |call| Ok(Outcome::Created { location: "/notes/1".into(), value: call.payload.clone() })),
        simple("open.clear", |_| Ok(Outcome::Empty)),
        simple("open.job", |_| {
            let retry_after = Duration::from_millis(1500);
            Ok(Outcome::Accepted { location: "/jobs/7".into(), retry_after, value: Payload::null() })
        }),
        simple("open.strict", |_| Outcome::value(&"fine")),
        row("open.slow", Arc::new(wait)),
        simple("open.broken", |_| Err(Error::internal("the password is hunter2"))),
        simple("open.panic", |_| panic!("hunter2")),
        simple("open.wrong", |_| Outcome::value(&"not a number")),
        simple("open.counts", |_| Ok(Outcome::Bytes { media_type: "text/plain".into(), bytes: "1".into() })),
        simple("member.only", |_| Outcome::value(&"welcome")),
    ]
}

struct NoFetch;

impl Fetch for NoFetch {
    fn get(&self, _: &str) -> Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send + '_>> {
        Box::pin(std::future::ready(Err("nothing is fetched here".into())))
    }
}

/// Pages that say what they were told of the visit.
struct Pages;

impl Site for Pages {
    fn serve(&self, request: Request<Bytes>, visit: Visit) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> {
        let told = json!({
            "method": request.method().as_str(),
            "path": request.uri().path(),
            "body": String::from_utf8_lossy(request.body()),
            "caller": &**visit.caller.id(),
            "proof": visit.caller.proof().as_str(),
            "source": visit.source.map(|source| source.to_string()),
            "secure": visit.secure,
            "listener": &*visit.listener,
            "padding": if request.uri().path() == "/long" { "x".repeat(10_000) } else { String::new() },
        });
        let response = Response::builder().header("content-type", "application/json");
        Box::pin(std::future::ready(response.body(told.to_string().into()).unwrap()))
    }
}
