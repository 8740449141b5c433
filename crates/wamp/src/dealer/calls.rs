//! Calls on their way: each gets exactly one answer, unless its caller is gone.
//!
//! The table is one value with one owner at a time: a realm has one, or one per callee session to share the
//! work out. Whoever holds it says what came, and is told what to send.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::id::{Id, Sequence};
use crate::options::CancelMode;

/// How many ended calls of a session are remembered, so that messages that crossed are told from wrong ones.
/// Of those before, everything is taken for late.
pub const TOMBSTONES_MAX: usize = 1024;

/// A call as its caller names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey {
    /// The caller's session.
    pub caller: Id,
    /// CALL.Request.
    pub request: Id,
}

/// What a call is when it goes to a callee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall<D> {
    /// Whose call.
    pub key: CallKey,
    /// The callee's session.
    pub callee: Id,
    /// The caller takes partial results: both sides announced it, and the caller asked.
    pub receive_progress: bool,
    /// More arguments will follow.
    pub progressive: bool,
    /// The callee announced call canceling.
    pub callee_cancels: bool,
    /// The call may go to another callee when this one is lost or unavailable.
    pub repeatable: bool,
    /// The callees that could not take it before.
    pub tried: Vec<Id>,
    /// What the router keeps about it.
    pub data: D,
}

/// A call that is with a callee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<D> {
    /// What it is.
    pub call: NewCall<D>,
    /// INVOCATION.Request.
    pub invocation: Id,
    /// The callee was interrupted and its answer is awaited.
    pub interrupted: bool,
}

/// What a callee's answer is.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer<'c, D> {
    /// A partial result, to be passed on.
    Progress(&'c Call<D>),
    /// The call's answer, to be passed on.
    Final(Call<D>),
    /// The callee cannot take the call: ask the next, whose [`NewCall::tried`] must name this one.
    Reroute(Call<D>),
    /// Nobody waits for it: drop it.
    Dropped,
    /// The callee was never asked this: a protocol violation.
    Violation,
}

/// What an INTERRUPT says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupt {
    /// To whom.
    pub callee: Id,
    /// Which invocation.
    pub invocation: Id,
    /// Whether an answer is awaited.
    pub mode: CancelMode,
}

/// What follows from canceling a call.
#[derive(Debug, PartialEq, Eq)]
pub struct Canceled<D> {
    /// The call that ended: its caller gets ERROR now.
    pub ended: Option<Call<D>>,
    /// Tell the callee.
    pub interrupt: Option<Interrupt>,
}

/// What a CALL under a known request is.
#[derive(Debug, PartialEq, Eq)]
pub enum Continuation<'c, D> {
    /// More arguments for a progressive call: the same invocation goes on.
    Forward(&'c Call<D>),
    /// The call ended meanwhile: drop it.
    Dropped,
    /// The call is active, and was not to be continued: a protocol violation.
    Violation,
    /// No such call: it is a new one.
    New,
}

/// What becomes of a lost callee's call.
#[derive(Debug, PartialEq, Eq)]
pub enum Lost<D> {
    /// Its caller gets ERROR.
    Fail(Call<D>),
    /// It may go to another callee.
    Reroute(Call<D>),
}

/// What is remembered about a callee's session.
#[derive(Debug, Clone, Default)]
struct Desk {
    ids: Sequence,
    active: HashMap<Id, CallKey>,
    late: Tombstones,
}

/// Ids of which something may still come.
#[derive(Debug, Clone, Default)]
struct Tombstones {
    ids: VecDeque<Id>,
    /// One was forgotten for lack of room: what is not known may have been it.
    overflowed: bool,
}

impl Tombstones {
    fn bury(&mut self, id: Id) {
        if self.ids.len() >= TOMBSTONES_MAX {
            self.ids.pop_front();
            self.overflowed = true;
        }
        self.ids.push_back(id);
    }

    fn contains(&self, id: Id) -> bool {
        self.ids.contains(&id)
    }

    fn take(&mut self, id: Id) -> bool {
        let place = self.ids.iter().position(|other| *other == id);
        place.is_some_and(|place| self.ids.remove(place).is_some())
    }
}

/// All calls on their way.
#[derive(Debug, Clone)]
pub struct Calls<D> {
    calls: HashMap<CallKey, Call<D>>,
    desks: HashMap<Id, Desk>,
    /// Progressive calls that ended before their caller's last message, by caller.
    unfinished: HashMap<Id, Tombstones>,
    by_caller: HashMap<Id, BTreeSet<Id>>,
}

impl<D> Default for Calls<D> {
    fn default() -> Self {
        Self { calls: HashMap::new(), desks: HashMap::new(), unfinished: HashMap::new(), by_caller: HashMap::new() }
    }
}

impl<D> Calls<D> {
    /// Takes a call up, and gives what INVOCATION needs.
    ///
    /// # Errors
    /// A call with this key is on its way already, and the new one comes back.
    pub fn begin(&mut self, call: NewCall<D>) -> Result<&Call<D>, NewCall<D>> {
        let (key, callee) = (call.key, call.callee);
        let std::collections::hash_map::Entry::Vacant(place) = self.calls.entry(key) else { return Err(call) };
        let desk = self.desks.entry(callee).or_default();
        let invocation = desk.ids.take();
        desk.active.insert(invocation, key);
        self.by_caller.entry(key.caller).or_default().insert(key.request);
        Ok(place.insert(Call { call, invocation, interrupted: false }))
    }

