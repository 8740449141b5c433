//! One call from its CALL to its one answer.
//!
//! All that happens to a call happens under its own lock: being given to a callee, partial results, the answer, cancelation,
//! the end of its time, the loss of its callee or caller. Who finds it ended does nothing. The order of
//! locks is: a call, then a queue or a session's tables, then an outbox; two calls are never locked at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crossgate_wamp::dealer::CallKey;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{CallResult, Error, Kind};
use crossgate_wamp::options::{CallOptions, CancelMode, ResultDetails};
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Dict, Map, Message, Payload, Text, Value};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::callee::Queue;
use super::outbox::{Class, Pushed};
use super::session::Session;
use super::state::RealmState;
use crate::permit::Permit;

/// A call on its way.
pub(crate) struct InFlight {
    pub(crate) realm: Arc<RealmState>,
    pub(crate) key: CallKey,
    pub(crate) procedure: Text,
    pub(crate) from: From,
    pub(crate) options: CallOptions,
    pub(crate) payload: Payload,
    /// Who calls, when the callee may know.
    pub(crate) discloses: Who,
    pub(crate) discloses_always: bool,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    state: Mutex<State>,
}

/// Somebody, as others may learn.
#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) session: Option<Id>,
    pub(crate) authid: Arc<str>,
    pub(crate) authrole: Arc<str>,
}

/// Who waits for the answer.
pub(crate) enum From {
    Session(Arc<Session>),
    /// Somebody inside: an HTTP request, the router's own question.
    Local(Mutex<Option<oneshot::Sender<Answer>>>),
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Answer {
    Result { details: Dict, payload: Payload },
    Error { details: Dict, error: Text, payload: Payload },
}

impl Answer {
    /// An error of the router's own.
    pub(crate) fn error(error: &'static str, words: impl Into<String>) -> Self {
        let format = crossgate_wamp::wire::Format::Cbor;
        Self::Error {
            details: Dict::empty(format),
            error: Text::from_static(error),
            payload: Payload::from_values(format, vec![Value::Text(words.into())], Map::new()),
        }
    }
}

/// Where a call is.
pub(crate) struct State {
    pub(crate) stage: Stage,
    pub(crate) permit: Option<Permit>,
    /// The task that watches its timeout, or that answers it.
    timer: Option<AbortHandle>,
    /// Callees that could not take it.
    pub(crate) tried: Vec<Id>,
    /// A partial result was passed on, or arguments in parts: it cannot begin anew elsewhere.
    pub(crate) partly: bool,
    /// More arguments are to come.
    pub(crate) more: bool,
    /// Arguments that came while it waited.
    pub(crate) backlog: Vec<(bool, Payload)>,
}

pub(crate) enum Stage {
    /// Nobody was asked yet.
    Idle,
    /// Its callees are busy.
    Waiting(Arc<Mutex<Queue>>),
    /// A callee was asked.
    Invoked(Invoked),
    /// It was answered, or nobody waits any more.
    Done,
}

pub(crate) struct Invoked {
    pub(crate) callee: Arc<Session>,
    pub(crate) invocation: Id,
    /// It was canceled with `kill`, and the callee's answer is awaited.
    pub(crate) interrupted: bool,
}

impl Invoked {
    fn is(&self, callee: &Session, invocation: Id) -> bool {
        self.callee.id == callee.id && self.invocation == invocation
    }
}

impl State {
    pub(crate) fn new(permit: Option<Permit>, more: bool) -> Mutex<Self> {
        let backlog = Vec::new();
        Mutex::new(Self { stage: Stage::Idle, permit, timer: None, tried: Vec::new(), partly: more, more, backlog })
    }
}

/// What a call is made of.
pub(crate) struct NewCall {
    pub(crate) realm: Arc<RealmState>,
    pub(crate) key: CallKey,
    pub(crate) procedure: Text,
    pub(crate) from: From,
    pub(crate) options: CallOptions,
    pub(crate) payload: Payload,
    pub(crate) who: Who,
    pub(crate) discloses: bool,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) permit: Option<Permit>,
}

