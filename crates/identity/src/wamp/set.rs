//! The WAMP section, compiled: sets of methods, their principals, and the authorizers.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Caller, Proof, Realm, Vouched};
use crossgate_wamp::auth::ScramDialect;

use super::cookie::Cookies;
use super::method::WampMethod;
use super::principal::Principal;
use crate::config;
use crate::grants::Pattern;

/// The set for listeners that have none of their own.
pub(super) const DEFAULT: &str = "default";
/// In whose name authenticators and authorizers are called.
const ROUTER: &str = "crossgate";

/// A procedure that this program asks, and how.
pub(super) struct Procedure {
    pub(super) name: Arc<str>,
    pub(super) role: Arc<str>,
    pub(super) timeout: Duration,
}

impl Procedure {
    /// In whose name it is called.
    pub(super) fn caller(&self, realm: &Realm) -> Arc<Caller> {
        Arc::new(Caller::vouch(Vouched {
            id: ROUTER.into(),
            roles: vec![Arc::clone(&self.role)],
            realm: realm.clone(),
            proof: Proof::Local,
            expires: None,
            certificate: None,
        }))
    }
}

/// A dynamic authenticator.
pub(super) struct Authenticator {
    pub(super) procedure: Procedure,
    pub(super) realm: Option<Realm>,
}

/// A method that is offered.
pub(super) struct Offer {
    pub(super) authenticator: Option<Authenticator>,
    /// The role where nothing else gives one.
    pub(super) role: Option<Arc<str>>,
}

/// A set of methods.
pub(crate) struct Set {
    pub(super) offers: HashMap<WampMethod, Offer>,
    pub(super) errors: config::ErrorUris,
    pub(super) tokens: bool,
    pub(super) cookie_lifetime_s: Option<u64>,
    /// Nobody wrote it down: what does not fit a connection is passed over.
    pub(super) implied: bool,
    pub(super) principals: HashMap<Arc<str>, Arc<Principal>>,
    pub(super) by_key: HashMap<[u8; 32], Arc<Principal>>,
    pub(super) by_certificate: HashMap<[u8; 32], Arc<Principal>>,
    /// Those with a WAMP-CRA secret, in order; what is made up for strangers looks like theirs.
    pub(super) with_cra: Vec<Arc<Principal>>,
    pub(super) with_scram: [Vec<Arc<Principal>>; 2],
}

impl Set {
    pub(super) fn offer(&self, method: WampMethod) -> Option<&Offer> {
        self.offers.get(&method)
    }

    /// Those with a record for clients of the dialect.
    pub(super) fn with_scram(&self, dialect: ScramDialect) -> &[Arc<Principal>] {
        &self.with_scram[usize::from(dialect == ScramDialect::Wamp)]
    }
}

/// Everything about WAMP that the configuration says.
pub(crate) struct Compiled {
    pub(super) sets: HashMap<String, Arc<Set>>,
    pub(super) cookies: Cookies,
    /// By the role that they decide for.
    pub(super) authorizers: HashMap<Arc<str>, Procedure>,
    /// Who may register these decides what others may do; it is never decided dynamically.
    pub(super) deciding: Vec<Pattern>,
    /// The roles that the configuration names: authenticators give no others.
    pub(super) named: BTreeSet<String>,
    pub(super) cache_ttl: Duration,
    pub(super) cache_entries_max: u64,
}

impl Compiled {
    /// The set for a listener.
    pub(super) fn set(&self, listener: &str) -> Option<&Arc<Set>> {
        self.sets.get(listener).or_else(|| self.sets.get(DEFAULT))
    }
}
