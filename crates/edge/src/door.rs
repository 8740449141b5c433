//! A door: one listener, with what it serves at the moment.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use crossgate_call::{Clock, Realm};
use crossgate_contract::Table;
use crossgate_identity::Identity;
use crossgate_router::Router;
use http::HeaderValue;
use rustls::ServerConfig;
use tokio::sync::watch;

use crate::Error;
use crate::config::{Config, Hsts, Listener, Method, Surface};
use crate::cors::Cors;
use crate::gate::Gate;
use crate::longpoll::Registry;
use crate::metrics::{self, Requests};
use crate::mount::Target;
use crate::site::Site;
use crate::socket::Bound;
use crate::throttle::Throttle;
use crate::tls;
use crate::traces::Traces;

/// What all doors share.
pub(crate) struct Shared {
    pub(crate) router: Arc<Router>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) site: Arc<dyn Site>,
    pub(crate) traces: Traces,
    /// Certificates and answers to challenges that come while the program runs.
    pub(crate) supply: tls::Supply,
    pub(crate) counts: Counts,
    /// Every WAMP message is sent back: for tests of the transports alone, out of any configuration's reach.
    pub(crate) echo: AtomicBool,
}

impl Shared {
    pub(crate) fn echoes(&self) -> bool {
        self.echo.load(Ordering::Relaxed)
    }
}

/// The counts of requests that no operation stands for.
pub(crate) struct Counts {
    /// Pages.
    pub(crate) site: Requests,
    /// The token endpoint.
    pub(crate) tokens: Requests,
    /// Handshakes of WebSocket, and HTTP long-poll.
    pub(crate) wamp: Requests,
    /// Paths and methods that do not exist, preflights, malformed heads.
    pub(crate) none: Requests,
}

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            site: Requests::new("site"),
            tokens: Requests::new("tokens"),
            wamp: Requests::new("wamp"),
            none: Requests::new("none"),
        }
    }
}

/// One listener. What can be reloaded is in its state.
pub(crate) struct Door {
    pub(crate) name: Arc<str>,
    pub(crate) bound: Bound,
    pub(crate) gate: Arc<Gate>,
    pub(crate) metrics: metrics::Listening,
    pub(crate) state: ArcSwap<State>,
    pub(crate) longpoll: Arc<Registry>,
    /// Told after the state has been replaced.
    pub(crate) renewed: watch::Sender<()>,
    pub(crate) shared: Arc<Shared>,
}

/// What a listener is and serves, until the next reload.
pub(crate) struct State {
    pub(crate) listener: Listener,
    pub(crate) realm: Realm,
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// TLS for whoever asks for the answer to a challenge (RFC 8737).
    pub(crate) challenges: Option<Arc<ServerConfig>>,
    pub(crate) table: Table<Arc<Target>>,
    pub(crate) cors: Arc<Cors>,
    pub(crate) hsts: Option<HeaderValue>,
    pub(crate) compress_bytes_min: Option<usize>,
    pub(crate) throttle: Arc<Throttle>,
    /// How long connections have to finish when the program stops.
    pub(crate) drain: Duration,
}

/// What the states of all listeners have in common.
pub(crate) struct Plan<'a> {
    targets: &'a [Arc<Target>],
    realm: &'a Realm,
    cors: Arc<Cors>,
    throttle: Arc<Throttle>,
    hsts: Option<HeaderValue>,
    compress_bytes_min: Option<usize>,
    drain: Duration,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(
        config: &Config,
        realm: &'a Realm,
        targets: &'a [Arc<Target>],
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let compression = &config.compression;
        Ok(Self {
            targets,
            realm,
            cors: Arc::new(Cors::new(&config.cors)?),
            throttle: Arc::new(Throttle::new(&config.tokens, clock.instant())),
            hsts: hsts(&config.hsts),
            compress_bytes_min: compression.enabled.then_some(compression.bytes_min),
            drain: Duration::from_secs(config.drain_s),
        })
    }

    /// Builds a listener's state. `local` says that only this machine reaches it.
    pub(crate) fn state(&self, listener: Listener, local: bool, secured: Option<tls::Built>) -> Result<State, Error> {
        let mut table = Table::new();
        for target in self.targets.iter().filter(|target| listener.serve.contains(&target.surface)) {
            table
                .insert(&target.prefix, Arc::clone(&target.operation), Arc::clone(target))
                .map_err(|fault| Error::Mount(fault.to_string()))?;
        }
        Ok(State {
            realm: listener.realm.as_deref().map_or_else(|| self.realm.clone(), Realm::new),
            listener,
            challenges: secured.as_ref().and_then(|built| built.challenges.clone()),
            tls: secured.map(|built| built.config),
            table,
            cors: Arc::clone(&self.cors),
            hsts: self.hsts.clone().filter(|_| !local),
            compress_bytes_min: self.compress_bytes_min,
            throttle: Arc::clone(&self.throttle),
            drain: self.drain,
        })
    }
}

fn hsts(hsts: &Hsts) -> Option<HeaderValue> {
    let subdomains = if hsts.subdomains { "; includeSubDomains" } else { "" };
    let value = format!("max-age={}{subdomains}", hsts.max_age_s);
    hsts.enabled.then(|| HeaderValue::try_from(value).ok()).flatten()
}

impl State {
    pub(crate) fn serves(&self, surface: Surface) -> bool {
        self.listener.serve.contains(&surface)
    }

    pub(crate) fn accepts(&self, method: Method) -> bool {
        self.listener.authentication.contains(&method)
    }
}

/// Builds the TLS of every listener that has it, by name.
pub(crate) fn secure(
    config: &Config,
    clock: &Arc<dyn Clock>,
    supply: &tls::Supply,
) -> Result<HashMap<String, tls::Built>, Error> {
    let mut built = HashMap::new();
    for listener in &config.listeners {
        let Some(tls) = &listener.tls else { continue };
        let fault = |fault: tls::Fault| Error::Tls { listener: listener.name.clone(), fault: fault.to_string() };
        built.insert(listener.name.clone(), tls::build(&listener.name, tls, clock, supply).map_err(fault)?);
    }
    Ok(built)
}
