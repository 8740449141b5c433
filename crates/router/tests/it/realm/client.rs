//! A WAMP client in memory, and a router with realms for it to talk to.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{Clock, Realm};
use crossgate_identity::{WampCookie, WampTransport};
use crossgate_router::realm::{Drain, Outbox, OutboxLimits, Peer, RealmConfig, Step, Transport};
use crossgate_store::Store;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{Call, CallResult, Error, Event, Invocation, Kind, Publish, Removed, Yield};
use crossgate_wamp::options::{CallOptions, PublishOptions, RegisterOptions, SubscribeOptions, YieldOptions};
use crossgate_wamp::session::{ClientFeatures, Features, HelloDetails};
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Dict, Map, Message, Payload, Text, Value};
use serde_json::json;

use crate::kit::Kit;

/// A test that waits for longer than this for one message has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Identity for these tests: anonymous sessions may do nearly everything; tickets give other roles.
pub(crate) fn identity() -> serde_json::Value {
    let everything = json!([{"uri": "", "match": "prefix", "actions": ["call", "register", "publish", "subscribe"]}]);
    json!({
        "roles": {
            "anonymous": {"allow": everything, "deny": [{"uri": "secret.", "match": "prefix",
                "actions": ["call", "register", "publish", "subscribe"]}]},
            "worker": {"allow": everything},
            "judged": {"authorizer": "com.authorize"},
            "watcher": {"allow": [{"uri": "a.", "match": "prefix", "actions": ["subscribe"]}]},
        },
        "wamp": {
            "auth": {
                "default": {"anonymous": {}, "ticket": {}},
                "dynamic": {"ticket": {
                    "authenticator": "com.authenticate", "authenticator_realm": "realm2", "timeout_ms": 150,
                }},
            },
            "principals": {
                "wanda": {"role": "worker", "ticket": "file-wanda-ticket"},
                "judy": {"role": "judged", "ticket": "file-judy-ticket"},
                "walt": {"role": "watcher", "ticket": "file-walt-ticket"},
            },
            "authorization": {"timeout_ms": 1000},
        },
    })
}

/// A router with the realm `realm1`, and whatever else is configured.
pub(crate) struct World {
    pub(crate) kit: Kit,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(RealmConfig::default()).await
    }

    pub(crate) async fn with(config: RealmConfig) -> Self {
        Self::open(Kit::with(identity()).await, config)
    }

    pub(crate) async fn with_identity(identity: serde_json::Value) -> Self {
        Self::open(Kit::with(identity).await, RealmConfig::default())
    }

    /// With a database for past events, and a clock.
    pub(crate) async fn with_store(config: RealmConfig, store: &Store, clock: Arc<dyn Clock>) -> Self {
        let kit = Kit::with_clock(identity(), clock).await;
        kit.router.keep_histories(store).await.unwrap();
        Self::open(kit, config)
    }

    fn open(kit: Kit, config: RealmConfig) -> Self {
        let plain = |name: &str| (name.to_owned(), RealmConfig::default());
        // `test` is the realm of the procedures that the kit installs.
        let realms = [("realm1".to_owned(), config), plain("realm2"), plain("test")];
        kit.router.configure_realms(BTreeMap::from(realms)).unwrap();
        Self { kit }
    }

    /// Connects, and says nothing yet.
    pub(crate) fn connect(&self, format: Format) -> Client {
        self.connect_with(format, usize::MAX, None)
    }

    pub(crate) fn connect_with(&self, format: Format, message_bytes_max: usize, realms: Option<Vec<Realm>>) -> Client {
        self.connect_by(format, message_bytes_max, realms, WampTransport::default())
    }

    /// Connects to a listener of another name, which offers other methods.
    pub(crate) fn connect_at(&self, listener: &str) -> Client {
        let known = WampTransport { listener: listener.into(), ..WampTransport::default() };
        self.connect_by(Format::Json, usize::MAX, None, known)
    }

    /// Connects as a browser with a cookie.
    pub(crate) fn connect_with_cookie(&self, cookie: WampCookie) -> Client {
        let known = WampTransport { cookie: Some(cookie), ..WampTransport::default() };
        self.connect_by(Format::Json, usize::MAX, None, known)
    }

    fn connect_by(
        &self,
        format: Format,
        message_bytes_max: usize,
        realms: Option<Vec<Realm>>,
        known: WampTransport,
    ) -> Client {
        let (outbox, drain) = Outbox::new(OutboxLimits::default());
        let client = WampTransport {
            framing: "memory",
            channel: "memory",
            protocol: "wamp.2.test",
            peer: "memory".into(),
            secure: true,
            ..known
        };
        let transport = Transport { format, realms, message_bytes_max, client: Arc::new(client) };
        let peer = Some(self.kit.router.connect(transport, outbox.clone()));
        Client { peer, outbox, drain, format, inbox: VecDeque::new(), session: None, request: 0 }
    }

    /// Joins `realm1` as nobody in particular, with every feature.
    pub(crate) async fn join(&self) -> Client {
        self.join_as(Format::Json, "realm1", None, everything()).await
    }

    pub(crate) async fn join_in(&self, format: Format) -> Client {
        self.join_as(format, "realm1", None, everything()).await
    }

    /// Joins with what a plain client announces: nothing.
    pub(crate) async fn join_plain(&self) -> Client {
        self.join_as(Format::Json, "realm1", None, nothing()).await
    }

    pub(crate) async fn join_named(&self, authid: &str) -> Client {
        self.join_as(Format::Cbor, "realm1", Some(authid), everything()).await
    }

    pub(crate) async fn join_as(
        &self,
        format: Format,
        realm: &str,
        authid: Option<&str>,
        roles: ClientFeatures,
    ) -> Client {
        let mut client = self.connect(format);
        client.hello(realm, authid, roles).await;
        if let Some(authid) = authid {
            match client.next().await {
                Message::Challenge { method, .. } => assert_eq!(method, "ticket"),
                other => panic!("{other:?}"),
            }
            let signature = Text::from(format!("file-{authid}-ticket"));
            client.send(Message::Authenticate { signature, extra: Dict::empty(format) }).await;
        }
        match client.next().await {
            Message::Welcome { session, .. } => client.session = Some(session),
            other => panic!("{other:?}"),
        }
        client
    }
}

