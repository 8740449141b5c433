//! Which procedures there are, per realm.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Answer, Audit, Error, Kind, Procedure, Realm, Service};
use metrics::{Counter, Histogram};

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
