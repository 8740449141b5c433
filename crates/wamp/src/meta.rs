//! What the meta API says: the arguments of its events and results.

use crate::broker::{PastEvent, Subscription};
use crate::dealer::Registration;
use crate::id::Id;
use crate::session::AuthInfo;
use crate::uri::Match;
use crate::value::{Map, Value};
use crate::wire::{Format, WireError};

/// `wamp.session.on_join` and the result of `wamp.session.get`: one dictionary. What is known about the transport is the
/// router's to say, and to keep secrets out of.
#[must_use]
pub fn session_details(session: Id, auth: &AuthInfo, transport: Option<Map>) -> Map {
    Map::new()
        .with("session", session)
        .with("realm", auth.realm.as_str())
        .with("authid", auth.authid.as_str())
        .with("authrole", auth.authrole.as_str())
        .with("authmethod", auth.authmethod.as_str())
        .with("authprovider", auth.authprovider.as_str())
        .with("authextra", auth.authextra.clone())
        .with_some("transport", transport)
}

/// `wamp.session.on_leave`: session, authid, authrole.
#[must_use]
pub fn session_left(session: Id, authid: &str, authrole: &str) -> Vec<Value> {
    vec![session.into(), authid.into(), authrole.into()]
}

/// `wamp.subscription.on_create` and the result of `wamp.subscription.get`.
#[must_use]
pub fn subscription_details<S: Clone>(subscription: &Subscription<S>) -> Map {
    Map::new()
        .with("id", subscription.id)
        .with("created", subscription.created.as_str())
        .with("uri", subscription.topic.as_str())
        .with("match", subscription.policy.as_str())
}

/// `wamp.registration.on_create` and the result of `wamp.registration.get`.
#[must_use]
pub fn registration_details<C: Clone>(registration: &Registration<C>) -> Map {
    Map::new()
        .with("id", registration.id)
        .with("created", registration.created.as_str())
        .with("uri", registration.procedure.as_str())
        .with("match", registration.policy.as_str())
        .with("invoke", registration.invoke.as_str())
}

/// `on_create`: the session, and the details of what it made.
#[must_use]
pub fn created(session: Id, details: Map) -> Vec<Value> {
    vec![session.into(), details.into()]
}

/// `on_subscribe`, `on_unsubscribe`, `on_register`, `on_unregister` and `on_delete`: the session, and the id.
#[must_use]
pub fn changed(session: Id, id: Id) -> Vec<Value> {
    vec![session.into(), id.into()]
}

/// The result of `wamp.subscription.list` and `wamp.registration.list`: ids by policy, in order.
#[must_use]
pub fn ids_by_policy(all: impl IntoIterator<Item = (Match, Id)>) -> Map {
    let mut lists = Match::ALL.map(|policy| (policy, Vec::new()));
    for (policy, id) in all {
        if let Some((_, list)) = lists.iter_mut().find(|(other, _)| *other == policy) {
            list.push(id);
        }
    }
    lists.into_iter().fold(Map::new(), |map, (policy, mut list)| {
        list.sort_unstable();
        map.with(policy.as_str(), list)
    })
}

/// One element of the result of `wamp.subscription.get_events`. `timestamp` is the event's time in RFC 3339.
///
/// # Errors
/// The event's arguments hold what memory does not.
pub fn past_event(subscription: Id, event: &PastEvent, timestamp: &str) -> Result<Map, WireError> {
    let details = event.details.to_dict(Format::Cbor).to_map()?;
    let args = event.payload.transparent_data().map(Value::Binary);
    let args = args.map_or_else(|| event.payload.arg_values().map(Value::List), Ok)?;
    Ok(Map::new()
        .with("timestamp", timestamp)
        .with("subscription", subscription)
        .with("publication", event.publication)
        .with("details", details)
        .with("args", args)
        .with("kwargs", event.payload.kwarg_values()?))
}
