//! The right to make one call, and the duty to say how it ended.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crossgate_call::{Audit as Policy, Caller, Clock, Error, Trace};

use crate::audit::{Audit, Record, Slot};
use crate::table::Target;

/// Where a call came in.
#[derive(Clone, Copy, Debug)]
pub struct Origin {
    /// The door: `http`, `wamp`, `cli`, or `service` for a call that a service makes.
    pub door: &'static str,
    /// The address that the call came from, where there is one.
    pub source: Option<IpAddr>,
    /// The trace that the call belongs to.
    pub trace: Trace,
}

/// What an audit record says besides how the call ended.
pub(crate) struct Subject {
    pub(crate) caller: Arc<Caller>,
    pub(crate) procedure: Arc<str>,
    pub(crate) origin: Origin,
    pub(crate) started: Instant,
}

impl Subject {
    pub(crate) fn record(&self, clock: &dyn Clock, outcome: &'static str, detail: Option<String>) -> Record {
        let duration = clock.instant().saturating_duration_since(self.started);
        Record {
            at: clock.now(),
            realm: self.caller.realm().clone(),
            caller: Arc::clone(self.caller.id()),
            proof: self.caller.proof(),
            certificate: self.caller.certificate().cloned(),
            procedure: Arc::clone(&self.procedure),
            door: self.origin.door,
            source: self.origin.source,
            outcome,
            detail,
            duration,
            trace: self.origin.trace,
        }
    }
}

/// An admitted call that has not run yet. Only [`crate::Router::admit`] makes one, and nothing can
/// be called without one.
///
/// However it ends, its end is recorded: by [`crate::Router::call`], by [`Permit::refuse`], or, when
/// it is dropped (the caller went away), as `abandoned`.
#[must_use = "a permit that is dropped is recorded as an abandoned call"]
pub struct Permit {
    pub(crate) subject: Subject,
    pub(crate) target: Target,
    /// What of the call is recorded; `None`: nothing.
    pub(crate) policy: Option<Policy>,
    pub(crate) audit: Audit,
    pub(crate) clock: Arc<dyn Clock>,
    /// Kept from admission on for a procedure whose every call is recorded; taken by the record.
    pub(crate) slot: Option<Slot>,
    pub(crate) ended: bool,
}

impl Permit {
    /// The procedure that may be called.
    pub fn procedure(&self) -> &Arc<str> {
        &self.subject.procedure
    }

    /// Who may call it.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.subject.caller
    }

    /// When the answer stops being of use.
    pub fn deadline(&self) -> Instant {
        self.subject.started + self.target.deadline()
    }

    /// Ends the permit without a call: the input did not become one (too large, not valid, cut off).
    pub async fn refuse(mut self, error: &Error) {
        self.fail(error).await;
    }

    /// Records a success.
    pub(crate) fn succeed(&mut self) {
        self.ended = true;
        self.target.count("ok");
        if let Some(slot) = self.slot.take() {
            slot.record(self.subject.record(&*self.clock, "ok", None));
        }
    }

    /// Records how a call ended that somebody outside the program answered. An error of theirs is no refusal: it is recorded
    /// where everything is.
    pub(crate) fn conclude(&mut self, outcome: &'static str, detail: Option<String>) {
        self.ended = true;
        self.target.count(outcome);
        if let Some(slot) = self.slot.take() {
            slot.record(self.subject.record(&*self.clock, outcome, detail));
        }
    }

    /// Records a failure, waiting for a place in the audit log when none was kept.
    pub(crate) async fn fail(&mut self, error: &Error) {
        self.ended = true;
        let outcome = error.kind().as_str();
        self.target.count(outcome);
        if self.policy.is_none() {
            return;
        }
        let record = self.subject.record(&*self.clock, outcome, Some(error.public().to_owned()));
        match self.slot.take() {
            Some(slot) => slot.record(record),
            None => match self.audit.reserve().await {
                Ok(slot) => slot.record(record),
                Err(full) => {
                    tracing::error!(procedure = %record.procedure, outcome, cause = %full, "a failed call could not be recorded in the audit log")
                }
            },
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.target.count("abandoned");
        let slot = self.slot.take().or_else(|| match self.policy {
            Some(Policy::Refusals) if self.target.is_own() => self.audit.try_reserve(),
            _ => None,
        });
        if let Some(slot) = slot {
            slot.record(self.subject.record(&*self.clock, "abandoned", None));
        }
    }
}
