//! From HELLO to WELCOME: what the identity side says is done, the join is recorded, and the session begins.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Realm, Trace};
use crossgate_identity::{WampAskError, WampCookie, WampHello, WampStep, WampWelcome};
use crossgate_wamp::id::{Id, Watermark};
use crossgate_wamp::session::{AuthInfo, BrokerFeatures, ClientFeatures, DealerFeatures, HelloDetails, Welcome};
use crossgate_wamp::uris::{close, error as uri};
use crossgate_wamp::{Dict, Message, Text};

use super::local::{About, Question};
use super::outbox::{Class, Pushed};
use super::peer::{Peer, Pending, Step};
use super::random;
use super::session::{Joining, Session};
use super::state::{Full, RealmState};
use super::switches::Disclosure;
use crate::permit::Origin;

/// How many procedures may be asked about one HELLO.
const ASKS_MAX: usize = 4;

impl Peer {
    pub(super) async fn hello(&mut self, realm: &Text, details: HelloDetails) -> Step {
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

    pub(super) async fn authenticate(&mut self, signature: &Text, extra: &Dict) -> Step {
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
                            let trace = Trace::from_random(random::trace());
                            let origin = Origin { door: "service", source: self.transport.client.source, trace };
                            let question = Question {
                                caller: &ask.caller,
                                procedure: &ask.procedure,
                                args: ask.args.to_vec(),
                                timeout: ask.timeout,
                                origin,
                                about: About::Joining,
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
        let trace = Trace::from_random(random::trace());
        let origin = Origin { door: "wamp", source: self.transport.client.source, trace };
        tracing::info!(peer = %self.transport.client.peer, reason, "a client was refused: {words}");
        self.router.note_stranger(realm, origin, reason, words).await;
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
            client: Arc::clone(&self.transport.client),
            features,
            door: "wamp",
            source: self.transport.client.source,
            cookie: self.transport.client.cookie.as_ref().map(WampCookie::tag),
            format: self.transport.format,
            outbox: self.outbox.clone(),
            message_bytes_max: self.transport.message_bytes_max,
            since: realm.clock.now(),
            began: realm.clock.instant(),
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

/// Ends the session when what its client proved ends.
pub(super) fn expire(realm: &Arc<RealmState>, session: &Arc<Session>) {
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
