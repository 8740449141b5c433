//! The share of a configuration that one process serves: all of it, or some of its realms with the listeners that lead
//! there. Several processes can run beside one another on one file (`crossgate up --realm NAME`).

use std::collections::BTreeSet;

use anyhow::bail;
use crossgate_edge::{Listener, Surface};

use super::Config;
use super::suggest::nearest;

impl Config {
    /// Leaves only some realms, and the listeners that serve them; of a listener that serves others too, only what it does for
    /// these. No names leave everything. Gives what deserves attention.
    ///
    /// # Errors
    /// A realm that there is not, or that no listener serves.
    pub(crate) fn narrow(&mut self, names: &[String]) -> anyhow::Result<Vec<String>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let known: BTreeSet<String> = self.open_realms().into_keys().collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(*name)) {
            let meant = nearest(unknown, known.iter().map(String::as_str));
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            let known: Vec<_> = known.iter().map(String::as_str).collect();
            bail!("there is no realm `{unknown}` in the configuration{meant}\nthere is: {}", known.join(", "));
        }
        let named: BTreeSet<String> = names.iter().cloned().collect();
        let mut warnings = Vec::new();
        let mut served = BTreeSet::new();
        let listeners = std::mem::take(&mut self.edge.listeners);
        for listener in listeners {
            let Some(share) = Share::of(listener, &self.realm, &known, &named) else { continue };
            warnings.extend(share.warning());
            warnings.extend(self.unanswered(&share, &named));
            served.extend(share.serves);
            self.edge.listeners.push(share.listener);
        }
        if let Some(unserved) = named.iter().find(|name| !served.contains(*name)) {
            bail!(
                "no listener serves realm `{unserved}`: name it in the `wamp.realms` of a listener, or as its `realm`"
            );
        }
        self.only = Some(named);
        Ok(warnings)
    }

    /// Whether this process serves a realm.
    pub(crate) fn serves(&self, realm: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(realm))
    }

    /// The realms whose authenticators a listener asks, and that this process does not serve.
    fn unanswered(&self, share: &Share, named: &BTreeSet<String>) -> Vec<String> {
        if !share.listener.serve.contains(&Surface::Wamp) {
            return Vec::new();
        }
        let name = &share.listener.name;
        let realms: BTreeSet<&str> = self.identity.wamp.authenticator_realms(name).collect();
        let elsewhere = realms.into_iter().filter(|realm| !named.contains(*realm));
        elsewhere
            .map(|realm| {
                format!(
                    "listener `{name}`: its authenticator is asked in realm `{realm}`, which this process does not serve: \
                     nobody can join by it; add --realm {realm}"
                )
            })
            .collect()
    }
}

/// What of a listener is left.
struct Share {
    listener: Listener,
    serves: BTreeSet<String>,
    /// The realms that it also serves, where it serves all that is configured.
    elsewhere: BTreeSet<String>,
}

impl Share {
    /// `None`: it serves none of the named realms.
    fn of(mut listener: Listener, program: &str, known: &BTreeSet<String>, named: &BTreeSet<String>) -> Option<Self> {
        let mut realms = BTreeSet::new();
        let http = listener.realm.clone().unwrap_or_else(|| program.to_owned());
        if listener.serve.iter().any(|surface| *surface != Surface::Wamp) {
            realms.insert(http.clone());
        }
        let speaks_wamp = listener.serve.contains(&Surface::Wamp) && !listener.wamp.transports.is_empty();
        let joined: BTreeSet<String> = match &listener.wamp.realms {
            _ if !speaks_wamp => BTreeSet::new(),
            Some(names) => names.iter().filter(|name| known.contains(*name)).cloned().collect(),
            None => known.clone(),
        };
        realms.extend(joined.iter().cloned());
        let joined: Vec<String> = joined.intersection(named).cloned().collect();
        listener.serve.retain(|surface| match surface {
            Surface::Wamp => !joined.is_empty(),
            Surface::Api | Surface::Site | Surface::Tokens | Surface::Probes | Surface::Metrics => {
                named.contains(&http)
            }
        });
        if listener.serve.is_empty() {
            return None;
        }
        listener.wamp.realms = Some(joined);
        let (serves, elsewhere) = realms.into_iter().partition(|realm| named.contains(realm));
        Some(Self { listener, serves, elsewhere })
    }

