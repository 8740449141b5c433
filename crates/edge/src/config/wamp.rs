//! WAMP on a listener: where, in which forms, and how much.

use std::time::Duration;

use crossgate_wamp::rawsocket;
use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::wire::Format;
use schemars::JsonSchema;
use serde::Deserialize;

/// The least that holds a WELCOME, in bytes.
const MESSAGE_BYTES_MIN: usize = 4096;

/// WAMP on a listener: which transports at which paths, in which forms, and how much.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wamp {
    /// The transports that are spoken, all on the listener's one port. All by default.
    pub transports: Vec<WampTransport>,
    /// The path of WebSocket.
    pub path: String,
    /// The path of HTTP long-poll; `/open` and the rest lie below it.
    pub longpoll_path: String,
    /// The serializers that are spoken. All by default.
    pub serializers: Vec<WampSerializer>,
    /// Whether several messages may stand in one WebSocket frame or long-poll answer, for clients that ask for it.
    pub batched: bool,
    /// The realms that can be joined here; all that exist when left out.
    pub realms: Option<Vec<String>>,
    /// The WAMP authentication methods (`anonymous`, `ticket`, `cryptosign`, ...) that can be used here; all that are
    /// configured when left out.
    pub methods: Option<Vec<String>>,
    /// Origins whose pages may connect, besides the listener's own: `https://app.example`; `*` for any. Programs send
    /// none and are not asked.
    pub origins: Vec<String>,
    /// Size of a message, in bytes; 4096 to 16777216. Over RawSocket, the next lower power of two.
    pub message_bytes_max: usize,
    /// Size of one WebSocket frame, in bytes.
    pub frame_bytes_max: usize,
    /// For a client to join a realm: HELLO, and the proof of who it is. In milliseconds.
    pub join_ms: u64,
    /// A peer that is silent for so long is sent a ping, and after as long again without any sign it is taken for dead. In
    /// milliseconds; 0 never asks.
    pub ping_ms: u64,
    /// Whether RawSocket peers are sent pings too. Some clients end the connection at one, so not by default.
    pub rawsocket_ping: bool,
    /// How long a peer may take nothing of what is being sent to it, in milliseconds; then it is taken for dead.
    pub send_ms: u64,
    /// How long peers may take to answer GOODBYE when the program stops, in milliseconds.
    pub goodbye_ms: u64,
    /// Whether WebSocket messages are compressed for clients that ask for it (permessage-deflate, RFC 7692), each by
    /// itself, so that nothing is kept between messages. It costs more time than it saves on a fast network.
    pub compress: bool,
    /// Whether browsers are given a cookie that stands for who joined with it, where cookies are one of the ways to
    /// prove who one is (`[identity.wamp.auth]`).
    pub cookie: bool,
    /// HTTP long-poll.
    pub longpoll: Longpoll,
}

impl Default for Wamp {
    fn default() -> Self {
        Self {
            transports: vec![WampTransport::Websocket, WampTransport::Rawsocket, WampTransport::Longpoll],
            path: "/ws".into(),
            longpoll_path: "/lp".into(),
            serializers: vec![WampSerializer::Json, WampSerializer::Msgpack, WampSerializer::Cbor],
            batched: true,
            realms: None,
            methods: None,
            origins: Vec::new(),
            message_bytes_max: rawsocket::FRAME_BYTES_MAX,
            frame_bytes_max: rawsocket::FRAME_BYTES_MAX,
            join_ms: 30_000,
            ping_ms: 20_000,
            rawsocket_ping: false,
            send_ms: 30_000,
            goodbye_ms: 5_000,
            compress: false,
            cookie: false,
            longpoll: Longpoll::default(),
        }
    }
}

/// A way to carry WAMP messages.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum WampTransport {
    /// WebSocket (RFC 6455), over HTTP/1.1.
    Websocket,
    /// RawSocket: told from HTTP by a connection's first byte.
    Rawsocket,
    /// HTTP long-poll.
    Longpoll,
}

/// A way to write WAMP messages.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum WampSerializer {
    /// JSON.
    Json,
    /// MessagePack.
    Msgpack,
    /// CBOR.
    Cbor,
}

/// HTTP long-poll.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Longpoll {
    /// Open sessions.
    pub sessions: usize,
    /// Open sessions from one address (IPv6: from one /64 network).
    pub sessions_per_ip: usize,
    /// How long `/receive` waits for a message before it answers that there is none, in milliseconds. autobahn-js gives
    /// up after 12 seconds.
    pub poll_ms: u64,
    /// How long a session lives without a request, in milliseconds.
    pub idle_ms: u64,
}

impl Default for Longpoll {
    fn default() -> Self {
        Self { sessions: 1024, sessions_per_ip: 64, poll_ms: 10_000, idle_ms: 30_000 }
    }
}

impl Wamp {
    pub(crate) fn speaks(&self, transport: WampTransport) -> bool {
        self.transports.contains(&transport)
    }

    pub(crate) fn formats(&self) -> impl Iterator<Item = Format> + '_ {
        self.serializers.iter().map(|serializer| match serializer {
            WampSerializer::Json => Format::Json,
            WampSerializer::Msgpack => Format::MessagePack,
            WampSerializer::Cbor => Format::Cbor,
        })
    }

    /// The forms in which messages may come, as the names in subprotocols say.
    pub(crate) fn forms(&self) -> Vec<Serializer> {
        let served = |form: &Serializer| self.formats().any(|format| format == form.format);
        Serializer::ALL.into_iter().filter(|form| served(form) && (self.batched || !form.batched)).collect()
    }

    pub(crate) fn join(&self) -> Duration {
        Duration::from_millis(self.join_ms)
    }
    pub(crate) fn ping(&self) -> Option<Duration> {
        (self.ping_ms > 0).then(|| Duration::from_millis(self.ping_ms))
    }
    pub(crate) fn send(&self) -> Duration {
        Duration::from_millis(self.send_ms)
    }
    pub(crate) fn goodbye(&self) -> Duration {
        Duration::from_millis(self.goodbye_ms)
    }

    /// Says what is wrong, if anything is.
    pub(super) fn wrong(&self) -> Option<String> {
        for (name, path) in [("wamp.path", &self.path), ("wamp.longpoll_path", &self.longpoll_path)] {
            if !path.starts_with('/') || path.len() < 2 || path.ends_with('/') {
                return Some(format!("{name} must begin with a slash, and not end with one, like /ws"));
            }
        }
        if self.path == self.longpoll_path {
            return Some("wamp.path and wamp.longpoll_path are the same".into());
        }
        let sizes =
            [("wamp.message_bytes_max", self.message_bytes_max), ("wamp.frame_bytes_max", self.frame_bytes_max)];
        let allowed = MESSAGE_BYTES_MIN..=rawsocket::FRAME_BYTES_MAX;
        if let Some((name, _)) = sizes.iter().find(|(_, bytes)| !allowed.contains(bytes)) {
            return Some(format!("{name} must be between {} and {}", allowed.start(), allowed.end()));
        }
        let counts = [
            ("wamp.join_ms", self.join_ms),
            ("wamp.send_ms", self.send_ms),
            ("wamp.longpoll.sessions", self.longpoll.sessions as u64),
            ("wamp.longpoll.sessions_per_ip", self.longpoll.sessions_per_ip as u64),
            ("wamp.longpoll.poll_ms", self.longpoll.poll_ms),
            ("wamp.longpoll.idle_ms", self.longpoll.idle_ms),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
            return Some(format!("{name} must be at least 1"));
        }
        self.serializers.is_empty().then(|| "wamp.serializers is empty; name at least one".into())
    }
}
