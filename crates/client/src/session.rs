//! A session, as its users hold it.

use std::sync::Arc;

use crossgate_wamp::Payload;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::{CallOptions, CancelMode, PublishOptions, RegisterOptions, SubscribeOptions};
use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::session::Welcome;
use tokio::sync::{mpsc, oneshot, watch};

use crate::arguments::Arguments;
use crate::error::{Ended, Error, WampError};
use crate::options::Limits;
use crate::register::Handler;
use crate::subscribe::Sink;

/// As whom one joined, and how.
#[derive(Debug, Clone)]
pub struct Details {
    /// The session's id.
    pub session: Id,
    /// What the router says: realm, authid, authrole, its features.
    pub welcome: Welcome,
    /// `websocket` or `rawsocket`.
    pub transport: &'static str,
    /// The form of messages.
    pub serializer: Serializer,
}

/// A session. Clones are the same session; when the last one is dropped, it says GOODBYE.
#[derive(Debug, Clone)]
pub struct Session {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) details: Details,
    pub(crate) ended: watch::Receiver<Option<Ended>>,
    /// The largest payload that the router takes, in bytes.
    pub(crate) payload_bytes_max: usize,
    pub(crate) limits: Limits,
}

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Error>>;

/// What users ask of the session's task.
#[derive(Debug)]
pub(crate) enum Command {
    Call {
        procedure: String,
        options: Box<CallOptions>,
        payload: Payload,
        answer: Answer<Payload>,
        parts: Option<Sink>,
        started: Answer<Id>,
    },
    Cancel {
        request: Id,
        mode: CancelMode,
    },
    Publish {
        topic: String,
        options: Box<PublishOptions>,
        payload: Payload,
        answer: Option<Answer<Id>>,
    },
    Subscribe {
        topic: String,
        options: SubscribeOptions,
        sink: Sink,
        answer: Answer<(Id, u64)>,
    },
    Unsubscribe {
        subscription: Id,
        key: u64,
        answer: Option<Answer<()>>,
    },
    Register {
        procedure: String,
        options: RegisterOptions,
        handler: Arc<dyn Handler>,
        concurrency: usize,
        answer: Answer<Id>,
    },
    Unregister {
        registration: Id,
        answer: Answer<()>,
    },
    /// A part of an invocation's result.
    Part {
        request: Id,
        payload: Payload,
    },
    Leave,
}

impl Session {
    /// As whom one joined, and how.
    #[must_use]
    pub fn details(&self) -> &Details {
        &self.shared.details
    }

    /// Waits until the session has ended, and says how.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.shared.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(how) => how.clone().unwrap_or(Ended::Left),
            Err(_) => self.how(),
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.shared.ended.borrow().is_some()
    }

    /// Says GOODBYE, and waits for the answer within [`Limits::goodbye`]. Calls that are under way are not awaited.
    ///
    /// # Errors
    /// The session ended in another way.
    pub async fn leave(&self) -> Result<(), Error> {
        // When nobody takes it, the session has ended already.
        let _ = self.commands.send(Command::Leave).await;
        match self.ended().await {
            Ended::Left => Ok(()),
            other => Err(other.into()),
        }
    }

    /// How it ended, when its task is gone.
    fn how(&self) -> Ended {
        let how = self.shared.ended.borrow().clone();
        how.unwrap_or_else(|| Ended::Lost("the session's task is gone".to_owned()))
    }

    /// Puts a question to the session's task, and waits for the answer.
    pub(crate) async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, Error> {
        let (answer, answered) = oneshot::channel();
        self.tell(command(answer)).await?;
        self.answered(answered).await
    }

    pub(crate) async fn tell(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).await.map_err(|_| self.how().into())
    }

    pub(crate) async fn answered<T>(&self, answered: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        match answered.await {
            Ok(answer) => answer,
            Err(_) => Err(self.ended().await.into()),
        }
    }

    /// Encodes arguments, which must not be larger than the router takes.
    pub(crate) fn payload(&self, arguments: Arguments) -> Result<Payload, Error> {
        let payload = arguments.into_payload(self.shared.details.serializer.format);
        let (bytes, max) = (payload.len(), self.shared.payload_bytes_max);
        if bytes > max { Err(Error::TooLarge { bytes, max }) } else { Ok(payload) }
    }

    /// Decodes arguments.
    pub(crate) fn read(payload: &Payload) -> Result<Arguments, Error> {
        let unreadable = |error| WampError::new(crossgate_wamp::uris::error::INVALID_PAYLOAD, format!("{error}"));
        Ok(Arguments::read(payload).map_err(unreadable)?)
    }
}
