//! Calls of WAMP callees by those who speak no WAMP: HTTP requests, the console, the command line, other services, and
//! the router's own questions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossgate_call::{Caller, Outcome, Payload as Input, Result};
use crossgate_identity::WampAskError;
use crossgate_wamp::dealer::CallKey;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::CallOptions;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Payload, Text, Value};
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tokio::time::{Instant, timeout_at};

use super::call::{Answer, From, InFlight, NewCall, Who};
use super::dispatch::OWN_FORMAT;
use super::errors;
use super::state::RealmState;
use crate::permit::{Origin, Permit};
use crate::router::{Check, Router};
use crate::table::Target;

/// Counts the calls from inside: their caller's session is the realm's own id.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// Ends a call when nobody waits for it any more.
struct Waiting(Arc<InFlight>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

/// What a call from inside says.
pub(crate) struct LocalCall<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) procedure: &'a str,
    pub(crate) payload: Payload,
    pub(crate) timeout: Duration,
    /// It changes nothing, and may be asked again of another callee.
    pub(crate) repeatable: bool,
}

impl RealmState {
    /// Calls whoever registered a procedure, and waits for the answer.
    pub(crate) async fn call_local(self: &Arc<Self>, local: LocalCall<'_>) -> Answer {
        let (answer, waits) = oneshot::channel();
        let number = REQUESTS.fetch_add(1, Ordering::Relaxed);
        let role = local.caller.roles().first().cloned().unwrap_or_else(|| Arc::from("anonymous"));
        let call = InFlight::new(NewCall {
            realm: Arc::clone(self),
            key: CallKey { caller: self.own_id, request: Id::from_random_bits(number) },
            procedure: Text::from(local.procedure),
            from: From::Local(Mutex::new(Some(answer))),
            options: CallOptions { repeatable: local.repeatable, ..CallOptions::default() },
            payload: local.payload,
            who: Who { session: None, authid: Arc::clone(local.caller.id()), authrole: role },
            discloses: false,
            trustlevel: None,
            timeout: Some(local.timeout),
            permit: None,
        });
        let waiting = Waiting(Arc::clone(&call));
        call.start();
        drop(call);
        let answer = waits.await;
        drop(waiting);
        answer.unwrap_or_else(|_| Answer::error(uri::CANCELED, "the call was given up"))
    }

    /// Calls with an input object, as contracts have it: its entries are keyword arguments.
    pub(crate) async fn call_with_object(
        self: &Arc<Self>,
        caller: &Caller,
        procedure: &str,
        input: &Input,
        timeout: Duration,
    ) -> Result<Outcome> {
        let payload = object_to_payload(input)?;
        let local = LocalCall { caller, procedure, payload, timeout, repeatable: false };
        match self.call_local(local).await {
            Answer::Result { payload, .. } => payload_to_outcome(&payload),
            Answer::Error { error, payload, .. } => Err(errors::from_wamp(&error, &payload)),
        }
    }
}

/// A question of the router's own.
pub(crate) struct Question<'a> {
    /// In whose name.
    pub(crate) caller: &'a Arc<Caller>,
    pub(crate) procedure: &'a str,
    pub(crate) args: Vec<Value>,
    pub(crate) timeout: Duration,
    pub(crate) origin: Origin,
    pub(crate) about: About,
}

/// What the router asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Who joins: an authenticator.
    Joining,
    /// What a session may do: an authorizer.
    Doing,
}

/// The places for the router's own questions in one realm. Those about strangers who join take none from those about sessions.
pub(crate) struct Places {
    joining: Semaphore,
    doing: Semaphore,
}

impl Places {
    pub(crate) fn new(each: usize) -> Self {
        Self { joining: Semaphore::new(each), doing: Semaphore::new(each) }
    }

    /// Waits for a place; `None`: there was none in time.
    async fn take(&self, about: About, until: Instant) -> Option<SemaphorePermit<'_>> {
        let places = match about {
            About::Joining => &self.joining,
            About::Doing => &self.doing,
        };
        timeout_at(until, places.acquire()).await.ok()?.ok()
    }
}

impl Router {
    /// Asks a procedure something in somebody's name, like any call: admitted, recorded, answered in time. It is asked again
    /// of the next callee when one is lost. No rate holds for it; so many questions wait for answers at a time, and others
    /// wait for these, all no longer than their time.
    pub(crate) async fn ask(
        &self,
        realm: &Arc<RealmState>,
        question: Question<'_>,
    ) -> std::result::Result<Value, WampAskError> {
        let Question { caller, procedure, args, timeout, origin, about } = question;
        let until = Instant::now() + timeout;
        let denied = |error: &crossgate_call::Error| WampAskError {
            uri: errors::uri_of(error.kind()).to_owned(),
            message: Some(error.public().to_owned()),
        };
        let Some(_place) = realm.questions.take(about, until).await else {
            metrics::counter!("crossgate_realm_questions_refused_total", "realm" => realm.name.to_string())
                .increment(1);
            let message = Some("too many wait for the same decision; try again later".to_owned());
            return Err(WampAskError { uri: uri::UNAVAILABLE.to_owned(), message });
        };
        let mut permit: Permit =
            self.enter(caller, procedure, origin, Some(realm), Check::Own).await.map_err(|error| denied(&error))?;
        if !matches!(permit.target, Target::Remote(_)) {
            let error = crossgate_call::Error::new(crossgate_call::Kind::NoSuchProcedure, "no callee registered it");
            permit.fail(&error).await;
            return Err(denied(&error));
        }
        let payload = Payload::from_values(OWN_FORMAT, args, Map::new());
        let timeout = until.saturating_duration_since(Instant::now());
        let local = LocalCall { caller, procedure, payload, timeout, repeatable: true };
        match realm.call_local(local).await {
            Answer::Result { payload, .. } => {
                permit.conclude("ok", None);
                let mut args = payload.arg_values().unwrap_or_default();
                Ok(if args.is_empty() { Value::Null } else { args.swap_remove(0) })
            }
            Answer::Error { error, payload, .. } => {
                permit.conclude("error", Some(error.as_str().to_owned()));
                Err(WampAskError { uri: error.as_str().to_owned(), message: errors::sentence(&payload) })
            }
        }
    }
}

