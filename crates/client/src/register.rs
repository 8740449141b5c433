//! Registering procedures, and answering calls.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crossgate_wamp::id::Id;
use crossgate_wamp::options::{InvocationDetails, RegisterOptions};

use crate::arguments::Arguments;
use crate::error::{Error, WampError};
use crate::session::{Command, Session};

/// How many calls of one procedure are answered at a time, unless it is said otherwise.
pub const CONCURRENCY: usize = 64;

/// What a handler gives in the end.
pub type Answered = Pin<Box<dyn Future<Output = Result<Arguments, WampError>> + Send>>;

/// What answers calls. When a call is canceled, or the session ends, the future is dropped where it waits.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call.
    fn answer(&self, invocation: Invocation) -> Answered;
}

impl<F, A> Handler for F
where
    F: Fn(Invocation) -> A + Send + Sync + 'static,
    A: Future<Output = Result<Arguments, WampError>> + Send + 'static,
{
    fn answer(&self, invocation: Invocation) -> Answered {
        Box::pin(self(invocation))
    }
}

impl fmt::Debug for dyn Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

/// A call to be answered.
#[derive(Debug)]
pub struct Invocation {
    /// What the caller sent.
    pub arguments: Arguments,
    /// Who calls, where that is told; which procedure, where the registration is a pattern.
    pub details: InvocationDetails,
    pub(crate) request: Id,
    pub(crate) session: Session,
}

impl Invocation {
    /// Whether the caller takes results in parts.
    #[must_use]
    pub const fn takes_parts(&self) -> bool {
        self.details.receive_progress
    }

    /// Sends a part of the result, and waits while too much waits to be sent. Nothing happens when the caller takes
    /// no parts.
    ///
    /// # Errors
    /// It is too large, or the session has ended.
    pub async fn part(&self, arguments: Arguments) -> Result<(), Error> {
        if !self.takes_parts() {
            return Ok(());
        }
        let payload = self.session.payload(arguments)?;
        self.session.tell(Command::Part { request: self.request, payload }).await
    }
}

/// A procedure to be registered.
#[derive(Debug, Clone)]
pub struct Register {
    pub(crate) procedure: String,
    pub(crate) options: RegisterOptions,
    pub(crate) concurrency: usize,
}

impl Register {
    /// A procedure of that very name.
    #[must_use]
    pub fn new(procedure: impl Into<String>) -> Self {
        Self { procedure: procedure.into(), options: RegisterOptions::default(), concurrency: CONCURRENCY }
    }

    /// How many calls are answered at a time, at least one. The router is told, and holds back the others; one that
    /// does not gets `wamp.error.unavailable` for them.
    #[must_use]
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.concurrency = concurrency.max(1);
        self
    }

    /// The pattern, how calls are shared, and so on.
    #[must_use]
    pub const fn options(mut self, options: RegisterOptions) -> Self {
        self.options = options;
        self
    }
}

/// A registration. It lasts until it is unregistered, or its session ends; dropping this changes nothing.
#[derive(Debug)]
pub struct Registration {
    session: Session,
    id: Id,
}

impl Session {
    /// Registers a procedure.
    ///
    /// # Errors
    /// The router refuses, or there is no session any more.
    pub async fn register(&self, register: Register, handler: impl Handler) -> Result<Registration, Error> {
        self.register_shared(register, Arc::new(handler)).await
    }

    pub(crate) async fn register_shared(
        &self,
        register: Register,
        handler: Arc<dyn Handler>,
    ) -> Result<Registration, Error> {
        let Register { procedure, mut options, concurrency } = register;
        options.concurrency = options.concurrency.or(u64::try_from(concurrency).ok());
        let id = self.ask(|answer| Command::Register { procedure, options, handler, concurrency, answer }).await?;
        Ok(Registration { session: self.clone(), id })
    }
}

impl Registration {
    /// The router's id of it.
    #[must_use]
    pub const fn id(&self) -> Id {
        self.id
    }

    /// Unregisters, and waits until the router has. Calls that are under way are still answered.
    ///
    /// # Errors
    /// The router refuses, or there is no session any more.
    pub async fn unregister(self) -> Result<(), Error> {
        let registration = self.id;
        self.session.ask(|answer| Command::Unregister { registration, answer }).await
    }
}
