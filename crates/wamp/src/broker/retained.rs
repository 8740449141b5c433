//! Retained events: the last one of each topic, for those who subscribe later.

use std::sync::Arc;

use super::PastEvent;
use crate::id::Id;
use crate::table::Hamt;
use crate::uri::{Match, matches};

/// How many events of a topic are kept: the last one for everybody, and those after it that only some may see.
pub const RETAINED_PER_TOPIC_MAX: usize = 16;

/// The retained events of a realm. Its clones share its structure.
#[derive(Debug, Clone)]
pub struct Retained {
    topics: Hamt<Arc<str>, Arc<Vec<PastEvent>>>,
    topics_max: usize,
    /// Of all events: see [`PastEvent::size`].
    bytes: usize,
    bytes_max: usize,
}

impl Retained {
    /// An empty table for so many topics, and so many bytes in all.
    #[must_use]
    pub fn new(topics_max: usize, bytes_max: usize) -> Self {
        Self { topics: Hamt::default(), topics_max, bytes: 0, bytes_max }
    }

    /// Keeps an event; `false` when there are too many topics or bytes already, and it is not kept.
    pub fn keep(&mut self, event: PastEvent) -> bool {
        let topic: Arc<str> = event.topic.as_str().into();
        let mut events = match self.topics.get(&topic) {
            Some(events) => Arc::clone(events),
            None if self.topics.len() >= self.topics_max => return false,
            None => Arc::default(),
        };
        let list = Arc::make_mut(&mut events);
        let before = bytes(list);
        if event.audience.is_everybody() {
            list.clear();
        } else if list.len() >= RETAINED_PER_TOPIC_MAX {
            // What everybody may see stays; the oldest of the others goes.
            let oldest = usize::from(list[0].audience.is_everybody());
            list.remove(oldest);
        }
        list.push(event);
        let after = self.bytes - before + bytes(list);
        if after > self.bytes_max {
            return false;
        }
        self.bytes = after;
        self.topics.insert(topic, events);
        true
    }

    /// Forgets a topic's events.
    pub fn forget(&mut self, topic: &str) -> bool {
        let forgotten = self.topics.remove(topic);
        self.bytes -= forgotten.as_ref().map_or(0, |events| bytes(events));
        forgotten.is_some()
    }

    /// For each topic that the subscription stands for, the last event that the session would have received.
    pub fn events(&self, policy: Match, topic: &str, (session, authid, authrole): (Id, &str, &str)) -> Vec<&PastEvent> {
        let last = |events: &Arc<Vec<PastEvent>>| -> Option<usize> {
            events.iter().rposition(|event| event.would_reach(session, authid, authrole))
        };
        if policy == Match::Exact {
            let events = self.topics.get(topic);
            return events.and_then(|events| events.get(last(events)?)).into_iter().collect();
        }
        let topics = self.topics.iter().filter(|(name, _)| matches(policy, topic, name));
        topics.filter_map(|(_, events)| events.get(last(events)?)).collect()
    }

    /// Whether there are events of a topic that the subscription stands for.
    #[must_use]
    pub fn has(&self, policy: Match, topic: &str) -> bool {
        match policy {
            Match::Exact => self.topics.get(topic).is_some(),
            _ => self.topics.iter().any(|(name, _)| matches(policy, topic, name)),
        }
    }

    /// How many topics have events.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.topics.len()
    }

    /// Whether none has.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.topics.is_empty()
    }
}

fn bytes(events: &[PastEvent]) -> usize {
    events.iter().map(PastEvent::size).sum()
}
