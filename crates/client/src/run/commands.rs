//! What users ask for.

use crossgate_wamp::Message;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::CancelMode;

use super::{Run, Token};
use crate::error::{Ended, Error};
use crate::session::{Answer, Command};
use crate::transport::Fault;

impl Run {
    pub(super) fn command(&mut self, command: Command) -> Result<Option<Ended>, Fault> {
        match command {
            Command::Leave => return self.leave(),
            Command::Cancel { request, mode } => self.cancel(request, mode)?,
            Command::Part { request, payload } => {
                if let Some(message) = self.client.answer(request, true, payload) {
                    self.transport.send(&message)?;
                }
            }
            Command::Unsubscribe { subscription, key, answer } => self.unsubscribe(subscription, key, answer)?,
            Command::Unregister { registration, answer } => {
                match self.client.unregister(Token::Remove(Some(answer)), registration) {
                    Ok(message) => self.transport.send(&message)?,
                    Err(token) => done(token),
                }
            }
            // The session is as good as over for those who want something new of it.
            _ if self.leaving.is_some() => self.refuse(command, &Error::Ended(Ended::Left)),
            _ if self.client.waiting() >= self.shared.limits.requests_max => {
                self.refuse(command, &Error::Busy(self.shared.limits.requests_max));
            }
            request => self.request(request)?,
        }
        Ok(None)
    }

    fn request(&mut self, command: Command) -> Result<(), Fault> {
        let message = match command {
            Command::Call { procedure, options, payload, answer, parts, started } => {
                let token = Token::Call { answer, parts };
                let (request, message) = self.client.call(token, &procedure, &options, payload);
                self.transport.send(&message)?;
                if started.send(Ok(request)).is_err() {
                    // Who asked went away before it knew the request.
                    self.cancel(request, CancelMode::KillNoWait)?;
                }
                return Ok(());
            }
            Command::Publish { topic, options, payload, answer } => {
                self.client.publish(answer.map(Token::Publish), &topic, &options, payload)
            }
            Command::Subscribe { topic, options, sink, answer } => {
                self.client.subscribe(Token::Subscribe { answer, sink }, &topic, options)
            }
            Command::Register { procedure, options, handler, concurrency, answer } => {
                self.client.register(Token::Register { answer, handler, concurrency }, &procedure, options)
            }
            _ => return Ok(()),
        };
        self.transport.send(&message)
    }

    /// Answers without asking the router. Whoever does not listen any more does not need the answer.
    fn refuse(&self, command: Command, error: &Error) {
        match command {
            Command::Call { started, .. } => drop(started.send(Err(error.clone()))),
            Command::Publish { answer: Some(answer), .. } => drop(answer.send(Err(error.clone()))),
            Command::Subscribe { answer, .. } => drop(answer.send(Err(error.clone()))),
            Command::Register { answer, .. } => drop(answer.send(Err(error.clone()))),
            _ => {}
        }
    }

    pub(super) fn cancel(&mut self, request: Id, mode: CancelMode) -> Result<(), Fault> {
        self.client.cancel(request, mode).map_or(Ok(()), |message| self.transport.send(&message))
    }

    pub(super) fn unsubscribe(&mut self, id: Id, key: u64, answer: Option<Answer<()>>) -> Result<(), Fault> {
        let sinks = self.subscribers.get_mut(&id);
        let before = sinks.as_ref().map_or(0, |sinks| sinks.len());
        let after = sinks.map_or(0, |sinks| {
            sinks.retain(|(other, _)| *other != key);
            sinks.len()
        });
        let token = Token::Remove(answer);
        if before == after {
            done(token);
            return Ok(());
        }
        if after == 0 {
            self.subscribers.remove(&id);
        }
        match self.client.unsubscribe(token, id) {
            Ok(message) => self.transport.send(&message),
            Err(token) => {
                done(token);
                Ok(())
            }
        }
    }

    /// Sends a message that the tables made, if they made one.
    pub(super) fn send_some(&mut self, message: Option<Message>) -> Result<(), Fault> {
        message.map_or(Ok(()), |message| self.transport.send(&message))
    }
}

/// What was to be removed is gone already.
fn done(token: Token) {
    if let Token::Remove(Some(answer)) = token {
        // Who does not listen any more does not need it.
        let _ = answer.send(Ok(()));
    }
}
