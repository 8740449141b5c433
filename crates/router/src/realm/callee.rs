//! A session as one of a registration's callees: how many calls it is busy with, and who gets the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossgate_wamp::dealer::{Registration, Waiting};
use crossgate_wamp::id::Id;

use super::call::InFlight;
use super::random;
use super::session::Session;

/// The calls that wait for one registration.
pub(crate) type Queue = Waiting<Arc<InFlight>>;

/// One callee of one registration.
pub(crate) struct Member {
    pub(crate) session: Arc<Session>,
    concurrency: Option<usize>,
    busy: AtomicUsize,
}

/// Who gets a call.
pub(crate) enum Choice {
    /// This one, and a place is taken.
    Callee(Id, Arc<Member>),
    /// All who could are at their limits.
    Busy,
    /// There is nobody (else).
    Nobody,
}

impl Member {
    pub(crate) fn new(session: &Arc<Session>, concurrency: Option<u64>) -> Self {
        let concurrency = concurrency.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        Self { session: Arc::clone(session), concurrency, busy: AtomicUsize::new(0) }
    }

    /// Whether it limits how many calls it takes at a time.
    pub(crate) fn is_limited(&self) -> bool {
        self.concurrency.is_some()
    }

    /// How many calls it is busy with under this registration.
    pub(crate) fn busy(&self) -> usize {
        self.busy.load(Ordering::Relaxed)
    }

    fn has_place(&self) -> bool {
        self.concurrency.is_none_or(|most| self.busy.load(Ordering::Acquire) < most)
    }

    fn take_place(&self) -> bool {
        let Some(most) = self.concurrency else {
            self.busy.fetch_add(1, Ordering::AcqRel);
            return true;
        };
        let more = |busy: usize| (busy < most).then_some(busy + 1);
        self.busy.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    /// Gives a place back.
    pub(crate) fn release(&self) {
        self.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether one of the callees that were not tried could take a call now.
pub(crate) fn has_place(registration: &Registration<Arc<Member>>, tried: &[Id]) -> bool {
    registration.callees.iter().any(|(session, callee)| !tried.contains(&session) && callee.handle.has_place())
}

/// Chooses by the registration's policy among those that were not tried, and takes a place.
pub(crate) fn choose(registration: &Registration<Arc<Member>>, tried: &[Id]) -> Choice {
    let fresh = |session: Id| !tried.contains(&session);
    // A place may be taken between looking and taking: then look again, no more often than there are callees.
    for _ in 0..=registration.callees.len() {
        let picked = registration.pick(
            |session, callee| fresh(session) && callee.handle.has_place(),
            random::below,
            |_, callee| callee.handle.busy.load(Ordering::Relaxed),
        );
        match picked {
            Some((session, callee)) if callee.handle.take_place() => {
                return Choice::Callee(session, Arc::clone(&callee.handle));
            }
            Some(_) => {}
            None => break,
        }
    }
    if registration.callees.iter().any(|(session, _)| fresh(session)) { Choice::Busy } else { Choice::Nobody }
}
