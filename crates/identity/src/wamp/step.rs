//! What there is to do next about a client that wants to join.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Caller, Realm};
use crossgate_wamp::id::Id;
use crossgate_wamp::session::HelloDetails;
use crossgate_wamp::{Map, Value};

use super::attempt::{WampAsked, WampAttempt};

/// A client's HELLO.
#[derive(Clone, Copy, Debug)]
pub struct WampHello<'a> {
    /// The realm that it wants to join. The router has checked that it exists and that the listener serves it.
    pub realm: &'a Realm,
    /// The id that the session will have.
    pub session: Id,
    /// What the client says about itself.
    pub details: &'a HelloDetails,
}

/// What there is to do next.
#[derive(Debug)]
pub enum WampStep {
    /// The session begins.
    Welcome(Box<WampWelcome>),
    /// Send CHALLENGE; AUTHENTICATE goes to [`crate::Identity::wamp_answer`].
    Challenge {
        /// CHALLENGE.AuthMethod.
        method: &'static str,
        /// CHALLENGE.Extra.
        extra: Map,
        /// What to answer with; it can be answered once.
        attempt: WampAttempt,
    },
    /// Call an authenticator; how that ended goes to [`crate::Identity::wamp_decided`].
    Ask(Box<WampAsk>),
    /// Send ABORT, and let nothing follow on this connection.
    Abort {
        /// ABORT.Reason.
        uri: Cow<'static, str>,
        /// ABORT.Details.message.
        message: String,
    },
}

/// As whom a session begins.
#[derive(Clone, Debug)]
pub struct WampWelcome {
    /// The caller; its realm is the one to join, which an authenticator may have changed: the router
    /// checks that it exists. When `caller.expires()` has passed, the session must end.
    pub caller: Arc<Caller>,
    /// WELCOME.Details.authid.
    pub authid: Arc<str>,
    /// WELCOME.Details.authrole.
    pub authrole: Arc<str>,
    /// WELCOME.Details.authmethod.
    pub authmethod: &'static str,
    /// WELCOME.Details.authprovider: `static`, `dynamic`, `token` or `session`.
    pub authprovider: &'static str,
    /// WELCOME.Details.authextra.
    pub authextra: Map,
}

/// A call of an authenticator.
#[derive(Debug)]
pub struct WampAsk {
    /// The authenticator.
    pub procedure: Arc<str>,
    /// The realm in which it is called. If there is none of that name, answer with
    /// [`WampAskError::no_such_realm`].
    pub realm: Realm,
    /// In whose name it is called.
    pub caller: Arc<Caller>,
    /// Its positional arguments: realm, authid, details.
    pub args: [Value; 3],
    /// How long it may take, all attempts at further callees included.
    pub timeout: Duration,
    /// To be given back with the result.
    pub asked: WampAsked,
}

/// How a call of an authenticator failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WampAskError {
    /// The error's URI.
    pub uri: String,
    /// Its first positional argument as text, if there is one.
    pub message: Option<String>,
}

impl WampAskError {
    /// The authenticator's realm does not exist.
    #[must_use]
    pub fn no_such_realm(realm: &Realm) -> Self {
        Self {
            uri: crossgate_wamp::uris::error::NO_SUCH_REALM.to_owned(),
            message: Some(format!("explicit realm <{realm}> configured for dynamic authenticator does not exist")),
        }
    }
}

/// ABORT for a reason of ours.
pub(super) fn abort(uri: &'static str, message: impl Into<String>) -> WampStep {
    WampStep::Abort { uri: uri.into(), message: message.into() }
}
