//! A realm at run time: its tables, its sessions, and how sessions come and go.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossgate_call::{Clock, Realm};
use crossgate_store::Store;
use crossgate_wamp::broker::{Retained, Subscriptions, Unsubscribed};
use crossgate_wamp::dealer::{Registrations, Unregistered};
use crossgate_wamp::id::Id;
use crossgate_wamp::message::Removed;
use crossgate_wamp::options::Revocation;
use crossgate_wamp::uri::is_reserved;
use crossgate_wamp::uris::{close, topic};
use crossgate_wamp::{Dict, Map, Message, Text, Value, meta};

use super::authorize::Decisions;
use super::broker::Publication;
use super::callee::{Member, Queue};
use super::config::RealmConfig;
use super::history::{Archive, History, Losses};
use super::local::Places;
use super::metrics::Metrics;
use super::outbox::Class;
use super::random;
use super::session::Session;
use super::switches::{Keep, OnLeave};

/// How many questions to authenticators, and to authorizers, wait for an answer at a time in one realm.
const QUESTIONS_MAX: usize = 1024;

/// Who receives the events of a subscription.
#[derive(Clone)]
pub(crate) enum Subscriber {
    Session(Arc<Session>),
    /// The realm itself, which keeps them.
    History(Arc<History>),
}

/// What calls and events are routed by: a snapshot.
#[derive(Clone, Default)]
pub(crate) struct Tables {
    pub(crate) subscriptions: Subscriptions<Subscriber>,
    pub(crate) registrations: Registrations<Arc<Member>>,
}

/// The sessions of a realm, and how many there are of each role.
#[derive(Default)]
pub(crate) struct Sessions {
    by_id: HashMap<Id, Arc<Session>>,
    roles: HashMap<Arc<str>, usize>,
}

/// A realm.
pub(crate) struct RealmState {
    pub(crate) name: Realm,
    pub(crate) config: ArcSwap<RealmConfig>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    /// Replaced as a whole by whoever holds `owner`.
    pub(crate) tables: ArcSwap<Tables>,
    owner: Mutex<()>,
    sessions: Mutex<Sessions>,
    pub(crate) retained: Mutex<Retained>,
    pub(crate) queues: Mutex<HashMap<Id, Arc<Mutex<Queue>>>>,
    pub(crate) decisions: Decisions,
    /// The messages of sessions that have left: from them, and to them.
    pub(crate) past_messages: (AtomicU64, AtomicU64),
    /// The realm itself, as the subscriber that keeps the history.
    pub(crate) own_id: Id,
    /// For the router's own questions to authenticators and authorizers.
    pub(crate) questions: Places,
    pub(crate) losses: Arc<Losses>,
    /// Past events that survive a restart: opened when a topic is first configured so.
    pub(crate) archive: OnceLock<Arc<Archive>>,
}

