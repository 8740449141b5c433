//! Which procedures there are, per realm.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Answer, Audit, Error, Kind, Procedure, Realm, Service};
use metrics::{Counter, Histogram};

use crate::realm::{META_DEADLINE, MetaProcedure, RealmAudit, RealmState};

/// A procedure that can be called, with its metrics' handles.
#[derive(Debug)]
pub struct Callee {
    pub(crate) name: Arc<str>,
    pub(crate) procedure: Procedure,
    pub(crate) calls_ok: Counter,
    pub(crate) seconds: Histogram,
}

impl Callee {
    fn new(procedure: &Procedure) -> Self {
        let labels = [("procedure", procedure.name)];
        Self {
            name: procedure.name.into(),
            procedure: procedure.clone(),
            calls_ok: metrics::counter!("crossgate_calls_total", "procedure" => procedure.name, "outcome" => "ok"),
            seconds: metrics::histogram!("crossgate_call_duration_seconds", &labels),
        }
    }

    /// What [`crate::Router::admit_task`] admits: a name without a function.
    pub(crate) fn task(name: &'static str) -> Self {
        let no_function =
            |_| -> Answer { Box::pin(std::future::ready(Err(Error::new(Kind::NoSuchProcedure, "no such procedure")))) };
        Self::new(&Procedure {
            name,
            operation: None,
            run: Arc::new(no_function),
            deadline: Duration::ZERO,
            audit: Audit::All,
        })
    }

    /// The procedure's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// Who answers an admitted call.
pub(crate) enum Target {
    /// A row of a service's table.
    Row(Arc<Callee>),
    /// The router itself, about its realm.
    Meta(MetaProcedure),
    /// Whoever registered the procedure in the realm.
    Remote(Arc<RealmState>),
}

impl Target {
    /// How long a caller without a timeout of its own waits.
    pub(crate) fn deadline(&self) -> Duration {
        match self {
            Self::Row(callee) => callee.procedure.deadline,
            Self::Meta(_) => META_DEADLINE,
            Self::Remote(realm) => Duration::from_millis(realm.config.load().call_deadline_ms),
        }
    }

    /// What is recorded of its calls that come in at a door. The realm's policy is for what sessions and the router itself ask of
    /// callees; who comes from elsewhere is recorded in any case.
    pub(crate) fn audit(&self, door: &str) -> Option<Audit> {
        match self {
            Self::Row(callee) => Some(callee.procedure.audit),
            Self::Meta(_) => Some(Audit::All),
            Self::Remote(_) if !matches!(door, "wamp" | "service") => Some(Audit::All),
            Self::Remote(realm) => match realm.config.load().audit {
                RealmAudit::All => Some(Audit::All),
                RealmAudit::Refusals => Some(Audit::Refusals),
                RealmAudit::None => None,
            },
        }
    }

    /// Whether the program itself answers.
    pub(crate) fn is_own(&self) -> bool {
        !matches!(self, Self::Remote(_))
    }

    /// Counts a call's end. What goes to a callee outside is counted by its realm.
    pub(crate) fn count(&self, outcome: &'static str) {
        match self {
            Self::Row(callee) if outcome == "ok" => callee.calls_ok.increment(1),
            Self::Row(callee) => {
                let procedure = callee.procedure.name;
                metrics::counter!("crossgate_calls_total", "procedure" => procedure, "outcome" => outcome).increment(1);
            }
            Self::Meta(_) => {
                metrics::counter!("crossgate_calls_total", "procedure" => "wamp", "outcome" => outcome).increment(1);
            }
            Self::Remote(_) => {}
        }
    }
}

/// Two services claim one name in one realm.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("procedure `{procedure}` is provided twice in realm `{realm}`; a name has one owner")]
pub struct Conflict {
    /// The realm.
    pub realm: String,
    /// The name claimed twice.
    pub procedure: &'static str,
}

/// An immutable snapshot of every realm's procedures; replaced as a whole when something is installed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables(HashMap<Realm, HashMap<Arc<str>, Arc<Callee>>>);

impl Tables {
    pub(crate) fn find(&self, realm: &Realm, procedure: &str) -> Option<&Arc<Callee>> {
        self.0.get(realm)?.get(procedure)
    }

    pub(crate) fn with(&self, realm: &Realm, service: &Service) -> Result<Self, Conflict> {
        let mut tables = self.clone();
        let procedures = tables.0.entry(realm.clone()).or_default();
        for procedure in &service.procedures {
            let callee = Arc::new(Callee::new(procedure));
            if procedures.insert(Arc::clone(&callee.name), callee).is_some() {
                return Err(Conflict { realm: realm.to_string(), procedure: procedure.name });
            }
        }
        Ok(tables)
    }

    /// Every procedure's name in a realm, sorted.
    pub(crate) fn names(&self, realm: &Realm) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.0.get(realm).into_iter().flat_map(HashMap::keys).cloned().collect();
        names.sort_unstable();
        names
    }
}
