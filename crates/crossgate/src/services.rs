//! The only list of services: which there are, their contracts, and how each is opened.

use std::sync::Arc;

use anyhow::Context as _;
use crossgate_call::{Clock, Service};
use crossgate_store::Store;

use crate::config::Services;

/// A built-in service: its table and its contract.
pub(crate) struct BuiltIn {
    pub(crate) service: Service,
    /// The contract's name, and its file's.
    pub(crate) name: &'static str,
    pub(crate) contract: &'static str,
}

/// Opens what the configuration has a section for.
pub(crate) async fn open(config: &Services, store: &Store, clock: &Arc<dyn Clock>) -> anyhow::Result<Vec<BuiltIn>> {
    let mut opened = Vec::new();
    if let Some(loans) = &config.loans {
        let service = crossgate_loans::open(loans.clone(), store.clone(), Arc::clone(clock)).await.context("services.loans cannot be opened")?;
        opened.push(BuiltIn { service, name: "loans", contract: crossgate_loans::CONTRACT });
    }
    Ok(opened)
}
