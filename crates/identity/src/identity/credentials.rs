//! From credentials to a caller. Remembered ones take one hash and one look-up, and nothing is awaited.

use std::sync::Arc;

use crossgate_call::{Caller, Proof, Realm, Vouched};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::Identity;
use crate::cache::{Key, Kind, Remembered};
use crate::certificate::PeerCertificate;
use crate::digest::sha256;
use crate::grants::ANONYMOUS;
use crate::jwt::{Compact, TokenFault, Trust, claim_text};
use crate::refusal::Refusal;
use crate::state::State;

/// The longest API key, in bytes.
const KEY_BYTES_MAX: usize = 512;
/// How long what hangs on nothing that changes is remembered, in seconds.
const REMEMBER_S: i64 = 3_600;

/// What a request says about who sends it. The names are those of HTTP; any door can fill them in.
#[derive(Clone, Copy, Debug)]
pub struct Credentials<'a> {
    /// The realm that is entered.
    pub realm: &'a Realm,
    /// The `Authorization` header: `Bearer TOKEN` or `ApiKey KEY`.
    pub authorization: Option<&'a str>,
    /// The `X-API-Key` header.
    pub api_key: Option<&'a str>,
    /// The value of the session cookie.
    pub session: Option<&'a str>,
    /// The connection's client certificate.
    pub certificate: Option<&'a Arc<PeerCertificate>>,
}

