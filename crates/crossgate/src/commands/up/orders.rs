//! Certificates that listeners order from a public authority, while the program runs.

use std::sync::Arc;

use anyhow::Context as _;
use crossgate_certificates::acme::{Acme, Parts};
use crossgate_edge::Edge;
use tokio::task::JoinSet;

use crate::compose::Program;
use crate::config::Config;
use crate::fetch::Orders as Http;

/// The task that keeps them fresh, if any listener orders one.
#[derive(Default)]
pub(super) struct Orders(JoinSet<()>);

/// What a configuration orders, checked; nothing when it orders nothing.
pub(super) struct Prepared(Option<Acme>);

/// Looks at what a configuration orders. Nothing is ordered yet.
pub(super) async fn prepare(config: &Config, program: &Program, edge: &Edge) -> anyhow::Result<Prepared> {
    let wanted: Vec<_> = config.edge.wanted().cloned().collect();
    let Some(acme) = config.edge.acme.clone().filter(|_| !wanted.is_empty()) else { return Ok(Prepared(None)) };
    let http = Http::new(acme.roots.as_deref()).context("acme.roots")?;
    let parts = Parts {
        store: program.store.clone(),
        http: Arc::new(http),
        place: Arc::new(edge.supply()),
        clock: Arc::clone(&program.clock),
    };
    Ok(Prepared(Some(Acme::new(acme, wanted, parts).await?)))
}

impl Orders {
    /// Puts into use what the store has, and orders what is due. An order that was under way ends.
    pub(super) async fn replace(&mut self, Prepared(acme): Prepared) {
        self.stop().await;
        if let Some(mut acme) = acme {
            acme.restore().await;
            self.0.spawn(acme.run());
        }
    }

    /// Ends it, and waits for the end.
    pub(super) async fn stop(&mut self) {
        self.0.shutdown().await;
    }
}
