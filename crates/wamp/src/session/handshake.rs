//! Who may say what when, on the router's side of a connection.

use crate::dict::{Dict, OptionError};
use crate::message::{Kind, Message};
use crate::session::HelloDetails;
use crate::text::Text;
use crate::uri::is_realm;
use crate::{uris, wire::Format};

/// Where a connection is in the life of its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No session: a HELLO is due.
    Closed,
    /// A HELLO came, and the router decides.
    Opening,
    /// A CHALLENGE was sent, and an AUTHENTICATE is due.
    Challenged,
    /// The answer to the challenge came, and the router decides.
    Deciding,
    /// There is a session.
    Open,
    /// The router said GOODBYE first, and the client's is due.
    Closing,
    /// Nothing more is said on this connection.
    Aborted,
}

/// A breach of the protocol: the connection's session ends with ABORT.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A message that may not come now.
    #[error("unexpected {} message", .0.name())]
    Unexpected(Kind),
    /// HELLO with details that cannot be read.
    #[error(transparent)]
    Details(#[from] OptionError),
}

impl Violation {
    /// The ABORT to answer with.
    #[must_use]
    pub fn to_abort(&self, format: Format) -> Message {
        abort(format, uris::error::PROTOCOL_VIOLATION, &self.to_string())
    }
}

/// ABORT with a reason and words.
#[must_use]
pub fn abort(format: Format, reason: &str, message: &str) -> Message {
    let details = Dict::from_map(format, &crate::Map::new().with("message", message));
    Message::Abort { details, reason: Text::from(reason), payload: crate::Payload::empty(format) }
}

/// What the router has to do about a message.
#[derive(Debug, PartialEq)]
pub enum Step {
    /// Decide on the client's HELLO: then [`Handshake::challenge`], [`Handshake::welcome`] or [`Handshake::abort`].
    Hello {
        /// The realm it asks for, which is a valid name.
        realm: Text,
        /// What it says about itself.
        details: Box<HelloDetails>,
    },
    /// The realm's name is none: refuse with `wamp.error.no_such_realm`.
    InvalidRealm(Text),
    /// Check the answer to the challenge: then [`Handshake::challenge`], [`Handshake::welcome`] or [`Handshake::abort`].
    Authenticate {
        /// The answer.
        signature: Text,
        /// What comes with it.
        extra: Dict,
    },
    /// Route the message: it is one that clients may send in a session.
    Route(Message),
    /// End the session, and answer with [`Message::Goodbye`] for `wamp.close.goodbye_and_out`.
    Goodbye {
        /// The client's reason.
        reason: Text,
    },
    /// Both sides said GOODBYE: end the session.
    Left,
    /// The client gave up: end the session, and answer nothing.
    Aborted {
        /// The client's reason.
        reason: Text,
    },
    /// The message crossed the router's own GOODBYE: drop it.
    Ignore,
}

/// The router's side of one connection.
#[derive(Debug, Clone)]
pub struct Handshake {
    state: State,
}

impl Default for Handshake {
    fn default() -> Self {
        Self { state: State::Closed }
    }
}

impl Handshake {
    /// Where the connection is.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Takes a message of the client.
    ///
    /// # Errors
    /// The client broke the protocol; the connection is in [`State::Aborted`] from then on.
    pub fn receive(&mut self, message: Message) -> Result<Step, Violation> {
        let step = self.judge(message);
        if step.is_err() {
            self.state = State::Aborted;
        }
        step
    }

    fn judge(&mut self, message: Message) -> Result<Step, Violation> {
        let unexpected = Violation::Unexpected(message.kind());
        match (self.state, message) {
            (State::Aborted, _) => Err(unexpected),
            (_, Message::Abort { reason, .. }) => {
                self.state = State::Aborted;
                Ok(Step::Aborted { reason })
            }
            (State::Closed, Message::Hello { realm, details }) => {
                self.state = State::Opening;
                if !is_realm(&realm) {
                    return Ok(Step::InvalidRealm(realm));
                }
                Ok(Step::Hello { realm, details: Box::new(HelloDetails::read(&details)?) })
            }
            (State::Challenged, Message::Authenticate { signature, extra }) => {
                self.state = State::Deciding;
                Ok(Step::Authenticate { signature, extra })
            }
            (State::Open, Message::Goodbye { reason, .. }) => {
                self.state = State::Closed;
                Ok(Step::Goodbye { reason })
            }
            (State::Open, message) if from_client(&message) => Ok(Step::Route(message)),
            (State::Closing, Message::Goodbye { .. }) => {
                self.state = State::Closed;
                Ok(Step::Left)
            }
            // What the client sent before it saw the router's GOODBYE is lost, and no fault.
            (State::Closing, message) if from_client(&message) => Ok(Step::Ignore),
            _ => Err(unexpected),
        }
    }

    /// The router challenges the client; `false` when this is not the time for it, and then nothing must be sent.
    #[must_use]
    pub const fn challenge(&mut self) -> bool {
        self.turn(State::Challenged)
    }

    /// The router welcomes the client; `false` when this is not the time for it.
    #[must_use]
    pub const fn welcome(&mut self) -> bool {
        self.turn(State::Open)
    }

    const fn turn(&mut self, next: State) -> bool {
        let decides = matches!(self.state, State::Opening | State::Deciding);
        if decides {
            self.state = next;
        }
        decides
    }

    /// The router refuses the client, or ends the session for a fault: nothing more is said.
    pub const fn abort(&mut self) {
        self.state = State::Aborted;
    }

    /// The router says GOODBYE first; `false` when there is no session.
    #[must_use]
    pub const fn goodbye(&mut self) -> bool {
        let is_open = matches!(self.state, State::Open);
        if is_open {
            self.state = State::Closing;
        }
        is_open
    }
}

/// Whether a client may send this in a session, GOODBYE and ABORT apart.
const fn from_client(message: &Message) -> bool {
    match message {
        // A client answers nothing else than invocations with ERROR.
        Message::Error(error) => matches!(error.request_kind, Kind::Invocation),
        Message::Publish(_)
        | Message::Subscribe { .. }
        | Message::Unsubscribe { .. }
        | Message::Call(_)
        | Message::Cancel { .. }
        | Message::Register { .. }
        | Message::Unregister { .. }
        | Message::Yield(_)
        | Message::EventReceived { .. } => true,
        _ => false,
    }
}
