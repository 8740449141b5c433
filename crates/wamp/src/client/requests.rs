//! What a client has asked for, and what it says.

use std::collections::{HashMap, HashSet};

use crate::dict::Dict;
use crate::id::{Id, Sequence};
use crate::message::{Call, Error, Kind, Message, Publish, Yield};
use crate::options::{
    CallOptions, CancelMode, CancelOptions, PublishOptions, RegisterOptions, SubscribeOptions, YieldOptions,
};
use crate::payload::Payload;
use crate::text::Text;
use crate::uris;
use crate::wire::Format;

/// One session, after WELCOME. `T` is what the owner attaches to each request, and gets back with the answer.
#[derive(Debug)]
pub struct Client<T> {
    pub(super) format: Format,
    pub(super) sequence: Sequence,
    /// The highest request that was sent: an answer to a later one is an answer to nothing.
    pub(super) last: Option<Id>,
    pub(super) pending: HashMap<Id, Pending<T>>,
    /// How many of the owner's subscriptions stand behind one of the router's.
    pub(super) subscriptions: HashMap<Id, usize>,
    pub(super) registrations: HashSet<Id>,
    /// Invocations that are not answered.
    pub(super) invocations: HashSet<Id>,
    pub(super) state: State,
}

/// A request without an answer.
#[derive(Debug)]
pub(super) struct Pending<T> {
    pub(super) kind: Kind,
    /// What UNSUBSCRIBE and UNREGISTER are about.
    pub(super) about: Option<Id>,
    pub(super) token: T,
}

/// Whether the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// We said GOODBYE.
    Closing,
    Closed,
}

impl<T> Client<T> {
    /// A session in the form of messages that its connection has.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            sequence: Sequence::default(),
            last: None,
            pending: HashMap::new(),
            subscriptions: HashMap::new(),
            registrations: HashSet::new(),
            invocations: HashSet::new(),
            state: State::Open,
        }
    }

    /// The form of its messages.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// How many requests wait for their answer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// What was attached to a request that is not answered.
    #[must_use]
    pub fn token(&self, request: Id) -> Option<&T> {
        self.pending.get(&request).map(|pending| &pending.token)
    }

    /// Takes back everything that waits: the session is over.
    pub fn abandon(&mut self) -> impl Iterator<Item = T> + use<T> {
        self.state = State::Closed;
        self.invocations.clear();
        std::mem::take(&mut self.pending).into_values().map(|pending| pending.token)
    }

    fn request(&mut self) -> Id {
        let id = self.sequence.take();
        self.last = Some(id);
        id
    }

    fn ask(&mut self, kind: Kind, about: Option<Id>, token: T) -> Id {
        let id = self.request();
        self.pending.insert(id, Pending { kind, about, token });
        id
    }

    /// CALL.
    pub fn call(&mut self, token: T, procedure: &str, options: &CallOptions, payload: Payload) -> (Id, Message) {
        let request = self.ask(Kind::Call, None, token);
        let options = options.to_dict(self.format);
        (request, Message::Call(Call { request, options, procedure: Text::from(procedure), payload }))
    }

    /// CANCEL, when the call is not answered.
    #[must_use]
    pub fn cancel(&self, request: Id, mode: CancelMode) -> Option<Message> {
        let is_open = self.pending.get(&request).is_some_and(|pending| pending.kind == Kind::Call);
        let options = CancelOptions { mode: Some(mode) }.to_dict(self.format);
        is_open.then_some(Message::Cancel { request, options })
    }

    /// PUBLISH. With a token, an acknowledgment is asked for; without one there will be no answer.
    pub fn publish(&mut self, token: Option<T>, topic: &str, options: &PublishOptions, payload: Payload) -> Message {
        let options = PublishOptions { acknowledge: token.is_some(), ..options.clone() }.to_dict(self.format);
        let request = match token {
            Some(token) => self.ask(Kind::Publish, None, token),
            None => self.request(),
        };
        Message::Publish(Publish { request, options, topic: Text::from(topic), payload })
    }

    /// SUBSCRIBE.
    pub fn subscribe(&mut self, token: T, topic: &str, options: SubscribeOptions) -> Message {
        let request = self.ask(Kind::Subscribe, None, token);
        Message::Subscribe { request, options: options.to_dict(self.format), topic: Text::from(topic) }
    }

    /// UNSUBSCRIBE, when this was the last of the owner's subscriptions behind the router's; the token comes back
    /// where there is nothing to ask the router.
    ///
    /// # Errors
    /// The token: it is done.
    pub fn unsubscribe(&mut self, token: T, subscription: Id) -> Result<Message, T> {
        match self.subscriptions.get_mut(&subscription) {
            Some(1) => {
                self.subscriptions.remove(&subscription);
                let request = self.ask(Kind::Unsubscribe, Some(subscription), token);
                Ok(Message::Unsubscribe { request, subscription })
            }
            Some(more) => {
                *more -= 1;
                Err(token)
            }
            None => Err(token),
        }
    }

    /// REGISTER.
    pub fn register(&mut self, token: T, procedure: &str, options: RegisterOptions) -> Message {
        let request = self.ask(Kind::Register, None, token);
        Message::Register { request, options: options.to_dict(self.format), procedure: Text::from(procedure) }
    }

    /// UNREGISTER. Calls that cross it are still handed over.
    ///
    /// # Errors
    /// The token: there is no such registration, or no more.
    pub fn unregister(&mut self, token: T, registration: Id) -> Result<Message, T> {
        if !self.registrations.contains(&registration) {
            return Err(token);
        }
        let request = self.ask(Kind::Unregister, Some(registration), token);
        Ok(Message::Unregister { request, registration })
    }

    /// YIELD, when the invocation is not answered. With `progress`, more will follow.
    pub fn answer(&mut self, request: Id, progress: bool, payload: Payload) -> Option<Message> {
        let is_open = if progress { self.invocations.contains(&request) } else { self.invocations.remove(&request) };
        let options = YieldOptions { progress, ..YieldOptions::default() }.to_dict(self.format);
        is_open.then_some(Message::Yield(Yield { request, options, payload }))
    }

    /// ERROR, when the invocation is not answered.
    pub fn fail(&mut self, request: Id, error: &str, payload: Payload) -> Option<Message> {
        self.invocations.remove(&request).then(|| self.refusal(request, error, payload))
    }

    /// ERROR for an invocation, whatever the tables say.
    pub(super) fn refusal(&self, request: Id, error: &str, payload: Payload) -> Message {
        Message::Error(Error {
            request_kind: Kind::Invocation,
            request,
            details: Dict::empty(self.format),
            error: Text::from(error),
            payload,
        })
    }

    /// GOODBYE; `None` when it was said already.
    pub fn goodbye(&mut self) -> Option<Message> {
        let is_open = self.state == State::Open;
        if is_open {
            self.state = State::Closing;
        }
        let details = Dict::empty(self.format);
        is_open.then(|| Message::Goodbye { details, reason: Text::from(uris::close::CLOSE_REALM) })
    }
}
