//! The handle: open, reload, and what lives longer than one configuration.

mod admin;
mod credentials;
mod inspect;
mod login;
mod session;
mod tokens;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use crossgate_call::{Caller, Clock, Proof, Realm, Vouched};
use crossgate_store::Store;

pub use credentials::Credentials;
pub(crate) use credentials::after;
pub use inspect::Inspection;
pub use login::procedures;
pub use session::NewSession;

use crate::config::Config;
use crate::fault::{ConfigError, Fault};
use crate::grants::{Grants, OPERATOR};
use crate::jwt::Fetch;
use crate::lockout::Lockout;
use crate::password::Passwords;
use crate::records;
use crate::signed::Signatures;
use crate::state::{Means, State};

/// Who is who, and who may what. One per program.
pub struct Identity {
    pub(crate) state: ArcSwap<State>,
    store: Store,
    pub(crate) means: Means,
    passwords: Passwords,
    pub(crate) lockout: Lockout,
    /// Signed requests that were received.
    pub(crate) signatures: Signatures,
    /// Counts the sessions that were ended: a remembered one is looked up again.
    sessions_ended: Arc<AtomicU64>,
    /// Makes up credentials for WAMP names that nobody has; kept in the store, so that they stay the same.
    pub(crate) decoy_key: [u8; 32],
}

impl Identity {
    /// Compiles the configuration and makes the tables that are missing.
    ///
    /// # Errors
    /// Everything that is wrong with the configuration, at once; or that the store does not serve.
    pub async fn open(
        config: Config,
        store: Store,
        fetch: Arc<dyn Fetch>,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, ConfigError> {
        let means = Means { fetch, clock };
        let state = State::compile(&config, &means, &[])?;
        let unusable = |message: String| ConfigError { faults: vec![Fault { key: "store".into(), message }] };
        records::migrate(&store).await.map_err(|error| unusable(error.to_string()))?;
        let decoy_key = records::key(&store, "wamp decoys").await.map_err(|error| unusable(error.to_string()))?;
        let passwords = Passwords::new();
        let lockout = Lockout::new(Arc::clone(&means.clock));
        let sessions_ended = Arc::default();
        Ok(Arc::new(Self {
            state: ArcSwap::from_pointee(state),
            store,
            means,
            passwords,
            lockout,
            signatures: Signatures::default(),
            sessions_ended,
            decoy_key,
        }))
    }

    /// Checks a configuration without using it, for `crossgate check`. Secrets and key files are read;
    /// nothing is fetched.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn check(config: &Config, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Result<(), ConfigError> {
        State::compile(config, &Means { fetch, clock }, &[]).map(drop)
    }

    /// Replaces the configuration, whole or not at all. Whatever was remembered about credentials is
    /// forgotten; fetched key sets are kept.
    ///
    /// # Errors
    /// Everything that is wrong with it; then the old one stays in force.
    #[expect(clippy::needless_pass_by_value, reason = "a configuration is handed over, as to `open`")]
    pub fn reload(&self, config: Config) -> Result<(), ConfigError> {
        let state = State::compile(&config, &self.means, &self.state.load().remotes)?;
        self.state.store(Arc::new(state));
        Ok(())
    }

    /// Fetches every key set that has not been fetched yet, so that the first callers do not wait; the
    /// addresses of those that cannot be had.
    pub async fn warm(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for jwks in &self.state.load_full().remotes {
            if !jwks.warm().await {
                missing.push(jwks.settings().url.clone());
            }
        }
        missing
    }

    /// The grants in force.
    pub fn grants(&self) -> Arc<Grants> {
        Arc::clone(&self.state.load().grants)
    }

    /// A part of the program that acts on its own, as its configuration says, with one role.
    pub fn agent(&self, realm: &Realm, name: &str, role: &str) -> Arc<Caller> {
        Arc::new(Caller::vouch(Vouched {
            id: name.into(),
            roles: vec![role.into()],
            realm: realm.clone(),
            proof: Proof::Local,
            expires: None,
            certificate: None,
        }))
    }

    /// Somebody at this machine who may run the program on its data directory. The operating system
    /// has checked.
    pub fn local(&self, realm: &Realm, user: &str) -> Arc<Caller> {
        Arc::new(Caller::vouch(Vouched {
            id: user.into(),
            roles: vec![OPERATOR.into()],
            realm: realm.clone(),
            proof: Proof::Local,
            expires: None,
            certificate: None,
        }))
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").finish_non_exhaustive()
    }
}
