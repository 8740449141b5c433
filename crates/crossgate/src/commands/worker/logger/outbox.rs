//! What was seen and is not recorded yet: a bounded queue, and who empties it.
#![expect(clippy::print_stderr, reason = "notices go beside the data")]

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crossgate_client::wamp::Value;
use crossgate_client::{Call, Error, Session};
use crossgate_logbook::{APPEND, Report};
use serde_json::json;
use tokio::sync::{Notify, oneshot, watch};

use super::seen::{self, Ids};
use crate::commands::wamp::show;

/// The most that waits, in bytes of text.
const BYTES_MAX: usize = 16 * 1024 * 1024;
/// The most entries in one batch, and its bytes of text.
const BATCH_MAX: usize = 200;
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// How long to wait for the answer to a batch.
const ANSWER_WAIT: Duration = Duration::from_secs(10);
/// How long to wait after a failure; twice as long after the next, and so on.
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_MOST: Duration = Duration::from_secs(15);
/// What trying again does not mend.
const HOPELESS: [&str; 2] = ["wamp.error.invalid_argument", "wamp.error.payload_size_exceeded"];

/// What waits to be recorded.
pub(super) struct Outbox {
    waiting: Mutex<Waiting>,
    entries_max: usize,
    filled: Notify,
    emptied: Notify,
}

#[derive(Default)]
struct Waiting {
    reports: VecDeque<(Report, oneshot::Sender<()>)>,
    bytes: usize,
    /// How many found no place, since it was last said.
    lost: u64,
}

impl Outbox {
    pub(super) fn new(entries_max: usize) -> Self {
        Self { waiting: Mutex::default(), entries_max, filled: Notify::new(), emptied: Notify::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a report until it is recorded, which is then told. Nothing when there is no place for it: it is lost, and
    /// counted.
    pub(super) fn put(&self, report: Report) -> Option<oneshot::Receiver<()>> {
        let mut waiting = self.lock();
        let bytes = waiting.bytes.saturating_add(report.text.len());
        if waiting.reports.len() >= self.entries_max || bytes > BYTES_MAX {
            waiting.lost = waiting.lost.saturating_add(1);
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        waiting.bytes = bytes;
        waiting.reports.push_back((report, sender));
        drop(waiting);
        self.filled.notify_one();
        Some(receiver)
    }

    /// Waits until nothing waits.
    pub(super) async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.lock().reports.is_empty() {
                return;
            }
            emptied.await;
        }
    }

    /// Sends what waits, in order, by whichever session there is; for ever.
    pub(super) async fn ship(&self, mut session: watch::Receiver<Option<Session>>, ids: &Ids) {
        let mut wait = WAIT_FIRST;
        loop {
            let batch = self.batch();
            if batch.is_empty() {
                self.filled.notified().await;
                continue;
            }
            let by = session.borrow_and_update().clone().filter(|session| !session.is_ended());
            let Some(by) = by else {
                // No session will come when the worker has ended, and with it whoever waits for this.
                if session.changed().await.is_err() {
                    return std::future::pending().await;
                }
                continue;
            };
            match record(&by, &batch).await {
                Ok(()) => {
                    wait = WAIT_FIRST;
                    self.done(batch.len(), true);
                    self.confess(ids);
                }
                Err(Error::Wamp(error)) if HOPELESS.contains(&error.uri.as_str()) => {
                    eprintln!(
                        "{} entries were refused, and are lost: {}",
                        batch.len(),
                        show::harmless(&error.to_string())
                    );
                    self.done(batch.len(), false);
                }
                Err(error) => {
                    eprintln!("not recorded yet: {}; trying again", show::harmless(&error.to_string()));
                    // A new session is worth a try at once.
                    let _ = tokio::time::timeout(wait, session.changed()).await;
                    wait = wait.saturating_mul(2).min(WAIT_MOST);
                }
            }
        }
    }

    /// The first ones, which stay until they are recorded.
    fn batch(&self) -> Vec<Report> {
        let mut bytes = 0_usize;
        let fits = |(report, _): &&(Report, oneshot::Sender<()>)| {
            let first = bytes == 0;
            bytes = bytes.saturating_add(report.text.len().max(1));
            first || bytes <= BATCH_BYTES_MAX
        };
        self.lock().reports.iter().take(BATCH_MAX).take_while(fits).map(|(report, _)| report.clone()).collect()
    }

    /// Takes the first ones out, and tells whoever waits. Who is not told learns it by that.
    fn done(&self, count: usize, recorded: bool) {
        let mut waiting = self.lock();
        for _ in 0..count {
            let Some((report, told)) = waiting.reports.pop_front() else { break };
            waiting.bytes = waiting.bytes.saturating_sub(report.text.len());
            if recorded {
                // Nobody waits any more for some of them.
                let _ = told.send(());
            }
        }
        drop(waiting);
        self.emptied.notify_waiters();
    }

    /// Records how much was lost, once there is room again.
    fn confess(&self, ids: &Ids) {
        let lost = std::mem::take(&mut self.lock().lost);
        if lost > 0 {
            eprintln!("{lost} entries were lost: the router was away for too long");
            drop(self.put(seen::lost(lost, ids)));
        }
    }
}

async fn record(session: &Session, batch: &[Report]) -> Result<(), Error> {
    let entries = serde_json::to_value(batch).unwrap_or_else(|_| json!([]));
    let entries = Value::from_json(&entries).map_err(|error| Error::Usage(error.to_string()))?;
    session.call(Call::new(APPEND).kwarg("entries", entries).timeout(ANSWER_WAIT)).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_finds_no_place_is_counted_and_the_rest_stays_in_order_until_it_is_recorded() {
        let ids = Ids::new().unwrap();
        let outbox = Outbox::new(2);
        let first = outbox.put(seen::lost(1, &ids)).unwrap();
        let second = outbox.put(seen::lost(2, &ids)).unwrap();
        assert!(outbox.put(seen::lost(3, &ids)).is_none());
        assert_eq!(outbox.lock().lost, 1);
        assert_eq!(outbox.batch().len(), 2);
        outbox.done(1, true);
        first.await.unwrap();
        outbox.done(1, false);
        assert!(second.await.is_err(), "what was refused is not said to be recorded");
        assert_eq!(outbox.lock().bytes, 0);
        assert!(outbox.batch().is_empty());
        outbox.confess(&ids);
        assert!(outbox.batch()[0].text.starts_with("1 entries"));
        assert_eq!(outbox.lock().lost, 0);
    }
}