/// Why a session cannot join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Realm,
    Role,
    /// It is gone already, or does not receive messages as large as its WELCOME.
    Gone,
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl RealmState {
    /// A realm. Without a store, events that are to be kept there are not kept.
    pub(crate) fn new(name: Realm, config: RealmConfig, clock: Arc<dyn Clock>, store: Option<&Store>) -> Self {
        let losses = Arc::new(Losses::new(&name));
        let metrics = Metrics::new(&name);
        let retained = Mutex::new(Retained::new(config.retained_topics_max, config.retained_bytes_max));
        let decisions = Decisions::default();
        let realm = Self {
            name,
            config: ArcSwap::from_pointee(config),
            clock,
            metrics,
            tables: ArcSwap::default(),
            owner: Mutex::default(),
            sessions: Mutex::default(),
            retained,
            queues: Mutex::default(),
            decisions,
            past_messages: (AtomicU64::new(0), AtomicU64::new(0)),
            own_id: random::id(),
            questions: Places::new(QUESTIONS_MAX),
            losses,
            archive: OnceLock::new(),
        };
        realm.keep_history(store);
        realm
    }

    /// Takes over a changed configuration. Sessions keep the limits with which they joined.
    pub(crate) fn reload(&self, config: RealmConfig, store: Option<&Store>) {
        self.config.store(Arc::new(config));
        self.decisions.purge();
        self.keep_history(store);
    }

    /// Subscribes the realm itself to the topics whose events are kept. Histories that are kept already go on within their new
    /// bounds, those that are not configured any more are forgotten.
    fn keep_history(&self, store: Option<&Store>) {
        let config = self.config.load();
        let created = self.now();
        let archive = store
            .filter(|_| config.history.iter().any(|rule| rule.keep == Keep::Store))
            .map(|store| self.archive.get_or_init(|| Archive::new(&self.name, store, &self.clock, &self.losses)));
        self.change(|tables| {
            let subscriptions = &mut tables.subscriptions;
            for id in subscriptions.of_session(self.own_id).to_vec() {
                let Some(kept) = subscriptions.get(id) else { continue };
                let Some(Subscriber::History(history)) = kept.subscribers.get(self.own_id) else { continue };
                let rule = config
                    .history
                    .iter()
                    .find(|rule| kept.topic == rule.topic.as_str() && kept.policy == rule.policy());
                if !rule.is_some_and(|rule| history.follow(rule)) {
                    history.forget();
                    subscriptions.unsubscribe(self.own_id, id);
                }
            }
            for rule in &config.history {
                let known = subscriptions.lookup(rule.policy(), &rule.topic);
                if known.is_some_and(|known| known.subscribers.get(self.own_id).is_some()) {
                    continue;
                }
                let history = History::new(rule, archive, &self.losses, &self.clock);
                let history = Subscriber::History(Arc::new(history));
                subscriptions.subscribe(self.own_id, history, rule.policy(), &rule.topic, &created);
            }
        });
        if let Some(archive) = archive {
            archive.begin();
        }
    }

    /// The time as the meta API writes it.
    pub(crate) fn now(&self) -> String {
        format!("{:.3}", self.clock.now())
    }

    /// Changes the tables: one change at a time, seen as a whole.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Tables) -> T) -> T {
        let _owner = locked(&self.owner);
        let mut tables = Tables::clone(&self.tables.load());
        let result = change(&mut tables);
        self.tables.store(Arc::new(tables));
        result
    }

    pub(crate) fn session(&self, id: Id) -> Option<Arc<Session>> {
        locked(&self.sessions).by_id.get(&id).cloned()
    }

    /// All sessions, in no order.
    pub(crate) fn sessions(&self) -> Vec<Arc<Session>> {
        locked(&self.sessions).by_id.values().cloned().collect()
    }

    /// Lets a session in, and welcomes it before anybody else can say something to it.
    pub(crate) fn join(&self, session: &Arc<Session>, welcome: impl FnOnce() -> bool) -> Result<(), Full> {
        {
            let mut sessions = locked(&self.sessions);
            let of_role = sessions.roles.get(&session.authrole).copied().unwrap_or(0);
            if sessions.by_id.len() >= self.config.load().sessions_max {
                return Err(Full::Realm);
            }
            if of_role >= session.limits.sessions_max {
                return Err(Full::Role);
            }
            if !welcome() {
                return Err(Full::Gone);
            }
            sessions.roles.insert(Arc::clone(&session.authrole), of_role + 1);
            sessions.by_id.insert(session.id, Arc::clone(session));
        }
        self.metrics.joined();
        Ok(())
    }

    /// Tells those who want to know that a session joined.
    pub(crate) fn announce(&self, session: &Session) {
        self.emit(topic::SESSION_ON_JOIN, || vec![Value::Map(session.details())]);
    }

    /// Takes an ended session out of the tables. Most sessions that leave held nothing, and then nothing is replaced; whether one
    /// does is looked up under the owner's lock, under which subscribing looks whether the session has ended.
    fn take_out(&self, session: Id) -> (Vec<Unsubscribed<Subscriber>>, Vec<Unregistered<Arc<Member>>>) {
        let _owner = locked(&self.owner);
        let before = self.tables.load();
        let held = (before.subscriptions.of_session(session), before.registrations.of_session(session));
        if held.0.is_empty() && held.1.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let mut tables = Tables::clone(&before);
        let gone = (tables.subscriptions.leave(session), tables.registrations.leave(session));
        self.tables.store(Arc::new(tables));
        gone
    }

    /// Ends a session, whatever the reason: its calls and invocations, its subscriptions and registrations, its testaments.
    /// A second time does nothing.
    pub(crate) fn leave(&self, session: &Arc<Session>) {
        if !session.end() {
            return;
        }
        {
            let mut sessions = locked(&self.sessions);
            sessions.by_id.remove(&session.id);
            if let Some(count) = sessions.roles.get_mut(&session.authrole) {
                *count -= 1;
                if *count == 0 {
                    sessions.roles.remove(&session.authrole);
                }
            }
        }
        self.metrics.left();
        self.past_messages.0.fetch_add(session.received(), Ordering::Relaxed);
        self.past_messages.1.fetch_add(session.outbox.pushed(), Ordering::Relaxed);
        let (unsubscribed, unregistered) = self.take_out(session.id);
        let (calls, invocations) = session.close();
        calls.iter().for_each(|call| call.abandon());
        invocations.iter().for_each(|(id, invocation)| invocation.call.callee_lost(session, *id));
        for gone in unsubscribed {
            self.tell_unsubscribed(session.id, &gone);
        }
        for gone in unregistered {
            self.tell_unregistered(session.id, &gone);
            self.wake(gone.registration.id);
        }
        self.publish_testaments(session);
        let args = match self.config.load().on_leave {
            OnLeave::Full => meta::session_left(session.id, &session.authid, &session.authrole),
            OnLeave::Session => vec![session.id.into()],
        };
        self.emit(topic::SESSION_ON_LEAVE, || args);
    }

    fn publish_testaments(&self, session: &Session) {
        let testaments = locked(&session.testaments).take();
        for testament in testaments {
            let publication = Publication {
                id: random::publication(),
                topic: &testament.topic,
                options: &testament.options,
                payload: &testament.payload,
                publisher: Some(session.who()),
                discloses: testament.options.disclose_me == Some(true),
                trustlevel: session.trustlevel,
            };
            self.publish(&publication);
        }
    }

    /// Ends a session for somebody else's reason: GOODBYE, and the session is over. Its connection is closed when the
    /// client does not answer in time.
    pub(crate) fn kill(&self, session: &Arc<Session>, reason: &str, message: Option<&str>) -> bool {
        if session.has_ended() {
            return false;
        }
        let details = Map::new().with_some("message", message);
        let goodbye =
            Message::Goodbye { details: Dict::from_map(session.format, &details), reason: Text::from(reason) };
        session.send(&goodbye, Class::Control);
        self.leave(session);
        self.metrics.ended("killed");
        let wait = Duration::from_millis(self.config.load().goodbye_wait_ms);
        session.close_unanswered(wait);
        true
    }

    /// Publishes an event of the router's own; its arguments are made when somebody listens.
    pub(crate) fn emit(&self, topic: &'static str, args: impl FnOnce() -> Vec<Value>) {
        if self.tables.load().subscriptions.matching(topic).next().is_none() {
            return;
        }
        let payload = crossgate_wamp::Payload::from_values(super::dispatch::OWN_FORMAT, args(), Map::new());
        self.publish(&Publication::own(&Text::from_static(topic), &payload));
    }

    pub(crate) fn tell_unsubscribed(&self, session: Id, gone: &Unsubscribed<Subscriber>) {
        if is_reserved(&gone.subscription.topic) {
            return;
        }
        let id = gone.subscription.id;
        self.emit(topic::SUBSCRIPTION_ON_UNSUBSCRIBE, || meta::changed(session, id));
        if gone.deleted {
            self.emit(topic::SUBSCRIPTION_ON_DELETE, || meta::changed(session, id));
        }
    }

    pub(crate) fn tell_unregistered(&self, session: Id, gone: &Unregistered<Arc<Member>>) {
        let id = gone.registration.id;
        self.emit(topic::REGISTRATION_ON_UNREGISTER, || meta::changed(session, id));
        if gone.deleted {
            self.emit(topic::REGISTRATION_ON_DELETE, || meta::changed(session, id));
        }
    }

    /// Tells a session that a registration was taken away from it, if it announced that it understands.
    pub(crate) fn tell_revoked_registration(&self, session: &Session, id: Id, reason: &str) {
        if session.callee_features().registration_revocation {
            let revocation = Revocation { id, reason: Some(reason.to_owned()) };
            let removed = Removed::Revoked(revocation.of_registration(session.format));
            session.send(&Message::Unregistered(removed), Class::Control);
        }
    }

    /// The same for a subscription.
    pub(crate) fn tell_revoked_subscription(&self, session: &Session, id: Id, reason: &str) {
        if session.features.subscriber.unwrap_or_default().subscription_revocation {
            let revocation = Revocation { id, reason: Some(reason.to_owned()) };
            let removed = Removed::Revoked(revocation.of_subscription(session.format));
            session.send(&Message::Unsubscribed(removed), Class::Control);
        }
    }

    /// Says GOODBYE to everybody.
    pub(crate) fn shut(&self) {
        for session in self.sessions() {
            self.kill(&session, close::SYSTEM_SHUTDOWN, Some("the router shuts down"));
        }
    }
}
