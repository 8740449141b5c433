//! What the router says, and what it is about.

use super::join::words;
use super::requests::{Client, Pending, State};
use crate::dict::{Dict, OptionError};
use crate::id::Id;
use crate::message::{CallResult, Error, Event, Invocation, Kind, Message, Removed};
use crate::options::{InterruptOptions, ResultDetails, Revocation};
use crate::payload::Payload;
use crate::text::Text;
use crate::uris;

/// What the router did that it may not do: the session is to be given up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientViolation {
    /// A message that may not come now.
    #[error("unexpected {} message", .0.name())]
    Unexpected(Kind),
    /// An answer to what was never asked.
    #[error("{} for request {request}, which was never sent", .kind.name())]
    Unasked {
        /// What came.
        kind: Kind,
        /// For which request.
        request: Id,
    },
    /// The answer is of another kind than the request.
    #[error("{} for a {}", .answer.name(), .request.name())]
    OtherAnswer {
        /// What came.
        answer: Kind,
        /// What was asked.
        request: Kind,
    },
    /// An invocation is asked for a second time.
    #[error("invocation {0} came twice")]
    Twice(Id),
    /// Details that cannot be read.
    #[error(transparent)]
    Details(#[from] OptionError),
}

/// What came in.
#[derive(Debug)]
pub enum Arrival<T> {
    /// A part of a call's result; the call goes on.
    Progress {
        /// The call.
        request: Id,
        /// The part.
        result: CallResult,
    },
    /// A call's result.
    Result {
        /// What was attached to it.
        token: T,
        /// The result.
        result: CallResult,
    },
    /// A request failed.
    Failed {
        /// What was attached to it.
        token: T,
        /// Why.
        error: Error,
    },
    /// PUBLISHED, SUBSCRIBED, REGISTERED.
    Done {
        /// What was attached to it.
        token: T,
        /// The publication, subscription or registration.
        id: Id,
    },
    /// UNSUBSCRIBED, UNREGISTERED, as asked.
    Removed {
        /// What was attached to it.
        token: T,
        /// What is gone.
        id: Id,
    },
    /// The router took a subscription away.
    SubscriptionRevoked(Revocation),
    /// The router took a registration away.
    RegistrationRevoked(Revocation),
    /// An event of a subscription that there is.
    Event(Event),
    /// A call to answer, of a registration that there is.
    Invocation(Invocation),
    /// A call need not be answered any more; an answer is taken all the same.
    Interrupt {
        /// The invocation.
        request: Id,
        /// How, and why.
        options: InterruptOptions,
    },
    /// To be sent, and nothing else: the call was for nobody.
    Reply(Message),
    /// The router ends the session: send `reply`, and be done.
    Goodbye {
        /// The answer.
        reply: Message,
        /// Why, as a URI.
        reason: String,
        /// In words.
        message: Option<String>,
    },
    /// The router answered our GOODBYE.
    Left,
    /// The router gave up.
    Aborted {
        /// Why, as a URI.
        reason: String,
        /// In words.
        message: Option<String>,
    },
    /// It came too late to mean anything.
    Nothing,
}

impl<T> Client<T> {
    /// Takes a message of the router.
    ///
    /// # Errors
    /// What the router may not say: say ABORT with `wamp.error.protocol_violation`, and end the connection.
    pub fn receive(&mut self, message: Message) -> Result<Arrival<T>, ClientViolation> {
        if self.state == State::Closed {
            return Err(ClientViolation::Unexpected(message.kind()));
        }
        let kind = message.kind();
        match message {
            Message::Result(result) => self.result(result),
            Message::Error(error) => self.error(error),
            Message::Published { request, publication } => self.done(kind, request, publication),
            Message::Subscribed { request, subscription } => self.done(kind, request, subscription),
            Message::Registered { request, registration } => self.done(kind, request, registration),
            Message::Unsubscribed(removed) | Message::Unregistered(removed) => self.removed(kind, removed),
            Message::Event(event) => {
                let known = self.subscriptions.contains_key(&event.subscription);
                Ok(if known { Arrival::Event(event) } else { Arrival::Nothing })
            }
            Message::Invocation(invocation) => self.invocation(invocation),
            Message::Interrupt { request, options } => {
                let options = InterruptOptions::read(&options)?;
                let is_open = self.invocations.contains(&request);
                Ok(if is_open { Arrival::Interrupt { request, options } } else { Arrival::Nothing })
            }
            Message::Goodbye { details, reason } => Ok(self.farewell(&details, &reason)),
            Message::Abort { details, reason, .. } => {
                self.state = State::Closed;
                Ok(Arrival::Aborted { reason: reason.to_string(), message: words(&details) })
            }
            _ => Err(ClientViolation::Unexpected(kind)),
        }
    }

