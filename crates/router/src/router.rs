//! Admit, then call.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Weak};

use arc_swap::ArcSwap;
use crossgate_call::{
    Answer, Audit as Policy, Call, Caller, Calls, Clock, Error, Kind, Outcome, Payload, Readiness, Realm, Result,
    Service,
};
use crossgate_identity::{Action, Credentials, Identity};
use futures_util::FutureExt as _;

use crate::audit::{Audit, Record, Slot};
use crate::limits::Limits;
use crate::permit::{Origin, Permit, Subject};
use crate::realm::{MetaProcedure, RealmAudit, RealmState, Realms};
use crate::table::{Callee, Conflict, Tables, Target};

/// What a router is made of.
pub struct Parts {
    /// Who is who, and who may what.
    pub identity: Arc<Identity>,
    /// Where it is written down.
    pub audit: Audit,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The one door. See the crate's documentation.
pub struct Router {
    identity: Arc<Identity>,
    audit: Audit,
    clock: Arc<dyn Clock>,
    tables: ArcSwap<Tables>,
    limits: ArcSwap<Limits>,
    ready: ArcSwap<Vec<(&'static str, Readiness)>>,
    realms: Realms,
}

impl Router {
    /// A router without procedures.
    pub fn new(parts: Parts) -> Arc<Self> {
        let limits = Limits::new(parts.identity.grants());
        Arc::new(Self {
            identity: parts.identity,
            audit: parts.audit,
            clock: parts.clock,
            tables: ArcSwap::default(),
            limits: ArcSwap::from_pointee(limits),
            ready: ArcSwap::default(),
            realms: Realms::default(),
        })
    }

    /// Adds a service's procedures to a realm.
    ///
    /// # Errors
    /// When a name is taken; then nothing of the service is added.
    pub fn install(&self, realm: &Realm, service: &Service) -> std::result::Result<(), Conflict> {
        self.tables.store(Arc::new(self.tables.load().with(realm, service)?));
        self.ready.rcu(|ready| {
            let mut ready = Vec::clone(ready);
            ready.push((service.name, Arc::clone(&service.ready)));
            ready
        });
        Ok(())
    }

    /// The names of a realm's procedures, sorted.
    pub fn procedures(&self, realm: &Realm) -> Vec<Arc<str>> {
        self.tables.load().names(realm)
    }

    /// The audit log.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Decides whether a call may run, before anything of its input has been read: grant, then
    /// rate, then a place in the audit log. Every refusal is recorded.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`] for a stranger and [`Kind::Forbidden`] for a known caller without the
    /// grant, alike whether the procedure exists or not; [`Kind::NoSuchProcedure`];
    /// [`Kind::TooMany`]; [`Kind::Unavailable`] when the call could not be recorded.
    pub async fn admit(&self, caller: &Arc<Caller>, procedure: &str, origin: Origin) -> Result<Permit> {
        let realm = self.realms.find(caller.realm());
        self.enter(caller, procedure, origin, realm.as_ref(), Check::Grants).await
    }

    /// The same where the realm is known.
    pub(crate) async fn enter(
        &self,
        caller: &Arc<Caller>,
        procedure: &str,
        origin: Origin,
        realm: Option<&Arc<RealmState>>,
        check: Check,
    ) -> Result<Permit> {
        let started = self.clock.instant();
        let target = self.target(caller.realm(), realm, procedure);
        let limits = self.limits();
        let verdict = match check {
            Check::Grants => decide(&limits, caller, procedure, origin, target.is_some()),
            Check::Permitted => limits.take(caller, origin.source).and_then(|()| exists(target.is_some())),
            Check::Own => granted(&limits, caller, procedure).and_then(|()| exists(target.is_some())),
        };
        let (name, target) = match (target, verdict) {
            (Some(found), Ok(())) => found,
            (_, verdict) => {
                let error = verdict.err().unwrap_or_else(no_such_procedure);
                let subject = Subject { caller: Arc::clone(caller), procedure: procedure.into(), origin, started };
                let is_silent =
                    origin.door == "wamp" && realm.is_some_and(|realm| realm.config.load().audit == RealmAudit::None);
                return Err(if is_silent { error } else { Box::pin(self.refused(&subject, error)).await });
            }
        };
        let policy = target.audit(origin.door);
        let slot = match policy {
            Some(Policy::All) => Some(Box::pin(self.audit.reserve()).await?),
            Some(Policy::Refusals) | None => None,
        };
        let subject = Subject { caller: Arc::clone(caller), procedure: name, origin, started };
        let (audit, clock) = (self.audit.clone(), Arc::clone(&self.clock));
        Ok(Permit { subject, target, policy, audit, clock, slot, ended: false })
    }

