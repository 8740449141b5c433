//! A call finds its callee: by the registration that fits best, its policy, and who has a place.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossgate_wamp::dealer::Registration;
use crossgate_wamp::id::Id;
use crossgate_wamp::message;
use crossgate_wamp::options::InvocationDetails;
use crossgate_wamp::uri::Match;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Message, Payload};

use super::call::{Answer, InFlight, Invoked, Stage, State};
use super::callee::{Choice, Member, Queue, choose, has_place};
use super::session::{Invocation, NotAsked, Session};
use super::state::RealmState;
use super::switches::{Disclosure, PartialResults};

/// How many parts of a progressive call may wait for a callee.
const BACKLOG_MAX: usize = 64;

/// How much longer the router waits for a callee that watches the timeout itself, so that the call is answered in any case.
const FORWARDED_TIMEOUT_GRACE: Duration = Duration::from_secs(5);

/// What became of asking one callee.
enum Asked {
    Invoked,
    Gone,
    Refused(Answer),
}

/// What became of more arguments.
pub(crate) enum Continued {
    Taken,
    /// The call takes no more arguments: its caller broke the protocol.
    Violation,
}

impl InFlight {
    /// Takes the call to a callee for the first time.
    pub(crate) fn start(self: &Arc<Self>) {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Done) {
            return;
        }
        let waits = self.dispatch(&mut state);
        // A call that was answered at once needs no timer, nor does one without a timeout.
        if self.timeout.is_some() && !matches!(state.stage, Stage::Done) {
            let grace = if self.forwards_timeout(&state) { FORWARDED_TIMEOUT_GRACE } else { Duration::ZERO };
            self.arm(&mut state, grace);
        }
        drop(state);
        self.realm.wake_if(waits);
    }

    /// Takes a waiting call to a callee that has a place now. When there is none (any more) that it may go to, it waits again.
    fn resume(self: &Arc<Self>) {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Waiting(_)) {
            state.stage = Stage::Idle;
            self.dispatch(&mut state);
        }
    }

    /// Finds a callee and asks it, or waits for one. Gives the registration in which a place was taken and given back, if
    /// that happened: somebody else may wait for it, which is to be looked after once the call is not locked any more.
    pub(crate) fn dispatch(self: &Arc<Self>, state: &mut State) -> Option<Id> {
        loop {
            let tables = self.realm.tables.load();
            let Some(registration) = tables.registrations.best(&self.procedure) else {
                let answer = if state.tried.is_empty() {
                    Answer::error(uri::NO_SUCH_PROCEDURE, format!("nobody registered `{}`", self.procedure))
                } else {
                    nobody_left()
                };
                self.finish(state, answer);
                return None;
            };
            match choose(registration, &state.tried) {
                Choice::Nobody => {
                    self.finish(state, nobody_left());
                    return None;
                }
                Choice::Busy => {
                    if self.waits(state, registration) {
                        return None;
                    }
                }
                Choice::Callee(session, member) => match self.ask(state, registration, &member) {
                    Asked::Invoked => return None,
                    Asked::Gone => {
                        member.release();
                        state.tried.push(session);
                    }
                    Asked::Refused(answer) => {
                        member.release();
                        self.finish(state, answer);
                        return Some(registration.id).filter(|_| member.is_limited());
                    }
                },
            }
        }
    }

    /// Waits in the registration's queue; `false` when a place became free just before, or the registration ended, and the call is
    /// to look again. Who gives a place back or ends a registration looks into the queue after that, so either side sees
    /// the other. A queue that is full answers the call.
    fn waits(self: &Arc<Self>, state: &mut State, registration: &Registration<Arc<Member>>) -> bool {
        let queue = self.realm.queue(registration.id);
        let pushed = lock(&queue).push(self.key, Arc::clone(self));
        if pushed.is_err() {
            let words = "all callees are as busy as they may be; try again later";
            self.finish(state, Answer::error(uri::MAX_CONCURRENCY_REACHED, words));
            return true;
        }
        // As it is now: the registration may have ended meanwhile, and nobody looks into its queue any more.
        let tables = self.realm.tables.load();
        let now = tables.registrations.get(registration.id);
        let may_go = now.is_none_or(|now| has_place(now, &state.tried));
        let looks_again = may_go && lock(&queue).remove(self.key).is_some();
        if !looks_again {
            state.stage = Stage::Waiting(queue);
        }
        !looks_again
    }

    /// Sends INVOCATION to one callee.
    fn ask(
        self: &Arc<Self>,
        state: &mut State,
        registration: &Registration<Arc<Member>>,
        member: &Arc<Member>,
    ) -> Asked {
        let callee = &member.session;
        let features = callee.callee_features();
        if self.options.progress && !(features.progressive_call_invocations && features.call_canceling) {
            let words = "the callee takes no arguments in parts";
            return Asked::Refused(Answer::error(uri::FEATURE_NOT_SUPPORTED, words));
        }
        if self.options.passthru.is_passthru() && !features.payload_passthru_mode {
            let words = "the callee takes no payload in passthru mode";
            return Asked::Refused(Answer::error(uri::FEATURE_NOT_SUPPORTED, words));
        }
        let details = self.details(registration, member, self.options.progress).to_dict(callee.format);
        let Ok(payload) = self.payload.to_format(callee.format) else { return Asked::Refused(unsayable()) };
        let entry = Invocation { call: Arc::clone(self), member: Arc::clone(member), holds_place: true };
        let encode = |request: Id| {
            let invocation = message::Invocation { request, registration: registration.id, details, payload };
            Message::Invocation(invocation).to_bytes(callee.format).ok()
        };
        match callee.ask(entry, encode) {
            Ok(invocation) => {
                state.stage = Stage::Invoked(Invoked { callee: Arc::clone(callee), invocation, interrupted: false });
                for (progress, payload) in std::mem::take(&mut state.backlog) {
                    self.send_more(callee, invocation, (registration, member), (progress, &payload));
                }
                Asked::Invoked
            }
            Err(NotAsked::Gone) => Asked::Gone,
            Err(NotAsked::Unsayable) => Asked::Refused(unsayable()),
            Err(NotAsked::TooLarge) => {
                let words = "the call is larger than the callee receives";
                Asked::Refused(Answer::error(uri::PAYLOAD_SIZE_EXCEEDED, words))
            }
        }
    }

    fn details(&self, registration: &Registration<Arc<Member>>, member: &Member, progress: bool) -> InvocationDetails {
        let features = member.session.callee_features();
        let options = registration.callees.get(member.session.id).map(|callee| callee.options).unwrap_or_default();
        let disclosure = self.realm.config.load().disclosure;
        let discloses = match disclosure {
            Disclosure::Never => false,
            Disclosure::Always => true,
            Disclosure::Asked => self.discloses_always || options.disclose_caller == Some(true),
        };
        let who = discloses.then_some(&self.discloses);
        let hands_over = options.forward_timeout && features.call_timeout;
        InvocationDetails {
            procedure: (registration.policy != Match::Exact).then(|| self.procedure.as_str().to_owned()),
            caller: who.and_then(|who| who.session),
            caller_authid: who.map(|who| who.authid.to_string()),
            caller_authrole: who.map(|who| who.authrole.to_string()),
            trustlevel: self.trustlevel,
            timeout: self.timeout.filter(|_| hands_over).map(|timeout| timeout.as_millis() as u64),
            receive_progress: self.options.receive_progress
                && features.progressive_call_results
                && (features.call_canceling || self.realm.config.load().partial_results == PartialResults::Any),
            progress,
            passthru: self.options.passthru.clone(),
        }
    }

    /// Whether the callee that was asked watches the timeout itself.
    fn forwards_timeout(&self, state: &State) -> bool {
        let Stage::Invoked(invoked) = &state.stage else { return false };
        let tables = self.realm.tables.load();
        let callee = tables.registrations.best(&self.procedure).and_then(|best| best.callees.get(invoked.callee.id));
        callee.is_some_and(|callee| callee.options.forward_timeout) && invoked.callee.callee_features().call_timeout
    }

    /// More arguments for a progressive call.
    pub(crate) fn proceed(self: &Arc<Self>, progress: bool, payload: Payload) -> Continued {
        let mut state = self.lock();
        if matches!(state.stage, Stage::Done) {
            return Continued::Taken;
        }
        if !state.more {
            return Continued::Violation;
        }
        state.more = progress;
        let (callee, invocation) = match &state.stage {
            Stage::Invoked(invoked) if invoked.interrupted => return Continued::Taken,
            Stage::Invoked(invoked) => (Arc::clone(&invoked.callee), invoked.invocation),
            _ => {
                if state.backlog.len() >= BACKLOG_MAX {
                    let words = "too many arguments in parts before a callee was free";
                    self.finish(&mut state, Answer::error(uri::MAX_CONCURRENCY_REACHED, words));
                } else {
                    state.backlog.push((progress, payload));
                }
                return Continued::Taken;
            }
        };
        let entry = callee.invocation(invocation, false);
        let tables = self.realm.tables.load();
        if let (Ok(Some(entry)), Some(registration)) = (entry, tables.registrations.best(&self.procedure)) {
            self.send_more(&callee, invocation, (registration, &entry.member), (progress, &payload));
        }
        Continued::Taken
    }

    fn send_more(
        &self,
        callee: &Session,
        request: Id,
        (registration, member): (&Registration<Arc<Member>>, &Member),
        (progress, payload): (bool, &Payload),
    ) {
        let details = self.details(registration, member, progress).to_dict(callee.format);
        let payload = payload.clone();
        let invocation = message::Invocation { request, registration: registration.id, details, payload };
        callee.send(&Message::Invocation(invocation), super::outbox::Class::Rpc);
    }
}

