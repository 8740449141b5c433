//! `realms.*` and `sessions.kill`: what goes on in the realms of WAMP sessions, for those who look after them.

use std::sync::Arc;

use crossgate_call::{Call, Error, Outcome, Realm, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Nothing, System};

/// The entries of a page, when the caller does not say.
const PAGE_DEFAULT: usize = 100;
/// The most that a page holds.
const PAGE_MAX: usize = 500;
/// What a killed session is told when the caller gives no words.
const KILLED: &str = "an operator ended the session";

/// A page of something in a realm.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    realm: String,
    after: Option<u64>,
    limit: Option<usize>,
}

/// A session to end.
#[derive(Debug, Deserialize)]
pub(super) struct Doomed {
    realm: String,
    session: u64,
    message: Option<String>,
}

pub(super) async fn list(system: Arc<System>, _: Call, _: Nothing) -> Result<Outcome> {
    let router = system.router()?;
    let realms: Vec<_> = router
        .realm_summaries()
        .into_iter()
        .map(|realm| {
            json!({
                "realm": realm.realm.as_str(),
                "sessions": realm.sessions,
                "subscriptions": realm.subscriptions,
                "registrations": realm.registrations,
                "calls": realm.calls,
                "calls_waiting": realm.calls_waiting,
                "queue_bytes": realm.outbox_bytes,
                "events_dropped": realm.events_dropped,
                "messages_in": realm.messages_in,
                "messages_out": realm.messages_out,
            })
        })
        .collect();
    Outcome::value(&json!({"realms": realms}))
}

pub(super) async fn sessions(system: Arc<System>, _: Call, wanted: Wanted) -> Result<Outcome> {
    let (realm, after, limit) = wanted.page();
    let found = system.router()?.session_views(&realm, after, limit);
    page("sessions", found, limit, |session| session.session)
}

pub(super) async fn registrations(system: Arc<System>, _: Call, wanted: Wanted) -> Result<Outcome> {
    let (realm, after, limit) = wanted.page();
    let found = system.router()?.registration_views(&realm, after, limit);
    page("registrations", found, limit, |registration| registration.registration)
}

pub(super) async fn subscriptions(system: Arc<System>, _: Call, wanted: Wanted) -> Result<Outcome> {
    let (realm, after, limit) = wanted.page();
    let found = system.router()?.subscription_views(&realm, after, limit);
    page("subscriptions", found, limit, |subscription| subscription.subscription)
}

pub(super) async fn kill(system: Arc<System>, _: Call, doomed: Doomed) -> Result<Outcome> {
    let realm = Realm::new(doomed.realm);
    let message = doomed.message.as_deref().filter(|message| !message.is_empty()).unwrap_or(KILLED);
    if system.router()?.kill_session(&realm, doomed.session, message) {
        Ok(Outcome::Empty)
    } else {
        Err(Error::not_found("there is no such session; it may have left"))
    }
}

impl Wanted {
    fn page(self) -> (Realm, u64, usize) {
        let limit = self.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
        (Realm::new(self.realm), self.after.unwrap_or(0), limit)
    }
}

fn page<T: Serialize>(
    name: &'static str,
    found: Option<Vec<T>>,
    limit: usize,
    id: impl Fn(&T) -> u64,
) -> Result<Outcome> {
    let Some(found) = found else { return Err(Error::not_found("there is no such realm")) };
    // A full page may have another behind it; the page after the last is empty, which does no harm.
    let next = (found.len() == limit).then(|| found.last().map(&id)).flatten();
    Outcome::value(&json!({name: found, "next": next}))
}