    /// Who answers calls of a procedure, and the procedure's shared name: a service of the program, the router about itself,
    /// or whoever registered it.
    fn target(&self, name: &Realm, realm: Option<&Arc<RealmState>>, procedure: &str) -> Option<(Arc<str>, Target)> {
        if let Some(callee) = self.tables.load().find(name, procedure) {
            return Some((Arc::clone(&callee.name), Target::Row(Arc::clone(callee))));
        }
        let realm = realm?;
        if let Some(meta) = MetaProcedure::parse(procedure) {
            return Some((procedure.into(), Target::Meta(meta)));
        }
        realm.tables.load().registrations.best(procedure)?;
        Some((procedure.into(), Target::Remote(Arc::clone(realm))))
    }

    /// Runs an admitted call to its end, its deadline or its panic, and records which it was.
    ///
    /// # Errors
    /// What the procedure answers; [`Kind::Deadline`]; [`Kind::Internal`] when it panicked.
    pub async fn call(&self, mut permit: Permit, payload: Payload) -> Result<Outcome> {
        let callee = match &permit.target {
            Target::Row(callee) => Arc::clone(callee),
            Target::Meta(_) | Target::Remote(_) => return Box::pin(self.call_realm(permit, payload)).await,
        };
        let deadline = permit.deadline();
        let call = Call {
            procedure: Arc::clone(&permit.subject.procedure),
            caller: Arc::clone(&permit.subject.caller),
            payload,
            deadline,
            trace: permit.subject.origin.trace,
            source: permit.subject.origin.source,
        };
        let run = Arc::clone(&callee.procedure.run);
        // The function itself may panic before its future exists, so it is called inside the guard.
        // A service's state is behind its own store and locks; a panic leaves nothing half-done here.
        let guarded = AssertUnwindSafe(async move { run(call).await }).catch_unwind();
        let result = match tokio::time::timeout_at(deadline.into(), guarded).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Error::internal(format!("the procedure panicked: {}", panic_text(&*panic)))),
            Err(_) => Err(Error::new(Kind::Deadline, "the answer did not come in time; try again later")),
        };
        callee.seconds.record(self.clock.instant().saturating_duration_since(permit.subject.started));
        match &result {
            Ok(_) => permit.succeed(),
            Err(error) => {
                if let Some(cause) = error.cause() {
                    let trace = permit.subject.origin.trace;
                    tracing::error!(procedure = %permit.subject.procedure, %trace, %cause, "call failed: {error}");
                }
                permit.fail(error).await;
            }
        }
        result
    }

    /// The same for what is answered in the caller's realm.
    async fn call_realm(&self, mut permit: Permit, payload: Payload) -> Result<Outcome> {
        let result = match &permit.target {
            Target::Remote(realm) => {
                let timeout = permit.deadline().saturating_duration_since(self.clock.instant());
                let (caller, procedure) = (&permit.subject.caller, &permit.subject.procedure);
                realm.call_with_object(caller, procedure, &payload, timeout).await
            }
            Target::Meta(procedure) => match self.realms.find(permit.subject.caller.realm()) {
                Some(realm) => self.answer_meta(&realm, *procedure, &permit, &payload).await,
                None => Err(no_such_procedure()),
            },
            Target::Row(_) => Err(no_such_procedure()),
        };
        match &result {
            Ok(_) => permit.succeed(),
            Err(error) => {
                if let Some(cause) = error.cause() {
                    let trace = permit.subject.origin.trace;
                    tracing::error!(procedure = %permit.subject.procedure, %trace, %cause, "call failed: {error}");
                }
                permit.fail(error).await;
            }
        }
        result
    }

