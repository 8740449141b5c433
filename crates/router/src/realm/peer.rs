//! A connection and the sessions that follow one another on it: HELLO to WELCOME, then each message to its place.

use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::Realm;
use crossgate_identity::WampAttempt;
use crossgate_wamp::id::{Gaps, Id, Order, Watermark};
use crossgate_wamp::session::{ClientFeatures, Handshake, State, Step as Next, abort};
use crossgate_wamp::uris::{close, error as uri};
use crossgate_wamp::wire::Limits;
use crossgate_wamp::{Dict, Message, Text};

use super::dealer::{At, Breach};
use super::outbox::{Class, Outbox};
use super::pace::Pace;
use super::session::Session;
use super::state::RealmState;
use super::switches::GoodbyeReply;
use super::transport::Transport;
use crate::permit::Origin;
use crate::router::Router;

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
    pub(super) router: Arc<Router>,
    pub(super) transport: Arc<Transport>,
    pub(super) outbox: Outbox,
    pub(super) handshake: Handshake,
    pub(super) requests: Watermark,
    pace: Pace,
    /// The connection is to be closed: no session follows this one.
    closing: bool,
    pub(super) joining: Option<Pending>,
    pub(super) joined: Option<(Arc<RealmState>, Arc<Session>)>,
}

/// A client that was challenged.
pub(super) struct Pending {
    pub(super) realm: Realm,
    pub(super) session: Id,
    pub(super) features: ClientFeatures,
    pub(super) attempt: WampAttempt,
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
            closing: false,
        }
    }

    pub(crate) fn origin(&self, session: &Session) -> Origin {
        Origin { door: session.door, source: session.source, trace: session.trace() }
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
        self.closing = true;
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

    pub(super) fn send(&self, message: &Message) {
        // These are made here, and everything in them can be said in every format.
        if let Ok(bytes) = message.to_bytes(self.transport.format) {
            self.outbox.push(bytes, Class::Control);
        }
    }

    pub(super) fn violated(&mut self, words: &str) -> Step {
        if let Some((realm, session)) = &self.joined {
            realm.metrics.ended("protocol_violation");
            tracing::info!(realm = %realm.name, session = %session.id, authid = %session.authid, "session {} broke the protocol: {words}", session.id);
        }
        self.refuse(uri::PROTOCOL_VIOLATION, words)
    }

    pub(super) fn refuse(&mut self, reason: &str, words: &str) -> Step {
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
            Box::pin(tokio::time::sleep(wait)).await;
        }
        session.count_received();
        let at = At { router: &self.router, realm, session };
        if let Some(breach) = judge_request(&mut self.requests, realm, &message) {
            return match breach {
                Some(breach) => self.violated(&breach.0),
                None => Step::Continue,
            };
        }
        // What may have to wait is in a box of its own: a session that says nothing holds no room for it.
        let routed = match message {
            Message::Call(call) => Box::pin(at.call(call)).await,
            Message::Yield(answer) => at.yielded(answer),
            Message::Error(error) => at.failed(error),
            Message::Publish(publish) => Box::pin(at.publish(publish)).await,
            Message::Cancel { request, options } => {
                at.cancel(request, &options);
                Ok(())
            }
            Message::Subscribe { request, options, topic } => {
                Box::pin(at.subscribe(request, &options, &topic)).await;
                Ok(())
            }
            Message::Unsubscribe { request, subscription } => {
                at.unsubscribe(request, subscription);
                Ok(())
            }
            Message::Register { request, options, procedure } => {
                Box::pin(at.register(request, &options, &procedure)).await;
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
                if self.closing || self.outbox.is_closed() { Step::Close } else { Step::Continue }
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

impl std::fmt::Debug for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer")
            .field("transport", &self.transport)
            .field("state", &self.handshake.state())
            .finish_non_exhaustive()
    }
}
