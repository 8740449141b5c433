//! What can go wrong, told apart as far as a caller would do something else about it.

use std::fmt;

use crossgate_wamp::message::Error as Message;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Map, Value};

use crate::arguments::Arguments;
use crate::target::TargetError;

/// An error that the router, or the callee behind it, answered; or one that a handler answers.
#[derive(Debug, Clone, PartialEq)]
pub struct WampError {
    /// What went wrong: `wamp.error.no_such_procedure`.
    pub uri: String,
    /// Its positional arguments; by custom the first is a sentence.
    pub args: Vec<Value>,
    /// Its keyword arguments.
    pub kwargs: Map,
}

impl WampError {
    /// An error of a handler, with a sentence for the caller.
    #[must_use]
    pub fn new(uri: &str, sentence: impl Into<String>) -> Self {
        Self { uri: uri.to_owned(), args: vec![Value::Text(sentence.into())], kwargs: Map::new() }
    }

    pub(crate) fn of(message: &Message) -> Self {
        let Arguments { args, kwargs } = Arguments::read_or_none(&message.payload);
        Self { uri: message.error.to_string(), args, kwargs }
    }
}

impl fmt::Display for WampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.args.first().and_then(Value::as_text) {
            Some(sentence) => write!(f, "{}: {sentence}", self.uri),
            None => f.write_str(&self.uri),
        }
    }
}

impl std::error::Error for WampError {}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ended {
    /// As was asked here, and the router agreed.
    #[error("the session was left")]
    Left,
    /// The router said GOODBYE.
    #[error("the router ended the session ({reason}){}", with(.message.as_deref()))]
    Goodbye {
        /// Why, as a URI.
        reason: String,
        /// In words.
        message: Option<String>,
    },
    /// The router gave up: something was wrong with what this side said.
    #[error("the router broke the session off ({reason}){}", with(.message.as_deref()))]
    Aborted {
        /// Why, as a URI.
        reason: String,
        /// In words.
        message: Option<String>,
    },
    /// The router said what it may not say.
    #[error("the router broke the protocol: {0}")]
    Violation(String),
    /// The connection is gone.
    #[error("the connection was lost: {0}")]
    Lost(String),
}

fn with(message: Option<&str>) -> String {
    message.map(|words| format!(": {words}")).unwrap_or_default()
}

/// Why something did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It was asked for in a way that cannot work.
    #[error("{0}")]
    Usage(String),
    /// The address is none.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// Nobody answers there.
    #[error("cannot connect to {target}: {why}")]
    Connect {
        /// Where.
        target: String,
        /// Why.
        why: String,
    },
    /// Who answers there does not speak WAMP, or not with us.
    #[error("{0}")]
    Handshake(String),
    /// The router refuses the session.
    #[error("the router refuses the session: {reason}{}", with(.message.as_deref()))]
    Refused {
        /// Why, as a URI.
        reason: String,
        /// In words.
        message: Option<String>,
    },
    /// The router, or who stands behind it, answered with an error.
    #[error(transparent)]
    Wamp(#[from] WampError),
    /// What was to be sent is larger than the router takes, or what came is larger than is taken here.
    #[error("the message has {bytes} bytes, and {max} are the most")]
    TooLarge {
        /// How large it is.
        bytes: usize,
        /// How large it may be.
        max: usize,
    },
    /// So many requests wait for their answers that no more are taken.
    #[error("{0} requests wait for their answers; wait for some of them")]
    Busy(usize),
    /// There is no session any more.
    #[error(transparent)]
    Ended(#[from] Ended),
}

impl Error {
    /// Whether trying again later may help: nobody answered, or the router was not able to. A wrong password stays one.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Ended(_) | Self::Busy(_) => true,
            Self::Refused { reason, .. } => [uri::UNAVAILABLE, uri::AUTHENTICATION_FAILED].contains(&reason.as_str()),
            _ => false,
        }
    }
}
