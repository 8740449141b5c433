//! Calling.

use std::time::Duration;

use crossgate_wamp::id::Id;
use crossgate_wamp::options::{CallOptions, CancelMode};
use crossgate_wamp::{Payload, Value, uris};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use crate::arguments::Arguments;
use crate::error::{Error, WampError};
use crate::session::{Command, Session};
use crate::subscribe::{Queue, queue};

/// How much later than the router a caller gives up by itself: the router's word for it is the better one.
const GRACE: Duration = Duration::from_secs(2);

/// A call to be made.
#[derive(Debug, Clone, Default)]
pub struct Call {
    procedure: String,
    arguments: Arguments,
    timeout: Option<Duration>,
    options: CallOptions,
}

impl Call {
    /// A call without arguments.
    #[must_use]
    pub fn new(procedure: impl Into<String>) -> Self {
        Self { procedure: procedure.into(), ..Self::default() }
    }

    /// One more positional argument.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.arguments = self.arguments.arg(value);
        self
    }

    /// One more keyword argument.
    #[must_use]
    pub fn kwarg(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.arguments = self.arguments.kwarg(name, value);
        self
    }

    /// All arguments at once, in place of those before.
    #[must_use]
    pub fn arguments(mut self, arguments: Arguments) -> Self {
        self.arguments = arguments;
        self
    }

    /// After how long the call ends, by the router, and a little later here. It is told the router in milliseconds.
    #[must_use]
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Asks for results in parts: see [`Calling::part`].
    #[must_use]
    pub const fn progress(mut self) -> Self {
        self.options.receive_progress = true;
        self
    }

    /// Everything else that can be said with a call.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }
}

/// A call under way. Dropping it cancels it.
#[derive(Debug)]
pub struct Calling {
    session: Session,
    request: Id,
    deadline: Option<Instant>,
    parts: Option<Queue>,
    answer: Option<oneshot::Receiver<Result<Payload, Error>>>,
}

impl Session {
    /// Calls, and waits for the result.
    ///
    /// # Errors
    /// [`Error::Wamp`] for what the router or the callee answered; else why there was no answer.
    pub async fn call(&self, call: Call) -> Result<Arguments, Error> {
        self.start(call).await?.result().await
    }

    /// Calls, and does not wait.
    ///
    /// # Errors
    /// The call could not be sent.
    pub async fn start(&self, call: Call) -> Result<Calling, Error> {
        let Call { procedure, arguments, timeout, mut options } = call;
        if let Some(timeout) = timeout {
            options.timeout = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        let payload = self.payload(arguments)?;
        let (answer, answered) = oneshot::channel();
        let (sink, parts) = if options.receive_progress {
            let (sink, parts) = queue(&self.shared.limits);
            (Some(sink), Some(parts))
        } else {
            (None, None)
        };
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout.checked_add(GRACE)?));
        let options = Box::new(options);
        let command = |started| Command::Call { procedure, options, payload, answer, parts: sink, started };
        let request = self.ask(command).await?;
        Ok(Calling { session: self.clone(), request, deadline, parts, answer: Some(answered) })
    }
}

impl Calling {
    /// The next part of the result; `None` when there are no more, and [`Self::result`] has the rest.
    ///
    /// # Errors
    /// It cannot be read, or did not come in time.
    pub async fn part(&mut self) -> Result<Option<Arguments>, Error> {
        let Some(parts) = &mut self.parts else { return Ok(None) };
        let next = match self.deadline {
            Some(deadline) => timeout_at(deadline, parts.next()).await.map_err(|_| late())?,
            None => parts.next().await,
        };
        next.map(|part| Session::read(&part.payload)).transpose()
    }

    /// The result. Parts that were not looked at are lost.
    ///
    /// # Errors
    /// [`Error::Wamp`] for what the router or the callee answered; else why there was no answer.
    pub async fn result(mut self) -> Result<Arguments, Error> {
        let Some(answer) = self.answer.as_mut() else { return Err(late()) };
        let answered = match self.deadline {
            Some(deadline) => timeout_at(deadline, answer).await.map_err(|_| late())?,
            None => answer.await,
        };
        // There is nothing to cancel any more.
        self.answer = None;
        match answered {
            Ok(payload) => Session::read(&payload?),
            Err(_) => Err(self.session.ended().await.into()),
        }
    }

    /// Asks for the call's end; [`Self::result`] tells what became of it.
    ///
    /// # Errors
    /// The session has ended.
    pub async fn cancel(&self, mode: CancelMode) -> Result<(), Error> {
        self.session.tell(Command::Cancel { request: self.request, mode }).await
    }
}

fn late() -> Error {
    WampError::new(uris::error::TIMEOUT, "there was no answer in time").into()
}

impl Drop for Calling {
    fn drop(&mut self) {
        if self.answer.is_none() {
            return;
        }
        let cancel = Command::Cancel { request: self.request, mode: CancelMode::KillNoWait };
        self.session.tell_later(cancel);
    }
}

impl Session {
    /// Tells the session's task something from where nobody can wait. When its queue is full, another task waits.
    pub(crate) fn tell_later(&self, command: Command) {
        use tokio::sync::mpsc::error::TrySendError;
        if let Err(TrySendError::Full(command)) = self.commands.try_send(command)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let commands = self.commands.clone();
            runtime.spawn(async move { commands.send(command).await });
        }
    }
}
