//! The composition root: opens every part in order, and joins contracts to tables.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use crossgate_call::{Clock, Realm, SystemClock};
use crossgate_contract::{Contract, Operation, Options};
use crossgate_edge::Mount;
use crossgate_identity::Identity;
use crossgate_loans::Ledger;
use crossgate_logbook::Logbook;
use crossgate_router::audit::Audit;
use crossgate_router::{Parts, Router};
use crossgate_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::bridge::{self, Bridge};
use crate::config::{Config, Mounted};
use crate::console;
use crate::fetch::HttpsFetch;
use crate::services::{self, BuiltIn};
use crate::system::{self, System};
use crate::webhooks::Webhook;

/// Everything short of listeners, open and joined.
pub(crate) struct Program {
    pub(crate) realm: Realm,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) router: Arc<Router>,
    /// The loans' ledger, when the service is on.
    pub(crate) loans: Option<Arc<Ledger>>,
    /// The logbook, when the service is on.
    pub(crate) logbook: Option<Arc<Logbook>>,
    pub(crate) contracts: Vec<Named>,
    /// The HTTP bridge, when it is on.
    pub(crate) bridge: Option<Arc<Bridge>>,
    pub(crate) webhooks: Vec<Webhook>,
    /// What the metrics' buckets need from time to time.
    pub(crate) metrics: PrometheusHandle,
}

/// What the parts are opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Serve,
    Command,
}

/// A mounted contract.
#[derive(Clone)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) contract: Arc<Contract>,
    /// Per operation, in the contract's order.
    pub(crate) procedures: Vec<Option<Arc<str>>>,
}

/// Where a contract's operations find their procedures' names.
enum Naming<'a> {
    /// In the tables of the built-in services, by method and path.
    Tables(&'a HashMap<&'static str, Arc<str>>),
    /// In the contract: `x-crossgate-procedure`, else the operation's id behind a prefix.
    Operations(&'a str),
}

impl Program {
    /// Opens the parts that the configuration names, for a command that ends: it leaves alone what only those who serve keep.
    pub(crate) async fn open(config: &Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        Self::open_for(config, metrics, Purpose::Command).await
    }

    /// Opens them to serve.
    pub(crate) async fn serve(config: &Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        Self::open_for(config, metrics, Purpose::Serve).await
    }

    async fn open_for(config: &Config, metrics: PrometheusHandle, purpose: Purpose) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = Store::open(&config.store).context(STORE)?;
        let audit = Audit::open(&config.audit, Arc::clone(&clock)).await.context(AUDIT)?;
        Self::join(config, metrics, clock, (store, audit), purpose).await
    }

    /// As [`Program::open`], but makes no file: what is not there yet is stood in for by a database in memory.
    pub(crate) async fn rehearse(config: &Config, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store = if is_there(&config.store.path).context(STORE)? {
            Store::open(&config.store).context(STORE)?
        } else {
            Store::temporary_with(&config.store).context(STORE)?
        };
        let audit = if is_there(&config.audit.path).context(AUDIT)? {
            Audit::open(&config.audit, Arc::clone(&clock)).await
        } else {
            Audit::with_store(&config.audit, Store::temporary()?, Arc::clone(&clock)).await
        };
        Self::join(config, metrics, clock, (store, audit.context(AUDIT)?), Purpose::Command).await
    }

    async fn join(
        config: &Config,
        metrics: PrometheusHandle,
        clock: Arc<dyn Clock>,
        (store, audit): (Store, Audit),
        purpose: Purpose,
    ) -> anyhow::Result<Self> {
        let realm = Realm::new(config.realm.as_str());
        let fetch = Arc::new(HttpsFetch::new()?);
        let identity = Identity::open(config.identity.clone(), store.clone(), fetch, Arc::clone(&clock))
            .await
            .context("[identity] is not usable")?;
        let router = Router::new(Parts { identity: Arc::clone(&identity), audit, clock: Arc::clone(&clock) });

        let system = System::new(metrics.clone());
        let is_home = config.serves(&config.realm);
        let services::Opened { mut built_in, loans, logbook } = match is_home {
            true => services::open(&config.services, &store, &clock).await?,
            false => services::open_elsewhere(&config.services, &store, &clock).await?,
        };
        built_in.push(BuiltIn { service: system.service(), name: "crossgate", contract: system::CONTRACT });
        let logins = crossgate_call::Service {
            name: "identity",
            procedures: crossgate_identity::procedures(&identity),
            ready: Arc::new({
                let store = store.clone();
                move || {
                    let store = store.clone();
                    Box::pin(async move { store.ready().await.map_err(Into::into) })
                }
            }),
        };
        if is_home {
            for service in built_in.iter().map(|built_in| &built_in.service).chain([&logins]) {
                router.install(&realm, service)?;
            }
        } else {
            for realm in config.open_realms().keys() {
                router.install(&Realm::new(realm.as_str()), &system.probes())?;
            }
        }
        if let Some(logbook) = &logbook {
            services::report_from(&router, logbook, config.open_realms().into_keys())?;
        }

        if purpose == Purpose::Serve {
            router.keep_histories(&store).await.context(STORE)?;
        }
        let bridge = config.bridge.as_ref().map(Bridge::new);
        if let Some(bridge) = &bridge {
            bridge.open(&router, &config.open_realms())?;
            built_in.push(BuiltIn { service: bridge.service(), name: "wamp", contract: bridge::CONTRACT });
        }
        router.configure_realms(config.open_realms()).context("[realms]")?;
        let webhook = |webhook| Webhook::build(webhook, &config.realm, &clock);
        // Of a realm that another process serves, the webhooks are that one's.
        let own = config.webhooks.iter().filter(|webhook| config.serves(webhook.realm(&config.realm)));
        let webhooks = own.map(webhook).collect::<anyhow::Result<Vec<_>>>()?;
        let contracts = mounts(config, &built_in, &logins)?;
        system.attach(&router, summary(config, &contracts));
        Ok(Self { realm, clock, store, identity, router, loans, logbook, contracts, bridge, webhooks, metrics })
    }

    /// What the doors need to know of the contracts.
    pub(crate) fn mounts(&self, validate_responses: bool) -> Vec<Mount> {
        let mount = |named: &Named| Mount {
            contract: Arc::clone(&named.contract),
            prefix: named.prefix.clone(),
            procedures: named.procedures.clone(),
            validate_responses,
        };
        self.contracts.iter().map(mount).collect()
    }

    /// What the console needs to know.
    pub(crate) fn console_parts(&self) -> console::Parts {
        let contract = |named: &Named| (named.name.clone(), named.prefix.clone(), Arc::clone(&named.contract));
        console::Parts {
            router: Arc::clone(&self.router),
            identity: Arc::clone(&self.identity),
            clock: Arc::clone(&self.clock),
            contracts: self.contracts.iter().map(contract).collect(),
            swagger: self.loans.is_some().then(|| Bytes::from_static(crossgate_loans::SWAGGER.as_bytes())),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// Writes down what is still in flight, and closes what is open.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        self.router.close_histories().await;
        self.router.audit().close().await.context("the audit log could not be closed")?;
        self.store.close().await.context("the store could not be closed")
    }
}

