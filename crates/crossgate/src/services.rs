//! The only list of services: which there are, their contracts, and how each is opened.

use std::sync::Arc;

use anyhow::Context as _;
use crossgate_call::{Clock, Realm, Service};
use crossgate_loans::Ledger;
use crossgate_logbook::Logbook;
use crossgate_router::{Conflict, Router};
use crossgate_store::Store;

use crate::config::Services;

/// A built-in service: its table and its contract.
pub(crate) struct BuiltIn {
    pub(crate) service: Service,
    /// The contract's name, and its file's.
    pub(crate) name: &'static str,
    pub(crate) contract: &'static str,
}

/// The built-in services that are on.
#[derive(Default)]
pub(crate) struct Opened {
    pub(crate) built_in: Vec<BuiltIn>,
    /// The ledger itself, for the command line's import.
    pub(crate) loans: Option<Arc<Ledger>>,
    /// The logbook itself: log daemons report to it from every realm.
    pub(crate) logbook: Option<Arc<Logbook>>,
}

/// Opens what the configuration has a section for.
pub(crate) async fn open(config: &Services, store: &Store, clock: &Arc<dyn Clock>) -> anyhow::Result<Opened> {
    let mut opened = Opened::default();
    if let Some(loans) = &config.loans {
        let ledger = Ledger::open(loans.clone(), store.clone(), Arc::clone(clock))
            .await
            .context("[services.loans] cannot be opened")?;
        opened.built_in.push(BuiltIn {
            service: crossgate_loans::service(&ledger),
            name: "loans",
            contract: crossgate_loans::CONTRACT,
        });
        opened.loans = Some(ledger);
    }
    if let Some(logbook) = open_logbook(config, store, clock).await? {
        opened.built_in.push(BuiltIn {
            service: crossgate_logbook::service(&logbook),
            name: "logbook",
            contract: crossgate_logbook::CONTRACT,
        });
        opened.logbook = Some(logbook);
    }
    Ok(opened)
}

/// What a process opens that serves other realms than the services': log daemons report from there, too.
pub(crate) async fn open_elsewhere(config: &Services, store: &Store, clock: &Arc<dyn Clock>) -> anyhow::Result<Opened> {
    Ok(Opened { logbook: open_logbook(config, store, clock).await?, ..Opened::default() })
}

async fn open_logbook(
    config: &Services,
    store: &Store,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Option<Arc<Logbook>>> {
    let Some(config) = &config.logbook else { return Ok(None) };
    let opened = Logbook::open(config.clone(), store.clone(), Arc::clone(clock)).await;
    Ok(Some(opened.context("[services.logbook] cannot be opened")?))
}

/// Lets log daemons report from every realm: they call where their sessions are. A realm where they can already is passed by.
pub(crate) fn report_from(
    router: &Router,
    logbook: &Arc<Logbook>,
    realms: impl IntoIterator<Item = String>,
) -> Result<(), Conflict> {
    for realm in realms.into_iter().map(Realm::new) {
        if !router.procedures(&realm).iter().any(|name| &**name == crossgate_logbook::APPEND) {
            router.install(&realm, &crossgate_logbook::reporting(logbook))?;
        }
    }
    Ok(())
}
