//! How to connect, and how far to trust a router.

use std::time::Duration;

use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::wire::Format;

use crate::credential::Credential;
use crate::target::Target;
use crate::tls::Tls;

/// Where to connect, as whom, and how.
#[derive(Debug, Clone)]
pub struct ConnectOptions {
    /// Where the router is.
    pub target: Target,
    /// The realm to join.
    pub realm: String,
    /// How to prove who this is.
    pub credential: Credential,
    /// In which of one's roles to join, where a credential gives several.
    pub authrole: Option<String>,
    /// The forms of messages, the best liked first. Over RawSocket the first one is asked for.
    pub serializers: Vec<Serializer>,
    /// Whom to trust, and what to show.
    pub tls: Tls,
    /// Bind the proof to the TLS connection (`tls-exporter`, RFC 9266): for `cryptosign` and `wamp-scram`, over
    /// TLS 1.3, with routers that know it.
    pub channel_binding: bool,
    /// Connect without TLS to another machine.
    pub allow_plain: bool,
    /// What the client says it is.
    pub agent: String,
    /// Sizes and times.
    pub limits: Limits,
}

/// Sizes and times of one session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// The largest message that is taken, in bytes.
    pub message_bytes_max: usize,
    /// For the connection, with TLS.
    pub connect: Duration,
    /// From there to WELCOME.
    pub join: Duration,
    /// Over WebSocket, a router that is silent for so long is sent a ping, and given up after as long again.
    pub ping: Option<Duration>,
    /// The same for RawSocket. Some routers end the connection at a ping.
    pub rawsocket_ping: bool,
    /// For how long a router may take nothing of what is being sent.
    pub send: Duration,
    /// For the answer to GOODBYE.
    pub goodbye: Duration,
    /// Requests that may wait for their answers.
    pub requests_max: usize,
    /// Events of one subscription, and parts of one call's result, that may wait to be looked at.
    pub queue_items_max: usize,
    /// The same in bytes.
    pub queue_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes_max: 16 * 1024 * 1024,
            connect: Duration::from_secs(10),
            join: Duration::from_secs(30),
            ping: Some(Duration::from_secs(20)),
            rawsocket_ping: false,
            send: Duration::from_secs(30),
            goodbye: Duration::from_secs(5),
            requests_max: 4096,
            queue_items_max: 1024,
            queue_bytes_max: 32 * 1024 * 1024,
        }
    }
}

impl ConnectOptions {
    /// An anonymous session over CBOR, MessagePack or JSON, that trusts whom the system trusts.
    #[must_use]
    pub fn new(target: Target, realm: impl Into<String>) -> Self {
        let plain = |format| Serializer { format, batched: false };
        Self {
            target,
            realm: realm.into(),
            credential: Credential::Anonymous,
            authrole: None,
            serializers: [Format::Cbor, Format::MessagePack, Format::Json].map(plain).to_vec(),
            tls: Tls::default(),
            channel_binding: false,
            allow_plain: false,
            agent: concat!("crossgate-", env!("CARGO_PKG_VERSION")).to_owned(),
            limits: Limits::default(),
        }
    }

    /// Joins as somebody.
    #[must_use]
    pub fn credential(mut self, credential: Credential) -> Self {
        self.credential = credential;
        self
    }

    /// Trusts others, or shows a certificate.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = tls;
        self
    }

    /// Speaks one form of messages only.
    #[must_use]
    pub fn serializer(mut self, serializer: Serializer) -> Self {
        self.serializers = vec![serializer];
        self
    }
}
