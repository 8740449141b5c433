//! HELLO: which method, and its first step.

use std::sync::Arc;

use crossgate_wamp::Map;
use crossgate_wamp::uris::error;
use secrecy::ExposeSecret as _;

use super::attempt::{Base, Pending};
use super::challenge::challenge;
use super::grant::Granted;
use super::method::WampMethod;
use super::principal::Principal;
use super::set::{Offer, Set};
use super::step::{WampHello, WampStep, abort};
use super::transport::{WAMP_ATTEMPTS_MAX, WampTransport};
use crate::config::ErrorUris;
use crate::identity::{Credentials, Identity};
use crate::random;
use crate::state::NAME_BYTES_MAX;

/// What `authprovider` says of principals of the configuration.
pub(super) const STATIC: &str = "static";

impl Identity {
    /// Answers HELLO: the first of the client's methods that is offered is the one, without a way back.
    pub async fn wamp_begin(&self, hello: &WampHello<'_>, transport: &Arc<WampTransport>) -> WampStep {
        let state = self.state.load_full();
        let Some(set) = state.wamp.set(&transport.listener).map(Arc::clone) else {
            return abort(error::AUTHENTICATION_FAILED, "this listener offers no authentication");
        };
        if !transport.attempts.take() {
            let message = format!("more than {WAMP_ATTEMPTS_MAX} attempts to join on one connection; connect again");
            return abort(set.errors.denied(), message);
        }
        let authid = hello.details.authid.as_deref().filter(|authid| !authid.is_empty());
        if authid.is_some_and(|authid| authid.len() > NAME_BYTES_MAX || authid.chars().any(char::is_control)) {
            let message = format!("an authid has 1 to {NAME_BYTES_MAX} bytes without control characters");
            return abort(error::NO_SUCH_PRINCIPAL, message);
        }
        let mut base = Base {
            state,
            set: Arc::clone(&set),
            method: WampMethod::Anonymous,
            realm: hello.realm.clone(),
            session: hello.session,
            authid: authid.map(Arc::from),
            authrole: hello.details.authrole.clone().filter(|role| !role.is_empty()),
            authextra: hello.details.authextra.clone(),
            transport: Arc::clone(transport),
            began: self.means.clock.instant(),
        };
        for name in hello.details.methods() {
            let Some(method) = WampMethod::parse(name) else {
                return abort(set.errors.no_method(), format!("invalid authmethod {}", quoted(name)));
            };
            let allowed =
                transport.methods.as_ref().is_none_or(|methods| methods.iter().any(|allowed| allowed == name));
            let Some(offer) = set.offer(method).filter(|_| allowed) else { continue };
            if method == WampMethod::Tls && set.implied && transport.certificate.is_none() {
                continue;
            }
            base.method = method;
            if method != WampMethod::Cookie {
                return self.first_step(base, offer);
            }
            // A browser lists it whether or not it has one.
            if let Some(granted) = self.cookie_holder(&base).await {
                return self.welcome(&base, granted, &Map::new());
            }
        }
        abort(set.errors.no_method(), "none of the client's authentication methods is offered here")
    }

    fn first_step(&self, base: Base, offer: &Offer) -> WampStep {
        let needs_authid = match base.method {
            WampMethod::Wampcra | WampMethod::Scram(_) => true,
            WampMethod::Ticket => offer.authenticator.is_none() && !base.set.tokens,
            _ => false,
        };
        if needs_authid && base.authid.is_none() {
            return abort(error::NO_SUCH_PRINCIPAL, "this method needs the `authid` in HELLO");
        }
        if base.method == WampMethod::Tls && base.transport.certificate.is_none() {
            return abort(base.set.errors.denied(), "client did not send a TLS client certificate");
        }
        if let Some(authenticator) = &offer.authenticator {
            return match base.method {
                WampMethod::Ticket => challenge(base, Map::new(), Pending::TicketToAsk),
                _ => self.ask(base, authenticator, None),
            };
        }
        match base.method {
            WampMethod::Anonymous => self.anonymous(&base, offer),
            WampMethod::Ticket => {
                let known = base.known(|principal| principal.has_ticket());
                challenge(base, Map::new(), Pending::Ticket(known))
            }
            WampMethod::Wampcra => self.challenge_cra(base),
            WampMethod::Scram(dialect) => self.challenge_scram(base, dialect),
            WampMethod::Cryptosign => self.challenge_cryptosign(base),
            WampMethod::Tls => self.by_certificate(&base),
            WampMethod::Cookie => denied(&base.set),
        }
    }

