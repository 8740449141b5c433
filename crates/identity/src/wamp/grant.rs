//! From proof to session: the one way to WELCOME.

use std::sync::Arc;

use crossgate_call::{Caller, Proof, Realm, Vouched};
use crossgate_wamp::Map;
use crossgate_wamp::uris::error;
use jiff::Timestamp;

use super::attempt::Base;
use super::method::WampMethod;
use super::step::{WampStep, WampWelcome, abort};
use crate::grants::OPERATOR;
use crate::identity::Identity;

/// The role of a router's own sessions in other routers: it may do everything and is hidden. Nobody gets it.
pub(super) const TRUSTED: &str = "trusted";

/// Roles that no authenticator and no principal gives.
pub(super) fn is_reserved(role: &str) -> bool {
    role == TRUSTED || role == OPERATOR
}

/// Who somebody has proved to be.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    /// The caller's name in grants, limits and the audit log.
    pub(super) id: Arc<str>,
    /// The name that the session goes by.
    pub(super) authid: Arc<str>,
    /// The roles; the session goes by the first one unless the client asks for another of them.
    pub(super) roles: Vec<Arc<str>>,
    pub(super) realm: Realm,
    pub(super) provider: &'static str,
    pub(super) extra: Map,
    pub(super) proof: Proof,
    pub(super) expires: Option<Timestamp>,
}

impl Granted {
    /// Somebody with one role and one name.
    pub(super) fn new(
        authid: Arc<str>,
        role: Arc<str>,
        realm: Realm,
        provider: &'static str,
        method: WampMethod,
    ) -> Self {
        Self {
            id: Arc::clone(&authid),
            authid,
            roles: vec![role],
            realm,
            provider,
            extra: Map::new(),
            proof: method.proof(),
            expires: None,
        }
    }

    /// What the HTTP doors know about a caller.
    pub(super) fn of(caller: &Caller, provider: &'static str) -> Self {
        Self {
            id: Arc::clone(caller.id()),
            authid: Arc::clone(caller.id()),
            roles: caller.roles().to_vec(),
            realm: caller.realm().clone(),
            provider,
            extra: Map::new(),
            proof: caller.proof(),
            expires: caller.expires(),
        }
    }
}

impl Identity {
    /// Begins the session, with `more` in WELCOME's `authextra` that no later session gets.
    pub(super) fn welcome(&self, base: &Base, granted: Granted, more: &Map) -> WampStep {
        let roles = match session_roles(&granted.roles, base.authrole.as_deref()) {
            Ok(roles) => roles,
            Err(message) => return abort(error::NO_SUCH_ROLE, message),
        };
        let Some(authrole) = roles.first().cloned() else { return abort(error::NO_SUCH_ROLE, NO_ROLE) };
        base.transport.attempts.succeeded();
        let now = self.means.clock.now();
        if let (Some(cookie), Some(lifetime_s)) = (&base.transport.cookie, base.set.cookie_lifetime_s)
            && !matches!(base.method, WampMethod::Anonymous | WampMethod::Cookie)
        {
            base.state.wamp.cookies.remember(cookie, &granted, lifetime_s, now);
        }
        let certificate = base.transport.certificate.as_ref().map(|certificate| Arc::clone(certificate.sha256()));
        let caller = Arc::new(Caller::vouch(Vouched {
            id: granted.id,
            roles,
            realm: granted.realm,
            proof: granted.proof,
            expires: granted.expires,
            certificate,
        }));
        WampStep::Welcome(Box::new(WampWelcome {
            caller,
            authid: granted.authid,
            authrole,
            authmethod: base.method.as_str(),
            authprovider: granted.provider,
            authextra: more.iter().fold(granted.extra, |extra, (key, value)| extra.with(key, value.clone())),
        }))
    }
}

const NO_ROLE: &str = "the credentials give no role here";

/// The roles of a session, the one that it goes by first. A client that asks for a role gets that one
/// alone, if it holds it.
fn session_roles(held: &[Arc<str>], asked: Option<&str>) -> Result<Vec<Arc<str>>, &'static str> {
    if held.iter().any(|role| &**role == TRUSTED) {
        tracing::error!("somebody's credentials give the role `{TRUSTED}`, which nobody can have");
        return Err(NO_ROLE);
    }
    match asked {
        None if held.is_empty() => Err(NO_ROLE),
        None => Ok(held.to_vec()),
        Some(asked) => match held.iter().find(|role| &***role == asked) {
            Some(role) => Ok(vec![Arc::clone(role)]),
            None => Err("the credentials do not give the role that was asked for"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    #[test]
    fn a_session_goes_by_a_role_that_it_holds() {
        assert_eq!(session_roles(&roles(&["a", "b"]), None), Ok(roles(&["a", "b"])));
        assert_eq!(session_roles(&roles(&["a", "b"]), Some("b")), Ok(roles(&["b"])));
        assert!(session_roles(&roles(&["a", "b"]), Some("c")).is_err());
        assert!(session_roles(&[], None).is_err());
        assert!(session_roles(&roles(&["a", TRUSTED]), Some("a")).is_err());
    }
}
