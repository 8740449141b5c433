//! A connection and the sessions that follow one another on it: HELLO to WELCOME, then each message to its place.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::Realm;
use crossgate_identity::{WampAskError, WampAttempt, WampCookie, WampHello, WampStep, WampWelcome};
use crossgate_wamp::id::{Gaps, Id, Order, Watermark};
use crossgate_wamp::session::{
    AuthInfo, BrokerFeatures, ClientFeatures, DealerFeatures, Handshake, HelloDetails, State, Step as Next, Welcome,
    abort,
};
use crossgate_wamp::uris::{close, error as uri};
use crossgate_wamp::wire::Limits;
use crossgate_wamp::{Dict, Message, Text};

use super::config::{Disclosure, GoodbyeReply};
use super::dealer::{At, Breach};
use super::local::Question;
use super::outbox::{Class, Outbox, Pushed};
use super::pace::Pace;
use super::random;
use super::session::{Joining, Session};
use super::state::{Full, RealmState};
use super::transport::Transport;
use crate::permit::Origin;
use crate::router::Router;

/// How many procedures may be asked about one HELLO.
const ASKS_MAX: usize = 4;

/// What the connection's task does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Bring the next message.
    Continue,
    /// Close the connection once its outbox has been drained. It takes nothing more.
    Close,
}

/// A connected client.
pub struct Peer {
    router: Arc<Router>,
    transport: Arc<Transport>,
    outbox: Outbox,
    handshake: Handshake,
    requests: Watermark,
    pace: Pace,
    joining: Option<Pending>,
    joined: Option<(Arc<RealmState>, Arc<Session>)>,
}

/// A client that was challenged.
struct Pending {
    realm: Realm,
    session: Id,
    features: ClientFeatures,
    attempt: WampAttempt,
}

impl Router {
    /// Takes a connection. What the router says to it goes into `outbox`.
    pub fn connect(self: &Arc<Self>, transport: Transport, outbox: Outbox) -> Peer {
        Peer {
            router: Arc::clone(self),
            transport: Arc::new(transport),
            outbox,
            handshake: Handshake::default(),
            requests: Watermark::default(),
            pace: Pace::default(),
            joining: None,
            joined: None,
        }
    }

    pub(crate) fn origin(&self, session: &Session) -> Origin {
        Origin { door: "wamp", source: session.source, trace: session.trace() }
    }
}

impl Peer {
    /// Takes one message, out of its frame.
    pub async fn receive(&mut self, frame: Bytes) -> Step {
        self.notice_end();
        let message = match Message::decode(self.transport.format, &frame, &Limits::default()) {
            Ok(message) => message,
            Err(error) => return self.violated(&error.to_string()),
        };
        match self.handshake.receive(message) {
            Ok(Next::Route(message)) => self.route(message).await,
            Ok(Next::Ignore) => Step::Continue,
            Ok(next) => Box::pin(self.proceed(next)).await,
            Err(violation) => self.violated(&violation.to_string()),
        }
    }

    /// The connection is gone.
    pub async fn lost(mut self) {
        self.end();
    }

    /// Ends the session with the router's GOODBYE: the connection's door closes. The client's answer still comes through
    /// [`Peer::receive`].
    pub fn close(&mut self, reason: &'static str) {
        match self.joined.as_ref().filter(|(_, session)| !session.has_ended()) {
            Some((realm, session)) => {
                realm.kill(session, reason, None);
                self.notice_end();
            }
            None => self.outbox.close(),
        }
    }

    /// Whether there is a session.
    pub fn has_joined(&self) -> bool {
        self.joined.as_ref().is_some_and(|(_, session)| !session.has_ended())
    }

    /// Somebody else ended the session and said GOODBYE: what comes now crossed it on the way.
    fn notice_end(&mut self) {
        let has_ended = self.joined.as_ref().is_some_and(|(_, session)| session.has_ended());
        if has_ended && self.handshake.state() == State::Open {
            // The state was looked at, so this cannot be refused.
            let _ = self.handshake.goodbye();
        }
    }

    fn end(&mut self) {
        self.joining = None;
        if let Some((realm, session)) = self.joined.take() {
            session.part();
            realm.leave(&session);
        }
    }

    fn send(&self, message: &Message) {
        // These are made here, and everything in them can be said in every format.
        if let Ok(bytes) = message.to_bytes(self.transport.format) {
            self.outbox.push(bytes, Class::Control);
        }
    }

