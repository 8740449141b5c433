//! The live stream: what is recorded from now on, or from where a reader was interrupted.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use crossgate_call::{Call, Error, Event, Events, Payload, Result};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::Logbook;
use crate::entry::Entry;
use crate::read::Filter;

/// How many entries are fetched at a time.
const BATCH: u32 = 200;
/// How long to wait before looking again, when nobody in this process wrote: another one may have.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// When to come back when there are too many streams.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// How many streams are open, of each caller.
#[derive(Default)]
pub(crate) struct Streams(Mutex<HashMap<String, usize>>);

/// The right to one stream, for as long as it is kept.
struct Place {
    streams: Arc<Streams>,
    whose: String,
}

impl Streams {
    fn take(self: &Arc<Self>, call: &Call, max: usize, per_caller_max: usize) -> Result<Place> {
        let whose = format!("{}\0{}", call.caller.realm(), call.caller.id());
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.get(&whose).copied().unwrap_or(0) >= per_caller_max {
            return Err(Error::too_many("you have as many streams open as you may; close one first", RETRY_AFTER));
        }
        if open.values().sum::<usize>() >= max {
            return Err(Error::unavailable("there are as many streams as there may be; try again later", RETRY_AFTER));
        }
        *open.entry(whose.clone()).or_default() += 1;
        Ok(Place { streams: Arc::clone(self), whose })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = open.get_mut(&self.whose) {
            *held -= 1;
            if *held == 0 {
                open.remove(&self.whose);
            }
        }
    }
}

/// Where a reader is.
struct Reader {
    logbook: Arc<Logbook>,
    filter: Filter,
    after: i64,
    written: watch::Receiver<u64>,
}

type Fetching = Pin<Box<dyn Future<Output = (Reader, Result<Vec<Entry>>)> + Send>>;

impl Logbook {
    /// A stream of what is recorded after a place; from now on when none is given.
    pub(crate) async fn tail(self: &Arc<Self>, call: &Call, filter: Filter, after: Option<i64>) -> Result<Events> {
        let place = self.streams.take(call, self.config.streams_max, self.config.streams_per_caller_max)?;
        let written = self.written.subscribe();
        let ends = self.ends().await?;
        let newest = ends.map_or(0, |(_, newest)| newest);
        // What was taken out meanwhile cannot be told any more; that it is missing can.
        let gap = matches!((after, ends), (Some(after), Some((oldest, _))) if after + 1 < oldest);
        let mut waiting = VecDeque::new();
        if gap {
            let data = Payload::from_value(json!({"reason": "entries after that one are no longer kept"}));
            waiting.push_back(Event { id: None, kind: Some("gap"), data });
        }
        let reader = Reader { logbook: Arc::clone(self), filter, after: after.unwrap_or(newest), written };
        let mut fetching: Fetching = Box::pin(reader.fetch());
        Ok(Events::new(move |cx| {
            let _place = &place;
            loop {
                if let Some(event) = waiting.pop_front() {
                    return Poll::Ready(Some(event));
                }
                let Poll::Ready((reader, found)) = fetching.as_mut().poll(cx) else { return Poll::Pending };
                fetching = Box::pin(reader.fetch());
                match found {
                    Ok(entries) => waiting.extend(entries.iter().filter_map(event)),
                    // The reader comes again, with the last id; the database's failure is in the log of readiness.
                    Err(error) => {
                        tracing::warn!(
                            cause = error.cause().map(tracing::field::display),
                            "a stream of the logbook ended: {error}"
                        );
                        return Poll::Ready(None);
                    }
                }
            }
        }))
    }
}

impl Reader {
    /// Waits until there is something new, and fetches some of it.
    async fn fetch(mut self) -> (Self, Result<Vec<Entry>>) {
        loop {
            // Before looking: what is written while it looks is found the next time.
            self.written.borrow_and_update();
            let found = self.logbook.after(&self.filter, self.after, BATCH).await;
            let page = match found {
                Ok(page) => page,
                Err(error) => return (self, Err(error)),
            };
            self.after = page.entries.last().map_or(self.after, |entry| entry.seq).max(page.next.unwrap_or(0));
            if !page.entries.is_empty() {
                return (self, Ok(page.entries));
            }
            if page.next.is_none() {
                // Either way it looks again.
                let _ = timeout(LOOK_EVERY, self.written.changed()).await;
            }
        }
    }
}

fn event(entry: &Entry) -> Option<Event> {
    let data = Payload::encode(entry).ok()?;
    Some(Event { id: Some(entry.seq.to_string()), kind: None, data })
}
