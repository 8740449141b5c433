//! The past events of a realm in the store, and the task that writes them there.
//!
//! A publication is put into a bounded queue and goes on; the task writes what has come together in one transaction. When the
//! store cannot keep up, or cannot be written for so long that the queue is full, further events are not kept: they are
//! delivered all the same, counted (`crossgate_realm_history_lost_total`), and the log says so once.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossgate_call::{Clock, Realm};
use crossgate_store::Store;
use crossgate_wamp::broker::{HistoryFilter, PastEvent};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::super::state::locked;
use super::queue::{Entry, Losses, Queue};
use super::{Topic, Unavailable, read, write};

/// The most events in one transaction.
const GROUP_MAX: usize = 1024;
/// How often events are removed that have become too old.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// The first pause after a failure; it doubles up to the longest.
const BACKOFF_FIRST: Duration = Duration::from_millis(50);
/// The longest pause after a failure.
const BACKOFF_LONGEST: Duration = Duration::from_secs(5);
/// How long a reader waits for the events before its question to be written.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// How long the end waits for what is not written yet.
const CLOSE_WAIT: Duration = Duration::from_secs(10);

/// The histories of one realm that are in the store.
pub(crate) struct Archive {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the task shares with the realm.
pub(super) struct Shared {
    realm: Realm,
    store: Store,
    clock: Arc<dyn Clock>,
    queue: Queue,
    /// The topics that are kept; what the store holds of others goes.
    topics: Mutex<Vec<Arc<Topic>>>,
}

impl Archive {
    /// An archive that does not write yet.
    pub(crate) fn new(realm: &Realm, store: &Store, clock: &Arc<dyn Clock>, losses: &Arc<Losses>) -> Arc<Self> {
        let shared = Arc::new(Shared {
            realm: realm.clone(),
            store: store.clone(),
            clock: Arc::clone(clock),
            queue: Queue::new(realm, losses),
            topics: Mutex::default(),
        });
        Arc::new(Self { shared, writer: Mutex::default() })
    }

    /// Begins to write, on the current runtime. Not before all topics are known: what the store holds of others goes.
    pub(crate) fn begin(&self) {
        let mut writer = locked(&self.writer);
        writer.get_or_insert_with(|| tokio::spawn(Arc::clone(&self.shared).run()));
    }

    pub(super) fn add(&self, topic: &Arc<Topic>) {
        locked(&self.shared.topics).push(Arc::clone(topic));
    }

    pub(super) fn remove(&self, topic: &Arc<Topic>) {
        locked(&self.shared.topics).retain(|kept| !Arc::ptr_eq(kept, topic));
    }

    pub(super) fn keep(&self, topic: &Arc<Topic>, event: PastEvent) {
        self.shared.queue.push(topic, event);
    }

    /// How many events are not in the store yet.
    pub(crate) fn waiting(&self) -> usize {
        self.shared.queue.len()
    }

    /// What a reader may see, everything included that was published before it asked.
    pub(super) async fn events(
        &self,
        topic: &Topic,
        filter: &HistoryFilter,
        reader: (&str, &str),
        too_old_us: Option<i64>,
    ) -> Result<Vec<PastEvent>, Unavailable> {
        let shared = &self.shared;
        let unavailable = |error: &dyn std::fmt::Display| {
            tracing::error!(realm = %shared.realm, topic = topic.name, "past events cannot be read: {error}");
            Unavailable
        };
        timeout(FLUSH_WAIT, shared.queue.flushed())
            .await
            .map_err(|_| unavailable(&"those before are not written yet"))?;
        let found = read::events(&shared.store, &shared.realm, topic, filter, reader, too_old_us).await;
        found.map_err(|error| unavailable(&error))
    }

    /// Takes no more events; what waits is still written.
    pub(crate) fn finish(&self) {
        self.shared.queue.close();
    }

    /// The same, and waits for that. What cannot be written in time is lost, and the log says how many events that are.
    pub(crate) async fn close(&self) {
        self.finish();
        let writer = locked(&self.writer).take();
        let Some(mut writer) = writer else { return };
        if timeout(CLOSE_WAIT, &mut writer).await.is_err() {
            writer.abort();
        }
        let lost = self.shared.queue.abandon();
        if lost > 0 {
            let realm = &self.shared.realm;
            tracing::error!(%realm, events = lost, "past events of realm {realm} could not be written and are lost");
        }
    }
}

impl Shared {
    async fn run(self: Arc<Self>) {
        let mut tidy_at = Instant::now();
        loop {
            self.write_all().await;
            if Instant::now() >= tidy_at {
                self.tidy().await;
                tidy_at = Instant::now() + TIDY_EVERY;
            }
            if self.queue.is_done() {
                return;
            }
            // Running out of time is what tidying waits for.
            drop(tokio::time::timeout_at(tidy_at, self.queue.work.notified()).await);
        }
    }

    async fn write_all(&self) {
        loop {
            let entries = Arc::new(self.queue.take(GROUP_MAX));
            if entries.is_empty() {
                return;
            }
            self.write(&entries).await;
            self.queue.done(&entries);
        }
    }

    /// Writes events, and tries until that has worked.
    async fn write(&self, entries: &Arc<Vec<Entry>>) {
        let mut pause = BACKOFF_FIRST;
        loop {
            let (entries, realm, now_us) = (Arc::clone(entries), self.realm.clone(), self.now_us());
            let work =
                self.store.write(move |tx| Box::pin(async move { write::append(tx, &realm, &entries, now_us).await }));
            match work.await {
                Ok(()) => return,
                Err(error) if pause == BACKOFF_FIRST => {
                    tracing::error!(realm = %self.realm, %error, "past events cannot be written: they wait");
                }
                Err(error) => tracing::debug!(realm = %self.realm, %error, "past events still cannot be written"),
            }
            sleep(pause).await;
            pause = (2 * pause).min(BACKOFF_LONGEST);
        }
    }

    /// Removes what is too old, and what nobody wants kept any more.
    async fn tidy(&self) {
        let (topics, realm, now_us) = (locked(&self.topics).clone(), self.realm.clone(), self.now_us());
        let work = self.store.write(move |tx| Box::pin(async move { write::tidy(tx, &realm, &topics, now_us).await }));
        if let Err(error) = work.await {
            tracing::warn!(realm = %self.realm, %error, "old events could not be removed; it will be tried again");
        }
    }

    fn now_us(&self) -> i64 {
        self.clock.now().as_microsecond()
    }
}
