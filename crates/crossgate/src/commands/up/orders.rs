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
pub(super) struct Orders(JoinSet<()>);

impl Orders {
    /// Puts into use what the store has, and begins to order what is due.
    pub(super) async fn start(config: &Config, program: &Program, edge: &Edge) -> anyhow::Result<Self> {
        let mut orders = Self(JoinSet::new());
        orders.begin(config, program, edge).await?;
        Ok(orders)
    }

    /// Goes on with another configuration. An order that is under way ends; a new one takes its place.
    pub(super) async fn restart(&mut self, config: &Config, program: &Program, edge: &Edge) -> anyhow::Result<()> {
        self.stop().await;
        self.begin(config, program, edge).await
    }

    /// Ends it, and waits for the end.
    pub(super) async fn stop(&mut self) {
        self.0.shutdown().await;
    }

    async fn begin(&mut self, config: &Config, program: &Program, edge: &Edge) -> anyhow::Result<()> {
        let wanted: Vec<_> = config.edge.wanted().cloned().collect();
        let Some(acme) = config.edge.acme.clone().filter(|_| !wanted.is_empty()) else { return Ok(()) };
        let http = Http::new(acme.roots.as_deref()).context("[edge.acme] roots")?;
        let parts = Parts {
            store: program.store.clone(),
            http: Arc::new(http),
            place: Arc::new(edge.supply()),
            clock: Arc::clone(&program.clock),
        };
        let mut acme = Acme::new(acme, wanted, parts).await.context("[edge.acme]")?;
        acme.restore().await;
        self.0.spawn(acme.run());
        Ok(())
    }
}