impl InFlight {
    pub(crate) fn new(call: NewCall) -> Arc<Self> {
        let state = State::new(call.permit, call.options.progress);
        Arc::new(Self {
            realm: call.realm,
            key: call.key,
            procedure: call.procedure,
            from: call.from,
            options: call.options,
            payload: call.payload,
            discloses: call.who,
            discloses_always: call.discloses,
            trustlevel: call.trustlevel,
            timeout: call.timeout,
            state,
        })
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the clock of its timeout.
    pub(crate) fn arm(self: &Arc<Self>, state: &mut State, grace: Duration) {
        let Some(timeout) = self.timeout.map(|timeout| timeout.saturating_add(grace)) else { return };
        let call = Arc::downgrade(self);
        let timer = tokio::spawn(async move {
            tokio::time::sleep(timeout).await;
            if let Some(call) = Weak::upgrade(&call) {
                call.expire();
            }
        });
        state.timer = Some(timer.abort_handle());
    }

    /// Answers by a task; the end of the call ends the task.
    pub(crate) fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut state = self.lock();
        if !matches!(state.stage, Stage::Done) {
            state.timer = Some(tokio::spawn(task).abort_handle());
        }
    }

    /// Gives the answer, once.
    pub(crate) fn finish(&self, state: &mut State, answer: Answer) {
        if matches!(state.stage, Stage::Done) {
            return;
        }
        let (outcome, detail) = match &answer {
            Answer::Result { .. } => ("ok", None),
            Answer::Error { error, .. } => ("error", Some(error.as_str().to_owned())),
        };
        self.realm.metrics.call(outcome);
        self.settle(state);
        if let Some(mut permit) = state.permit.take() {
            permit.conclude(outcome, detail);
        }
        match &self.from {
            From::Session(session) => {
                self.send(session, answer, false);
                session.forget_call(self.key.request, state.more);
            }
            From::Local(waiting) => {
                let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Who does not wait any more wants no answer.
                drop(waiting.map(|waiting| waiting.send(answer)));
            }
        }
    }

    fn settle(&self, state: &mut State) {
        state.stage = Stage::Done;
        state.backlog = Vec::new();
        if let Some(timer) = state.timer.take() {
            timer.abort();
        }
    }

