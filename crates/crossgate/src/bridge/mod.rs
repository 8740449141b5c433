//! The HTTP bridge: calls, publications and subscriptions of a realm for those who speak HTTP alone.
//!
//! It is a service like any other: a table, a contract (`contracts/wamp.yaml`), and no way around `admit`. Being granted the
//! bridge opens nothing behind it: each call, publication and subscription is decided again, for the caller's own roles.

mod streams;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use crossgate_call::{Audit, Call, Error, Field, Outcome, Procedure, Realm, Result, Service};
use crossgate_router::realm::{Arguments, HistoryMatch, RealmConfig, WampError, Wanted};
use crossgate_router::{Conflict, Origin, Router};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use streams::Streams;

/// The contract of these procedures.
pub(crate) const CONTRACT: &str = include_str!("../../../../contracts/wamp.yaml");

/// What audit records say of what comes over the bridge.
const DOOR: &str = "bridge";
/// What the bridge's own procedures are called. They are not called through it: nobody has a use for that.
const PREFIX: &str = "bridge.";
const CALL: &str = "bridge.call";
const PUBLISH: &str = "bridge.publish";
const EVENTS: &str = "bridge.events";
/// The call behind the bridge has a deadline of its own, at most a day.
const DEADLINE: Duration = Duration::from_secs(86_400);

/// The HTTP bridge: calls, publications and subscriptions by HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The most streams of events at a time.
    pub(crate) streams_max: usize,
    /// The most streams of one caller; callers without credentials are told apart by their address.
    pub(crate) streams_per_caller_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { streams_max: 1024, streams_per_caller_max: 16 }
    }
}

/// The bridge of all realms.
pub(crate) struct Bridge {
    /// Set once the router exists: it is made after the services that it is to know.
    router: OnceLock<Weak<Router>>,
    streams: Arc<Streams>,
    /// Where its procedures are.
    realms: Mutex<HashSet<Realm>>,
}

/// `POST /wamp/call`.
#[derive(Debug, Deserialize)]
struct CallInput {
    procedure: String,
    args: Option<Vec<Value>>,
    kwargs: Option<Map<String, Value>>,
}

/// `POST /wamp/publish`.
#[derive(Debug, Deserialize)]
struct PublishInput {
    topic: String,
    args: Option<Vec<Value>>,
    kwargs: Option<Map<String, Value>>,
    options: Option<Map<String, Value>>,
}

/// `GET /wamp/events`.
#[derive(Debug, Deserialize)]
struct EventsInput {
    topic: String,
    #[serde(default)]
    r#match: HistoryMatch,
    #[serde(default)]
    retained: bool,
    #[serde(default, rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}

impl Bridge {
    pub(crate) fn new(config: &Config) -> Arc<Self> {
        let streams = Streams::new(config.streams_max, config.streams_per_caller_max);
        Arc::new(Self { router: OnceLock::new(), streams, realms: Mutex::default() })
    }

    /// Says which router is called, and puts the procedures into the realms: a caller finds them in its own.
    pub(crate) fn open(
        self: &Arc<Self>,
        router: &Arc<Router>,
        realms: &BTreeMap<String, RealmConfig>,
    ) -> std::result::Result<(), Conflict> {
        let _ = self.router.set(Arc::downgrade(router));
        let mut open = self.realms.lock().unwrap_or_else(PoisonError::into_inner);
        for name in realms.keys() {
            let realm = Realm::new(name.as_str());
            if !open.contains(&realm) {
                router.install(&realm, &self.service())?;
                open.insert(realm);
            }
        }
        Ok(())
    }

    /// The table. What goes through is recorded by its own name; of the bridge itself, what was refused or failed.
    pub(crate) fn service(self: &Arc<Self>) -> Service {
        let procedures = vec![
            Procedure::new(CALL, Some("POST /wamp/call"), self, call).deadline(DEADLINE).audit(Audit::Refusals),
            Procedure::new(PUBLISH, Some("POST /wamp/publish"), self, publish).audit(Audit::Refusals),
            Procedure::new(EVENTS, Some("GET /wamp/events"), self, events).audit(Audit::Refusals),
        ];
        Service { name: "wamp", procedures, ready: Arc::new(|| Box::pin(std::future::ready(Ok(())))) }
    }