/// Which of them counts.
#[derive(Clone, Copy)]
enum Presented<'a> {
    Token(&'a str),
    ApiKey(&'a str),
    Session(&'a str),
    Certificate,
    Nothing,
}

impl<'a> Presented<'a> {
    /// A header before a cookie before the certificate: what was sent on purpose before what is sent by
    /// itself. A header that does not hold is refused, whatever else there is.
    fn of(credentials: &Credentials<'a>) -> Result<Self, Refusal> {
        let refused = |public| Err(Refusal::unauthenticated(credentials.realm, public));
        match (credentials.authorization, credentials.api_key) {
            (Some(_), Some(_)) => refused("send either `Authorization` or `X-API-Key`, not both"),
            (Some(header), None) => {
                let (scheme, value) = header.split_once(' ').unwrap_or((header, ""));
                let value = value.trim_matches(' ');
                if value.is_empty() {
                    refused("the `Authorization` header has no value; send `Bearer` and a token")
                } else if scheme.eq_ignore_ascii_case("bearer") {
                    Ok(Self::Token(value))
                } else if scheme.eq_ignore_ascii_case("apikey") {
                    Ok(Self::ApiKey(value))
                } else {
                    refused("this `Authorization` scheme is not accepted; send `Bearer` and a token")
                }
            }
            (None, Some(key)) => Ok(Self::ApiKey(key)),
            (None, None) => Ok(match (credentials.session, credentials.certificate) {
                (Some(session), _) => Self::Session(session),
                (None, Some(_)) => Self::Certificate,
                (None, None) => Self::Nothing,
            }),
        }
    }

    /// What the caller is remembered by.
    fn key(self, credentials: &Credentials<'a>) -> Key<'a> {
        let (kind, credential) = match self {
            Self::Token(token) => (Kind::Token, token),
            Self::ApiKey(key) => (Kind::ApiKey, key),
            Self::Session(session) => (Kind::Session, session),
            Self::Certificate => (Kind::Certificate, ""),
            Self::Nothing => (Kind::Nothing, ""),
        };
        let certificate = credentials.certificate.map(|certificate| certificate.thumbprint());
        Key { kind, realm: credentials.realm, certificate, credential }
    }
}

/// What was found out about credentials, and for how long it holds.
struct Found {
    id: Arc<str>,
    roles: Vec<Arc<str>>,
    proof: Proof,
    expires: Option<Timestamp>,
    until: Timestamp,
    trust: Trust,
}

impl Identity {
    /// Who is calling. Without credentials, with a session that has ended, or with a certificate that no
    /// rule names, the answer is the anonymous caller.
    ///
    /// # Errors
    /// When credentials were sent on purpose (a header) and do not hold, or nobody can tell at the moment.
    pub async fn caller(&self, credentials: &Credentials<'_>) -> Result<Arc<Caller>, Refusal> {
        let presented = Presented::of(credentials)?;
        if let Some(caller) = self.state.load().cache.get(&presented.key(credentials), self.means.clock.now()) {
            return Ok(caller);
        }
        // Boxed, so that the way of remembered credentials stays small.
        Box::pin(self.verified(presented, credentials)).await
    }

    async fn verified(&self, presented: Presented<'_>, credentials: &Credentials<'_>) -> Result<Arc<Caller>, Refusal> {
        let state = self.state.load_full();
        let now = self.means.clock.now();
        let found = match presented {
            Presented::Token(token) => Some(token_caller(&state, token, credentials, now).await?),
            Presented::ApiKey(key) => Some(api_key_caller(&state, key, credentials, now)?),
            Presented::Session(value) => {
                let session = self.session_caller(&state, value, credentials.realm, now).await;
                let session = session.map_err(|error| Refusal::unavailable(credentials.realm, error))?;
                session.map(Found::from).or_else(|| certificate_caller(&state, credentials, now))
            }
            Presented::Certificate => certificate_caller(&state, credentials, now),
            Presented::Nothing => None,
        };
        // An ended session is not remembered as nobody: anybody can invent values.
        let remember = found.is_some() || !matches!(presented, Presented::Session(_));
        let found = found.unwrap_or_else(|| nobody(now));
        let caller = Arc::new(Caller::vouch(Vouched {
            id: found.id,
            roles: found.roles,
            realm: credentials.realm.clone(),
            proof: found.proof,
            expires: found.expires,
            certificate: credentials.certificate.map(|certificate| Arc::clone(certificate.sha256())),
        }));
        if remember {
            let remembered = Remembered { caller: Arc::clone(&caller), until: found.until, trust: found.trust };
            state.cache.insert(&presented.key(credentials), remembered);
        }
        Ok(caller)
    }
}

impl From<super::session::Found> for Found {
    fn from(session: super::session::Found) -> Self {
        let super::session::Found { user, roles, expires, until, trust } = session;
        Self { id: user, roles, proof: Proof::Session, expires: Some(expires), until, trust }
    }
}

async fn token_caller(
    state: &State,
    token: &str,
    credentials: &Credentials<'_>,
    now: Timestamp,
) -> Result<Found, Refusal> {
    check_token(state, token, credentials.certificate, now).await.map_err(|fault| {
        tracing::info!(realm = %credentials.realm, "a bearer token was refused: {fault}");
        Refusal::token(credentials.realm, fault)
    })
}

async fn check_token(
    state: &State,
    token: &str,
    certificate: Option<&Arc<PeerCertificate>>,
    now: Timestamp,
) -> Result<Found, TokenFault> {
    let token = Compact::parse(token)?;
    let issuer = claim_text(&token.claims, "iss")?.ok_or(TokenFault::Missing("iss"))?;
    let issuer = state.issuers.get(issuer).ok_or(TokenFault::UnknownIssuer)?;
    let (verified, trust) = issuer.check(&token, &state.grants, now).await?;
    if let Some(thumbprint) = verified.bound_to
        && certificate.is_none_or(|certificate| *certificate.thumbprint() != thumbprint)
    {
        return Err(TokenFault::Binding);
    }
    let recheck = after(now, issuer.keys.recheck_s());
    let until = verified.expires.map_or(recheck, |expires| expires.min(recheck));
    let (id, roles, expires) = (verified.id, verified.roles, verified.expires);
    Ok(Found { id, roles, proof: Proof::Token, expires, until, trust })
}

fn api_key_caller(state: &State, key: &str, credentials: &Credentials<'_>, now: Timestamp) -> Result<Found, Refusal> {
    let refused = || Refusal::unauthenticated(credentials.realm, "the API key is not valid");
    if key.len() > KEY_BYTES_MAX {
        return Err(refused());
    }
    // Looking up a digest tells nobody anything about the key; the comparison in constant time is for
    // those who would have to be convinced of that.
    let digest = sha256(&[key.as_bytes()]);
    let (known, api_key) = state.api_keys.get_key_value(&digest).ok_or_else(refused)?;
    let expired = api_key.expires.is_some_and(|expires| expires <= now);
    if !bool::from(known.ct_eq(&digest)) || expired {
        return Err(refused());
    }
    let recheck = after(now, REMEMBER_S);
    Ok(Found {
        id: Arc::clone(&api_key.name),
        roles: api_key.roles.clone(),
        proof: Proof::ApiKey,
        expires: api_key.expires,
        until: api_key.expires.map_or(recheck, |expires| expires.min(recheck)),
        trust: Trust::LASTING,
    })
}

fn certificate_caller(state: &State, credentials: &Credentials<'_>, now: Timestamp) -> Option<Found> {
    let certificate = credentials.certificate?;
    let matched = state.certificates.iter().find_map(|rule| Some((rule.matches(certificate)?, rule)));
    let (id, rule) = matched?;
    // The listener has checked it when the connection was made, or when the session was that is resumed: both may
    // be long ago.
    let expires = Timestamp::from_second(certificate.not_after_s()).unwrap_or(Timestamp::MAX);
    if expires <= now {
        return None;
    }
    Some(Found {
        id: id.into(),
        roles: rule.roles.clone(),
        proof: Proof::Certificate,
        expires: Some(expires),
        until: expires.min(after(now, REMEMBER_S)),
        trust: Trust::LASTING,
    })
}

fn nobody(now: Timestamp) -> Found {
    Found {
        id: ANONYMOUS.into(),
        roles: vec![ANONYMOUS.into()],
        proof: Proof::Anonymous,
        expires: None,
        until: after(now, REMEMBER_S),
        trust: Trust::LASTING,
    }
}

/// A moment so many seconds later, or the end of the calendar.
pub(crate) fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
