//! The logbook: what log daemons saw, each thing once, for as long as it is kept.
//!
//! Several daemons see one event; whoever is first has it recorded, and the others' reports count as repeated. This
//! service owns the entries, who was in which realm when, how they are searched and how long they are kept. It knows
//! nothing of WAMP sessions, HTTP or who may call. Its promises are in `contracts/logbook.yaml`.
//!
//! | procedure | HTTP operation | function |
//! |---|---|---|
//! | `logbook.append` | | `procedures::append` |
//! | `logbook.search` | `GET /logs` | `procedures::search` |
//! | `logbook.tail` | `GET /logs/stream` | `procedures::tail` |
//! | `logbook.presence` | `GET /logs/sessions` | `procedures::presence` |

mod append;
mod config;
mod entry;
mod procedures;
mod read;
mod schema;
mod tail;

use std::sync::Arc;

use crossgate_call::{Audit, Clock, Error, Procedure, Readiness, Result, Service};
use crossgate_store::Store;
use tokio::sync::watch;

pub use append::Appended;
pub use config::Config;
pub use entry::{Certificate, Entry, Kind, Level, Report, Stay, presence_line};
pub use procedures::BATCH_MAX;

/// The contract, `contracts/logbook.yaml`.
pub const CONTRACT: &str = include_str!("../../../contracts/logbook.yaml");
/// The procedure by which daemons report.
pub const APPEND: &str = "logbook.append";

/// The logbook, open.
pub struct Logbook {
    config: Config,
    store: Store,
    clock: Arc<dyn Clock>,
    /// How often this process wrote; readers of the stream wait for it.
    written: watch::Sender<u64>,
    streams: Arc<tail::Streams>,
}

impl Logbook {
    /// Opens the logbook, and makes its tables.
    ///
    /// # Errors
    /// The configuration cannot be meant, or the store fails.
    pub async fn open(config: Config, store: Store, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        if let Some(fault) = config.fault() {
            return Err(Error::invalid(fault, Vec::new()));
        }
        store.migrate(schema::OWNER, schema::STEPS).await?;
        let (written, _) = watch::channel(0);
        Ok(Arc::new(Self { config, store, clock, written, streams: Arc::default() }))
    }
}

impl std::fmt::Debug for Logbook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Logbook").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The service: reading and reporting.
pub fn service(logbook: &Arc<Logbook>) -> Service {
    let mut procedures = reporting(logbook).procedures;
    procedures.extend([
        Procedure::new("logbook.search", Some("GET /logs"), logbook, procedures::search),
        Procedure::new("logbook.tail", Some("GET /logs/stream"), logbook, procedures::tail),
        Procedure::new("logbook.presence", Some("GET /logs/sessions"), logbook, procedures::presence),
    ]);
    Service { procedures, ..reporting(logbook) }
}

/// Reporting alone, for the other realms: daemons call it where their sessions are, and what one realm's callers read is
/// not another's. Batches are many, and what is in them is recorded here; the audit log has those that were refused.
pub fn reporting(logbook: &Arc<Logbook>) -> Service {
    let probed = Arc::clone(logbook);
    let ready: Readiness = Arc::new(move || {
        let logbook = Arc::clone(&probed);
        Box::pin(async move { Ok(logbook.store.ready().await?) })
    });
    let append = Procedure::new(APPEND, None, logbook, procedures::append).audit(Audit::Refusals);
    Service { name: "logbook", procedures: vec![append], ready }
}