    /// Sends a result or an error, or what stands for one that cannot be said.
    fn send(&self, session: &Session, answer: Answer, progress: bool) {
        let request = self.key.request;
        let refuse = |error: &'static str, words: &str| match Answer::error(error, words) {
            Answer::Error { details, error, payload } => error_message(request, details, error, payload),
            Answer::Result { details, payload } => Message::Result(CallResult { request, details, payload }),
        };
        let message = match answer {
            Answer::Result { details, payload } => Message::Result(CallResult { request, details, payload }),
            Answer::Error { details, error, payload } => error_message(request, details, error, payload),
        };
        let bytes = match message.to_bytes(session.format) {
            Ok(bytes) if bytes.len() <= session.message_bytes_max => bytes,
            // A part that cannot be said is left out; the answer tells.
            _ if progress => return,
            failed => {
                let refusal = match failed {
                    Ok(_) => refuse(uri::PAYLOAD_SIZE_EXCEEDED, "the answer is larger than this client receives"),
                    Err(_) => refuse(uri::INVALID_PAYLOAD, "the answer cannot be written in this client's format"),
                };
                session.send(&refusal, Class::Rpc);
                return;
            }
        };
        if let Pushed::Dropped(events) = session.outbox.push(bytes, Class::Rpc) {
            self.realm.metrics.dropped(events);
        }
    }

    /// A partial result of a callee.
    pub(crate) fn progressed(&self, callee: &Session, invocation: Id, details: &ResultDetails, payload: Payload) {
        let mut state = self.lock();
        let From::Session(session) = &self.from else { return };
        let is_current = matches!(&state.stage, Stage::Invoked(invoked) if invoked.is(callee, invocation));
        if is_current && self.options.receive_progress {
            state.partly = true;
            let details = details.to_dict(session.format);
            self.send(session, Answer::Result { details, payload }, true);
        }
    }

    /// The answer of a callee. `None`: it cannot take the call, and another is to be asked.
    pub(crate) fn answered(self: &Arc<Self>, callee: &Session, invocation: Id, answer: Answer, unavailable: bool) {
        let mut state = self.lock();
        let Stage::Invoked(invoked) = &state.stage else { return };
        if !invoked.is(callee, invocation) {
            return;
        }
        if unavailable && !invoked.interrupted && !state.partly {
            state.tried.push(callee.id);
            state.stage = Stage::Idle;
            self.realm.metrics.rerouted();
            let waits = self.dispatch(&mut state);
            drop(state);
            self.realm.wake_if(waits);
            return;
        }
        self.finish(&mut state, answer);
    }

    /// Its callee is gone.
    pub(crate) fn callee_lost(self: &Arc<Self>, callee: &Session, invocation: Id) {
        let mut state = self.lock();
        let Stage::Invoked(invoked) = &state.stage else { return };
        if !invoked.is(callee, invocation) {
            return;
        }
        if self.options.repeatable && !invoked.interrupted && !state.partly {
            state.tried.push(callee.id);
            state.stage = Stage::Idle;
            self.realm.metrics.rerouted();
            let waits = self.dispatch(&mut state);
            drop(state);
            self.realm.wake_if(waits);
            return;
        }
        self.finish(&mut state, Answer::error(uri::CANCELED, "the callee was lost before it answered"));
    }

    /// A CANCEL of the caller.
    pub(crate) fn cancel(&self, mode: CancelMode) {
        self.stop(mode, "the caller canceled the call", uri::CANCELED);
    }

    /// Its time is over.
    fn expire(&self) {
        self.stop(CancelMode::KillNoWait, "the call's timeout passed", uri::TIMEOUT);
    }

    fn stop(&self, mode: CancelMode, words: &str, error: &'static str) {
        let mut state = self.lock();
        let mut released = None;
        match &mut state.stage {
            Stage::Done => return,
            Stage::Idle => {}
            Stage::Waiting(queue) => {
                queue.lock().unwrap_or_else(PoisonError::into_inner).remove(self.key);
            }
            Stage::Invoked(invoked) => {
                let cancels = invoked.callee.callee_features().call_canceling;
                let mode = if cancels { mode } else { CancelMode::Skip };
                if mode != CancelMode::Skip && !invoked.interrupted {
                    let release = mode == CancelMode::KillNoWait;
                    released = invoked.callee.interrupt(invoked.invocation, mode, error, release);
                }
                if mode == CancelMode::Kill {
                    invoked.interrupted = true;
                    return;
                }
            }
        }
        self.finish(&mut state, Answer::error(error, words));
        drop(state);
        if let Some(member) = released {
            self.realm.release(&member);
        }
    }

    /// Its caller is gone: nobody is to be answered.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        let mut released = None;
        match &state.stage {
            Stage::Done => return,
            Stage::Idle => {}
            Stage::Waiting(queue) => {
                queue.lock().unwrap_or_else(PoisonError::into_inner).remove(self.key);
            }
            Stage::Invoked(invoked) if invoked.callee.callee_features().call_canceling => {
                let (mode, id) = (CancelMode::KillNoWait, invoked.invocation);
                released = invoked.callee.interrupt(id, mode, uri::CANCELED, true);
            }
            Stage::Invoked(_) => {}
        }
        self.realm.metrics.call("abandoned");
        self.settle(&mut state);
        // Dropping it records the call as abandoned.
        drop(state.permit.take());
        drop(state);
        if let Some(member) = released {
            self.realm.release(&member);
        }
    }
}

/// ERROR for a CALL.
pub(crate) fn error_message(request: Id, details: Dict, error: Text, payload: Payload) -> Message {
    Message::Error(Error { request_kind: Kind::Call, request, details, error, payload })
}