    /// Judges a CALL before it is taken for a new one. `progress`: more will follow after it.
    pub fn continuation(&mut self, key: CallKey, progress: bool) -> Continuation<'_, D> {
        if let Some(call) = self.calls.get_mut(&key) {
            if !call.call.progressive {
                return Continuation::Violation;
            }
            call.call.progressive = progress;
            return if call.interrupted { Continuation::Dropped } else { Continuation::Forward(call) };
        }
        let Some(ended) = self.unfinished.get_mut(&key.caller) else { return Continuation::New };
        let known = if progress { ended.contains(key.request) } else { ended.take(key.request) };
        if ended.ids.is_empty() {
            self.unfinished.remove(&key.caller);
        }
        if known { Continuation::Dropped } else { Continuation::New }
    }

    /// A YIELD of a callee.
    pub fn yielded(&mut self, callee: Id, invocation: Id, progress: bool) -> Answer<'_, D> {
        let Some(key) = self.key(callee, invocation) else { return self.unknown(callee, invocation, !progress) };
        if !progress {
            return self.end(key, false).map_or(Answer::Violation, Answer::Final);
        }
        match self.calls.get(&key) {
            Some(call) if call.call.receive_progress => Answer::Progress(call),
            // The caller did not ask for parts: only the last answer counts.
            _ => Answer::Dropped,
        }
    }

    /// An ERROR of a callee for an invocation. `unavailable`: its URI is `wamp.error.unavailable`, and the callee
    /// announced call rerouting.
    pub fn failed(&mut self, callee: Id, invocation: Id, unavailable: bool) -> Answer<'_, D> {
        let Some(key) = self.key(callee, invocation) else { return self.unknown(callee, invocation, true) };
        match self.end(key, false) {
            // Arguments that the callee has already seen in part cannot be sent again.
            Some(call) if unavailable && !call.interrupted && !call.call.progressive => Answer::Reroute(call),
            Some(call) => Answer::Final(call),
            None => Answer::Violation,
        }
    }

    /// A CANCEL of the caller, or the end of the call's time (then `mode` is [`CancelMode::KillNoWait`]). A callee
    /// that does not know cancelation makes every mode [`CancelMode::Skip`]. `None`: there is no such call (any more).
    pub fn cancel(&mut self, key: CallKey, mode: CancelMode) -> Option<Canceled<D>> {
        let call = self.calls.get_mut(&key)?;
        let mode = if call.call.callee_cancels { mode } else { CancelMode::Skip };
        let interrupts = !call.interrupted && mode != CancelMode::Skip;
        call.interrupted |= interrupts;
        let interrupt = Interrupt { callee: call.call.callee, invocation: call.invocation, mode };
        let interrupt = interrupts.then_some(interrupt);
        let ended = if mode == CancelMode::Kill { None } else { self.end(key, true) };
        Some(Canceled { ended, interrupt })
    }

    /// The caller's session ended: its calls end without an answer, and the callees are interrupted.
    pub fn caller_left(&mut self, caller: Id) -> Vec<Interrupt> {
        self.unfinished.remove(&caller);
        let requests = self.by_caller.remove(&caller).unwrap_or_default();
        let keys = requests.into_iter().map(|request| CallKey { caller, request });
        let canceled: Vec<_> = keys.filter_map(|key| self.cancel(key, CancelMode::KillNoWait)).collect();
        self.unfinished.remove(&caller);
        canceled.into_iter().filter_map(|canceled| canceled.interrupt).collect()
    }

    /// The callee's session ended: what it was busy with fails or goes elsewhere.
    pub fn callee_left(&mut self, callee: Id) -> Vec<Lost<D>> {
        let Some(desk) = self.desks.remove(&callee) else { return Vec::new() };
        let mut active: Vec<_> = desk.active.into_iter().collect();
        active.sort_unstable();
        let lost = |call: Call<D>| {
            let can_move = call.call.repeatable && !call.interrupted && !call.call.progressive;
            if can_move { Lost::Reroute(call) } else { Lost::Fail(call) }
        };
        active.into_iter().filter_map(|(_, key)| self.end(key, false)).map(lost).collect()
    }

    /// The call with a key.
    #[must_use]
    pub fn get(&self, key: CallKey) -> Option<&Call<D>> {
        self.calls.get(&key)
    }

    /// How many calls a callee is busy with.
    #[must_use]
    pub fn load(&self, callee: Id) -> usize {
        self.desks.get(&callee).map_or(0, |desk| desk.active.len())
    }

    /// How many calls of a caller are on their way.
    #[must_use]
    pub fn of_caller(&self, caller: Id) -> usize {
        self.by_caller.get(&caller).map_or(0, BTreeSet::len)
    }

    /// How many calls are on their way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The call of an invocation, when it is this callee's own.
    fn key(&self, callee: Id, invocation: Id) -> Option<CallKey> {
        self.desks.get(&callee)?.active.get(&invocation).copied()
    }

    /// An answer to an invocation that is not active.
    fn unknown(&mut self, callee: Id, invocation: Id, is_final: bool) -> Answer<'_, D> {
        let Some(desk) = self.desks.get_mut(&callee) else { return Answer::Violation };
        let known = if is_final { desk.late.take(invocation) } else { desk.late.contains(invocation) };
        if known || desk.late.overflowed { Answer::Dropped } else { Answer::Violation }
    }

    /// Takes a call out. `late`: the callee's answer may still come.
    fn end(&mut self, key: CallKey, late: bool) -> Option<Call<D>> {
        let call = self.calls.remove(&key)?;
        if let Some(desk) = self.desks.get_mut(&call.call.callee) {
            desk.active.remove(&call.invocation);
            if late {
                desk.late.bury(call.invocation);
            }
        }
        if let Some(requests) = self.by_caller.get_mut(&key.caller) {
            requests.remove(&key.request);
            if requests.is_empty() {
                self.by_caller.remove(&key.caller);
            }
        }
        if call.call.progressive {
            self.unfinished.entry(key.caller).or_default().bury(key.request);
        }
        Some(call)
    }
}