/// A client that announces everything.
pub(crate) fn everything() -> ClientFeatures {
    let all = Features {
        progressive_call_results: true,
        progressive_call_invocations: true,
        call_canceling: true,
        call_timeout: true,
        call_reroute: true,
        caller_identification: true,
        registration_revocation: true,
        subscription_revocation: true,
        payload_passthru_mode: true,
        payload_transparency: true,
        ..Features::default()
    };
    ClientFeatures { caller: Some(all), callee: Some(all), publisher: Some(all), subscriber: Some(all) }
}

/// A client that announces its roles, and no feature.
pub(crate) fn nothing() -> ClientFeatures {
    let none = Some(Features::default());
    ClientFeatures { caller: none, callee: none, publisher: none, subscriber: none }
}

pub(crate) struct Client {
    peer: Option<Peer>,
    pub(crate) outbox: Outbox,
    drain: Drain,
    pub(crate) format: Format,
    inbox: VecDeque<Bytes>,
    session: Option<Id>,
    request: u64,
}

pub(crate) fn id(number: u64) -> Id {
    Id::new(number).unwrap()
}

pub(crate) fn text(value: &str) -> Value {
    Value::from(value)
}

impl Client {
    pub(crate) fn id(&self) -> Id {
        self.session.unwrap()
    }

    pub(crate) fn request(&mut self) -> Id {
        self.request += 1;
        id(self.request)
    }

    pub(crate) async fn send(&mut self, message: Message) -> Step {
        let bytes = message.to_bytes(self.format).unwrap();
        self.send_bytes(bytes).await
    }

    pub(crate) async fn send_bytes(&mut self, bytes: Bytes) -> Step {
        self.peer.as_mut().unwrap().receive(bytes).await
    }

    /// The next message; fails when none comes.
    pub(crate) async fn next(&mut self) -> Message {
        self.next_or_end().await.unwrap_or_else(|| panic!("the connection was closed"))
    }

    /// The next message, or `None` at the end of the connection.
    pub(crate) async fn next_or_end(&mut self) -> Option<Message> {
        if self.inbox.is_empty() {
            let mut batch = Vec::new();
            let waits = tokio::time::timeout(PATIENCE, self.drain.next(&mut batch));
            let more = waits.await.unwrap_or_else(|_| panic!("no message came"));
            if !more {
                return None;
            }
            self.inbox.extend(batch);
        }
        let bytes = self.inbox.pop_front().unwrap();
        Some(Message::decode(self.format, &bytes, &Limits::default()).unwrap())
    }

    /// What has come so far. Everything that the router does in answer to a message it does before it takes the next.
    pub(crate) async fn come(&mut self) -> Vec<Message> {
        let mut come = Vec::new();
        while !self.inbox.is_empty() || self.outbox.bytes() > 0 {
            come.push(self.next().await);
        }
        come
    }

    /// The connection breaks.
    pub(crate) async fn lose(mut self) {
        self.peer.take().unwrap().lost().await;
    }

    /// The router's door closes.
    pub(crate) fn close(&mut self, reason: &'static str) {
        self.peer.as_mut().unwrap().close(reason);
    }

    pub(crate) async fn hello(&mut self, realm: &str, authid: Option<&str>, roles: ClientFeatures) -> Step {
        let details = HelloDetails {
            roles,
            authid: authid.map(str::to_owned),
            authmethods: authid.map(|_| vec!["ticket".to_owned()]),
            ..HelloDetails::default()
        };
        let details = details.to_dict(self.format);
        self.send(Message::Hello { realm: Text::from(realm), details }).await
    }

    pub(crate) fn payload(&self, args: &[Value]) -> Payload {
        Payload::from_values(self.format, args.to_vec(), Map::new())
    }

