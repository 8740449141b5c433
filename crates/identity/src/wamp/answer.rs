//! AUTHENTICATE: whether the answer fits the challenge.

use std::sync::Arc;

use crossgate_call::{Error, Kind};
use crossgate_wamp::Map;
use crossgate_wamp::auth::{CryptosignChallenge, ScramExchange, cra_verify};
use crossgate_wamp::uris::error;
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use super::attempt::{Base, Pending, WAMP_CHALLENGE_LIFETIME, WampAttempt};
use super::begin::denied;
use super::grant::Granted;
use super::principal::{Principal, looks_like_token, ticket_digest};
use super::step::{WampStep, abort};
use crate::identity::{Credentials, Identity};
use crate::jwt::TOKEN_BYTES_MAX;

/// The URI for those who come too often.
pub(super) const TOO_MANY: &str = "crossgate.error.too_many";
/// The longest answer, in bytes.
const SIGNATURE_BYTES_MAX: usize = TOKEN_BYTES_MAX;

/// How an answer was judged.
enum Judged {
    /// It fits; the dictionary goes into this WELCOME's `authextra`.
    Fits(Box<Granted>, Map),
    /// It does not; the reason is for the log.
    Not(String),
    /// Nobody can tell at the moment.
    Unknown(Error),
}

impl Identity {
    /// Answers AUTHENTICATE. The attempt is used up, however it ends.
    pub async fn wamp_answer(&self, attempt: WampAttempt, signature: &str, extra: &Map) -> WampStep {
        let WampAttempt { base, pending } = attempt;
        if let Some(step) = self.outlived(&base) {
            return step;
        }
        if signature.len() > SIGNATURE_BYTES_MAX {
            return denied(&base.set);
        }
        if matches!(*pending, Pending::TicketToAsk) {
            let set = Arc::clone(&base.set);
            let offer = set.offer(base.method).and_then(|offer| offer.authenticator.as_ref());
            return offer.map_or_else(|| denied(&set), |authenticator| self.ask(*base, authenticator, Some(signature)));
        }
        let is_token = matches!(*pending, Pending::Ticket(_)) && base.set.tokens && looks_like_token(signature);
        let guessers = base.guessers(!is_token);
        if let Err(error) = self.lockout.check(&guessers) {
            return abort(TOO_MANY, error.public());
        }
        match self.judged(&base, *pending, signature, extra, is_token).await {
            Judged::Fits(granted, more) => {
                self.lockout.passed(&guessers);
                self.welcome(&base, *granted, &more)
            }
            Judged::Not(reason) => {
                self.lockout.failed(&guessers);
                tracing::info!(method = base.method.as_str(), realm = %base.realm, "a WAMP client was refused: {reason}");
                denied(&base.set)
            }
            Judged::Unknown(fault) => abort(error::AUTHENTICATION_FAILED, fault.public()),
        }
    }

    async fn judged(&self, base: &Base, pending: Pending, signature: &str, extra: &Map, is_token: bool) -> Judged {
        match pending {
            Pending::Ticket(_) if is_token => self.judge_token(base, signature).await,
            Pending::Ticket(known) => judge_ticket(base, known.as_deref(), signature),
            Pending::Cra { challenge, key, granted } => {
                let fits = cra_verify(key.expose_secret().as_bytes(), challenge.text(), signature);
                judge(granted, if fits { Ok(Map::new()) } else { Err("the signature does not fit".to_owned()) })
            }
            Pending::Scram { exchange, granted } => judge_scram(&exchange, granted, signature, extra),
            Pending::Cryptosign { challenge, key, granted } => judge_cryptosign(&challenge, &key, granted, signature),
            Pending::TicketToAsk => Judged::Not("an authenticator is to be asked".to_owned()),
        }
    }

    /// A bearer token, as over HTTP: verified once, and remembered.
    async fn judge_token(&self, base: &Base, token: &str) -> Judged {
        let header = format!("Bearer {token}");
        let credentials = Credentials {
            realm: &base.realm,
            authorization: Some(&header),
            api_key: None,
            session: None,
            certificate: base.transport.certificate.as_ref(),
        };
        match self.caller(&credentials).await {
            Ok(caller) => Judged::Fits(Box::new(Granted::of(&caller, "token")), Map::new()),
            Err(refusal) if refusal.error.kind() == Kind::Unauthenticated => {
                Judged::Not(refusal.error.public().to_owned())
            }
            Err(refusal) => Judged::Unknown(refusal.error),
        }
    }

    /// Ends what a reload or a long pause has made worthless.
    pub(super) fn outlived(&self, base: &Base) -> Option<WampStep> {
        if !Arc::ptr_eq(&base.state, &self.state.load_full()) {
            return Some(abort(error::AUTHENTICATION_FAILED, "the configuration has just changed; connect again"));
        }
        let waited = self.means.clock.instant().saturating_duration_since(base.began);
        let late = waited > WAMP_CHALLENGE_LIFETIME;
        late.then(|| abort(error::AUTHENTICATION_FAILED, "the authentication took too long; connect again"))
    }
}

fn judge_ticket(base: &Base, known: Option<&Principal>, ticket: &str) -> Judged {
    let presented = ticket_digest(ticket);
    // Nobody's ticket has this digest: somebody would have to find one.
    let expected = known.and_then(Principal::ticket_digest).unwrap_or(&[0; 32]);
    let fits = bool::from(expected.ct_eq(&presented));
    match known.filter(|_| fits) {
        Some(principal) => Judged::Fits(Box::new(base.granted(principal)), Map::new()),
        None => Judged::Not("there is no such principal, or its ticket is another".to_owned()),
    }
}

fn judge_scram(exchange: &ScramExchange, granted: Option<Granted>, signature: &str, extra: &Map) -> Judged {
    judge(granted, exchange.verify(signature, extra).map_err(|fault| fault.to_string()))
}

fn judge_cryptosign(
    challenge: &CryptosignChallenge,
    key: &[u8; 32],
    granted: Option<Granted>,
    signature: &str,
) -> Judged {
    judge(granted, challenge.verify(key, signature).map(|()| Map::new()).map_err(|fault| fault.to_string()))
}

/// Nobody who is made up is ever let in, whatever fits.
fn judge(granted: Option<Granted>, outcome: Result<Map, String>) -> Judged {
    match (granted, outcome) {
        (Some(granted), Ok(more)) => Judged::Fits(Box::new(granted), more),
        (None, _) => Judged::Not("there is no such principal".to_owned()),
        (Some(_), Err(reason)) => Judged::Not(reason),
    }
}
