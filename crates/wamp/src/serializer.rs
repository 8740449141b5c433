//! Serializers as peers name them, and several messages in one frame.

mod batch;

pub use batch::{BATCH_MESSAGES_MAX, Batch, JSON_SEPARATOR, append, split};

use crate::wire::Format;

/// What follows `wamp.2.` in a WebSocket subprotocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Serializer {
    /// How each message is written.
    pub format: Format,
    /// Whether one frame holds several messages.
    pub batched: bool,
}

impl Serializer {
    /// All of them. Batched JSON stands last: of its two separators in use only one is the specification's.
    pub const ALL: [Self; 6] = [
        Self { format: Format::Cbor, batched: true },
        Self { format: Format::Cbor, batched: false },
        Self { format: Format::MessagePack, batched: true },
        Self { format: Format::MessagePack, batched: false },
        Self { format: Format::Json, batched: false },
        Self { format: Format::Json, batched: true },
    ];

    /// The WebSocket subprotocol.
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match (self.format, self.batched) {
            (Format::Json, false) => "wamp.2.json",
            (Format::Json, true) => "wamp.2.json.batched",
            (Format::MessagePack, false) => "wamp.2.msgpack",
            (Format::MessagePack, true) => "wamp.2.msgpack.batched",
            (Format::Cbor, false) => "wamp.2.cbor",
            (Format::Cbor, true) => "wamp.2.cbor.batched",
        }
    }

    /// The serializer of a subprotocol.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|serializer| serializer.subprotocol() == name)
    }

    /// The first of the client's `offers` that is `enabled`: the order is the client's.
    #[must_use]
    pub fn choose<'a>(offers: impl IntoIterator<Item = &'a str>, enabled: &[Self]) -> Option<Self> {
        offers.into_iter().filter_map(|name| Self::from_subprotocol(name.trim())).find(|found| enabled.contains(found))
    }
}
