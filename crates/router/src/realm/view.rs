//! What is told about a realm to those who look after it.

use std::sync::Arc;

use crossgate_call::Realm;
use crossgate_wamp::id::Id;
use crossgate_wamp::uri::Match;
use crossgate_wamp::uris::close;
use serde::Serialize;

use super::session::Session;
use super::state::{RealmState, locked};
use crate::router::Router;

/// A session.
#[derive(Clone, Debug, Serialize)]
pub struct SessionView {
    /// Its id.
    pub session: u64,
    /// Who it is.
    pub authid: String,
    /// Its role.
    pub authrole: String,
    /// How it proved itself.
    pub authmethod: &'static str,
    /// What it is connected by: `websocket`, `rawsocket`, `longpoll`, `events`.
    pub transport: String,
    /// How its messages are written.
    pub serializer: &'static str,
    /// The other end of its connection.
    pub peer: String,
    /// When it joined, RFC 3339.
    pub since: String,
    /// How many topics and patterns it subscribed to.
    pub subscriptions: usize,
    /// How many procedures and patterns it registered.
    pub registrations: usize,
    /// The calls that it waits for.
    pub calls: usize,
    /// The calls that it was asked to answer.
    pub invocations: usize,
    /// The bytes that wait to be read by it.
    pub queue_bytes: usize,
    /// The events that were left out because it read too slowly.
    pub events_dropped: u64,
    /// The messages that it sent since it joined.
    pub messages_in: u64,
    /// The messages that were sent to it since it joined.
    pub messages_out: u64,
    /// Its messages per second, each way, since it joined.
    pub mean_in: f64,
    /// The same for those sent to it.
    pub mean_out: f64,
}

/// A registration.
#[derive(Clone, Debug, Serialize)]
pub struct RegistrationView {
    /// Its id.
    pub registration: u64,
    /// The procedure or pattern.
    pub procedure: String,
    /// How it stands for others.
    pub r#match: &'static str,
    /// How its callees share calls.
    pub invoke: &'static str,
    /// When it came to be, RFC 3339.
    pub created: String,
    /// The sessions that answer, in the order in which they registered.
    pub callees: Vec<u64>,
    /// The calls that are with them.
    pub calls: usize,
    /// The calls that wait for one of them.
    pub waiting: usize,
}

/// A subscription.
#[derive(Clone, Debug, Serialize)]
pub struct SubscriptionView {
    /// Its id.
    pub subscription: u64,
    /// The topic or pattern.
    pub topic: String,
    /// How it stands for others.
    pub r#match: &'static str,
    /// When it came to be, RFC 3339.
    pub created: String,
    /// How many sessions receive its events.
    pub subscribers: usize,
    /// Whether its events are kept for those who ask later.
    pub history: bool,
    /// Whether there are retained events for a new subscriber.
    pub retained: bool,
}

impl Router {
    fn viewed<T>(&self, realm: &Realm, view: impl FnOnce(&Arc<RealmState>) -> T) -> Option<T> {
        self.realms().find(realm).map(|state| view(&state))
    }

    /// A realm's sessions, by id, those after `after`; at most `limit`. `None`: there is no such realm.
    pub fn session_views(&self, realm: &Realm, after: u64, limit: usize) -> Option<Vec<SessionView>> {
        self.viewed(realm, |state| {
            let mut sessions = state.sessions();
            sessions.retain(|session| session.id.get() > after);
            sessions.sort_unstable_by_key(|session| session.id);
            sessions.iter().take(limit).map(|session| state.session_view(session)).collect()
        })
    }

    /// A realm's registrations, by id.
    pub fn registration_views(&self, realm: &Realm, after: u64, limit: usize) -> Option<Vec<RegistrationView>> {
        self.viewed(realm, |state| state.registration_views(after, limit))
    }

    /// A realm's subscriptions, by id.
    pub fn subscription_views(&self, realm: &Realm, after: u64, limit: usize) -> Option<Vec<SubscriptionView>> {
        self.viewed(realm, |state| state.subscription_views(after, limit))
    }

    /// Ends a session with GOODBYE; `false` when there is none of that id.
    pub fn kill_session(&self, realm: &Realm, session: u64, message: &str) -> bool {
        let found =
            Id::new(session).and_then(|id| self.realms().find(realm)?.session(id).zip(self.realms().find(realm)));
        found.is_some_and(|(session, state)| state.kill(&session, close::KILLED, Some(message)))
    }
}

impl RealmState {
    fn session_view(&self, session: &Session) -> SessionView {
        let tables = self.tables.load();
        let (calls, invocations) = session.load();
        let age = self.clock.instant().saturating_duration_since(session.began).as_secs_f64().max(1.0);
        let (received, sent) = (session.received(), session.outbox.pushed());
        SessionView {
            session: session.id.get(),
            authid: session.authid.to_string(),
            authrole: session.authrole.to_string(),
            authmethod: session.welcome.authmethod,
            transport: session.client.framing.to_owned(),
            serializer: session.format.as_str(),
            peer: session.client.peer.clone(),
            since: format!("{:.3}", session.since),
            subscriptions: tables.subscriptions.of_session(session.id).len(),
            registrations: tables.registrations.of_session(session.id).len(),
            calls,
            invocations,
            queue_bytes: session.outbox.bytes(),
            events_dropped: session.outbox.dropped(),
            messages_in: received,
            messages_out: sent,
            mean_in: mean(received, age),
            mean_out: mean(sent, age),
        }
    }

    fn registration_views(&self, after: u64, limit: usize) -> Vec<RegistrationView> {
        let tables = self.tables.load();
        let mut found: Vec<_> = tables.registrations.iter().filter(|one| one.id.get() > after).collect();
        found.sort_unstable_by_key(|registration| registration.id);
        let waiting = |id: Id| {
            let queue = locked(&self.queues).get(&id).cloned();
            queue.map_or(0, |queue| locked(&queue).len())
        };
        found
            .into_iter()
            .take(limit)
            .map(|registration| RegistrationView {
                registration: registration.id.get(),
                procedure: registration.procedure.as_str().to_owned(),
                r#match: word(registration.policy),
                invoke: registration.invoke.as_str(),
                created: registration.created.as_str().to_owned(),
                callees: registration.callees.iter().map(|(session, _)| session.get()).collect(),
                calls: registration.callees.iter().map(|(_, callee)| callee.handle.busy()).sum(),
                waiting: waiting(registration.id),
            })
            .collect()
    }

    fn subscription_views(&self, after: u64, limit: usize) -> Vec<SubscriptionView> {
        let tables = self.tables.load();
        let retained = locked(&self.retained).clone();
        let mut found: Vec<_> = tables.subscriptions.iter().filter(|one| one.id.get() > after).collect();
        found.sort_unstable_by_key(|subscription| subscription.id);
        found
            .into_iter()
            .take(limit)
            .map(|subscription| {
                let history = subscription.subscribers.get(self.own_id).is_some();
                SubscriptionView {
                    subscription: subscription.id.get(),
                    topic: subscription.topic.as_str().to_owned(),
                    r#match: word(subscription.policy),
                    created: subscription.created.as_str().to_owned(),
                    subscribers: subscription.subscribers.len() - usize::from(history),
                    history,
                    retained: retained.has(subscription.policy, &subscription.topic),
                }
            })
            .collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn mean(messages: u64, seconds: f64) -> f64 {
    (messages as f64 / seconds * 1000.0).round() / 1000.0
}

const fn word(policy: Match) -> &'static str {
    match policy {
        Match::Exact => "exact",
        Match::Prefix => "prefix",
        Match::Wildcard => "wildcard",
    }
}
