//! Subscribing, and the bounded queue between the session's task and whoever looks at what came.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crossgate_wamp::id::Id;
use crossgate_wamp::options::{EventDetails, SubscribeOptions};
use crossgate_wamp::{Dict, Payload};
use tokio::sync::mpsc;

use crate::arguments::Arguments;
use crate::error::Error;
use crate::options::Limits;
use crate::session::{Command, Session};

/// What waits to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) publication: Option<Id>,
    pub(crate) details: Dict,
    pub(crate) payload: Payload,
}

impl Item {
    fn bytes(&self) -> usize {
        self.payload.len() + self.details.bytes().len()
    }
}

#[derive(Debug, Default)]
struct Level {
    bytes: AtomicUsize,
    lost: AtomicU64,
}

/// Where the session's task puts things. It never waits.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    sender: mpsc::Sender<Item>,
    level: Arc<Level>,
    bytes_max: usize,
}

/// Where they are taken from.
#[derive(Debug)]
pub(crate) struct Queue {
    receiver: mpsc::Receiver<Item>,
    level: Arc<Level>,
}

pub(crate) fn queue(limits: &Limits) -> (Sink, Queue) {
    let (sender, receiver) = mpsc::channel(limits.queue_items_max.max(1));
    let level = Arc::new(Level::default());
    (Sink { sender, level: Arc::clone(&level), bytes_max: limits.queue_bytes_max }, Queue { receiver, level })
}

impl Sink {
    /// Puts something in; `false` when it does not fit, and is lost.
    pub(crate) fn put(&self, item: Item) -> bool {
        let bytes = item.bytes();
        // Only the session's task adds, so that nobody can come between.
        let fits = self.level.bytes.load(Ordering::Acquire).saturating_add(bytes) <= self.bytes_max;
        if fits {
            self.level.bytes.fetch_add(bytes, Ordering::AcqRel);
            if self.sender.try_send(item).is_ok() {
                return true;
            }
            self.level.bytes.fetch_sub(bytes, Ordering::AcqRel);
        }
        self.level.lost.fetch_add(1, Ordering::AcqRel);
        false
    }
}

impl Queue {
    pub(crate) async fn next(&mut self) -> Option<Item> {
        let item = self.receiver.recv().await?;
        self.level.bytes.fetch_sub(item.bytes(), Ordering::AcqRel);
        Some(item)
    }
}

/// An event.
#[derive(Debug, Clone)]
pub struct Event {
    /// What was published.
    pub arguments: Arguments,
    /// The topic, where the subscription is a pattern; who published, where that is told; whether it is retained.
    pub details: EventDetails,
    /// The publication.
    pub publication: Option<Id>,
}

/// A subscription: a queue of events. Dropping it unsubscribes.
#[derive(Debug)]
pub struct Subscription {
    session: Session,
    id: Id,
    key: u64,
    queue: Queue,
    done: bool,
}

impl Session {
    /// Subscribes.
    ///
    /// # Errors
    /// The router refuses, or there is no session any more.
    pub async fn subscribe(&self, topic: impl Into<String>, options: SubscribeOptions) -> Result<Subscription, Error> {
        let (sink, queue) = queue(&self.shared.limits);
        let topic = topic.into();
        let (id, key) = self.ask(|answer| Command::Subscribe { topic, options, sink, answer }).await?;
        Ok(Subscription { session: self.clone(), id, key, queue, done: false })
    }
}

impl Subscription {
    /// The next event; `None` when there will be no more: the session ended, or the router took the subscription away.
    ///
    /// # Errors
    /// It cannot be read. The next one may.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        let Some(Item { publication, details, payload }) = self.queue.next().await else { return Ok(None) };
        let arguments = Session::read(&payload)?;
        let details = EventDetails::read(&details).unwrap_or_default();
        Ok(Some(Event { arguments, details, publication }))
    }

    /// How many events were lost because they were not looked at fast enough: the newest ones.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.queue.level.lost.load(Ordering::Acquire)
    }

    /// The router's id of it.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Unsubscribes, and waits until the router has.
    ///
    /// # Errors
    /// The router refuses, or there is no session any more.
    pub async fn unsubscribe(mut self) -> Result<(), Error> {
        self.done = true;
        let (subscription, key) = (self.id, self.key);
        self.session.ask(|answer| Command::Unsubscribe { subscription, key, answer: Some(answer) }).await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if !self.done {
            self.session.tell_later(Command::Unsubscribe { subscription: self.id, key: self.key, answer: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_wamp::wire::Format;

    fn item(text: &str) -> Item {
        let payload = Arguments::from(text).into_payload(Format::Json);
        Item { publication: None, details: Dict::empty(Format::Json), payload }
    }

    #[tokio::test]
    async fn a_queue_is_bounded_in_items_and_in_bytes_and_counts_what_it_loses() {
        let limits = Limits { queue_items_max: 2, queue_bytes_max: 40, ..Limits::default() };
        let (sink, mut queue) = queue(&limits);
        assert!(sink.put(item("a")) && sink.put(item("b")) && !sink.put(item("c")));
        queue.next().await.unwrap();
        assert!(!sink.put(item(&"x".repeat(40))));
        assert!(sink.put(item("d")));
        assert_eq!(queue.level.lost.load(Ordering::Acquire), 2);
        queue.next().await.unwrap();
        queue.next().await.unwrap();
        assert_eq!(queue.level.bytes.load(Ordering::Acquire), 0);
        drop(sink);
        assert!(queue.next().await.is_none());
    }
}
