//! What the router knows about the connection of a peer.

use std::sync::Arc;

use crossgate_call::Realm;
use crossgate_identity::WampTransport;
use crossgate_wamp::wire::Format;

/// A connection, as the door that took it describes it.
#[derive(Clone, Debug)]
pub struct Transport {
    /// How messages are written.
    pub format: Format,
    /// The realms that the listener serves; `None`: all.
    pub realms: Option<Vec<Realm>>,
    /// The largest message that the peer receives, in bytes.
    pub message_bytes_max: usize,
    /// Who is at its other end, as far as that is known before HELLO.
    pub client: Arc<WampTransport>,
}

impl Transport {
    /// Whether the listener serves a realm.
    pub fn serves(&self, realm: &Realm) -> bool {
        self.realms.as_ref().is_none_or(|realms| realms.contains(realm))
    }
}
