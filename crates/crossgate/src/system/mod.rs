//! The program's own procedures: health, readiness, metrics, what is running, reading the audit log, and looking after
//! the realms of WAMP sessions.
//!
//! They are a service like any other: a table, a contract (`contracts/crossgate.yaml`), and no way
//! around `admit`.

mod audit;
mod realms;

use std::sync::{Arc, OnceLock, Weak};

use crossgate_call::{Audit, Call, Error, Outcome, Procedure, Result, Service};
use crossgate_router::Router;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Deserialize;
use serde_json::{Value, json};

/// The contract of these procedures.
pub(crate) const CONTRACT: &str = include_str!("../../../../contracts/crossgate.yaml");

/// What the procedures look at.
pub(crate) struct System {
    metrics: PrometheusHandle,
    /// Set once the router exists: it is made after the services that it is to know.
    router: OnceLock<Weak<Router>>,
    summary: OnceLock<Value>,
}

/// Operations without input.
#[derive(Debug, Deserialize)]
struct Nothing {}

impl System {
    pub(crate) fn new(metrics: PrometheusHandle) -> Arc<Self> {
        Arc::new(Self { metrics, router: OnceLock::new(), summary: OnceLock::new() })
    }

    /// Says which router is asked whether it is ready, and what `/configz` tells.
    pub(crate) fn attach(&self, router: &Arc<Router>, summary: Value) {
        let _ = self.router.set(Arc::downgrade(router));
        let _ = self.summary.set(summary);
    }

    fn router(&self) -> Result<Arc<Router>> {
        self.router
            .get()
            .and_then(Weak::upgrade)
            .ok_or_else(|| Error::unavailable("starting or shutting down", RETRY_AFTER))
    }

    /// The table.
    pub(crate) fn service(self: &Arc<Self>) -> Service {
        let mut procedures = self.probing();
        procedures.extend([
            Procedure::new("crossgate.config", Some("GET /configz"), self, config),
            Procedure::new("audit.list", Some("GET /audit/records"), self, audit::list),
            Procedure::new("realms.list", Some("GET /wamp/realms"), self, realms::list),
            Procedure::new("realms.sessions", Some("GET /wamp/realms/{realm}/sessions"), self, realms::sessions),
            Procedure::new(
                "realms.registrations",
                Some("GET /wamp/realms/{realm}/registrations"),
                self,
                realms::registrations,
            ),
            Procedure::new(
                "realms.subscriptions",
                Some("GET /wamp/realms/{realm}/subscriptions"),
                self,
                realms::subscriptions,
            ),
            Procedure::new("sessions.kill", Some("DELETE /wamp/realms/{realm}/sessions/{session}"), self, realms::kill),
        ]);
        named(procedures)
    }

    /// What tells of this process alone: for a process without the built-in services' realm, in the realms that it has.
    pub(crate) fn probes(self: &Arc<Self>) -> Service {
        named(self.probing())
    }

    fn probing(self: &Arc<Self>) -> Vec<Procedure> {
        vec![
            Procedure::new("crossgate.health", Some("GET /healthz"), self, health).audit(Audit::Refusals),
            Procedure::new("crossgate.ready", Some("GET /readyz"), self, ready).audit(Audit::Refusals),
            Procedure::new("crossgate.metrics", Some("GET /metrics"), self, metrics).audit(Audit::Refusals),
        ]
    }
}

fn named(procedures: Vec<Procedure>) -> Service {
    Service { name: "crossgate", procedures, ready: Arc::new(|| Box::pin(std::future::ready(Ok(())))) }
}

const RETRY_AFTER: std::time::Duration = std::time::Duration::from_secs(5);

async fn health(_: Arc<System>, _: Call, _: Nothing) -> Result<Outcome> {
    Outcome::value(&json!({"status": "ok"}))
}

/// Ready means that every part that calls depend on answered just now. What is missing is named;
/// why it is missing is for the log.
async fn ready(system: Arc<System>, _: Call, _: Nothing) -> Result<Outcome> {
    match system.router()?.ready().await {
        Ok(()) => Outcome::value(&json!({"status": "ready"})),
        Err(missing) => {
            for (part, error) in &missing {
                tracing::warn!(part, cause = error.cause().map(tracing::field::display), "not ready: {error}");
            }
            let names: Vec<_> = missing.iter().map(|(part, _)| *part).collect();
            Err(Error::unavailable(format!("not ready: {}", names.join(", ")), RETRY_AFTER))
        }
    }
}

async fn metrics(system: Arc<System>, _: Call, _: Nothing) -> Result<Outcome> {
    // The text format of Prometheus, version 0.0.4.
    Ok(Outcome::Bytes {
        media_type: "text/plain; version=0.0.4; charset=utf-8".into(),
        bytes: system.metrics.render().into(),
    })
}

async fn config(system: Arc<System>, _: Call, _: Nothing) -> Result<Outcome> {
    Outcome::value(system.summary.get().unwrap_or(&Value::Null))
}
