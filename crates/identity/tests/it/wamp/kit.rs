//! A client at the door: what it says, and what it is told.

use std::sync::Arc;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossgate_call::Realm;
use crossgate_identity::{
    PeerCertificate, WampAsk, WampAskError, WampAttempt, WampHello, WampStep, WampTransport, WampWelcome,
};
use crossgate_wamp::id::Id;
use crossgate_wamp::session::HelloDetails;
use crossgate_wamp::{Map, Value};

use crate::kit::World;

pub(crate) const REALM: &str = "realm1";
pub(crate) const SESSION: u64 = 966_714_604_237_930;

/// A client, on a connection of its own.
#[derive(Clone)]
pub(crate) struct Client<'w> {
    pub(crate) world: &'w World,
    pub(crate) realm: &'static str,
    pub(crate) transport: Arc<WampTransport>,
    pub(crate) details: HelloDetails,
}

impl<'w> Client<'w> {
    pub(crate) fn new(world: &'w World, methods: &[&str]) -> Self {
        let authmethods = Some(methods.iter().map(|method| (*method).to_owned()).collect());
        let details = HelloDetails { authmethods, ..HelloDetails::default() };
        Self { world, realm: REALM, transport: Arc::new(transport()), details }
    }

    pub(crate) fn named(mut self, authid: &str) -> Self {
        self.details.authid = Some(authid.to_owned());
        self
    }

    pub(crate) fn role(mut self, role: &str) -> Self {
        self.details.authrole = Some(role.to_owned());
        self
    }

    pub(crate) fn extra(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.authextra.insert(key, value);
        self
    }

    pub(crate) fn realm(mut self, realm: &'static str) -> Self {
        self.realm = realm;
        self
    }

    pub(crate) fn over(mut self, transport: WampTransport) -> Self {
        self.transport = Arc::new(transport);
        self
    }

    pub(crate) fn with_certificate(self, certificate: &Arc<PeerCertificate>) -> Self {
        self.over(WampTransport { certificate: Some(Arc::clone(certificate)), ..transport() })
    }

    pub(crate) async fn hello(&self) -> WampStep {
        let realm = Realm::new(self.realm);
        let hello = WampHello { realm: &realm, session: Id::new(SESSION).unwrap(), details: &self.details };
        self.world.identity.wamp_begin(&hello, &self.transport).await
    }

    pub(crate) async fn challenged(&self) -> (Map, WampAttempt) {
        let (method, extra, attempt) = challenge(self.hello().await);
        assert_eq!(Some(method), self.details.methods().next());
        (extra, attempt)
    }

    /// HELLO, and one answer to the challenge.
    pub(crate) async fn joined_with(&self, signature: &str) -> WampStep {
        let (_, attempt) = self.challenged().await;
        self.answer(attempt, signature).await
    }

    pub(crate) async fn answer(&self, attempt: WampAttempt, signature: &str) -> WampStep {
        self.world.identity.wamp_answer(attempt, signature, &Map::new()).await
    }

    /// What follows when the authenticator answers like this.
    pub(crate) async fn decided(&self, answer: Result<Value, WampAskError>) -> WampStep {
        let ask = ask(self.hello().await);
        self.world.identity.wamp_decided(ask.asked, answer)
    }
}

/// A connection of a TLS client from nowhere in particular.
pub(crate) fn transport() -> WampTransport {
    WampTransport {
        listener: "public".into(),
        framing: "websocket",
        channel: "tls",
        protocol: "wamp.2.cbor.batched",
        peer: "tcp4:127.0.0.1:46574".to_owned(),
        source: Some("127.0.0.1".parse().unwrap()),
        secure: true,
        ..WampTransport::default()
    }
}

pub(crate) fn welcome(step: WampStep) -> WampWelcome {
    match step {
        WampStep::Welcome(welcome) => *welcome,
        other => panic!("no welcome: {other:?}"),
    }
}

pub(crate) fn challenge(step: WampStep) -> (&'static str, Map, WampAttempt) {
    match step {
        WampStep::Challenge { method, extra, attempt } => (method, extra, attempt),
        other => panic!("no challenge: {other:?}"),
    }
}

pub(crate) fn ask(step: WampStep) -> WampAsk {
    match step {
        WampStep::Ask(ask) => *ask,
        other => panic!("nobody is asked: {other:?}"),
    }
}

pub(crate) fn abort(step: WampStep) -> (String, String) {
    match step {
        WampStep::Abort { uri, message } => (uri.into_owned(), message),
        other => panic!("no refusal: {other:?}"),
    }
}

pub(crate) fn uri(step: WampStep) -> String {
    abort(step).0
}

/// A dictionary out of JSON.
pub(crate) fn map(json: impl Into<serde_json::Value>) -> Map {
    Value::from_json(&json.into()).unwrap().as_map().unwrap().clone()
}

pub(crate) fn value(json: impl Into<serde_json::Value>) -> Value {
    Value::from_json(&json.into()).unwrap()
}

pub(crate) fn text<'m>(map: &'m Map, key: &str) -> &'m str {
    map.get(key).and_then(Value::as_text).unwrap_or_else(|| panic!("no text `{key}` in {map:?}"))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref().to_vec()
}

/// WAMP-CRA's answer.
pub(crate) fn cra_signature(key: &str, challenge: &str) -> String {
    STANDARD.encode(hmac_sha256(key.as_bytes(), challenge.as_bytes()))
}
