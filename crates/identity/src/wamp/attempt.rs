//! An attempt to join, between two messages. Each can be continued once: it is consumed.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossgate_call::Realm;
use crossgate_wamp::auth::{CraChallenge, CryptosignChallenge, ScramExchange};
use crossgate_wamp::id::Id;
use crossgate_wamp::{Map, Value};
use jiff::Timestamp;
use secrecy::SecretString;

use super::grant::Granted;
use super::method::WampMethod;
use super::principal::Principal;
use super::set::Set;
use super::transport::WampTransport;
use crate::lockout::Guesser;
use crate::state::State;

/// How long a challenge can be answered.
pub const WAMP_CHALLENGE_LIFETIME: Duration = Duration::from_secs(60);

/// What all stages need.
pub(super) struct Base {
    /// The configuration that the attempt began under; another one ends it.
    pub(super) state: Arc<State>,
    pub(super) set: Arc<Set>,
    pub(super) method: WampMethod,
    pub(super) realm: Realm,
    pub(super) session: Id,
    /// What the client asked for.
    pub(super) authid: Option<Arc<str>>,
    pub(super) authrole: Option<String>,
    pub(super) authextra: Map,
    pub(super) transport: Arc<WampTransport>,
    pub(super) began: Instant,
}

impl Base {
    /// The `details` of an authenticator's arguments.
    pub(super) fn details(&self, now: Timestamp) -> Map {
        let extra = if self.authextra.is_empty() { Value::Null } else { self.authextra.clone().into() };
        let details = Map::new()
            .with("session", self.session)
            .with("authmethod", self.method.as_str())
            .with("authextra", extra)
            .with("transport", self.transport.details(now));
        match self.method {
            WampMethod::Anonymous | WampMethod::Cookie | WampMethod::Tls => details,
            _ => details
                .with("authid", self.authid.as_deref().map_or(Value::Null, Value::from))
                .with("authrole", self.authrole.as_deref().map_or(Value::Null, Value::from)),
        }
    }

    /// Whom a failure slows down. Where nothing can be guessed by name, only the source is.
    pub(super) fn guessers(&self, by_name: bool) -> Vec<Guesser> {
        let name = self.authid.as_ref().filter(|_| by_name).map(|name| Guesser::Name(format!("wamp {name}")));
        name.into_iter().chain(self.transport.source.map(|source| Guesser::Source(source.to_string()))).collect()
    }
}

/// What the answer to a challenge is checked with. For nobody who is known, it is made up, fits nothing
/// and costs the same.
pub(super) enum Pending {
    /// A static ticket, or a token.
    Ticket(Option<Arc<Principal>>),
    /// A ticket for an authenticator.
    TicketToAsk,
    Cra {
        challenge: CraChallenge,
        key: SecretString,
        granted: Option<Granted>,
    },
    Scram {
        exchange: Box<ScramExchange>,
        granted: Option<Granted>,
    },
    Cryptosign {
        challenge: CryptosignChallenge,
        key: [u8; 32],
        granted: Option<Granted>,
    },
}

/// A client that has been challenged.
pub struct WampAttempt {
    pub(super) base: Box<Base>,
    pub(super) pending: Box<Pending>,
}

/// A client about whom an authenticator has been asked.
pub struct WampAsked {
    pub(super) base: Box<Base>,
    pub(super) guessers: Vec<Guesser>,
    pub(super) procedure: Arc<str>,
}

impl fmt::Debug for WampAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WampAttempt").field("method", &self.base.method).finish_non_exhaustive()
    }
}

impl fmt::Debug for WampAsked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WampAsked").field("method", &self.base.method).finish_non_exhaustive()
    }
}
