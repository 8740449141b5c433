//! Dynamic authenticators: what is asked, and what the answer means.

use std::sync::Arc;

use crossgate_wamp::uri::{Match, Rules};
use crossgate_wamp::uris::error;
use crossgate_wamp::{Map, Value};

use super::answer::TOO_MANY;
use super::attempt::{Base, Pending, WampAsked};
use super::authorize::kind;
use super::begin::no_randomness;
use super::challenge::{challenge, cryptosign_step, scram_step};
use super::grant::{Granted, is_reserved};
use super::method::WampMethod;
use super::returned::{Answer, Credential};
use super::set::Authenticator;
use super::step::{WampAsk, WampAskError, WampStep, abort};
use crate::identity::Identity;
use crate::random;
use crate::state::NAME_BYTES_MAX;

/// The longest message of an authenticator that is passed on, in characters.
const MESSAGE_CHARS_MAX: usize = 512;
/// What `authprovider` says where an authenticator decides.
const DYNAMIC: &str = "dynamic";
/// Errors that say nothing about the client's credentials: they do not count as a wrong guess.
const TECHNICAL: [&str; 14] = [
    error::NO_SUCH_PROCEDURE,
    error::NO_SUCH_REALM,
    error::RUNTIME_ERROR,
    error::TIMEOUT,
    error::CANCELED,
    error::UNAVAILABLE,
    error::NO_AVAILABLE_CALLEE,
    error::NO_ELIGIBLE_CALLEE,
    error::MAX_CONCURRENCY_REACHED,
    error::NETWORK_FAILURE,
    error::INVALID_ARGUMENT,
    error::PAYLOAD_SIZE_EXCEEDED,
    TOO_MANY,
    error::AUTHENTICATION_FAILED,
];

impl Identity {
    /// Has an authenticator asked. `ticket` is what the client has shown.
    pub(super) fn ask(&self, base: Base, authenticator: &Authenticator, ticket: Option<&str>) -> WampStep {
        let guessers = base.guessers(base.method != WampMethod::Tls && base.method != WampMethod::Anonymous);
        if let Err(error) = self.lockout.check(&guessers) {
            return abort(TOO_MANY, error.public());
        }
        let realm = authenticator.realm.as_ref().unwrap_or(&base.realm).clone();
        let mut details = base.details(self.means.clock.now());
        if let Some(ticket) = ticket {
            details.insert("ticket", ticket);
        }
        let authid = base.authid.as_deref().map_or(Value::Null, Value::from);
        let procedure = &authenticator.procedure;
        WampStep::Ask(Box::new(WampAsk {
            procedure: Arc::clone(&procedure.name),
            caller: procedure.caller(&realm),
            args: [base.realm.as_str().into(), authid, details.into()],
            timeout: procedure.timeout,
            asked: WampAsked { base: Box::new(base), guessers, procedure: Arc::clone(&procedure.name) },
            realm,
        }))
    }

    /// Goes on with what the authenticator answered, or how it failed. `answer` is its first positional
    /// result, nothing when there is none.
    #[must_use]
    pub fn wamp_decided(&self, asked: WampAsked, answer: Result<Value, WampAskError>) -> WampStep {
        let WampAsked { base, guessers, procedure } = asked;
        let value = match answer {
            Ok(value) => value,
            Err(fault) => {
                if TECHNICAL.contains(&fault.uri.as_str()) {
                    tracing::warn!(%procedure, uri = fault.uri, "an authenticator did not decide");
                } else {
                    self.lockout.failed(&guessers);
                }
                return refused(&procedure, fault);
            }
        };
        if let Some(step) = self.outlived(&base) {
            return step;
        }
        let step = self.understood(*base, &value);
        match &step {
            WampStep::Abort { uri, message } => {
                tracing::error!(%procedure, %uri, "an authenticator's answer was refused: {message}");
            }
            WampStep::Welcome(_) => self.lockout.passed(&guessers),
            // A challenge is still to be answered.
            WampStep::Challenge { .. } | WampStep::Ask(_) => {}
        }
        step
    }

