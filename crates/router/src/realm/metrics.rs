//! What is counted per realm. Names of procedures and topics are the clients' and have no limit, so they are no labels.

use crossgate_call::Realm;
use metrics::{Counter, Gauge};

/// The handles of one realm.
pub(crate) struct Metrics {
    realm: String,
    calls_ok: Counter,
    rerouted: Counter,
    published: Counter,
    delivered: Counter,
    dropped: Counter,
    sessions: Gauge,
}

impl Metrics {
    pub(crate) fn new(realm: &Realm) -> Self {
        let name = realm.to_string();
        Self {
            calls_ok: metrics::counter!("crossgate_realm_calls_total", "realm" => name.clone(), "outcome" => "ok"),
            rerouted: metrics::counter!("crossgate_realm_calls_rerouted_total", "realm" => name.clone()),
            published: metrics::counter!("crossgate_realm_publications_total", "realm" => name.clone()),
            delivered: metrics::counter!("crossgate_realm_events_total", "realm" => name.clone()),
            dropped: metrics::counter!("crossgate_realm_events_dropped_total", "realm" => name.clone()),
            sessions: metrics::gauge!("crossgate_realm_sessions", "realm" => name.clone()),
            realm: name,
        }
    }

    pub(crate) fn call(&self, outcome: &'static str) {
        if outcome == "ok" {
            return self.calls_ok.increment(1);
        }
        let realm = self.realm.clone();
        metrics::counter!("crossgate_realm_calls_total", "realm" => realm, "outcome" => outcome).increment(1);
    }

    pub(crate) fn rerouted(&self) {
        self.rerouted.increment(1);
    }

    pub(crate) fn published(&self, delivered: u64, dropped: u64) {
        self.published.increment(1);
        self.delivered.increment(delivered);
        self.dropped(dropped);
    }

    pub(crate) fn dropped(&self, events: u64) {
        if events > 0 {
            self.dropped.increment(events);
        }
    }

    pub(crate) fn joined(&self) {
        self.sessions.increment(1);
    }

    pub(crate) fn left(&self) {
        self.sessions.decrement(1);
    }

    /// What ended a session that did not end by itself.
    pub(crate) fn ended(&self, why: &'static str) {
        let realm = self.realm.clone();
        metrics::counter!("crossgate_realm_sessions_ended_total", "realm" => realm, "why" => why).increment(1);
    }
}
