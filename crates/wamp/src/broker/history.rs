//! Event history: what was published to a subscription, in memory and bounded.

use std::collections::VecDeque;

use crate::id::Id;
use crate::options::{Audience, EventDetails};
use crate::payload::Payload;
use crate::text::Text;

/// An event that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct PastEvent {
    /// Which publication.
    pub publication: Id,
    /// Where to.
    pub topic: Text,
    /// When, in microseconds since 1970 (UTC).
    pub at_us: i64,
    /// Who published it, when that is its own event.
    pub excluded_publisher: Option<Id>,
    /// Who may see it.
    pub audience: Audience,
    /// What EVENT says about it.
    pub details: EventDetails,
    /// Its arguments.
    pub payload: Payload,
}

impl PastEvent {
    /// Whether a session would have received it.
    #[must_use]
    pub fn would_reach(&self, session: Id, authid: &str, authrole: &str) -> bool {
        self.excluded_publisher != Some(session) && self.audience.admits(session, authid, authrole)
    }

    /// What it takes up, in bytes: its arguments, and the names of those who may see it, which a publisher may make as long.
    #[must_use]
    pub fn size(&self) -> usize {
        self.payload.len() + self.audience.size()
    }
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// The most events.
    pub events_max: usize,
    /// The most bytes of all events together: see [`PastEvent::size`].
    pub bytes_max: usize,
}

/// The bounds of a request for past events; all that are given hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the specification's names; times in microseconds since 1970")]
pub struct HistoryFilter {
    pub limit: Option<usize>,
    pub reverse: bool,
    pub from_time_us: Option<i64>,
    pub after_time_us: Option<i64>,
    pub before_time_us: Option<i64>,
    pub until_time_us: Option<i64>,
    pub topic: Option<String>,
    pub from_publication: Option<Id>,
    pub after_publication: Option<Id>,
    pub before_publication: Option<Id>,
    pub until_publication: Option<Id>,
}

/// The past events of one subscription, the oldest first. When it is full the oldest go.
#[derive(Debug, Clone)]
pub struct History {
    events: VecDeque<PastEvent>,
    bytes: usize,
    limits: HistoryLimits,
}

impl History {
    /// An empty history.
    #[must_use]
    pub const fn new(limits: HistoryLimits) -> Self {
        Self { events: VecDeque::new(), bytes: 0, limits }
    }

    /// Keeps an event; `false` when it may not be kept: it is too large, or its audience names sessions,
    /// which mean nothing later.
    pub fn push(&mut self, event: PastEvent) -> bool {
        let bytes = event.size();
        if event.audience.names_sessions() || bytes > self.limits.bytes_max || self.limits.events_max == 0 {
            return false;
        }
        while self.events.len() >= self.limits.events_max || self.bytes + bytes > self.limits.bytes_max {
            if !self.forget_oldest() {
                break;
            }
        }
        self.bytes += bytes;
        self.events.push_back(event);
        true
    }

    /// Sets other limits, and forgets what is beyond them.
    pub fn limit(&mut self, limits: HistoryLimits) {
        self.limits = limits;
        while self.events.len() > limits.events_max || self.bytes > limits.bytes_max {
            self.forget_oldest();
        }
    }

    /// Forgets what is older than a time, in microseconds since 1970.
    pub fn expire(&mut self, before_us: i64) {
        while self.events.front().is_some_and(|oldest| oldest.at_us < before_us) {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) -> bool {
        let oldest = self.events.pop_front();
        self.bytes -= oldest.as_ref().map_or(0, PastEvent::size);
        oldest.is_some()
    }

    /// The events within the bounds that a principal may see. A publication that is not (or no longer) kept bounds to nothing.
    #[must_use]
    pub fn events(&self, filter: &HistoryFilter, authid: &str, authrole: &str) -> Vec<&PastEvent> {
        let Some((start, end)) = self.range(filter) else { return Vec::new() };
        let limit = filter.limit.unwrap_or(usize::MAX);
        let visible = |event: &&PastEvent| filter.admits(event) && event.audience.admits_principal(authid, authrole);
        let within = self.events.range(start.min(end)..end);
        if filter.reverse {
            within.rev().filter(visible).take(limit).collect()
        } else {
            within.filter(visible).take(limit).collect()
        }
    }

    /// The places between the publications that bound the request; `None` when one of them is not known.
    fn range(&self, filter: &HistoryFilter) -> Option<(usize, usize)> {
        let place = |publication: Id| self.events.iter().position(|event| event.publication == publication);
        let (mut start, mut end) = (0, self.events.len());
        for (bound, offset) in [(filter.from_publication, 0), (filter.after_publication, 1)] {
            if let Some(publication) = bound {
                start = start.max(place(publication)? + offset);
            }
        }
        for (bound, offset) in [(filter.before_publication, 0), (filter.until_publication, 1)] {
            if let Some(publication) = bound {
                end = end.min(place(publication)? + offset);
            }
        }
        Some((start, end))
    }

    /// How many events are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

impl HistoryFilter {
    fn admits(&self, event: &PastEvent) -> bool {
        self.from_time_us.is_none_or(|time| event.at_us >= time)
            && self.after_time_us.is_none_or(|time| event.at_us > time)
            && self.before_time_us.is_none_or(|time| event.at_us < time)
            && self.until_time_us.is_none_or(|time| event.at_us <= time)
            && self.topic.as_ref().is_none_or(|topic| event.topic == topic.as_str())
    }
}