    fn understood(&self, base: Base, value: &Value) -> WampStep {
        let answer = match Answer::read(value) {
            Ok(answer) => answer,
            Err(why) => return abort(error::AUTHENTICATION_FAILED, format!("got invalid return type: {why}")),
        };
        let credential = match Credential::read(value, base.method) {
            Ok(credential) => credential,
            Err(why) => return abort(error::AUTHENTICATION_FAILED, format!("got invalid return type: {why}")),
        };
        let granted = match self.granted(&base, answer) {
            Ok(granted) => granted,
            Err(step) => return step,
        };
        match credential {
            Credential::None => self.welcome(&base, granted, &Map::new()),
            Credential::Cra(cra) => {
                let (authid, role) = (Arc::clone(&granted.authid), granted.roles.first().cloned());
                let role = role.as_deref().unwrap_or_default();
                let Some(text) = self.cra_challenge(&base, &authid, role, DYNAMIC) else { return no_randomness() };
                let extra = text.extra(cra.salt.as_ref());
                challenge(base, extra, Pending::Cra { challenge: text, key: cra.key, granted: Some(granted) })
            }
            Credential::Scram(secret) => scram_step(base, *secret, Some(granted)),
            Credential::PublicKey(key) => cryptosign_step(base, key, Some(granted)),
        }
    }

    /// Who the client is by the answer, after the checks in their order.
    fn granted(&self, base: &Base, answer: Answer) -> Result<Granted, WampStep> {
        let realm = answer.realm.map_or_else(|| base.realm.clone(), crossgate_call::Realm::new);
        if !crossgate_wamp::uri::is_realm(realm.as_str()) {
            return Err(abort(error::NO_SUCH_REALM, "the authenticator names no realm that can exist"));
        }
        let authid: Arc<str> = match (answer.authid, &base.authid, base.method) {
            (Some(authid), _, _) => authid.into(),
            (None, Some(authid), _) => Arc::clone(authid),
            (None, None, WampMethod::Anonymous) => random::text::<15>().map_err(|_| no_randomness())?.into(),
            (None, None, _) => return Err(abort(error::NO_SUCH_PRINCIPAL, "the authenticator names no authid")),
        };
        if authid.is_empty() || authid.len() > NAME_BYTES_MAX || authid.chars().any(char::is_control) {
            return Err(abort(error::NO_SUCH_PRINCIPAL, "the authenticator names an authid that cannot be one"));
        }
        let default = base.set.offer(base.method).and_then(|offer| offer.role.as_deref());
        let Some(role) = answer.role.as_deref().or(default) else {
            return Err(abort(error::NO_SUCH_ROLE, "the authenticator names no role, and there is no default one"));
        };
        if is_reserved(role) {
            tracing::error!(role, "an authenticator gave a role that is given to nobody over WAMP");
            return Err(abort(error::NO_SUCH_ROLE, "the authenticator names a role that it may not give"));
        }
        let known = base.state.grants.role(role).filter(|_| base.state.wamp.named.contains(role));
        let Some(role) = known else {
            return Err(abort(error::NO_SUCH_ROLE, "the authenticator names a role that does not exist"));
        };
        let granted = Granted::new(authid, Arc::clone(role), realm, DYNAMIC, base.method);
        let expires = base.transport.certificate.as_ref().filter(|_| base.method == WampMethod::Tls);
        let expires = expires.and_then(|peer| jiff::Timestamp::from_second(peer.not_after_s()).ok());
        Ok(Granted { extra: answer.extra, expires, ..granted })
    }
}

/// The authenticator's own error, or that it could not be asked.
fn refused(procedure: &str, fault: WampAskError) -> WampStep {
    let message = match (&*fault.uri, fault.message) {
        (error::NO_SUCH_PROCEDURE, Some(message)) if message.contains(procedure) => shortened(&message),
        (error::NO_SUCH_PROCEDURE, _) => format!("no callee registered for procedure <{procedure}>"),
        (error::TIMEOUT, _) => "the authenticator took too long".to_owned(),
        (_, Some(message)) => shortened(&message),
        (_, None) => "the authenticator refused".to_owned(),
    };
    if !fault.uri.is_empty() && Rules::Loose.allow(&fault.uri, Match::Exact) {
        return WampStep::Abort { uri: fault.uri.into(), message };
    }
    abort(error::RUNTIME_ERROR, message)
}

fn shortened(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS_MAX).collect()
}

/// For messages about values of the wrong type.
pub(super) fn wrong_type(what: &str, value: &Value) -> String {
    format!("{what} is {}", kind(value))
}