    /// Admits work that somebody at this machine asks for and that has no row in a table (an import
    /// with its progress bar): the same grant, the same record, no deadline.
    ///
    /// # Errors
    /// As [`Router::admit`].
    pub async fn admit_task(&self, caller: &Arc<Caller>, name: &'static str, origin: Origin) -> Result<Permit> {
        let started = self.clock.instant();
        if let Err(error) = decide(&self.limits(), caller, name, origin, true) {
            let subject = Subject { caller: Arc::clone(caller), procedure: name.into(), origin, started };
            return Err(self.refused(&subject, error).await);
        }
        let callee = Arc::new(Callee::task(name));
        let subject = Subject { caller: Arc::clone(caller), procedure: Arc::clone(&callee.name), origin, started };
        let slot = Some(self.audit.reserve().await?);
        let (target, policy) = (Target::Row(callee), Some(Policy::All));
        let (audit, clock) = (self.audit.clone(), Arc::clone(&self.clock));
        Ok(Permit { subject, target, policy, audit, clock, slot, ended: false })
    }

    /// Does an admitted task and records how it ended.
    ///
    /// # Errors
    /// What the task answers.
    pub async fn perform<T>(&self, mut permit: Permit, task: impl Future<Output = Result<T>>) -> Result<T> {
        let result = task.await;
        match &result {
            Ok(_) => permit.succeed(),
            Err(error) => permit.fail(error).await,
        }
        result
    }

