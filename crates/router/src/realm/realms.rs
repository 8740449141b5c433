//! All realms of a router.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossgate_call::{Clock, Realm};
use crossgate_store::Store;
use crossgate_wamp::uris::close;

use super::config::{RealmConfig, RealmConfigError};
use super::history::{Archive, MIGRATIONS};
use super::state::{RealmState, locked};
use crate::router::Router;

/// How often it is looked whether everybody has left, at a shutdown.
const SHUTDOWN_LOOK: Duration = Duration::from_millis(10);

/// The realms that run. A realm that is taken out of the configuration says GOODBYE to its sessions.
#[derive(Default)]
pub(crate) struct Realms {
    by_name: ArcSwap<HashMap<Realm, Arc<RealmState>>>,
    owner: Mutex<()>,
    /// Set at the shutdown: nobody joins any more.
    closed: std::sync::atomic::AtomicBool,
    /// Where past events are kept that survive a restart.
    store: OnceLock<Store>,
    /// Of realms that are closed, and may still write.
    archives: Mutex<Vec<Arc<Archive>>>,
}

/// How a realm is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealmSummary {
    /// The realm.
    pub realm: Realm,
    /// Its sessions.
    pub sessions: usize,
    /// Its subscriptions.
    pub subscriptions: usize,
    /// Its registrations.
    pub registrations: usize,
    /// The calls of its sessions that are on their way.
    pub calls: usize,
    /// The calls that wait for a callee.
    pub calls_waiting: usize,
    /// The bytes that wait for sessions to read them.
    pub outbox_bytes: usize,
    /// The events that were left out for sessions that are connected now.
    pub events_dropped: u64,
    /// The past events that wait to be written to the store.
    pub history_waiting: usize,
    /// The events that should have been kept, and are not.
    pub history_lost: u64,
    /// The messages that came from sessions since the realm was opened.
    pub messages_in: u64,
    /// The messages that were sent to sessions.
    pub messages_out: u64,
}

impl Realms {
    pub(crate) fn find(&self, realm: &Realm) -> Option<Arc<RealmState>> {
        self.by_name.load().get(realm).cloned()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(std::sync::atomic::Ordering::Acquire)
    }

    fn configure(
        &self,
        configs: BTreeMap<String, RealmConfig>,
        clock: &Arc<dyn Clock>,
    ) -> Result<(), RealmConfigError> {
        configs.iter().try_for_each(|(name, config)| config.validate(name))?;
        let _owner = locked(&self.owner);
        let before = self.by_name.load_full();
        let mut after = HashMap::new();
        let store = self.store.get();
        for (name, config) in configs {
            let realm = Realm::new(name);
            let state = match before.get(&realm) {
                Some(state) => {
                    state.reload(config, store);
                    Arc::clone(state)
                }
                None => Arc::new(RealmState::new(realm.clone(), config, Arc::clone(clock), store)),
            };
            after.insert(realm, state);
        }
        let after = Arc::new(after);
        self.by_name.store(Arc::clone(&after));
        for (realm, state) in before.iter().filter(|(realm, _)| !after.contains_key(*realm)) {
            tracing::info!(%realm, "realm {realm} is closed: it is not configured any more");
            for session in state.sessions() {
                state.kill(&session, close::CLOSE_REALM, Some("the realm is closed"));
            }
            if let Some(archive) = state.archive.get() {
                archive.finish();
                locked(&self.archives).push(Arc::clone(archive));
            }
        }
        Ok(())
    }

    pub(crate) fn all(&self) -> Vec<Arc<RealmState>> {
        self.by_name.load().values().cloned().collect()
    }
}

impl Router {
    /// Opens the realms of WAMP sessions, or takes over a changed configuration: all of it, or on an error nothing. Sessions
    /// keep the limits with which they joined; remembered decisions of authorizers are forgotten; a realm that is not named
    /// any more says GOODBYE.
    ///
    /// # Errors
    /// A value that cannot be used.
    pub fn configure_realms(&self, configs: BTreeMap<String, RealmConfig>) -> Result<(), RealmConfigError> {
        self.realms().configure(configs, self.clock())
    }

    /// Keeps past events in a database where `history` says so (`keep = "store"`). To be called once, before the realms are
    /// opened, by whoever serves them: a program that only looks leaves what is kept alone. Without it those events are not
    /// kept, and asking for them is answered `wamp.error.history_unavailable`.
    ///
    /// # Errors
    /// When its tables cannot be made.
    pub async fn keep_histories(&self, store: &Store) -> crossgate_store::Result<()> {
        store.migrate("router", MIGRATIONS).await?;
        self.realms().store.get_or_init(|| store.clone());
        Ok(())
    }

    /// Writes the past events that wait, no longer than ten seconds for each realm, and keeps no more of them. To be called
    /// before that database is closed.
    pub async fn close_histories(&self) {
        let mut archives = std::mem::take(&mut *locked(&self.realms().archives));
        archives.extend(self.realms().all().iter().filter_map(|realm| realm.archive.get().cloned()));
        for archive in archives {
            archive.close().await;
        }
    }

    /// Says GOODBYE to all sessions, lets nobody join any more, and waits until everybody has read it, no longer than `wait`.
    pub async fn close_realms(&self, wait: Duration) {
        self.realms().closed.store(true, std::sync::atomic::Ordering::Release);
        let realms = self.realms().all();
        let sessions: Vec<_> = realms.iter().flat_map(|realm| realm.sessions()).collect();
        realms.iter().for_each(|realm| realm.shut());
        let read = async {
            while sessions.iter().any(|session| session.outbox.bytes() > 0) {
                tokio::time::sleep(SHUTDOWN_LOOK).await;
            }
        };
        // Who has not read by then is disconnected.
        drop(tokio::time::timeout(wait, read).await);
        sessions.iter().for_each(|session| session.outbox.close());
    }

    /// How the realms are doing, by name.
    pub fn realm_summaries(&self) -> Vec<RealmSummary> {
        let mut summaries: Vec<_> = self.realms().all().iter().map(|realm| realm.summary()).collect();
        summaries.sort_unstable_by(|a, b| a.realm.cmp(&b.realm));
        summaries
    }

    /// Forgets what authorizers of a realm decided; says how many decisions that were.
    pub fn purge_authorizations(&self, realm: &Realm) -> usize {
        self.realms().find(realm).map_or(0, |realm| realm.decisions.purge())
    }
}

impl RealmState {
    fn summary(&self) -> RealmSummary {
        let sessions = self.sessions();
        let tables = self.tables.load();
        let past = (self.past_messages.0.load(Ordering::Relaxed), self.past_messages.1.load(Ordering::Relaxed));
        let queues: Vec<_> = locked(&self.queues).values().cloned().collect();
        RealmSummary {
            realm: self.name.clone(),
            sessions: sessions.len(),
            subscriptions: tables.subscriptions.len(),
            registrations: tables.registrations.len(),
            calls: sessions.iter().map(|session| session.load().0).sum(),
            calls_waiting: queues.iter().map(|queue| locked(queue).len()).sum(),
            outbox_bytes: sessions.iter().map(|session| session.outbox.bytes()).sum(),
            events_dropped: sessions.iter().map(|session| session.outbox.dropped()).sum(),
            history_waiting: self.archive.get().map_or(0, |archive| archive.waiting()),
            history_lost: self.losses.so_far(),
            messages_in: past.0 + sessions.iter().map(|session| session.received()).sum::<u64>(),
            messages_out: past.1 + sessions.iter().map(|session| session.outbox.pushed()).sum::<u64>(),
        }
    }
}
