//! The configuration: one TOML file, environment overrides, nothing unknown.
//!
//! Each part's section is a type of the part's own crate; this module only puts them together.

mod load;
mod names;
mod share;
mod suggest;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use load::{Loaded, load, located};
pub(crate) use suggest::with_suggestion;

/// Crossgate's configuration. Every key has a default; relative paths are relative to the file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The realm that the built-in services are in, and that listeners serve unless they name another.
    pub(crate) realm: String,
    /// What the program says about itself, on standard error.
    pub(crate) log: Log,
    /// Where state is kept.
    pub(crate) store: crossgate_store::Config,
    /// The audit log.
    pub(crate) audit: crossgate_router::audit::Config,
    /// Who is who, and who may what: issuers, clients, users, API keys, certificates, roles.
    pub(crate) identity: crossgate_identity::Config,
    /// The doors: listeners and what holds for all of them.
    pub(crate) edge: crossgate_edge::Config,
    /// Checks every answer against its contract, and answers 500 when it does not fit. Costs a parse of
    /// each answer; for tests and staging.
    pub(crate) validate_responses: bool,
    /// The realms of WAMP sessions, by name. A realm that is not named here cannot be joined; the built-in services'
    /// realm is open with every default when nothing is said of it.
    pub(crate) realms: BTreeMap<String, crossgate_router::realm::RealmConfig>,
    /// The HTTP bridge: `POST /wamp/call`, `POST /wamp/publish`, `GET /wamp/events`. Without this section it is off.
    pub(crate) bridge: Option<crate::bridge::Config>,
    /// Events that are posted to other systems.
    pub(crate) webhooks: Vec<crate::webhooks::Config>,
    /// The built-in services; a service without a section is off.
    pub(crate) services: Services,
    /// OpenAPI documents of your own to serve, by name.
    pub(crate) contracts: BTreeMap<String, Mounted>,
    /// The realms that this process serves; `None`: all. Said on the command line.
    #[serde(skip)]
    pub(crate) only: Option<BTreeSet<String>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            realm: "crossgate".into(),
            log: Log::default(),
            store: crossgate_store::Config::default(),
            audit: crossgate_router::audit::Config::default(),
            identity: crossgate_identity::Config::default(),
            edge: crossgate_edge::Config::default(),
            validate_responses: false,
            realms: BTreeMap::new(),
            bridge: None,
            webhooks: Vec::new(),
            services: Services::default(),
            contracts: BTreeMap::new(),
            only: None,
        }
    }
}

/// What the program says about itself.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    /// The level, or a filter such as `info,crossgate_edge=debug`.
    pub(crate) level: String,
    /// `text` for people, `json` for collectors: one object a line.
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Text }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The built-in services.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Services {
    /// Loan balances at any date.
    pub(crate) loans: Option<crossgate_loans::Config>,
    /// What log daemons report: lines, and who joined and left.
    pub(crate) logbook: Option<crossgate_logbook::Config>,
}

/// An OpenAPI document of your own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mounted {
    /// The document, YAML or JSON, OpenAPI 3.0 or 3.1.
    pub(crate) file: PathBuf,
    /// The path that its operations are under: `/partner`. Empty for the root.
    #[serde(default)]
    pub(crate) prefix: String,
    /// Put before an operation's `operationId` to name its procedure: `partner.` makes `submit` the
    /// procedure `partner.submit`. An operation's `x-crossgate-procedure` names it outright.
    #[serde(default)]
    pub(crate) procedures: String,
    /// Accepts what lenient servers accept: formats are not enforced.
    #[serde(default)]
    pub(crate) compat: bool,
}

impl Config {
    /// The realms to open: those that are named, and the built-in services' one; of them those that this process serves.
    pub(crate) fn open_realms(&self) -> BTreeMap<String, crossgate_router::realm::RealmConfig> {
        let mut realms = self.realms.clone();
        realms.entry(self.realm.clone()).or_default();
        realms.retain(|realm, _| self.serves(realm));
        realms
    }

    /// Makes relative paths relative to the configuration file's folder.
    fn relative_to(&mut self, folder: &Path) {
        let fix = |path: &mut PathBuf| {
            if path.is_relative() {
                *path = folder.join(&*path);
            }
        };
        self.store.relative_to(folder);
        self.audit.relative_to(folder);
        self.identity.relative_to(folder);
        self.edge.relative_to(folder);
        self.webhooks.iter_mut().for_each(|webhook| webhook.relative_to(folder));
        self.contracts.values_mut().for_each(|mounted| fix(&mut mounted.file));
    }
}
