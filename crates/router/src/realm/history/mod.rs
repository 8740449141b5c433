//! The past events of configured topics, for `wamp.subscription.get_events`: in memory, or in the store, where they survive a
//! restart. Whoever publishes never waits for either: see [`archive`] for what happens when the store cannot keep up.

mod archive;
mod queue;
mod read;
mod row;
mod schema;
mod write;

use std::sync::{Arc, Mutex};

use crossgate_call::Clock;
use crossgate_wamp::broker::{History as InMemory, HistoryFilter, HistoryLimits, PastEvent};
use crossgate_wamp::options::Audience;
use crossgate_wamp::uri::Match;

use super::config::HistoryRule;
use super::state::locked;
use super::switches::Keep;
pub(crate) use archive::Archive;
pub(crate) use queue::{Losses, Why};
pub(super) use schema::MIGRATIONS;

/// The most bytes of events in one answer, unless the first alone has more. Whoever wants more asks again from the last on.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// A topic or pattern whose events are kept, and how much of them.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) policy: Match,
    pub(crate) name: String,
    bounds: Mutex<Bounds>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) limits: HistoryLimits,
    age_max_us: Option<i64>,
}

impl Bounds {
    fn of(rule: &HistoryRule) -> Self {
        Self { limits: rule.limits(), age_max_us: rule.age_max_us() }
    }

    /// Before when events are too old, in microseconds since 1970.
    pub(crate) fn too_old_us(&self, now_us: i64) -> Option<i64> {
        self.age_max_us.map(|age| now_us.saturating_sub(age))
    }
}

impl Topic {
    pub(crate) fn bounds(&self) -> Bounds {
        *locked(&self.bounds)
    }
}

enum Place {
    Memory(Mutex<InMemory>),
    Store(Arc<Archive>),
    /// The store is wanted, and this process has not opened it to serve.
    Nowhere,
}

/// The past events of one topic.
pub(crate) struct History {
    topic: Arc<Topic>,
    place: Place,
    losses: Arc<Losses>,
    clock: Arc<dyn Clock>,
}

/// The store cannot answer now.
#[derive(Debug)]
pub(crate) struct Unavailable;

impl History {
    /// A history as a rule wants it. The archive is that of the realm, where there is one.
    pub(crate) fn new(
        rule: &HistoryRule,
        archive: Option<&Arc<Archive>>,
        losses: &Arc<Losses>,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let topic = Topic { policy: rule.policy(), name: rule.topic.clone(), bounds: Mutex::new(Bounds::of(rule)) };
        let topic = Arc::new(topic);
        let place = match (rule.keep, archive) {
            (Keep::Memory, _) => Place::Memory(Mutex::new(InMemory::new(rule.limits()))),
            (Keep::Store, Some(archive)) => {
                archive.add(&topic);
                Place::Store(Arc::clone(archive))
            }
            (Keep::Store, None) => Place::Nowhere,
        };
        Self { topic, place, losses: Arc::clone(losses), clock: Arc::clone(clock) }
    }

    /// Takes over a changed rule; `false` when its events are to be kept elsewhere.
    pub(crate) fn follow(&self, rule: &HistoryRule) -> bool {
        let keep = if matches!(self.place, Place::Memory(_)) { Keep::Memory } else { Keep::Store };
        if rule.keep != keep {
            return false;
        }
        *locked(&self.topic.bounds) = Bounds::of(rule);
        if let Place::Memory(history) = &self.place {
            locked(history).limit(rule.limits());
        }
        true
    }

    /// The topic is not configured any more: what the store holds of it goes.
    pub(crate) fn forget(&self) {
        if let Place::Store(archive) = &self.place {
            archive.remove(&self.topic);
        }
    }

    /// Keeps an event, unless it is for some sessions or not for some, which mean nothing later. What cannot be kept for
    /// another reason is counted.
    pub(crate) fn keep(&self, audience: &Audience, event: impl FnOnce() -> PastEvent) {
        let bounds = self.topic.bounds();
        if audience.names_sessions() || bounds.limits.events_max == 0 {
            return;
        }
        let event = event();
        if event.size() > bounds.limits.bytes_max {
            return self.losses.count(Why::Large, 1);
        }
        match &self.place {
            Place::Memory(history) => {
                let mut history = locked(history);
                if let Some(before) = bounds.too_old_us(event.at_us) {
                    history.expire(before);
                }
                history.push(event);
            }
            Place::Store(archive) => archive.keep(&self.topic, event),
            Place::Nowhere => {}
        }
    }

    /// The events within the bounds that a principal may see, and no more than one answer may hold.
    pub(crate) async fn events(
        &self,
        filter: &HistoryFilter,
        authid: &str,
        authrole: &str,
    ) -> Result<Vec<PastEvent>, Unavailable> {
        let before = self.topic.bounds().too_old_us(self.clock.now().as_microsecond());
        match &self.place {
            Place::Memory(history) => {
                let mut history = locked(history);
                if let Some(before) = before {
                    history.expire(before);
                }
                let mut answer = Answer::default();
                for event in history.events(filter, authid, authrole) {
                    if !answer.take(event.clone()) {
                        break;
                    }
                }
                Ok(answer.events)
            }
            Place::Store(archive) => archive.events(&self.topic, filter, (authid, authrole), before).await,
            Place::Nowhere => Err(Unavailable),
        }
    }
}

/// Events for one answer, no more than it may hold.
#[derive(Default)]
struct Answer {
    events: Vec<PastEvent>,
    bytes: usize,
}

impl Answer {
    /// Takes an event; `false` when there is no room for more.
    fn take(&mut self, event: PastEvent) -> bool {
        let size = event.size();
        if !self.events.is_empty() && self.bytes + size > ANSWER_BYTES_MAX {
            return false;
        }
        self.bytes += size;
        self.events.push(event);
        true
    }
}
