//! All messages of WAMP v2, with their fields.

mod decode;
mod encode;

pub use decode::DecodeError;

use crate::dict::Dict;
use crate::id::Id;
use crate::payload::Payload;
use crate::text::Text;

/// The type of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names and numbers are the specification's")]
#[repr(u16)]
pub enum Kind {
    Hello = 1,
    Welcome = 2,
    Abort = 3,
    Challenge = 4,
    Authenticate = 5,
    Goodbye = 6,
    Error = 8,
    Publish = 16,
    Published = 17,
    Subscribe = 32,
    Subscribed = 33,
    Unsubscribe = 34,
    Unsubscribed = 35,
    Event = 36,
    Call = 48,
    Cancel = 49,
    Result = 50,
    Register = 64,
    Registered = 65,
    Unregister = 66,
    Unregistered = 67,
    Invocation = 68,
    Interrupt = 69,
    Yield = 70,
    EventReceived = 337,
}

impl Kind {
    /// All of them, by number.
    pub const ALL: [Self; 25] = [
        Self::Hello,
        Self::Welcome,
        Self::Abort,
        Self::Challenge,
        Self::Authenticate,
        Self::Goodbye,
        Self::Error,
        Self::Publish,
        Self::Published,
        Self::Subscribe,
        Self::Subscribed,
        Self::Unsubscribe,
        Self::Unsubscribed,
        Self::Event,
        Self::Call,
        Self::Cancel,
        Self::Result,
        Self::Register,
        Self::Registered,
        Self::Unregister,
        Self::Unregistered,
        Self::Invocation,
        Self::Interrupt,
        Self::Yield,
        Self::EventReceived,
    ];

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> u64 {
        self as u64
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: u64) -> Option<Self> {
        Self::ALL.binary_search_by_key(&code, |kind| kind.code()).ok().map(|index| Self::ALL[index])
    }

    /// The name in the specification.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hello => "HELLO",
            Self::Welcome => "WELCOME",
            Self::Abort => "ABORT",
            Self::Challenge => "CHALLENGE",
            Self::Authenticate => "AUTHENTICATE",
            Self::Goodbye => "GOODBYE",
            Self::Error => "ERROR",
            Self::Publish => "PUBLISH",
            Self::Published => "PUBLISHED",
            Self::Subscribe => "SUBSCRIBE",
            Self::Subscribed => "SUBSCRIBED",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Unsubscribed => "UNSUBSCRIBED",
            Self::Event => "EVENT",
            Self::Call => "CALL",
            Self::Cancel => "CANCEL",
            Self::Result => "RESULT",
            Self::Register => "REGISTER",
            Self::Registered => "REGISTERED",
            Self::Unregister => "UNREGISTER",
            Self::Unregistered => "UNREGISTERED",
            Self::Invocation => "INVOCATION",
            Self::Interrupt => "INTERRUPT",
            Self::Yield => "YIELD",
            Self::EventReceived => "EVENT_RECEIVED",
        }
    }
}

/// One message. Options and details are read when somebody asks for them (see [`crate::options`]).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the specification's")]
pub enum Message {
    Hello { realm: Text, details: Dict },
    Welcome { session: Id, details: Dict },
    Abort { details: Dict, reason: Text, payload: Payload },
    Challenge { method: Text, extra: Dict },
    Authenticate { signature: Text, extra: Dict },
    Goodbye { details: Dict, reason: Text },
    Error(Error),
    Publish(Publish),
    Published { request: Id, publication: Id },
    Subscribe { request: Id, options: Dict, topic: Text },
    Subscribed { request: Id, subscription: Id },
    Unsubscribe { request: Id, subscription: Id },
    Unsubscribed(Removed),
    Event(Event),
    Call(Call),
    Cancel { request: Id, options: Dict },
    Result(CallResult),
    Register { request: Id, options: Dict, procedure: Text },
    Registered { request: Id, registration: Id },
    Unregister { request: Id, registration: Id },
    Unregistered(Removed),
    Invocation(Invocation),
    Interrupt { request: Id, options: Dict },
    Yield(Yield),
    EventReceived { publication: Id },
}

/// ERROR: the answer to a request that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Which kind of request.
    pub request_kind: Kind,
    /// Which request.
    pub request: Id,
    /// [`crate::options::Passthru`] and what applications add.
    pub details: Dict,
    /// What went wrong.
    pub error: Text,
    /// The application's arguments.
    pub payload: Payload,
}

/// PUBLISH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The request.
    pub request: Id,
    /// [`crate::options::PublishOptions`].
    pub options: Dict,
    /// Where to.
    pub topic: Text,
    /// The event's arguments.
    pub payload: Payload,
}

/// EVENT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Under which subscription.
    pub subscription: Id,
    /// Which publication.
    pub publication: Id,
    /// [`crate::options::EventDetails`].
    pub details: Dict,
    /// The event's arguments.
    pub payload: Payload,
}

/// CALL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The request.
    pub request: Id,
    /// [`crate::options::CallOptions`].
    pub options: Dict,
    /// What to call.
    pub procedure: Text,
    /// The arguments.
    pub payload: Payload,
}

/// RESULT: a call's answer, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallResult {
    /// The CALL's request.
    pub request: Id,
    /// [`crate::options::ResultDetails`].
    pub details: Dict,
    /// The results.
    pub payload: Payload,
}

/// INVOCATION: a call on its way to a callee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The request, of the dealer's session with the callee.
    pub request: Id,
    /// Under which registration.
    pub registration: Id,
    /// [`crate::options::InvocationDetails`].
    pub details: Dict,
    /// The arguments.
    pub payload: Payload,
}

/// YIELD: a callee's answer, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yield {
    /// The INVOCATION's request.
    pub request: Id,
    /// [`crate::options::YieldOptions`].
    pub options: Dict,
    /// The results.
    pub payload: Payload,
}

/// UNSUBSCRIBED or UNREGISTERED.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// As the client asked with this request.
    Asked(Id),
    /// By the router: request 0, and [`crate::options::Revocation`].
    Revoked(Dict),
}

impl Message {
    /// Its type.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Hello { .. } => Kind::Hello,
            Self::Welcome { .. } => Kind::Welcome,
            Self::Abort { .. } => Kind::Abort,
            Self::Challenge { .. } => Kind::Challenge,
            Self::Authenticate { .. } => Kind::Authenticate,
            Self::Goodbye { .. } => Kind::Goodbye,
            Self::Error(_) => Kind::Error,
            Self::Publish(_) => Kind::Publish,
            Self::Published { .. } => Kind::Published,
            Self::Subscribe { .. } => Kind::Subscribe,
            Self::Subscribed { .. } => Kind::Subscribed,
            Self::Unsubscribe { .. } => Kind::Unsubscribe,
            Self::Unsubscribed(_) => Kind::Unsubscribed,
            Self::Event(_) => Kind::Event,
            Self::Call(_) => Kind::Call,
            Self::Cancel { .. } => Kind::Cancel,
            Self::Result(_) => Kind::Result,
            Self::Register { .. } => Kind::Register,
            Self::Registered { .. } => Kind::Registered,
            Self::Unregister { .. } => Kind::Unregister,
            Self::Unregistered(_) => Kind::Unregistered,
            Self::Invocation(_) => Kind::Invocation,
            Self::Interrupt { .. } => Kind::Interrupt,
            Self::Yield(_) => Kind::Yield,
            Self::EventReceived { .. } => Kind::EventReceived,
        }
    }
}