    fn warning(&self) -> Option<String> {
        let elsewhere: Vec<_> = self.elsewhere.iter().map(|realm| format!("`{realm}`")).collect();
        (!elsewhere.is_empty()).then(|| {
            format!(
                "listener `{}` is also for {}, which this process does not serve: another process cannot listen at {}",
                self.listener.name,
                elsewhere.join(", "),
                self.listener.address
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"
        realm = "shop"
        [[edge.listeners]]
        name = "web"
        address = "127.0.0.1:8443"
        wamp = { realms = ["shop"] }
        [[edge.listeners]]
        name = "log"
        address = "127.0.0.1:8442"
        serve = ["wamp"]
        wamp = { realms = ["logger"] }
        [[edge.listeners]]
        name = "both"
        address = "127.0.0.1:8440"
        [[edge.listeners]]
        name = "pages"
        address = "127.0.0.1:8441"
        realm = "logger"
        serve = ["api", "probes"]
        [realms.logger]
        [realms.idle]
    "#;

    fn narrowed(names: &[&str]) -> anyhow::Result<(Config, Vec<String>)> {
        let mut config: Config = toml::from_str(TWO)?;
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let warnings = config.narrow(&names)?;
        Ok((config, warnings))
    }

    fn listeners(config: &Config) -> Vec<&str> {
        config.edge.listeners.iter().map(|listener| listener.name.as_str()).collect()
    }

    #[test]
    fn a_process_has_the_listeners_of_its_realms_and_of_shared_ones_their_part() {
        let (config, warnings) = narrowed(&["logger"]).unwrap();
        assert_eq!(listeners(&config), ["log", "both", "pages"]);
        let both = &config.edge.listeners[1];
        assert_eq!(both.serve, [Surface::Wamp], "its pages belong to the other realm");
        assert_eq!(both.wamp.realms.as_deref(), Some(&["logger".to_owned()][..]));
        assert_eq!(config.edge.listeners[2].serve, [Surface::Api, Surface::Probes]);
        assert!(
            warnings.len() == 1 && warnings[0].contains("`both`") && warnings[0].contains("`shop`"),
            "{warnings:?}"
        );
        assert_eq!(config.open_realms().into_keys().collect::<Vec<_>>(), ["logger"]);
        assert!(config.serves("logger") && !config.serves("shop"));

        let (config, _) = narrowed(&["shop"]).unwrap();
        assert_eq!(listeners(&config), ["web", "both"]);
        assert!(config.edge.listeners[1].serve.contains(&Surface::Site));

        let (config, warnings) = narrowed(&["shop", "logger", "idle"]).unwrap();
        assert_eq!((listeners(&config).len(), warnings.len()), (4, 0));
        let (config, warnings) = narrowed(&[]).unwrap();
        assert_eq!((listeners(&config).len(), warnings.len(), config.only), (4, 0, None));
    }

    #[test]
    fn an_unknown_realm_and_one_that_no_listener_serves_are_refused() {
        let error = narrowed(&["loger"]).unwrap_err().to_string();
        assert!(error.contains("no realm `loger`") && error.contains("did you mean `logger`?"), "{error}");
        assert!(error.contains("idle, logger, shop"), "{error}");
        let mut config: Config =
            toml::from_str(&TWO.replace("name = \"both\"", "name = \"both\"\nserve = [\"api\"]")).unwrap();
        let error = config.narrow(&["idle".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("no listener serves realm `idle`"), "{error}");
    }

    #[test]
    fn an_authenticator_in_a_realm_of_another_process_is_pointed_out() {
        let text =
            format!("{TWO}\n[identity.wamp.auth.log.ticket]\nauthenticator = \"a\"\nauthenticator_realm = \"shop\"");
        let mut config: Config = toml::from_str(&text).unwrap();
        let warnings = config.narrow(&["logger".to_owned()]).unwrap();
        assert!(
            warnings.iter().any(|warning| warning.contains("`log`") && warning.contains("--realm shop")),
            "{warnings:?}"
        );
    }
}
