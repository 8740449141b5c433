//! What the tests share: a logbook of their own, a clock that stands still, and calls as the router makes them.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Call, Caller, Clock, Error, ManualClock, Outcome, Payload, Proof, Realm, Trace, Vouched};
use crossgate_logbook::{Config, Logbook, service};
use crossgate_store::Store;
use serde_json::{Value, json};

pub(crate) const NOW: &str = "2021-01-31T12:00:00Z";

pub(crate) struct Kit {
    pub(crate) logbook: Arc<Logbook>,
    pub(crate) clock: Arc<ManualClock>,
}

impl Kit {
    pub(crate) async fn new() -> Self {
        Self::with(Config::default()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let clock = Arc::new(ManualClock::at(NOW.parse().unwrap()));
        let store = Store::temporary().unwrap();
        let logbook = Logbook::open(config, store, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { logbook, clock }
    }

    pub(crate) async fn call(&self, procedure: &str, input: Value) -> Result<Outcome, Error> {
        let row = service(&self.logbook).procedures.into_iter().find(|row| row.name == procedure).unwrap();
        let caller = Caller::vouch(Vouched {
            id: "logdaemon".into(),
            roles: vec!["logdaemon".into()],
            realm: Realm::new("logger"),
            proof: Proof::Certificate,
            expires: None,
            certificate: None,
        });
        let call = Call {
            procedure: procedure.into(),
            caller: Arc::new(caller),
            payload: Payload::from_value(input),
            deadline: self.clock.instant() + Duration::from_secs(30),
            trace: Trace::from_random(1),
            source: None,
        };
        (row.run)(call).await
    }

    pub(crate) async fn value(&self, procedure: &str, input: Value) -> Value {
        match self.call(procedure, input).await.unwrap() {
            Outcome::Value(value) => value.value().unwrap().clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Reports; gives how many were new, and how many were not.
    pub(crate) async fn append(&self, entries: Value) -> (u64, u64) {
        let done = self.value("logbook.append", json!({"entries": entries})).await;
        (done["recorded"].as_u64().unwrap(), done["repeated"].as_u64().unwrap())
    }

    /// The texts of a search, newest first.
    pub(crate) async fn texts(&self, filter: Value) -> Vec<String> {
        let page = self.value("logbook.search", filter).await;
        page["entries"].as_array().unwrap().iter().map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
    }
}

/// A line with an id of its own.
pub(crate) fn line(id: usize, text: &str) -> Value {
    json!({"kind": "log", "id": format!("a-{id}"), "authid": "app", "text": text})
}

/// Somebody who joins.
pub(crate) fn join(session: u64, name: &str) -> Value {
    let (sha1, sha256) = ("b7".repeat(20), "c8".repeat(32));
    json!({"kind": "join", "session": session, "authid": "logdaemon", "authrole": "logger", "authmethod": "tls",
        "certificate": {"common_name": name, "company": "XBR", "sha1": sha1, "sha256": sha256}})
}
