//! What holds for one connection, and what is known of who is at its other end.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::Realm;
use crossgate_identity::WampTransport;
use crossgate_router::realm::Transport;
use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::wire::Format;

use crate::config::Wamp;

/// The form of what has none: for tests, which do not look at it.
const NO_FORM: Serializer = Serializer { format: Format::Json, batched: false };

/// How long a peer is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// For it to join a realm.
    pub(crate) join: Duration,
    /// Between two looks whether it is alive; `None` never looks.
    pub(crate) ping: Option<Duration>,
    /// For it to take some of what is being sent.
    pub(crate) send: Duration,
    /// For its answer to GOODBYE.
    pub(crate) goodbye: Duration,
}

impl Terms {
    /// What the listener says. `pings`: whether this peer may be asked.
    pub(crate) fn new(wamp: &Wamp, pings: bool) -> Self {
        Self { join: wamp.join(), ping: wamp.ping().filter(|_| pings), send: wamp.send(), goodbye: wamp.goodbye() }
    }
}

/// What the transport knows of a connection.
pub(crate) struct Facts {
    /// How messages stand in frames; `None` for a peer that only gets its own back.
    pub(crate) form: Option<Serializer>,
    pub(crate) client: WampTransport,
    /// The largest message that the peer takes, in bytes.
    pub(crate) message_bytes_max: usize,
}

impl Facts {
    /// What the router is told, by the rules of a listener.
    pub(super) fn transport(self, wamp: &Wamp) -> Transport {
        let realms = wamp.realms.as_ref().map(|names| names.iter().map(|name| Realm::new(name.as_str())).collect());
        let form = self.form.unwrap_or(NO_FORM);
        let client = WampTransport { methods: wamp.methods.clone(), protocol: form.subprotocol(), ..self.client };
        Transport { format: form.format, realms, message_bytes_max: self.message_bytes_max, client: Arc::new(client) }
    }
}