    fn farewell(&mut self, details: &Dict, reason: &str) -> Arrival<T> {
        let left = self.state == State::Closing;
        self.state = State::Closed;
        if left {
            return Arrival::Left;
        }
        let out = Text::from(uris::close::GOODBYE_AND_OUT);
        let reply = Message::Goodbye { details: Dict::empty(self.format), reason: out };
        Arrival::Goodbye { reply, reason: reason.to_owned(), message: words(details) }
    }

    /// The request that an answer is for. One that has ended gives nothing; one that never was is a violation.
    fn take(&mut self, answer: Kind, asked: Kind, request: Id) -> Result<Option<Pending<T>>, ClientViolation> {
        match self.pending.get(&request) {
            Some(pending) if pending.kind == asked => Ok(self.pending.remove(&request)),
            Some(pending) => Err(ClientViolation::OtherAnswer { answer, request: pending.kind }),
            // The sequence begins anew after 2^53 requests, which no session lives to see.
            None if self.last.is_some_and(|last| request <= last) => Ok(None),
            None => Err(ClientViolation::Unasked { kind: answer, request }),
        }
    }

    fn result(&mut self, result: CallResult) -> Result<Arrival<T>, ClientViolation> {
        let (request, details) = (result.request, ResultDetails::read(&result.details)?);
        if details.progress && self.pending.get(&request).is_some_and(|pending| pending.kind == Kind::Call) {
            return Ok(Arrival::Progress { request, result });
        }
        let taken = self.take(Kind::Result, Kind::Call, request)?;
        Ok(taken.map_or(Arrival::Nothing, |pending| Arrival::Result { token: pending.token, result }))
    }

    fn error(&mut self, error: Error) -> Result<Arrival<T>, ClientViolation> {
        let taken = self.take(Kind::Error, error.request_kind, error.request)?;
        if let Some(Pending { kind: Kind::Unregister, about: Some(registration), .. }) = &taken {
            // It is gone in any case.
            self.registrations.remove(registration);
        }
        Ok(taken.map_or(Arrival::Nothing, |pending| Arrival::Failed { token: pending.token, error }))
    }

    fn done(&mut self, answer: Kind, request: Id, id: Id) -> Result<Arrival<T>, ClientViolation> {
        let asked = match answer {
            Kind::Published => Kind::Publish,
            Kind::Subscribed => Kind::Subscribe,
            _ => Kind::Register,
        };
        let Some(pending) = self.take(answer, asked, request)? else { return Ok(Arrival::Nothing) };
        match asked {
            Kind::Subscribe => *self.subscriptions.entry(id).or_default() += 1,
            Kind::Register => drop(self.registrations.insert(id)),
            _ => {}
        }
        Ok(Arrival::Done { token: pending.token, id })
    }

    fn removed(&mut self, answer: Kind, removed: Removed) -> Result<Arrival<T>, ClientViolation> {
        let of_subscription = answer == Kind::Unsubscribed;
        match removed {
            Removed::Asked(request) => {
                let asked = if of_subscription { Kind::Unsubscribe } else { Kind::Unregister };
                let taken = self.take(answer, asked, request)?;
                let Some(Pending { about: Some(id), token, .. }) = taken else { return Ok(Arrival::Nothing) };
                self.registrations.remove(&id);
                Ok(Arrival::Removed { token, id })
            }
            Removed::Revoked(details) => {
                let revocation = Revocation::read(&details)?;
                if of_subscription {
                    self.subscriptions.remove(&revocation.id);
                    return Ok(Arrival::SubscriptionRevoked(revocation));
                }
                self.registrations.remove(&revocation.id);
                Ok(Arrival::RegistrationRevoked(revocation))
            }
        }
    }

    fn invocation(&mut self, invocation: Invocation) -> Result<Arrival<T>, ClientViolation> {
        let request = invocation.request;
        if !self.registrations.contains(&invocation.registration) {
            let nothing = Payload::empty(self.format);
            return Ok(Arrival::Reply(self.refusal(request, uris::error::NO_SUCH_PROCEDURE, nothing)));
        }
        if !self.invocations.insert(request) {
            return Err(ClientViolation::Twice(request));
        }
        Ok(Arrival::Invocation(invocation))
    }
}
