//! HELLO … WELCOME, as a client sees it.

use crate::dict::{Dict, OptionError};
use crate::id::Id;
use crate::message::{Kind, Message};
use crate::session::{HelloDetails, Welcome};
use crate::text::Text;
use crate::value::{Map, Value};
use crate::wire::{Format, WireError};

/// The most challenges of one HELLO: each method in use has one.
const CHALLENGES_MAX: u8 = 8;

/// What the router did that it may not do, before there was a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinFault {
    /// A message that may not come now.
    #[error("unexpected {} message", .0.name())]
    Unexpected(Kind),
    /// Details that cannot be read.
    #[error(transparent)]
    Details(#[from] OptionError),
    /// A dictionary that cannot be held in memory.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// It asks again and again.
    #[error("more than {CHALLENGES_MAX} challenges")]
    Challenges,
}

/// What a client has to do about a message, before there is a session.
#[derive(Debug, PartialEq)]
pub enum JoinStep {
    /// Answer with [`Join::authenticate`].
    Challenge {
        /// The method.
        method: Text,
        /// What it asks for.
        extra: Map,
    },
    /// There is a session: go on with [`super::Client`].
    Welcome {
        /// Its id.
        session: Id,
        /// What the router says.
        welcome: Box<Welcome>,
    },
    /// The router refuses.
    Refused {
        /// Why, as a URI.
        reason: String,
        /// In words, where it gives some.
        message: Option<String>,
    },
}

/// The way into a session.
#[derive(Debug)]
pub struct Join {
    format: Format,
    challenges: u8,
}

impl Join {
    /// Begins, with the HELLO to send.
    #[must_use]
    pub fn begin(format: Format, realm: &str, details: &HelloDetails) -> (Self, Message) {
        let hello = Message::Hello { realm: Text::from(realm), details: details.to_dict(format) };
        (Self { format, challenges: 0 }, hello)
    }

    /// The answer to a challenge.
    #[must_use]
    pub fn authenticate(&self, signature: &str, extra: &Map) -> Message {
        Message::Authenticate { signature: Text::from(signature), extra: Dict::from_map(self.format, extra) }
    }

    /// Takes a message of the router.
    ///
    /// # Errors
    /// It may not come now, or cannot be read: the connection is of no use.
    pub fn receive(&mut self, message: Message) -> Result<JoinStep, JoinFault> {
        match message {
            Message::Challenge { method, extra } => {
                self.challenges += 1;
                if self.challenges > CHALLENGES_MAX {
                    return Err(JoinFault::Challenges);
                }
                Ok(JoinStep::Challenge { method, extra: extra.to_map()? })
            }
            Message::Welcome { session, details } => {
                Ok(JoinStep::Welcome { session, welcome: Box::new(Welcome::read(&details)?) })
            }
            Message::Abort { details, reason, .. } => {
                Ok(JoinStep::Refused { reason: reason.to_string(), message: words(&details) })
            }
            other => Err(JoinFault::Unexpected(other.kind())),
        }
    }
}

/// The words that ABORT and GOODBYE may bring.
pub(super) fn words(details: &Dict) -> Option<String> {
    let details = details.to_map().ok()?;
    details.get("message").and_then(Value::as_text).map(str::to_owned)
}