    fn violated(&mut self, words: &str) -> Step {
        if let Some((realm, session)) = &self.joined {
            realm.metrics.ended("protocol_violation");
            tracing::info!(realm = %realm.name, session = %session.id, authid = %session.authid, "session {} broke the protocol: {words}", session.id);
        }
        self.refuse(uri::PROTOCOL_VIOLATION, words)
    }

    fn refuse(&mut self, reason: &str, words: &str) -> Step {
        self.send(&abort(self.transport.format, reason, words));
        self.handshake.abort();
        self.end();
        self.outbox.close();
        Step::Close
    }

    async fn route(&mut self, message: Message) -> Step {
        let Some((realm, session)) = &self.joined else { return Step::Continue };
        if let Some(wait) = self.pace.take(&session.limits, realm.clock.instant()) {
            // Nothing more is read from the connection meanwhile: whoever sends too fast waits.
            tokio::time::sleep(wait).await;
        }
        let at = At { router: &self.router, realm, session };
        if let Some(breach) = judge_request(&mut self.requests, realm, &message) {
            return match breach {
                Some(breach) => self.violated(&breach.0),
                None => Step::Continue,
            };
        }
        let routed = match message {
            Message::Call(call) => at.call(call).await,
            Message::Yield(answer) => at.yielded(answer),
            Message::Error(error) => at.failed(error),
            Message::Publish(publish) => at.publish(publish).await,
            Message::Cancel { request, options } => {
                at.cancel(request, &options);
                Ok(())
            }
            Message::Subscribe { request, options, topic } => {
                at.subscribe(request, &options, &topic).await;
                Ok(())
            }
            Message::Unsubscribe { request, subscription } => {
                at.unsubscribe(request, subscription);
                Ok(())
            }
            Message::Register { request, options, procedure } => {
                at.register(request, &options, &procedure).await;
                Ok(())
            }
            Message::Unregister { request, registration } => {
                at.unregister(request, registration);
                Ok(())
            }
            // EVENT_RECEIVED: acknowledged delivery is not announced, and nobody waits for it.
            _ => Ok(()),
        };
        match routed {
            Ok(()) if self.outbox.is_closed() => Step::Close,
            Ok(()) => Step::Continue,
            Err(breach) => self.violated(&breach.0),
        }
    }

    /// Everything of the handshake.
    async fn proceed(&mut self, next: Next) -> Step {
        match next {
            Next::Hello { realm, details } => self.hello(&realm, *details).await,
            Next::InvalidRealm(realm) => self.refuse(uri::NO_SUCH_REALM, &format!("`{realm}` is no realm")),
            Next::Authenticate { signature, extra } => self.authenticate(&signature, &extra).await,
            Next::Goodbye { reason } => {
                if reason == close::LOGOUT {
                    self.log_out();
                }
                let reply = self.joined.as_ref().map(|(realm, _)| realm.config.load().goodbye_reply);
                self.end();
                let reason = match reply.unwrap_or_default() {
                    GoodbyeReply::GoodbyeAndOut => close::GOODBYE_AND_OUT,
                    GoodbyeReply::Normal => close::NORMAL,
                };
                let details = Dict::empty(self.transport.format);
                self.send(&Message::Goodbye { details, reason: Text::from_static(reason) });
                Step::Continue
            }
            Next::Left => {
                self.end();
                if self.outbox.is_closed() { Step::Close } else { Step::Continue }
            }
            Next::Aborted { .. } => {
                self.end();
                self.outbox.close();
                Step::Close
            }
            Next::Route(_) | Next::Ignore => Step::Continue,
        }
    }

    /// Forgets for whom the browser's cookie stands, and ends its other sessions.
    fn log_out(&self) {
        let (Some(cookie), Some((_, own))) = (&self.transport.client.cookie, &self.joined) else { return };
        self.router.identity().wamp_forget(cookie);
        let tag = Some(cookie.tag());
        for realm in self.router.realms().all() {
            for session in realm.sessions().iter().filter(|other| other.cookie == tag && other.id != own.id) {
                realm.kill(session, close::LOGOUT, Some("logged out in another session"));
            }
        }
    }

