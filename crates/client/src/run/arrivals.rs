//! What the router says.

use crossgate_wamp::client::Arrival;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{CallResult, Event, Invocation as Message};
use crossgate_wamp::options::{CancelMode, InvocationDetails};
use crossgate_wamp::{Dict, uris};

use super::{Callee, Run, Running, Token};
use crate::arguments::Arguments;
use crate::error::{Ended, Error, WampError};
use crate::register::Invocation;
use crate::session::Session;
use crate::subscribe::Item;
use crate::transport::{Fault, Incoming};

impl Run {
    pub(super) fn incoming(&mut self, incoming: Incoming) -> Result<Option<Ended>, Fault> {
        match incoming {
            Incoming::Life => Ok(None),
            Incoming::Closed(_) if self.closing => Ok(Some(Ended::Left)),
            Incoming::Closed(why) => Ok(Some(Ended::Lost(why))),
            Incoming::Frame(frame) => {
                for message in self.transport.messages(frame) {
                    let received = message
                        .map_err(|error| error.to_string())
                        .and_then(|message| self.client.receive(message).map_err(|violation| violation.to_string()));
                    let ended = match received {
                        Ok(arrival) => self.arrived(arrival)?,
                        Err(words) => Some(self.violated(words)),
                    };
                    if ended.is_some() {
                        return Ok(ended);
                    }
                }
                Ok(None)
            }
        }
    }

    fn arrived(&mut self, arrival: Arrival<Token>) -> Result<Option<Ended>, Fault> {
        match arrival {
            Arrival::Progress { request, result } => self.part(request, result)?,
            Arrival::Result { token, result } => {
                if let Token::Call { answer, .. } = token {
                    // Who went away canceled the call, and does not need the answer.
                    let _ = answer.send(Ok(result.payload));
                }
            }
            Arrival::Failed { token, error } => fail(token, &WampError::of(&error).into()),
            Arrival::Done { token, id } => self.done(token, id)?,
            Arrival::Removed { token, id } => {
                // The calls of a registration that are under way are still answered.
                self.callees.remove(&id);
                if let Token::Remove(Some(answer)) = token {
                    let _ = answer.send(Ok(()));
                }
            }
            Arrival::SubscriptionRevoked(revocation) => drop(self.subscribers.remove(&revocation.id)),
            Arrival::RegistrationRevoked(revocation) => {
                tracing::warn!(reason = revocation.reason, "the router took a registration away");
                self.callees.remove(&revocation.id);
            }
            Arrival::Event(event) => self.event(&event),
            Arrival::Invocation(message) => self.invoke(message)?,
            Arrival::Interrupt { request, .. } => {
                let running = self.running.values().find(|running| running.request == request);
                if let Some(running) = running {
                    running.task.abort();
                }
            }
            Arrival::Reply(message) => self.transport.send(&message)?,
            Arrival::Goodbye { reply, reason, message } => {
                self.transport.send(&reply)?;
                return Ok(Some(Ended::Goodbye { reason, message }));
            }
            Arrival::Left => return Ok(Some(Ended::Left)),
            Arrival::Aborted { reason, message } => return Ok(Some(Ended::Aborted { reason, message })),
            Arrival::Nothing => {}
        }
        Ok(None)
    }

    /// A part of a call's result. One that is not looked at fast enough ends the call: a gap would go unnoticed.
    fn part(&mut self, request: Id, result: CallResult) -> Result<(), Fault> {
        let Some(Token::Call { parts, .. }) = self.client.token(request) else { return Ok(()) };
        let item = Item { publication: None, details: result.details, payload: result.payload };
        if parts.as_ref().is_none_or(|parts| parts.put(item)) {
            return Ok(());
        }
        tracing::warn!("a call is canceled: the parts of its result are not taken as fast as they come");
        self.cancel(request, CancelMode::KillNoWait)
    }

    fn done(&mut self, token: Token, id: Id) -> Result<(), Fault> {
        match token {
            Token::Publish(answer) => drop(answer.send(Ok(id))),
            Token::Subscribe { answer, sink } => {
                let key = self.next_key;
                self.next_key += 1;
                self.subscribers.entry(id).or_default().push((key, sink));
                if answer.send(Ok((id, key))).is_err() {
                    self.unsubscribe(id, key, None)?;
                }
            }
            Token::Register { answer, handler, concurrency } => {
                self.callees.insert(id, Callee { handler, concurrency, running: 0 });
                if answer.send(Ok(id)).is_err() {
                    let unregister = self.client.unregister(Token::Remove(None), id).ok();
                    self.send_some(unregister)?;
                }
            }
            Token::Call { .. } | Token::Remove(_) => {}
        }
        Ok(())
    }

    fn event(&self, event: &Event) {
        let Some(sinks) = self.subscribers.get(&event.subscription) else { return };
        for (_, sink) in sinks {
            let (details, payload) = (event.details.clone(), event.payload.clone());
            sink.put(Item { publication: Some(event.publication), details, payload });
        }
    }

    /// Starts to answer a call, or refuses at once.
    fn invoke(&mut self, message: Message) -> Result<(), Fault> {
        let Message { request, registration, details, payload } = message;
        let started = self.begin(request, registration, &details, &payload);
        let Err(error) = started else { return Ok(()) };
        let refusal = self.answer(request, Err(error));
        self.send_some(refusal)
    }

    fn begin(
        &mut self,
        request: Id,
        registration: Id,
        details: &Dict,
        payload: &crossgate_wamp::Payload,
    ) -> Result<(), WampError> {
        let unavailable = |why: &str| WampError::new(uris::error::UNAVAILABLE, why);
        let commands = self.users.upgrade().filter(|_| self.leaving.is_none());
        let commands = commands.ok_or_else(|| unavailable("the callee is leaving"))?;
        let callee = self.callees.get_mut(&registration).ok_or_else(|| unavailable("the callee is leaving"))?;
        if callee.running >= callee.concurrency {
            return Err(unavailable("the callee answers as many calls as it can"));
        }
        let unreadable = |error: &dyn std::fmt::Display| {
            WampError::new(uris::error::INVALID_ARGUMENT, format!("the call cannot be read: {error}"))
        };
        let details = InvocationDetails::read(details).map_err(|error| unreadable(&error))?;
        let arguments = Arguments::read(payload).map_err(|error| unreadable(&error))?;
        let session = Session { commands, shared: std::sync::Arc::clone(&self.shared) };
        let handler = std::sync::Arc::clone(&callee.handler);
        callee.running += 1;
        // A handler that panics before it waits fails its own call, too.
        let answered = async move { handler.answer(Invocation { arguments, details, request, session }).await };
        let task = self.handlers.spawn(answered);
        self.running.insert(task.id(), Running { request, registration, task });
        Ok(())
    }
}

/// Tells who asked that it failed.
fn fail(token: Token, error: &Error) {
    let error = error.clone();
    // Who does not listen any more does not need it.
    match token {
        Token::Call { answer, .. } => drop(answer.send(Err(error))),
        Token::Publish(answer) => drop(answer.send(Err(error))),
        Token::Subscribe { answer, .. } => drop(answer.send(Err(error))),
        Token::Register { answer, .. } => drop(answer.send(Err(error))),
        Token::Remove(Some(answer)) => drop(answer.send(Err(error))),
        Token::Remove(None) => {}
    }
}
