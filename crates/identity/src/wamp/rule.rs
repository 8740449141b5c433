//! Who decides what a session may: static grants, or an authorizer.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Caller, Realm};

use crate::config::{Action, Match};
use crate::grants::Pattern;
use crate::identity::Identity;

/// A procedure that decides what the sessions of a role may do.
#[derive(Clone, Debug)]
pub struct WampAuthorizer {
    /// Its URI, registered in the session's own realm.
    pub procedure: Arc<str>,
    /// In whose name it is called.
    pub caller: Arc<Caller>,
    /// The role that it decides for: answers with `cache` are remembered by realm, this role, URI, action and
    /// match policy.
    pub role: Arc<str>,
    /// How long it may take, all attempts at further callees included.
    pub timeout: Duration,
    /// How long an answer with `cache` is remembered.
    pub cache_ttl: Duration,
    /// How many of them are, in a realm.
    pub cache_entries_max: u64,
}

/// Who decides about a request.
#[derive(Clone, Debug)]
pub enum WampRule {
    /// The grants, and they permit it.
    Permit,
    /// The grants, and they do not.
    Refuse,
    /// An authorizer.
    Ask(WampAuthorizer),
}

impl Identity {
    /// Who decides whether holders of the roles may do this: what the grants permit or deny, they decide.
    /// About the rest, the authorizer of the first role that has one is asked. It is never asked who may
    /// register what authenticates or authorizes: an authorizer does not authorize itself.
    pub fn wamp_rule(&self, realm: &Realm, roles: &[Arc<str>], action: Action, uri: &str, kind: Match) -> WampRule {
        let state = self.state.load();
        let permitted = match kind {
            Match::Exact => state.grants.permits(roles, action, uri),
            Match::Prefix | Match::Wildcard => state.grants.permits_pattern(roles, action, uri, kind),
        };
        if permitted {
            return WampRule::Permit;
        }
        let Some(role) = roles.iter().find(|role| state.wamp.authorizers.contains_key(*role)) else {
            return WampRule::Refuse;
        };
        let Ok(wanted) = Pattern::requested(uri, kind) else { return WampRule::Refuse };
        let decides = action == Action::Register && state.wamp.deciding.iter().any(|uri| uri.overlaps(&wanted));
        if decides || state.grants.forbids(roles, action, &wanted) {
            return WampRule::Refuse;
        }
        self.wamp_authorizer(realm, role).map_or(WampRule::Refuse, WampRule::Ask)
    }

    /// The authorizer of a role, if it has one.
    pub fn wamp_authorizer(&self, realm: &Realm, role: &str) -> Option<WampAuthorizer> {
        let state = self.state.load();
        let (role, procedure) = state.wamp.authorizers.get_key_value(role)?;
        Some(WampAuthorizer {
            procedure: Arc::clone(&procedure.name),
            caller: procedure.caller(realm),
            role: Arc::clone(role),
            timeout: procedure.timeout,
            cache_ttl: state.wamp.cache_ttl,
            cache_entries_max: state.wamp.cache_entries_max,
        })
    }
}