/// An input object as keyword arguments; anything else as the one argument.
fn object_to_payload(input: &Input) -> Result<Payload> {
    let invalid = |_| crossgate_call::Error::invalid("the input cannot be passed on", Vec::new());
    Ok(match Value::from_json(input.value()?).map_err(invalid)? {
        Value::Map(map) => Payload::from_values(OWN_FORMAT, Vec::new(), map),
        Value::Null => Payload::empty(OWN_FORMAT),
        other => Payload::from_values(OWN_FORMAT, vec![other], Map::new()),
    })
}

/// A callee's result as one value: its keyword arguments, or its only argument, or all of them.
fn payload_to_outcome(payload: &Payload) -> Result<Outcome> {
    let unreadable =
        |error| crossgate_call::Error::internal(format!("the callee's result cannot be passed on: {error}"));
    let mut args = payload.arg_values().map_err(unreadable)?;
    let kwargs = payload.kwarg_values().map_err(unreadable)?;
    let value = match (args.len(), kwargs.is_empty()) {
        (0, true) => return Ok(Outcome::Empty),
        (0, false) => Value::Map(kwargs),
        (1, true) => args.swap_remove(0),
        (_, true) => Value::List(args),
        (_, false) => Map::new().with("args", args).with("kwargs", kwargs).into(),
    };
    Ok(Outcome::Value(Input::from_value(value.to_json())))
}

/// The arguments of a WAMP CALL as a built-in procedure's input: the keyword arguments, or the one positional dictionary.
pub(crate) fn payload_to_object(payload: &Payload) -> Result<Input> {
    let invalid = || {
        let detail = "give keyword arguments, or one dictionary";
        crossgate_call::Error::invalid(
            "the arguments do not have the expected shape",
            vec![crossgate_call::Field::new("input", "", detail)],
        )
    };
    let payload = payload.to_format(Format::Json).map_err(|_| invalid())?;
    let args: Vec<serde_json::Value> = match payload.args() {
        Some(args) => serde_json::from_slice(args).map_err(|_| invalid())?,
        None => Vec::new(),
    };
    let kwargs = payload.kwargs().filter(|kwargs| *kwargs != b"{}");
    let object = match (args.as_slice(), kwargs) {
        ([], Some(kwargs)) => serde_json::from_slice(kwargs).map_err(|_| invalid())?,
        ([], None) => serde_json::Value::Object(serde_json::Map::new()),
        ([object @ serde_json::Value::Object(_)], None) => object.clone(),
        _ => return Err(invalid()),
    };
    Ok(Input::from_value(object))
}

/// A built-in procedure's outcome as the arguments of RESULT.
///
/// # Errors
/// A stream, which RESULT cannot be.
pub(crate) fn outcome_to_payload(outcome: Outcome, format: Format) -> Result<Payload> {
    let value = |input: &Input| -> Vec<Value> {
        input.value().ok().and_then(|json| Value::from_json(json).ok()).into_iter().collect()
    };
    Ok(match outcome {
        Outcome::Value(input) => Payload::from_values(format, value(&input), Map::new()),
        Outcome::Created { location, value: input } => {
            Payload::from_values(format, value(&input), Map::new().with("location", location))
        }
        Outcome::Accepted { location, retry_after, value: input } => {
            let wait = retry_after.as_millis() as u64;
            let kwargs = Map::new().with("location", location).with("retry_after_ms", wait);
            Payload::from_values(format, value(&input), kwargs)
        }
        Outcome::Empty => Payload::empty(format),
        Outcome::Bytes { media_type, bytes } => {
            let kwargs = Map::new().with("media_type", media_type.into_owned());
            Payload::from_values(format, vec![Value::Binary(bytes.to_vec())], kwargs)
        }
        Outcome::Stream(_) => {
            let words = "this procedure answers with a stream of events; ask for it over HTTP, or subscribe";
            return Err(crossgate_call::Error::invalid(words, Vec::new()));
        }
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn no_more_questions_of_a_sort_wait_than_there_are_places_and_the_others_have_their_own() {
        let places = Places::new(2);
        let (later, now) = (Instant::now() + Duration::from_secs(60), Instant::now());
        let first = places.take(About::Joining, later).await.expect("a place");
        let _second = places.take(About::Joining, later).await.expect("a place");
        assert!(places.take(About::Joining, now).await.is_none(), "in time there is none");
        assert!(places.take(About::Doing, now).await.is_some(), "sessions are not held up by strangers");
        let mut third = Box::pin(places.take(About::Joining, later));
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(third.await.is_some());
    }
}
