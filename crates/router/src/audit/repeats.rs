//! Refusals of the same kind from the same source, counted: a stranger who knocks a million times leaves a few records, and
//! not a full disk.
//!
//! The first of a kind is recorded at once. Those after it are counted, and one record tells of them when their time is
//! over: how many, from when to when. While they go on that time doubles. What is remembered is bounded, and what does not
//! fit is counted together with others like it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crossgate_call::Realm;
use jiff::Timestamp;

use super::Record;
use crate::limits::network_of;

/// The most kinds that are counted at a time, of all sources.
const KINDS_MAX: usize = 1024;
/// The most kinds of one source; whatever else it is refused is counted together.
const KINDS_PER_SOURCE_MAX: usize = 16;
/// The longest time until those that go on are told of again.
const LONGEST: Duration = Duration::from_secs(3600);
/// What stands for a procedure, a realm or a caller where several were counted together.
const SEVERAL: &str = "-";

/// What is alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// An IPv4 address, or the /64 network of an IPv6 one.
    network: Option<IpAddr>,
    door: &'static str,
    outcome: &'static str,
    /// More of why it was refused, where the outcome alone does not say it.
    reason: Box<str>,
    realm: Realm,
    caller: Arc<str>,
    procedure: Arc<str>,
}

impl Kind {
    fn of(record: &Record, reason: &str) -> Self {
        Self {
            network: record.source.map(network_of),
            door: record.door,
            outcome: record.outcome,
            reason: reason.into(),
            realm: record.realm.clone(),
            caller: Arc::clone(&record.caller),
            procedure: Arc::clone(&record.procedure),
        }
    }

    /// Everything that the source is refused at this door with this outcome.
    fn of_source(&self) -> Self {
        Self {
            reason: "".into(),
            realm: Realm::new(SEVERAL),
            caller: SEVERAL.into(),
            procedure: SEVERAL.into(),
            ..self.clone()
        }
    }

    /// The same of all sources.
    fn of_all(&self) -> Self {
        Self { network: None, ..self.of_source() }
    }
}

/// Those of a kind since it was last told of.
struct Count {
    number: u64,
    first: Timestamp,
    last: Option<Record>,
    until: Instant,
    window: Duration,
}

#[derive(Default)]
struct Counts {
    kinds: HashMap<Kind, Count>,
    per_source: HashMap<Option<IpAddr>, usize>,
}

/// Whether a refusal is to be recorded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is the first of its kind.
    First,
    /// It was counted.
    Again,
}

pub(super) struct Repeats {
    /// How long the first of a kind stands for those after it; zero counts nothing.
    window: Duration,
    counts: Mutex<Counts>,
}

impl Repeats {
    pub(super) fn new(window: Duration) -> Self {
        Self { window, counts: Mutex::default() }
    }

    /// Looks whether there was one like it; counts it if so.
    pub(super) fn see(&self, record: &Record, reason: &str, now: Instant) -> Seen {
        if self.window.is_zero() {
            return Seen::First;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let exact = Kind::of(record, reason);
        let of_source = counts.per_source.get(&exact.network).copied().unwrap_or(0);
        let kind = if counts.kinds.contains_key(&exact) || of_source + 1 < KINDS_PER_SOURCE_MAX {
            exact
        } else {
            exact.of_source()
        };
        // One more than that for those of each door and outcome that are counted together: they are few.
        let fits = counts.kinds.contains_key(&kind) || counts.kinds.len() < KINDS_MAX;
        let kind = if fits { kind } else { kind.of_all() };
        if let Some(count) = counts.kinds.get_mut(&kind) {
            if count.number == 0 {
                count.first = record.at;
            }
            count.number += 1;
            count.last = Some(record.clone());
            return Seen::Again;
        }
        *counts.per_source.entry(kind.network).or_default() += 1;
        let count = Count { number: 0, first: record.at, last: None, until: now + self.window, window: self.window };
        counts.kinds.insert(kind, count);
        Seen::First
    }

    /// The kinds that are to be told of now: those whose time is over, or all of them. Forgets those of which none came.
    pub(super) fn due(&self, now: Instant, all: bool) -> Vec<Kind> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let over: Vec<Kind> =
            counts.kinds.iter().filter(|(_, count)| all || count.until <= now).map(|(kind, _)| kind.clone()).collect();
        over.into_iter().filter(|kind| !counts.forget_idle(kind)).collect()
    }

    /// What tells of a kind; its next time begins.
    pub(super) fn told(&self, kind: &Kind, now: Instant, at: Timestamp) -> Option<Record> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.kinds.get_mut(kind)?;
        let last = count.last.take()?;
        let number = std::mem::take(&mut count.number);
        count.window = (2 * count.window).min(LONGEST.max(self.window));
        count.until = now + count.window;
        let (from, to) = (count.first, last.at);
        let why = last.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        let span = Duration::try_from(to.duration_since(from)).unwrap_or_default();
        Some(Record {
            at,
            realm: kind.realm.clone(),
            caller: Arc::clone(&kind.caller),
            procedure: Arc::clone(&kind.procedure),
            source: last.source.filter(|_| kind.network.is_some()),
            detail: Some(format!("{number} more from {from:.6} to {to:.6}{why}")),
            duration: span,
            ..last
        })
    }

    /// How many were counted and not told of.
    pub(super) fn untold(&self) -> u64 {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.kinds.values().map(|count| count.number).sum()
    }
}

impl Counts {
    /// Forgets a kind of which none came; says whether it did.
    fn forget_idle(&mut self, kind: &Kind) -> bool {
        let is_idle = self.kinds.get(kind).is_some_and(|count| count.number == 0);
        if is_idle {
            self.kinds.remove(kind);
            if let Some(number) = self.per_source.get_mut(&kind.network) {
                *number -= 1;
                if *number == 0 {
                    self.per_source.remove(&kind.network);
                }
            }
        }
        is_idle
    }
}
