//! SIGHUP: the configuration is read again, and what can change while running does.

use anyhow::{Context as _, bail};
use crossgate_edge::Edge;
use toml::{Table, Value};

use super::orders::{self, Orders};
use crate::compose::Program;
use crate::config::{self, Loaded};
use crate::log;
use crate::services;

/// Sections that a running program cannot change, and why.
const FIXED: &[(&str, &str)] = &[
    ("realm", "callers and tokens belong to it"),
    ("store", "the database is open"),
    ("audit", "the audit log is open"),
    ("bridge", "its operations are joined to procedures at start"),
    ("webhooks", "their subscriptions are open"),
    ("services", "services are opened at start"),
    ("contracts", "contracts are joined to procedures at start"),
    ("validate_responses", "contracts are joined to procedures at start"),
];

pub(super) struct Reloader {
    current: Loaded,
    level: log::Level,
    /// The realms that this process serves; none named: all.
    realms: Vec<String>,
}

impl Reloader {
    pub(super) fn new(current: Loaded, level: log::Level, realms: Vec<String>) -> Self {
        Self { current, level, realms }
    }

    /// Reads the configuration again. All of it takes effect, or none of it and the log says why.
    pub(super) async fn reload(&mut self, program: &Program, edge: &Edge, orders: &mut Orders) {
        match self.try_reload(program, edge, orders).await {
            Ok(()) => tracing::info!("configuration reloaded from {}", self.current.file.display()),
            Err(error) => {
                tracing::error!("the configuration was not reloaded, and the old one stays in force: {error:#}")
            }
        }
    }

    async fn try_reload(&mut self, program: &Program, edge: &Edge, orders: &mut Orders) -> anyhow::Result<()> {
        let mut fresh = config::load(&self.current.file, std::env::vars())?;
        let warnings = fresh.config.narrow(&self.realms)?;
        let refused = refusals(&self.current.table, &fresh.table);
        if !refused.is_empty() {
            bail!("a restart is needed for: {}", refused.join("; "));
        }
        log::check(&fresh.config.log)?;
        if fresh.config.log.format != self.current.config.log.format {
            bail!("a restart is needed for: log.format (the log is open)");
        }
        let realms = fresh.config.open_realms();
        realms.iter().try_for_each(|(name, realm)| realm.validate(name)).context("[realms]")?;
        // Realms and doors are checked before identity is swapped, and swapped after it: each swap is whole,
        // and a fault in either leaves both as they were.
        let doors = edge.prepare(fresh.config.edge.clone()).context("[edge]")?;
        let ordered = if orders_differ(&self.current.table, &fresh.table) {
            Some(orders::prepare(&fresh.config, program, edge).await.context("[edge.acme]")?)
        } else {
            None
        };
        program.identity.reload(fresh.config.identity.clone()).context("[identity]")?;
        if let Some(bridge) = &program.bridge {
            bridge.open(&program.router, &realms).context("[bridge]")?;
        }
        if let Some(logbook) = &program.logbook {
            services::report_from(&program.router, logbook, realms.keys().cloned()).context("[services.logbook]")?;
        }
        program.router.configure_realms(realms).context("[realms]")?;
        edge.apply(doors);
        if let Some(ordered) = ordered {
            orders.replace(ordered).await;
        }
        self.level.set(&fresh.config.log.level)?;
        self.current = fresh;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(())
    }
}

/// Whether other certificates are ordered, or otherwise. An order that is under way is not disturbed without need.
fn orders_differ(old: &Table, new: &Table) -> bool {
    let orders = |table: &Table| {
        let edge = table.get("edge").and_then(Value::as_table).cloned().unwrap_or_default();
        let listeners = edge.get("listeners").and_then(Value::as_array).cloned().unwrap_or_default();
        let wanted: Vec<_> =
            listeners.iter().map(|one| one.get("tls").and_then(|tls| tls.get("acme")).cloned()).collect();
        (edge.get("acme").cloned(), wanted)
    };
    orders(old) != orders(new)
}

fn refusals(old: &Table, new: &Table) -> Vec<String> {
    let same =
        |key: &str| old.get(key).unwrap_or(&Value::Boolean(false)) == new.get(key).unwrap_or(&Value::Boolean(false));
    FIXED.iter().filter(|(key, _)| !same(key)).map(|(key, why)| format!("`{key}` ({why})")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_change_is_named_with_its_reason() {
        let old: Table = toml::from_str("realm = \"a\"\n[log]\nlevel = \"info\"").unwrap();
        let new: Table = toml::from_str("realm = \"b\"\n[log]\nlevel = \"debug\"\n[store]\npath = \"x\"").unwrap();
        assert_eq!(
            refusals(&old, &new),
            ["`realm` (callers and tokens belong to it)", "`store` (the database is open)"]
        );
        assert!(refusals(&old, &old).is_empty());
    }
}
