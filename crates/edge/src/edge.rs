//! The doors together: opened, reloaded, closed.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use crossgate_call::{Clock, Realm, SystemClock};
use crossgate_identity::Identity;
use crossgate_router::Router;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::config::{Config, check as config_check};
use crate::cors::Cors;
use crate::door::{Counts, Door, Plan, Shared, State, secure};
use crate::gate::Gate;
use crate::longpoll::{Registry, Task};
use crate::mount::{self, Mount, Target};
use crate::site::Site;
use crate::socket::{self, Acceptor, Bound, Passed};
use crate::traces::Traces;
use crate::{Error, accept, metrics, tls};

/// What the doors lead to.
pub struct Parts {
    /// Admits and calls.
    pub router: Arc<Router>,
    /// Knows callers.
    pub identity: Arc<Identity>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Answers paths that no contract has.
    pub site: Arc<dyn Site>,
    /// The contracts.
    pub mounts: Vec<Mount>,
    /// The realm of listeners that name none.
    pub realm: Realm,
}

/// Where a listener can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The socket.
    pub bound: Bound,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bound.fmt(f)
    }
}

/// The listeners, open.
pub struct Edge {
    doors: Vec<Arc<Door>>,
    /// Taken by [`Edge::serve`].
    acceptors: Mutex<Vec<Opened>>,
    targets: ArcSwap<Vec<Arc<Target>>>,
    realm: Realm,
    clock: Arc<dyn Clock>,
    supply: tls::Supply,
}

/// A listener that is open and not served yet: its door, its socket, and the tasks of its long-poll sessions.
type Opened = (Arc<Door>, Acceptor, mpsc::Receiver<Task>);

/// A configuration that has been checked and can be put in force without fail.
#[must_use = "it takes effect by `Edge::apply`"]
pub struct Prepared {
    states: Vec<Arc<State>>,
    targets: Arc<Vec<Arc<Target>>>,
}

/// Says what is wrong with a configuration, certificates included, without opening a socket.
/// What works but deserves attention (a certificate that has expired) is returned.
///
/// # Errors
/// The first thing that [`Edge::bind`] would refuse, other than an address that is taken.
pub fn check(config: &Config) -> Result<Vec<String>, Error> {
    config_check::check(config)?;
    Cors::new(&config.cors)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let mut built: Vec<_> = secure(config, &clock, &tls::Supply::default())?.into_iter().collect();
    built.sort_by(|a, b| a.0.cmp(&b.0));
    let warnings = built
        .into_iter()
        .flat_map(|(name, built)| built.warnings.into_iter().map(move |warning| (name.clone(), warning)));
    let unanswered = config.unanswered().map(str::to_owned);
    Ok(warnings.map(|(name, warning)| format!("listener `{name}`: {warning}")).chain(unanswered).collect())
}

/// Says what keeps contracts from being mounted together: a prefix that is none, two operations in one place.
///
/// # Errors
/// The first such thing.
pub fn check_mounts(mounts: &[Mount]) -> Result<(), Error> {
    let mut table = crossgate_contract::Table::new();
    for target in mount::targets(mounts)? {
        table
            .insert(&target.prefix, Arc::clone(&target.operation), ())
            .map_err(|fault| Error::Mount(fault.to_string()))?;
    }
    Ok(())
}

impl Edge {
    /// Checks everything, then opens every listener. Connections wait in the operating system's queues until
    /// [`Edge::serve`]. Install the metrics recorder before.
    ///
    /// # Errors
    /// What is wrong with the configuration or the contracts, or a socket that cannot be opened.
    pub async fn bind(config: Config, parts: Parts) -> Result<Self, Error> {
        let targets = mount::targets(&parts.mounts)?;
        let supply = tls::Supply::default();
        let mut secured = prepared(&config, &parts.clock, &supply)?;
        let plan = Plan::new(&config, &parts.realm, &targets, &parts.clock)?;
        let shared = Arc::new(Shared {
            router: parts.router,
            identity: parts.identity,
            clock: Arc::clone(&parts.clock),
            site: parts.site,
            traces: Traces::default(),
            supply: supply.clone(),
            counts: Counts::new(),
            echo: AtomicBool::new(false),
        });
        let mut passed = Passed::from_env();
        let mut acceptors = Vec::new();
        for listener in config.listeners {
            let acceptor = socket::bind(&listener, &mut passed).await?;
            let address = listener.address.to_string();
            let bound =
                acceptor.bound().map_err(|cause| Error::Bind { listener: listener.name.clone(), address, cause })?;
            let name = listener.name.clone();
            let state = plan.state(listener, bound.is_local(), secured.remove(&name))?;
            let (longpoll, tasks) = Registry::new();
            let door = Arc::new(Door {
                name: name.as_str().into(),
                bound,
                gate: Arc::new(Gate::default()),
                metrics: metrics::Listening::new(&name),
                state: ArcSwap::from_pointee(state),
                longpoll: Arc::new(longpoll),
                renewed: watch::Sender::default(),
                shared: Arc::clone(&shared),
            });
            acceptors.push((door, acceptor, tasks));
        }
        Ok(Self {
            doors: acceptors.iter().map(|(door, ..)| Arc::clone(door)).collect(),
            acceptors: Mutex::new(acceptors),
            targets: ArcSwap::from_pointee(targets),
            realm: parts.realm,
            clock: parts.clock,
            supply,
        })
    }