    fn router(&self) -> Result<Arc<Router>> {
        let router = self.router.get().and_then(Weak::upgrade);
        router.ok_or_else(|| Error::unavailable("starting or shutting down", Duration::from_secs(5)))
    }
}

fn origin(call: &Call) -> Origin {
    Origin { door: DOOR, source: call.source, trace: call.trace }
}

async fn call(bridge: Arc<Bridge>, call: Call, input: CallInput) -> Result<Outcome> {
    let CallInput { procedure, args, kwargs } = input;
    if procedure.starts_with(PREFIX) {
        let field = Field::new("body", "/procedure", "is the bridge's own; call it by its path");
        return Err(Error::invalid("the bridge is not called through itself", vec![field]));
    }
    let arguments = Arguments { args: args.unwrap_or_default(), kwargs: kwargs.unwrap_or_default() };
    let answer = bridge.router()?.bridge_call(&call.caller, origin(&call), &procedure, &arguments).await;
    Outcome::value(&match answer {
        Ok(result) => told(result),
        Err(error) => failed(error),
    })
}

async fn publish(bridge: Arc<Bridge>, call: Call, input: PublishInput) -> Result<Outcome> {
    let PublishInput { topic, args, kwargs, options } = input;
    let arguments = Arguments { args: args.unwrap_or_default(), kwargs: kwargs.unwrap_or_default() };
    let options = options.unwrap_or_default();
    let done = bridge.router()?.bridge_publish(&call.caller, origin(&call), &topic, &arguments, &options).await;
    Outcome::value(&match done {
        Ok(publication) => json!({"id": publication}),
        Err(error) => failed(error),
    })
}

async fn events(bridge: Arc<Bridge>, call: Call, input: EventsInput) -> Result<Outcome> {
    let place = bridge.streams.take(&call)?;
    let after = match input.last_event_id.as_deref() {
        None | Some("") => None,
        Some(id) => Some(id.parse().map_err(|_| {
            let field = Field::new("header", "/Last-Event-ID", "is the id of an event of this stream");
            Error::invalid("the stream cannot be taken up there", vec![field])
        })?),
    };
    let wanted =
        Wanted { topic: input.topic, policy: input.r#match, after, retained: input.retained, door: Some(EVENTS) };
    let events = bridge.router()?.bridge_events(&call.caller, origin(&call), wanted).await?;
    Ok(Outcome::Stream(place.until_end_of(events)))
}

/// A result as clients of Crossbar's bridge know it: what is empty is left out, and nothing at all is one null.
fn told(result: Arguments) -> Value {
    let Arguments { args, kwargs } = result;
    match (args.is_empty(), kwargs.is_empty()) {
        (true, true) => json!({"args": [null]}),
        (true, false) => json!({"kwargs": kwargs}),
        (false, true) => json!({"args": args}),
        (false, false) => json!({"args": args, "kwargs": kwargs}),
    }
}

/// An error, likewise. It was carried to the caller well, so it is an answer like another.
fn failed(error: WampError) -> Value {
    let WampError { error, arguments: Arguments { args, kwargs } } = error;
    json!({"error": error, "args": args, "kwargs": kwargs})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_has_what_clients_of_crossbar_expect() {
        let result = |args: Value, kwargs: Value| {
            let (Value::Array(args), Value::Object(kwargs)) = (args, kwargs) else { panic!("arguments") };
            told(Arguments { args, kwargs })
        };
        assert_eq!(result(json!([]), json!({})), json!({"args": [null]}));
        assert_eq!(result(json!([7]), json!({})), json!({"args": [7]}));
        assert_eq!(result(json!([]), json!({"a": 1})), json!({"kwargs": {"a": 1}}));
        assert_eq!(result(json!([1, 2]), json!({"a": 1})), json!({"args": [1, 2], "kwargs": {"a": 1}}));
    }
}
