//! A service is a table: rows of procedure name, HTTP operation and function.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use crate::{Caller, Outcome, Payload, Result, Trace};

/// What a procedure's function returns.
pub type Answer = Pin<Box<dyn Future<Output = Result<Outcome>> + Send>>;

/// A procedure's function, with its service's state inside.
pub type Function = Arc<dyn Fn(Call) -> Answer + Send + Sync>;

/// One admitted call, as the function that answers it sees it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The procedure's name.
    pub procedure: Arc<str>,
    /// Who calls. Admitted already; a service looks at it only for what it owns (whose thing is this?).
    pub caller: Arc<Caller>,
    /// The input, one object: validated by the contract where there is one.
    pub payload: Payload,
    /// When the answer stops being of use.
    pub deadline: Instant,
    /// The trace that the call belongs to.
    pub trace: Trace,
    /// The address that it came from, where there is one: to slow down guessing, and for nothing else.
    pub source: Option<IpAddr>,
}

/// The handle through which a service asks another service: by name, in its caller's name, and
/// admitted and audited like any call.
pub trait Calls: Send + Sync {
    /// Calls `procedure` in the name of `parent`'s caller, within its deadline and trace.
    fn call(&self, parent: &Call, procedure: &str, payload: Payload) -> Answer;
}

/// What the audit log keeps of a procedure's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Audit {
    /// Every call.
    #[default]
    All,
    /// Refusals and failures; successes are counted by the metrics alone. For probes and scrapes.
    Refusals,
}

/// One row of a service's table.
#[derive(Clone)]
pub struct Procedure {
    /// The name that callers and grants use: `loans.balance`.
    pub name: &'static str,
    /// The HTTP operation that it answers, as method and path template: `GET /api/v1/loan/{id}/{date}`.
    pub operation: Option<&'static str>,
    /// The function.
    pub run: Function,
    /// How long a caller waits at the most.
    pub deadline: Duration,
    /// What is audited.
    pub audit: Audit,
}

/// The deadline of a procedure whose row does not say otherwise.
const DEADLINE_DEFAULT: Duration = Duration::from_secs(30);

impl Procedure {
    /// A row whose function takes the service's state, the call, and its input read as a type.
    pub fn new<S, I, F, A>(name: &'static str, operation: Option<&'static str>, state: &Arc<S>, function: F) -> Self
    where
        S: Send + Sync + 'static,
        I: DeserializeOwned,
        F: Fn(Arc<S>, Call, I) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Outcome>> + Send + 'static,
    {
        let state = Arc::clone(state);
        let run = move |call: Call| -> Answer {
            match call.payload.parse::<I>() {
                Ok(input) => Box::pin(function(Arc::clone(&state), call, input)),
                Err(error) => Box::pin(std::future::ready(Err(error))),
            }
        };
        Self { name, operation, run: Arc::new(run), deadline: DEADLINE_DEFAULT, audit: Audit::default() }
    }

    /// Sets how long a caller waits at the most.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets what is audited.
    #[must_use]
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }
}

impl fmt::Debug for Procedure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Procedure")
            .field("name", &self.name)
            .field("operation", &self.operation)
            .finish_non_exhaustive()
    }
}

/// Asks a service whether what it depends on is there: its database, its outside systems.
/// The error names what is missing.
pub type Readiness = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<()>> + Send>> + Send + Sync>;

/// A service, opened: its table, its contract and its readiness.
#[derive(Clone)]
pub struct Service {
    /// Its name, the first part of its procedures' names.
    pub name: &'static str,
    /// Its table.
    pub procedures: Vec<Procedure>,
    /// Whether it can work now.
    pub ready: Readiness,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("procedures", &self.procedures)
            .finish_non_exhaustive()
    }
}