    /// Where certificates that are ordered (ACME), and answers to challenges, are put into use on every listener.
    pub fn supply(&self) -> tls::Supply {
        self.supply.clone()
    }

    /// The listeners' names and addresses, in the order of the configuration.
    pub fn addresses(&self) -> Vec<(String, Address)> {
        let address = |door: &Arc<Door>| {
            let address = Address { tls: door.state.load().tls.is_some(), bound: door.bound.clone() };
            (door.name.to_string(), address)
        };
        self.doors.iter().map(address).collect()
    }

    /// Checks a new configuration, reading certificates and revocation lists anew. Nothing changes yet.
    ///
    /// # Errors
    /// What is wrong with it, or what in it needs a restart: other listeners, other addresses, TLS where there was
    /// none.
    pub fn prepare(&self, config: Config) -> Result<Prepared, Error> {
        self.prepare_targets(config, self.targets.load_full())
    }

    /// As [`Edge::prepare`], with other contracts.
    ///
    /// # Errors
    /// As [`Edge::prepare`]; contracts that cannot be mounted together.
    pub fn prepare_mounts(&self, config: Config, mounts: &[Mount]) -> Result<Prepared, Error> {
        self.prepare_targets(config, Arc::new(mount::targets(mounts)?))
    }

    fn prepare_targets(&self, config: Config, targets: Arc<Vec<Arc<Target>>>) -> Result<Prepared, Error> {
        let mut secured = prepared(&config, &self.clock, &self.supply)?;
        self.refuse_moves(&config)?;
        let plan = Plan::new(&config, &self.realm, &targets, &self.clock)?;
        let states = self.doors.iter().zip(config.listeners).map(|(door, listener)| {
            let secured = secured.remove(&listener.name);
            plan.state(listener, door.bound.is_local(), secured).map(Arc::new)
        });
        let states = states.collect::<Result<_, _>>()?;
        Ok(Prepared { states, targets })
    }

    fn refuse_moves(&self, config: &Config) -> Result<(), Error> {
        if config.listeners.len() != self.doors.len() {
            return Err(Error::Restart("listeners were added or removed".into()));
        }
        for (door, listener) in self.doors.iter().zip(&config.listeners) {
            let old = door.state.load();
            let moved = *door.name != *listener.name
                || old.listener.address != listener.address
                || old.listener.mode != listener.mode
                || old.listener.tls.is_some() != listener.tls.is_some();
            if moved {
                return Err(Error::Restart(format!(
                    "listener `{}` has another name, address, mode or kind",
                    door.name
                )));
            }
        }
        Ok(())
    }

    /// Puts a prepared configuration in force: for new connections all of it, for open ones all but TLS and limits
    /// that belong to the connection. Open ones whose client showed a certificate are asked to end, so that the new
    /// authorities and revocation lists look at it.
    pub fn apply(&self, prepared: Prepared) {
        for (door, state) in self.doors.iter().zip(prepared.states) {
            door.state.store(state);
            door.renewed.send_replace(());
        }
        self.targets.store(prepared.targets);
    }

    /// Prepares and applies in one step.
    ///
    /// # Errors
    /// As [`Edge::prepare`]; then the old configuration stays in force.
    pub fn reload(&self, config: Config) -> Result<(), Error> {
        self.apply(self.prepare(config)?);
        Ok(())
    }

    /// Has WAMP connections get back what they send, instead of a router's answers, and takes WebSocket without a
    /// subprotocol: for tests of the transports. No configuration can ask for it.
    #[doc(hidden)]
    pub fn echo(&self) {
        if let Some(door) = self.doors.first() {
            door.shared.echo.store(true, Ordering::Relaxed);
        }
    }

    /// Serves until `shutdown` is ready; then accepts nothing more, tells peers to go, answers what is in flight,
    /// and cuts off what is left after the drain time. Gives the number of connections cut off.
    ///
    /// Dropping the future cuts off everything at once. A second call serves nothing.
    pub async fn serve(&self, shutdown: impl Future<Output = ()>) -> usize {
        let acceptors = std::mem::take(&mut *self.acceptors.lock().unwrap_or_else(PoisonError::into_inner));
        let (tell, stage) = watch::channel(());
        let mut loops = JoinSet::new();
        for (door, acceptor, tasks) in acceptors {
            loops.spawn(accept::run(door, acceptor, tasks, stage.clone()));
        }
        drop(stage);
        shutdown.await;
        let _ = tell.send(());
        let mut cut_off = 0;
        while let Some(ended) = loops.join_next().await {
            match ended {
                Ok(connections) => cut_off += connections,
                Err(error) => tracing::error!(%error, "an accept loop panicked"),
            }
        }
        cut_off
    }
}

/// Checks a configuration and builds its TLS; warnings go to the log and certificates' ends to the metrics.
fn prepared(
    config: &Config,
    clock: &Arc<dyn Clock>,
    supply: &tls::Supply,
) -> Result<HashMap<String, tls::Built>, Error> {
    config_check::check(config)?;
    let secured = secure(config, clock, supply)?;
    for (listener, built) in &secured {
        for warning in &built.warnings {
            tracing::warn!(%listener, "{warning}");
        }
        for (file, second) in &built.ends {
            metrics::certificate_ends(listener, file, *second);
        }
    }
    Ok(secured)
}