    async fn hello(&mut self, realm: &Text, details: HelloDetails) -> Step {
        let realm = Realm::new(realm.as_str());
        let realms = self.router.realms();
        if realms.is_closed() {
            return self.refuse(close::SYSTEM_SHUTDOWN, "the router shuts down");
        }
        if !self.transport.serves(&realm) || realms.find(&realm).is_none() {
            return self.refuse(uri::NO_SUCH_REALM, &format!("there is no realm `{realm}` here"));
        }
        self.requests = Watermark::default();
        let session = random::id();
        let features = details.roles;
        let hello = WampHello { realm: &realm, session, details: &details };
        let step = self.router.identity().wamp_begin(&hello, &self.transport.client).await;
        self.follow(step, &realm, session, features).await
    }

    async fn authenticate(&mut self, signature: &Text, extra: &Dict) -> Step {
        let Some(pending) = self.joining.take() else { return self.violated("there was no challenge") };
        let Ok(extra) = extra.to_map() else { return self.violated("AUTHENTICATE.Extra cannot be read") };
        let step = self.router.identity().wamp_answer(pending.attempt, signature, &extra).await;
        self.follow(step, &pending.realm, pending.session, pending.features).await
    }

    /// Does what the identity side says, until it is said who the client is, or that it must wait or go.
    async fn follow(&mut self, mut step: WampStep, realm: &Realm, session: Id, features: ClientFeatures) -> Step {
        for _ in 0..=ASKS_MAX {
            match step {
                WampStep::Welcome(welcome) => return self.welcome(*welcome, session, features).await,
                WampStep::Challenge { method, extra, attempt } => {
                    if !self.handshake.challenge() {
                        return self.violated("no challenge is due");
                    }
                    self.joining = Some(Pending { realm: realm.clone(), session, features, attempt });
                    let extra = Dict::from_map(self.transport.format, &extra);
                    self.send(&Message::Challenge { method: Text::from_static(method), extra });
                    return Step::Continue;
                }
                WampStep::Ask(ask) => {
                    let answer = match self.router.realms().find(&ask.realm) {
                        None => Err(WampAskError::no_such_realm(&ask.realm)),
                        Some(realm) => {
                            let trace = crossgate_call::Trace::from_random(random::trace());
                            let origin = Origin { door: "service", source: self.transport.client.source, trace };
                            let question = Question {
                                caller: &ask.caller,
                                procedure: &ask.procedure,
                                args: ask.args.to_vec(),
                                timeout: ask.timeout,
                                origin,
                            };
                            self.router.ask(&realm, question).await
                        }
                    };
                    step = self.router.identity().wamp_decided(ask.asked, answer);
                }
                WampStep::Abort { uri, message } => return self.turn_away(realm, &uri, &message).await,
            }
        }
        self.refuse(uri::AUTHENTICATION_FAILED, "too many procedures had to be asked")
    }

    /// Refuses a client that is not who it says, and records it.
    async fn turn_away(&mut self, realm: &Realm, reason: &str, words: &str) -> Step {
        let trace = crossgate_call::Trace::from_random(random::trace());
        let origin = Origin { door: "wamp", source: self.transport.client.source, trace };
        tracing::info!(peer = %self.transport.client.peer, reason, "a client was refused: {words}");
        self.router.note_stranger(realm, origin, format!("{reason}: {words}")).await;
        self.refuse(reason, words)
    }

