//! The program's own log: lines on standard error, with a level that can be changed while it runs.

use anyhow::{Context as _, bail};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::reload::Handle;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::{Log, LogFormat};

/// Changes the level of a running log.
pub(crate) struct Level(Handle<EnvFilter, Registry>);

impl Level {
    pub(crate) fn set(&self, level: &str) -> anyhow::Result<()> {
        self.0.reload(filter(level)?).context("the log's level could not be changed")
    }
}

fn filter(level: &str) -> anyhow::Result<EnvFilter> {
    // A filter takes a bare word that is no level for the name of a module and then shows nothing else.
    let unknown = level
        .split(',')
        .map(str::trim)
        .find(|part| part.is_empty() || !part.contains(['=', '[']) && part.parse::<LevelFilter>().is_err());
    if let Some(unknown) = unknown {
        bail!(
            "log.level: `{unknown}` is no level; use error, warn, info, debug or trace, or a filter such as `info,crossgate_edge=debug`"
        );
    }
    EnvFilter::try_new(level).with_context(|| {
        format!("log.level `{level}` is neither a level nor a filter; try `info` or `info,crossgate_edge=debug`")
    })
}

/// Checks a level without starting a log.
pub(crate) fn check(log: &Log) -> anyhow::Result<()> {
    filter(&log.level).map(drop)
}

/// Starts the log.
pub(crate) fn start(log: &Log) -> anyhow::Result<Level> {
    let (filter, handle) = reload::Layer::new(filter(&log.level)?);
    let registry = tracing_subscriber::registry().with(filter);
    let writer = std::io::stderr;
    match log.format {
        LogFormat::Text => registry
            .with(fmt::layer().with_writer(writer).with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())))
            .try_init(),
        LogFormat::Json => registry.with(fmt::layer().json().flatten_event(true).with_writer(writer)).try_init(),
    }
    .context("the log is started once")?;
    Ok(Level(handle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_level_is_refused_and_a_filter_is_not() {
        for good in ["info", "off", "info,crossgate_edge=debug", "warn,crossgate_router=trace"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for bad in ["inffo", "info,crossgate_edge", ""] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
