//! Names in one section that another must know.

use anyhow::bail;

use super::Config;
use super::suggest::nearest;

/// The set of WAMP's authentication methods for listeners that have none of their own.
const DEFAULT_SET: &str = "default";

impl Config {
    /// Refuses a set of WAMP's authentication methods that no listener would use: a slip there would leave a listener
    /// with other methods than were written down for it.
    pub(super) fn check_names(&self) -> anyhow::Result<()> {
        let listeners = || self.edge.listeners.iter().map(|listener| listener.name.as_str());
        let is_known = |set: &str| set == DEFAULT_SET || listeners().any(|name| name == set);
        let Some(unknown) = self.identity.wamp.set_names().find(|set| !is_known(set)) else { return Ok(()) };
        let meant = nearest(unknown, listeners().chain([DEFAULT_SET]));
        let meant = meant.map(|name| format!("\ndid you mean `{name}`?")).unwrap_or_default();
        bail!(
            "[identity.wamp.auth.{unknown}] is for no listener: sets are named after the listener that they are for, \
             or `{DEFAULT_SET}`{meant}"
        )
    }
}