    pub(crate) async fn register_with(&mut self, procedure: &str, options: RegisterOptions) -> Message {
        let request = self.request();
        let options = options.to_dict(self.format);
        self.send(Message::Register { request, options, procedure: Text::from(procedure) }).await;
        self.next().await
    }

    pub(crate) async fn register(&mut self, procedure: &str) -> Id {
        self.registered(procedure, RegisterOptions::default()).await
    }

    pub(crate) async fn registered(&mut self, procedure: &str, options: RegisterOptions) -> Id {
        match self.register_with(procedure, options).await {
            Message::Registered { registration, .. } => registration,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn subscribe_with(&mut self, topic: &str, options: SubscribeOptions) -> Message {
        let request = self.request();
        let options = options.to_dict(self.format);
        self.send(Message::Subscribe { request, options, topic: Text::from(topic) }).await;
        self.next().await
    }

    pub(crate) async fn subscribe(&mut self, topic: &str) -> Id {
        match self.subscribe_with(topic, SubscribeOptions::default()).await {
            Message::Subscribed { subscription, .. } => subscription,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn call_with(&mut self, procedure: &str, options: CallOptions, args: &[Value]) -> Id {
        let request = self.request();
        self.call_again(request, procedure, options, args).await;
        request
    }

    pub(crate) async fn call_again(
        &mut self,
        request: Id,
        procedure: &str,
        options: CallOptions,
        args: &[Value],
    ) -> Step {
        let (options, payload) = (options.to_dict(self.format), self.payload(args));
        self.send(Message::Call(Call { request, options, procedure: Text::from(procedure), payload })).await
    }

    pub(crate) async fn call(&mut self, procedure: &str, args: &[Value]) -> Id {
        self.call_with(procedure, CallOptions::default(), args).await
    }

    /// Calls what the router answers itself.
    pub(crate) async fn ask(&mut self, procedure: &str, args: &[Value], kwargs: Map) -> Result<Vec<Value>, String> {
        let request = self.request();
        let payload = Payload::from_values(self.format, args.to_vec(), kwargs);
        let options = Dict::empty(self.format);
        self.send(Message::Call(Call { request, options, procedure: Text::from(procedure), payload })).await;
        match self.next().await {
            Message::Result(result) if result.request == request => Ok(result.payload.arg_values().unwrap()),
            Message::Error(error) if error.request == request => Err(error.error.as_str().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn publish_with(&mut self, topic: &str, options: PublishOptions, args: &[Value]) -> Id {
        let request = self.request();
        let (options, payload) = (options.to_dict(self.format), self.payload(args));
        self.send(Message::Publish(Publish { request, options, topic: Text::from(topic), payload })).await;
        request
    }

    pub(crate) async fn publish(&mut self, topic: &str, args: &[Value]) {
        self.publish_with(topic, PublishOptions::default(), args).await;
    }

    pub(crate) async fn invocation(&mut self) -> Invocation {
        match self.next().await {
            Message::Invocation(invocation) => invocation,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn event(&mut self) -> Event {
        match self.next().await {
            Message::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn result(&mut self) -> CallResult {
        match self.next().await {
            Message::Result(result) => result,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn error(&mut self) -> Error {
        match self.next().await {
            Message::Error(error) => error,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn answer(&mut self, request: Id, args: &[Value]) -> Step {
        let (options, payload) = (Dict::empty(self.format), self.payload(args));
        self.send(Message::Yield(Yield { request, options, payload })).await
    }

    pub(crate) async fn progress(&mut self, request: Id, args: &[Value]) -> Step {
        let options = YieldOptions { progress: true, ..YieldOptions::default() }.to_dict(self.format);
        let payload = self.payload(args);
        self.send(Message::Yield(Yield { request, options, payload })).await
    }

    pub(crate) async fn fail(&mut self, request: Id, error: &str) -> Step {
        let error = Error {
            request_kind: Kind::Invocation,
            request,
            details: Dict::empty(self.format),
            error: Text::from(error),
            payload: self.payload(&[text("said the callee")]),
        };
        self.send(Message::Error(error)).await
    }

    pub(crate) async fn cancel(&mut self, request: Id, mode: Option<&str>) {
        let map = Map::new().with_some("mode", mode);
        let options = Dict::from_map(self.format, &map);
        self.send(Message::Cancel { request, options }).await;
    }
}

/// The one argument as text.
pub(crate) fn said(payload: &Payload) -> String {
    payload.arg_values().unwrap().first().and_then(Value::as_text).unwrap_or_default().to_owned()
}

/// The error's URI, of a message that must be ERROR.
pub(crate) fn error_uri(message: &Message) -> &str {
    match message {
        Message::Error(error) => error.error.as_str(),
        other => panic!("{other:?}"),
    }
}

/// What UNREGISTERED or UNSUBSCRIBED with request 0 says.
pub(crate) fn revoked(message: &Message) -> Map {
    match message {
        Message::Unregistered(Removed::Revoked(details)) | Message::Unsubscribed(Removed::Revoked(details)) => {
            details.to_map().unwrap()
        }
        other => panic!("{other:?}"),
    }
}