impl RealmState {
    /// The queue of a registration.
    pub(crate) fn queue(&self, registration: Id) -> Arc<Mutex<Queue>> {
        let waiting_max = self.config.load().calls_waiting_max;
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(registration).or_insert_with(|| Arc::new(Mutex::new(Queue::new(waiting_max)))))
    }

    /// A callee has a place again.
    pub(crate) fn release(&self, member: &Member) {
        member.release();
        if member.is_limited() {
            let tables = self.tables.load();
            for registration in tables.registrations.of_session(member.session.id) {
                self.wake(*registration);
            }
        }
    }

    pub(crate) fn wake_if(&self, registration: Option<Id>) {
        if let Some(registration) = registration {
            self.wake(registration);
        }
    }

    /// Gives waiting calls to callees as long as there are both. Of a registration that is gone, all calls look again.
    pub(crate) fn wake(&self, registration: Id) {
        let queue = {
            let queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            queues.get(&registration).map(Arc::clone)
        };
        let Some(queue) = queue else { return };
        // Each call is looked at once: one that may not go where there is a place waits again, behind the others.
        let mut turns = lock(&queue).len();
        while turns > 0 {
            turns -= 1;
            let tables = self.tables.load();
            let ready = tables.registrations.get(registration).is_none_or(|found| has_place(found, &[]));
            if !ready {
                return;
            }
            let Some((_, call)) = lock(&queue).pop() else { break };
            drop(tables);
            call.resume();
        }
        let tables = self.tables.load();
        if tables.registrations.get(registration).is_none() && lock(&queue).is_empty() {
            self.queues.lock().unwrap_or_else(PoisonError::into_inner).remove(&registration);
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nobody_left() -> Answer {
    Answer::error(uri::NO_AVAILABLE_CALLEE, "no callee can take the call now; try again later")
}

fn unsayable() -> Answer {
    Answer::error(uri::INVALID_PAYLOAD, "the call cannot be written in the callee's format")
}

/// In which format the router makes payloads of its own that nobody asked for in another.
pub(crate) const OWN_FORMAT: Format = Format::Cbor;
