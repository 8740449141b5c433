//! The audit log's behaviour, on real files.

mod chain;
mod export;
mod full;
mod log;
mod repeats;
mod retain;
mod tamper;

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Clock, Proof, Realm, SystemClock, Trace};
use crossgate_store::{Config as StoreConfig, Store};
use jiff::{SignedDuration, Timestamp};

use super::{Audit, Config, Record};

fn start() -> Timestamp {
    "2026-11-22T12:00:00.000001Z".parse().unwrap()
}

/// The `n`th record of a test: every field is there in some and absent in others.
fn record(n: usize) -> Record {
    Record {
        at: start() + SignedDuration::from_secs(n as i64),
        realm: Realm::new("demo"),
        caller: format!("caller {}", n % 3).into(),
        proof: if n.is_multiple_of(2) { Proof::Token } else { Proof::Certificate },
        certificate: (!n.is_multiple_of(2)).then(|| "ab".repeat(32).into()),
        procedure: if n.is_multiple_of(5) { "loans.list".into() } else { "loans.balance".into() },
        door: "http",
        source: (!n.is_multiple_of(4)).then(|| "2001:db8::17".parse().unwrap()),
        outcome: if n.is_multiple_of(7) { "forbidden" } else { "ok" },
        detail: n.is_multiple_of(7).then(|| format!("not granted – {n}")),
        duration: Duration::from_micros(n as u64),
        trace: Trace::from_random(0x4bf9_2f35_77b3 + n as u128),
    }
}

fn quick() -> Config {
    Config { delay_ms: 0, ..Config::default() }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

async fn open(store: &Store, config: &Config) -> Audit {
    Audit::with_store(config, store.clone(), clock()).await.unwrap()
}

/// A log in a file of its own, and a second way to that file.
struct Kit {
    audit: Audit,
    store: Store,
}

impl Kit {
    async fn new() -> Self {
        let store = Store::temporary().unwrap();
        Self { audit: open(&store, &quick()).await, store }
    }

    async fn with(records: usize) -> Self {
        let kit = Self::new().await;
        kit.add(0..records).await;
        kit
    }

    async fn add(&self, numbers: impl IntoIterator<Item = usize>) {
        for n in numbers {
            self.audit.reserve().await.unwrap().record(record(n));
        }
        self.audit.flush().await.unwrap();
    }

    /// Somebody with the file in hand: no trigger stops him.
    async fn tamper(&self, sql: &str) {
        let sql = sql.to_owned();
        self.store
            .write(move |tx| {
                Box::pin(async move {
                    for trigger in ["audit_is_not_changed", "audit_is_not_shortened", "audit_checkpoint_is_not_removed"]
                    {
                        let drop = format!("DROP TRIGGER IF EXISTS {trigger}");
                        tx.execute(crossgate_store::Sql::assembled(&drop), ()).await?;
                    }
                    for statement in sql.split(';') {
                        tx.execute(crossgate_store::Sql::assembled(statement), ()).await?;
                    }
                    Ok(())
                })
            })
            .await
            .unwrap();
    }
}

/// A file that two stores have open.
fn shared() -> (tempfile::TempDir, StoreConfig) {
    let directory = tempfile::tempdir().unwrap();
    let config = StoreConfig { busy_timeout_ms: 20, ..StoreConfig::at(directory.path().join("audit.db")) };
    (directory, config)
}