const STORE: &str = "[store] cannot be opened";
const AUDIT: &str = "[audit] cannot be opened";

/// Whether a database's file is there; an error when it could not be made either, for want of its folder.
fn is_there(file: &Path) -> anyhow::Result<bool> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        bail!("the folder {} is not there; make it, owned by the user that runs the program", folder.display());
    }
    Ok(file.exists())
}

fn mounts(config: &Config, built_in: &[BuiltIn], logins: &crossgate_call::Service) -> anyhow::Result<Vec<Named>> {
    let rows =
        built_in.iter().map(|built_in| &built_in.service).chain([logins]).flat_map(|service| &service.procedures);
    let table: HashMap<&'static str, Arc<str>> =
        rows.filter_map(|row| Some((row.operation?, row.name.into()))).collect();
    let mut contracts = Vec::new();
    for BuiltIn { name, contract, .. } in built_in {
        let file = format!("contracts/{name}.yaml");
        let contract =
            Contract::parse(&file, contract, Options::default()).map_err(|faults| anyhow::anyhow!("{faults}"))?;
        contracts.push(joined(name, "", contract, &Naming::Tables(&table))?);
    }
    for (name, mounted) in &config.contracts {
        let Mounted { file, prefix, procedures, compat } = mounted;
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("contracts.{name}: cannot read {}", file.display()))?;
        let options = Options { compat: *compat, ..Options::default() };
        let contract = Contract::parse(&file.display().to_string(), &text, options)
            .map_err(|faults| anyhow::anyhow!("{faults}"))?;
        contracts.push(joined(name, prefix, contract, &Naming::Operations(procedures))?);
    }
    Ok(contracts)
}

fn joined(name: &str, prefix: &str, contract: Contract, naming: &Naming<'_>) -> anyhow::Result<Named> {
    let mut procedures = Vec::new();
    for operation in contract.operations() {
        let procedure = procedure_of(operation, naming);
        if let (None, Naming::Tables(_)) = (&procedure, naming) {
            bail!("contracts/{name}.yaml: no service answers {} {}", operation.method(), operation.template());
        }
        procedures.push(procedure);
    }
    Ok(Named { name: name.to_owned(), prefix: prefix.to_owned(), contract: Arc::new(contract), procedures })
}

fn procedure_of(operation: &Operation, naming: &Naming<'_>) -> Option<Arc<str>> {
    match naming {
        Naming::Tables(table) => table.get(&*format!("{} {}", operation.method(), operation.template())).cloned(),
        Naming::Operations(prefix) => match operation.extension("x-crossgate-procedure").and_then(|name| name.as_str())
        {
            Some(name) => Some(name.into()),
            None => operation.id().map(|id| format!("{prefix}{id}").into()),
        },
    }
}

/// What `/configz` tells: what runs, and nothing secret.
fn summary(config: &Config, contracts: &[Named]) -> serde_json::Value {
    let contracts: Vec<_> = contracts
        .iter()
        .map(|named| {
            let operations: Vec<_> = named
                .contract
                .operations()
                .iter()
                .zip(&named.procedures)
                .map(|(operation, procedure)| json!({"operation": format!("{} {}{}", operation.method(), named.prefix, operation.template()), "procedure": procedure}))
                .collect();
            json!({"name": named.name, "title": named.contract.title(), "version": named.contract.version(), "prefix": named.prefix, "operations": operations})
        })
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "realm": config.realm,
        "realms": config.open_realms().into_keys().collect::<Vec<_>>(),
        "validate_responses": config.validate_responses,
        "contracts": contracts,
    })
}