    async fn welcome(&mut self, welcome: WampWelcome, id: Id, features: ClientFeatures) -> Step {
        let name = welcome.caller.realm().clone();
        let realm = match self.router.realms().find(&name) {
            Some(realm) if self.transport.serves(&name) => realm,
            _ => return self.refuse(uri::NO_SUCH_REALM, &format!("there is no realm `{name}` here")),
        };
        let config = realm.config.load_full();
        let auth = AuthInfo {
            realm: name.to_string(),
            authid: welcome.authid.to_string(),
            authrole: welcome.authrole.to_string(),
            authmethod: welcome.authmethod.to_owned(),
            authprovider: welcome.authprovider.to_owned(),
            authextra: welcome.authextra.clone(),
        };
        let session = Arc::new(Session::new(Joining {
            id,
            limits: config.limits_of(&welcome.authrole),
            trustlevel: config.trustlevels.get(&*welcome.authrole).copied(),
            transport: self.transport.client.details(realm.clock.now()),
            features,
            source: self.transport.client.source,
            cookie: self.transport.client.cookie.as_ref().map(WampCookie::tag),
            format: self.transport.format,
            outbox: self.outbox.clone(),
            message_bytes_max: self.transport.message_bytes_max,
            trace: random::trace(),
            welcome,
        }));
        let origin = self.router.origin(&session);
        if let Err(error) = self.router.note(&session.caller, "wamp.join", origin, "ok", None).await {
            return self.refuse(uri::UNAVAILABLE, error.public());
        }
        self.outbox.limit(config.outbox());
        let greeting = greeting(auth, config.disclosure).to_dict(self.transport.format);
        let greeting = Message::Welcome { session: id, details: greeting };
        let is_due = self.handshake.welcome();
        match realm.join(&session, || is_due && session.send(&greeting, Class::Control) == Pushed::Queued) {
            Ok(()) => {}
            Err(Full::Realm) => return self.refuse(uri::UNAVAILABLE, "the realm has as many sessions as it may"),
            Err(Full::Role) => return self.refuse(uri::UNAVAILABLE, "the role has as many sessions as it may"),
            Err(Full::Gone) => return self.refuse(uri::PAYLOAD_SIZE_EXCEEDED, "WELCOME is larger than you receive"),
        }
        realm.announce(&session);
        expire(&realm, &session);
        self.joined = Some((realm, session));
        Step::Continue
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

/// Judges the request's id where the realm wants them without gaps. `None`: it is as it should be; inside, `None` is an
/// old one, which is dropped.
fn judge_request(requests: &mut Watermark, realm: &RealmState, message: &Message) -> Option<Option<Breach>> {
    let gaps = realm.config.load().gaps();
    if gaps == Gaps::Allowed {
        return None;
    }
    let request = match message {
        Message::Call(call) => call.request,
        Message::Publish(publish) => publish.request,
        Message::Subscribe { request, .. }
        | Message::Unsubscribe { request, .. }
        | Message::Register { request, .. }
        | Message::Unregister { request, .. } => *request,
        _ => return None,
    };
    match requests.judge(request, gaps) {
        Order::New => None,
        // More arguments of a progressive call, perhaps: the call's own table knows.
        Order::Old if matches!(message, Message::Call(_)) => None,
        Order::Old => Some(None),
        Order::Gap => Some(Some(Breach(format!("request {request} leaves a gap")))),
    }
}

/// Ends the session when what its client proved ends.
fn expire(realm: &Arc<RealmState>, session: &Arc<Session>) {
    let Some(expires) = session.caller.expires() else { return };
    let left = expires.duration_since(realm.clock.now());
    let left = Duration::try_from(left).unwrap_or(Duration::ZERO);
    let (realm, session) = (Arc::downgrade(realm), Arc::downgrade(session));
    tokio::spawn(async move {
        tokio::time::sleep(left).await;
        if let (Some(realm), Some(session)) = (realm.upgrade(), session.upgrade()) {
            realm.kill(&session, close::TIMEOUT, Some("the credentials have expired; join again with new ones"));
        }
    });
}

/// WELCOME.Details. Announced is what is done.
fn greeting(auth: AuthInfo, disclosure: Disclosure) -> Welcome {
    let discloses = disclosure != Disclosure::Never;
    Welcome {
        auth,
        broker: BrokerFeatures {
            publisher_identification: discloses,
            publication_trustlevels: true,
            pattern_based_subscription: true,
            subscription_meta_api: true,
            subscription_revocation: true,
            publisher_exclusion: true,
            subscriber_blackwhite_listing: true,
            event_history: true,
            event_retention: true,
            session_meta_api: true,
            payload_passthru_mode: true,
            payload_transparency: true,
            x_acknowledged_event_delivery: false,
        },
        dealer: DealerFeatures {
            progressive_call_results: true,
            progressive_call_invocations: true,
            call_canceling: true,
            call_timeout: true,
            call_reroute: true,
            caller_identification: discloses,
            call_trustlevels: true,
            pattern_based_registration: true,
            shared_registration: true,
            registration_meta_api: true,
            registration_revocation: true,
            session_meta_api: true,
            testament_meta_api: true,
            payload_passthru_mode: true,
            payload_transparency: true,
        },
        agent: Some(concat!("crossgate-", env!("CARGO_PKG_VERSION")).to_owned()),
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("transport", &self.transport)
            .field("state", &self.handshake.state())
            .finish_non_exhaustive()
    }
}