    fn anonymous(&self, base: &Base, offer: &Offer) -> WampStep {
        let Some(role) = offer.role.clone() else {
            return abort(error::NO_SUCH_ROLE, "anonymous sessions have no role");
        };
        let Ok(authid) = random::text::<15>() else { return no_randomness() };
        let realm = base.realm.clone();
        let granted = Granted::new(authid.into(), role, realm, STATIC, WampMethod::Anonymous);
        // For limits and the audit log, all who are nobody have one name, as over HTTP.
        let granted = Granted { id: crate::grants::ANONYMOUS.into(), ..granted };
        self.welcome(base, granted, &Map::new())
    }

    fn by_certificate(&self, base: &Base) -> WampStep {
        let Some(certificate) = &base.transport.certificate else { return denied(&base.set) };
        let known = base.set.by_certificate.get(certificate.thumbprint());
        if let Some(principal) = known.filter(|principal| principal.may_join(&base.realm)) {
            let expires = jiff::Timestamp::from_second(certificate.not_after_s()).ok();
            let granted = Granted { expires, ..base.granted(principal) };
            return self.welcome(base, granted, &Map::new());
        }
        let rule = base.state.certificates.iter().find_map(|rule| Some((rule.matches(certificate)?, rule)));
        let Some((id, rule)) = rule else {
            let message = format!("no principal with the certificate {} exists", certificate.sha256());
            return abort(base.set.errors.denied(), message);
        };
        let id: Arc<str> = id.into();
        let granted = Granted {
            id: Arc::clone(&id),
            authid: id,
            roles: rule.roles.clone(),
            realm: base.realm.clone(),
            provider: STATIC,
            extra: Map::new(),
            proof: base.method.proof(),
            expires: jiff::Timestamp::from_second(certificate.not_after_s()).ok(),
        };
        self.welcome(base, granted, &Map::new())
    }

    async fn cookie_holder(&self, base: &Base) -> Option<Granted> {
        let now = self.means.clock.now();
        if let Some(cookie) = &base.transport.cookie
            && let Some(granted) = base.state.wamp.cookies.holder(cookie, &base.realm, now)
        {
            return Some(granted);
        }
        let session = base.transport.session_cookie.as_ref()?.expose_secret();
        let certificate = None;
        let (authorization, api_key) = (None, None);
        let credentials =
            Credentials { realm: &base.realm, authorization, api_key, session: Some(session), certificate };
        let caller = self.caller(&credentials).await.ok().filter(|caller| !caller.is_anonymous())?;
        Some(Granted::of(&caller, "session"))
    }
}

impl Base {
    /// The principal of the client's authid, when it may join and has what the method needs.
    pub(super) fn known(&self, has: impl Fn(&Principal) -> bool) -> Option<Arc<Principal>> {
        let principal = self.set.principals.get(self.authid.as_deref()?)?;
        (principal.may_join(&self.realm) && has(principal)).then(|| Arc::clone(principal))
    }

    pub(super) fn granted(&self, principal: &Principal) -> Granted {
        let (authid, role) = (Arc::clone(&principal.authid), Arc::clone(&principal.role));
        Granted::new(authid, role, self.realm.clone(), STATIC, self.method)
    }
}

impl ErrorUris {
    /// The credentials do not hold.
    pub(super) const fn denied(self) -> &'static str {
        match self {
            Self::Specification => error::AUTHENTICATION_DENIED,
            Self::Crossbar => error::NOT_AUTHORIZED,
        }
    }

    /// There is no method in common.
    pub(super) const fn no_method(self) -> &'static str {
        match self {
            Self::Specification => error::NO_MATCHING_AUTH_METHOD,
            Self::Crossbar => error::NO_AUTH_METHOD,
        }
    }
}

/// One answer to everybody whose credentials do not hold, whatever is wrong with them.
pub(super) fn denied(set: &Set) -> WampStep {
    abort(set.errors.denied(), "the credentials do not hold")
}

pub(super) fn no_randomness() -> WampStep {
    tracing::error!("the system gives no random bytes: nobody can be challenged");
    abort(error::AUTHENTICATION_FAILED, "nobody can be authenticated at the moment")
}

/// Text of the client in a message to it: short, and without surprises in a log.
pub(super) fn quoted(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(64).collect();
    format!("\"{shown}\"")
}
