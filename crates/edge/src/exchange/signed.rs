//! Requests that are signed in their query: `?key=…&timestamp=…&seq=…&nonce=…&signature=…`, as clients of Crossbar's HTTP
//! bridge send them. The signature covers the body, so this is the one way in which a body is read before it is known who
//! sends it: bounded, in its turn, and only for a key that exists and a time that is now.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::Caller;
use crossgate_contract::percent_decode;
use crossgate_identity::{Refusal, SignedRequest};
use http::{HeaderValue, StatusCode};

use super::body::Body;
use super::{Exchange, caller, operation};
use crate::config::Method;
use crate::mount::Target;
use crate::problem::Problem;

/// The parameters, in the order in which they are signed; the signature last.
const NAMES: [&str; 5] = ["key", "timestamp", "seq", "nonce", "signature"];

/// What a signed request says. `None` where the query has no signature.
pub(super) struct Signed<'a>([Cow<'a, str>; NAMES.len()]);

impl<'a> Signed<'a> {
    /// Reads it out of the query of an operation that takes signed requests.
    pub(super) fn read(x: &'a Exchange<'_>, target: &Target) -> Result<Option<Self>, Problem> {
        if !target.signed {
            return Ok(None);
        }
        let query = x.head.uri.query().unwrap_or_default();
        let mut values: [Option<Cow<'a, str>>; NAMES.len()] = Default::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let Some(place) = NAMES.iter().position(|known| *known == name) else { continue };
            let value = percent_decode(value, false);
            if value.is_none() || values[place].is_some() {
                return Err(refused(x, &format!("`{name}` of a signed request is given once")));
            }
            values[place] = value;
        }
        match values {
            [None, None, None, None, None] => Ok(None),
            [Some(key), Some(timestamp), Some(seq), Some(nonce), Some(signature)] => {
                Ok(Some(Self([key, timestamp, seq, nonce, signature])))
            }
            _ => Err(refused(x, "a signed request has `key`, `timestamp`, `seq`, `nonce` and `signature`")),
        }
    }

    /// Finds out whose it is, and gives the body that was read for that.
    pub(super) async fn known(
        &self,
        x: &Exchange<'_>,
        target: &Target,
        procedure: &str,
        body: &mut Body,
    ) -> Result<(Arc<Caller>, Bytes), Problem> {
        if !x.state.accepts(Method::Signature) {
            return Err(refused(x, "signed requests are not accepted here"));
        }
        let Self([key, timestamp, seq, nonce, signature]) = self;
        let request = SignedRequest { key, timestamp, seq, nonce, signature };
        let (identity, realm) = (&x.peer.door.shared.identity, &x.state.realm);
        let attempt = match identity.signed_begin(realm, &request) {
            Ok(attempt) => attempt,
            Err(refusal) => return Err(turned_away(x, procedure, refusal).await),
        };
        let bytes = operation::bytes(x, target, body).await.map_err(|unreadable| unreadable.problem())?;
        match identity.signed_caller(realm, attempt, &bytes) {
            Ok(caller) => Ok((caller, bytes)),
            Err(refusal) => Err(turned_away(x, procedure, refusal).await),
        }
    }
}

async fn turned_away(x: &Exchange<'_>, procedure: &str, refusal: Refusal) -> Problem {
    let Refusal { error, challenge } = refusal;
    let error = caller::turned_away(x, procedure, error).await;
    caller::with_challenge(Problem::plainly(&error), &error, HeaderValue::try_from(challenge).ok())
}

fn refused(x: &Exchange<'_>, detail: &str) -> Problem {
    let problem = Problem::new(StatusCode::UNAUTHORIZED, detail.to_owned());
    problem.header(http::header::WWW_AUTHENTICATE, caller::challenge(&x.state.realm))
}