    /// Whether everything that calls depend on is there; the names of what is not, with the reasons.
    pub async fn ready(&self) -> std::result::Result<(), Vec<(&'static str, Error)>> {
        let mut missing = Vec::new();
        if let Err(error) = self.audit.ready().await {
            missing.push(("audit", error));
        }
        for (name, ready) in self.ready.load_full().iter() {
            if let Err(error) = ready().await {
                missing.push((*name, error));
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(missing) }
    }

    /// Records that somebody was turned away before it was known which call it wanted to make
    /// (credentials that do not hold), and gives the error back to be answered.
    pub async fn turned_away(&self, caller: &Arc<Caller>, procedure: &str, origin: Origin, error: Error) -> Error {
        let subject =
            Subject { caller: Arc::clone(caller), procedure: procedure.into(), origin, started: self.clock.instant() };
        self.refused(&subject, error).await
    }

    async fn refused(&self, subject: &Subject, error: Error) -> Error {
        let outcome = error.kind().as_str();
        metrics::counter!("crossgate_refusals_total", "reason" => outcome).increment(1);
        let record: Record = subject.record(&*self.clock, outcome, Some(error.public().to_owned()));
        match self.audit.refusal(record, "").await {
            Ok(()) => error,
            Err(full) => full,
        }
    }

    /// Records that a known caller may not do something that is no call.
    pub(crate) async fn note_refusal(
        &self,
        caller: &Arc<Caller>,
        (what, origin): (&'static str, Origin),
        outcome: &'static str,
        (reason, detail): (&str, String),
    ) -> Result<()> {
        let subject =
            Subject { caller: Arc::clone(caller), procedure: what.into(), origin, started: self.clock.instant() };
        self.audit.refusal(subject.record(&*self.clock, outcome, Some(detail)), reason).await
    }

    /// Records something that is no call: a session that joined, a registration.
    pub(crate) async fn note(
        &self,
        caller: &Arc<Caller>,
        what: &'static str,
        origin: Origin,
        outcome: &'static str,
        detail: Option<String>,
    ) -> Result<()> {
        let slot = self.audit.reserve().await?;
        self.note_in(slot, caller, (what, origin), outcome, detail);
        Ok(())
    }

    /// The same in a place that was taken before.
    pub(crate) fn note_in(
        &self,
        slot: Slot,
        caller: &Arc<Caller>,
        (what, origin): (&'static str, Origin),
        outcome: &'static str,
        detail: Option<String>,
    ) {
        let subject =
            Subject { caller: Arc::clone(caller), procedure: what.into(), origin, started: self.clock.instant() };
        slot.record(subject.record(&*self.clock, outcome, detail));
    }

    /// Records that a client was refused before anybody knew who it is.
    pub(crate) async fn note_stranger(&self, realm: &Realm, origin: Origin, reason: &str, words: &str) {
        metrics::counter!("crossgate_refusals_total", "reason" => "unauthenticated").increment(1);
        let nobody = Credentials { realm, authorization: None, api_key: None, session: None, certificate: None };
        let Ok(caller) = self.identity.caller(&nobody).await else { return };
        let why = (reason, format!("{reason}: {words}"));
        if let Err(full) = self.note_refusal(&caller, ("wamp.join", origin), "unauthenticated", why).await {
            tracing::error!(%realm, cause = %full, "a refused client could not be recorded in the audit log");
        }
    }

    pub(crate) fn realms(&self) -> &Realms {
        &self.realms
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Whether a service of the program answers a procedure.
    pub(crate) fn has_row(&self, realm: &Realm, procedure: &str) -> bool {
        self.tables.load().find(realm, procedure).is_some()
    }

    /// The limits in force, rebuilt once the grants have been replaced.
    fn limits(&self) -> Arc<Limits> {
        let limits = self.limits.load_full();
        let grants = self.identity.grants();
        if Arc::ptr_eq(limits.grants(), &grants) {
            return limits;
        }
        let fresh = Arc::new(Limits::new(grants));
        self.limits.store(Arc::clone(&fresh));
        fresh
    }
}

/// What decides whether a call may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// The caller's grants and rates.
    Grants,
    /// Its rates: the authorizer of its role, which decides in place of the grants, has said that it may.
    Permitted,
    /// Its grants. The router's own questions have no rate in common with one another: others would be refused because many
    /// join. They are bounded where they are asked.
    Own,
}

fn decide(limits: &Limits, caller: &Caller, procedure: &str, origin: Origin, exists: bool) -> Result<()> {
    granted(limits, caller, procedure)?;
    limits.take(caller, origin.source)?;
    self::exists(exists)
}

fn granted(limits: &Limits, caller: &Caller, procedure: &str) -> Result<()> {
    if !limits.grants().permits(caller.roles(), Action::Call, procedure) {
        return Err(if caller.is_anonymous() {
            Error::unauthenticated("this needs credentials; send a bearer token, an API key or a client certificate")
        } else {
            Error::forbidden(format!("none of your roles may call `{procedure}`"))
        });
    }
    Ok(())
}

fn exists(exists: bool) -> Result<()> {
    if exists { Ok(()) } else { Err(no_such_procedure()) }
}

fn no_such_procedure() -> Error {
    Error::new(Kind::NoSuchProcedure, "no such procedure")
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// The handle that services are opened with, so that they can ask one another by name.
#[derive(Clone)]
pub struct Handle(Weak<Router>);

impl Handle {
    /// A handle to a router; it does not keep the router alive.
    pub fn new(router: &Arc<Router>) -> Self {
        Self(Arc::downgrade(router))
    }
}

impl Calls for Handle {
    fn call(&self, parent: &Call, procedure: &str, payload: Payload) -> Answer {
        let Some(router) = self.0.upgrade() else {
            return Box::pin(std::future::ready(Err(Error::unavailable(
                "shutting down",
                std::time::Duration::from_secs(5),
            ))));
        };
        let (caller, deadline, procedure) = (Arc::clone(&parent.caller), parent.deadline, procedure.to_owned());
        let origin = Origin { door: "service", source: None, trace: parent.trace };
        Box::pin(async move {
            let permit = router.admit(&caller, &procedure, origin).await?;
            match tokio::time::timeout_at(deadline.into(), router.call(permit, payload)).await {
                Ok(result) => result,
                Err(_) => Err(Error::new(Kind::Deadline, "the answer did not come in time; try again later")),
            }
        })
    }
}
