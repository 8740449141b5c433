//! The claims of a token whose signature holds (RFC 7519 section 4.1, RFC 9068 section 4).

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::compact::Compact;
use super::fault::TokenFault;
use crate::grants::{ANONYMOUS, Grants, OPERATOR};

/// The longest subject, in bytes.
const SUBJECT_BYTES_MAX: usize = 256;
/// The most words that a roles or scope claim may list.
const WORDS_MAX: usize = 128;
/// The most values that an `aud` claim may list.
const AUDIENCES_MAX: usize = 64;

/// Which `typ` headers are accepted (RFC 8725 section 3.11: one kind of token is not taken for another).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typ {
    /// Access tokens as RFC 9068 writes them.
    AccessToken,
    /// Those, and `JWT` or nothing.
    Compat,
    /// A client's assertion (RFC 7523).
    Assertion,
}

/// What an issuer's tokens must say.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) typ: Typ,
    pub(crate) audience: Vec<String>,
    pub(crate) leeway_s: i64,
    pub(crate) require_exp: bool,
    pub(crate) require_iat: bool,
    pub(crate) max_age_s: Option<i64>,
    pub(crate) subject_claims: Vec<String>,
    pub(crate) subject_prefix: String,
    pub(crate) roles_claim: String,
    pub(crate) role_map: BTreeMap<String, Vec<Arc<str>>>,
    /// Whether the reserved roles may be named by a token: only by our own.
    pub(crate) trusted: bool,
    pub(crate) revoked: HashSet<String>,
}

/// What a token says, once everything has been checked.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) id: Arc<str>,
    pub(crate) roles: Vec<Arc<str>>,
    pub(crate) expires: Option<Timestamp>,
    /// SHA-256 of the certificate that it is bound to (RFC 8705 section 3.1).
    pub(crate) bound_to: Option<[u8; 32]>,
}

impl Rules {
    /// Checks everything but issuer and signature, which the caller has checked.
    pub(crate) fn check(&self, token: &Compact<'_>, grants: &Grants, now: Timestamp) -> Result<Verified, TokenFault> {
        self.check_typ(token.typ())?;
        let claims = &token.claims;
        self.check_audience(claims)?;
        let expires = self.check_times(claims, now.as_second())?;
        if let Some(jti) = text(claims, "jti")?
            && self.revoked.contains(jti)
        {
            return Err(TokenFault::Revoked);
        }
        Ok(Verified {
            id: self.subject(claims)?,
            roles: self.roles(claims, grants)?,
            expires,
            bound_to: bound_to(claims)?,
        })
    }

    fn check_typ(&self, typ: Option<&str>) -> Result<(), TokenFault> {
        // Media types are compared without regard to case, and `application/` may be left out (RFC 7515 section 4.1.9).
        let short = typ.map(|typ| {
            let lower = typ.to_ascii_lowercase();
            lower.strip_prefix("application/").map(str::to_owned).unwrap_or(lower)
        });
        let fits = match self.typ {
            Typ::AccessToken => short.as_deref() == Some("at+jwt"),
            Typ::Compat => matches!(short.as_deref(), None | Some("at+jwt" | "jwt")),
            Typ::Assertion => matches!(short.as_deref(), None | Some("jwt" | "client-authentication+jwt")),
        };
        if fits { Ok(()) } else { Err(TokenFault::Typ(typ.unwrap_or_default().to_owned())) }
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), TokenFault> {
        let ours = |value: &str| self.audience.iter().any(|audience| audience == value);
        let named = match claims.get("aud") {
            None => return Err(TokenFault::Missing("aud")),
            Some(Value::String(one)) => ours(one),
            Some(Value::Array(several)) if several.len() <= AUDIENCES_MAX && several.iter().all(Value::is_string) => {
                several.iter().filter_map(Value::as_str).any(ours)
            }
            Some(_) => return Err(TokenFault::Claim("aud")),
        };
        if named { Ok(()) } else { Err(TokenFault::Audience) }
    }

    /// Gives the moment from which the token is refused, leeway included.
    fn check_times(&self, claims: &Map<String, Value>, now_s: i64) -> Result<Option<Timestamp>, TokenFault> {
        let exp = numeric_date(claims, "exp")?;
        let iat = numeric_date(claims, "iat")?;
        if numeric_date(claims, "nbf")?.is_some_and(|nbf| nbf > now_s + self.leeway_s) {
            return Err(TokenFault::NotYet("nbf"));
        }
        if iat.is_some_and(|iat| iat > now_s + self.leeway_s) {
            return Err(TokenFault::NotYet("iat"));
        }
        if exp.is_none() && self.require_exp {
            return Err(TokenFault::Missing("exp"));
        }
        let oldest = match (self.max_age_s, iat) {
            (None, None) if self.require_iat => return Err(TokenFault::Missing("iat")),
            (None, _) => None,
            (Some(_), None) => return Err(TokenFault::Missing("iat")),
            (Some(age), Some(iat)) => Some(iat.saturating_add(age)),
        };
        let end = [exp, oldest].into_iter().flatten().min().map(|end| end.saturating_add(self.leeway_s));
        match end {
            Some(end) if end <= now_s => Err(TokenFault::Expired),
            // A moment beyond what the calendar knows is as good as none.
            Some(end) => Ok(Some(Timestamp::from_second(end).unwrap_or(Timestamp::MAX))),
            None => Ok(None),
        }
    }

    fn subject(&self, claims: &Map<String, Value>) -> Result<Arc<str>, TokenFault> {
        // A claim that is there must be good, also when another could take its place.
        for name in &self.subject_claims {
            let Some(value) = claims.get(name) else { continue };
            let subject = value.as_str().ok_or(TokenFault::Claim("sub"))?;
            if subject.is_empty() || subject.len() > SUBJECT_BYTES_MAX || subject.chars().any(char::is_control) {
                return Err(TokenFault::Claim("sub"));
            }
            return Ok(format!("{}{subject}", self.subject_prefix).into());
        }
        Err(TokenFault::Missing("sub"))
    }

    fn roles(&self, claims: &Map<String, Value>, grants: &Grants) -> Result<Vec<Arc<str>>, TokenFault> {
        let claim = match self.roles_claim.starts_with('/') {
            true => pointer(claims, &self.roles_claim),
            false => claims.get(&self.roles_claim),
        };
        let words: Vec<&str> = match claim {
            Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
                list.iter().filter_map(Value::as_str).collect()
            }
            Some(Value::String(words)) => words.split_ascii_whitespace().collect(),
            Some(Value::Null) | None => text(claims, "scope")?.unwrap_or_default().split_ascii_whitespace().collect(),
            Some(_) => return Err(TokenFault::Claim("roles")),
        };
        if words.len() > WORDS_MAX {
            return Err(TokenFault::Claim("roles"));
        }
        Ok(words.into_iter().flat_map(|word| self.role(word, grants)).collect())
    }

    /// The roles that one word gives: mapped, or the configured role of that name.
    fn role(&self, word: &str, grants: &Grants) -> Vec<Arc<str>> {
        if !self.role_map.is_empty() {
            return self.role_map.get(word).cloned().unwrap_or_default();
        }
        if !self.trusted && (word == ANONYMOUS || word == OPERATOR) {
            return Vec::new();
        }
        grants.role(word).cloned().into_iter().collect()
    }
}

fn pointer<'c>(claims: &'c Map<String, Value>, pointer: &str) -> Option<&'c Value> {
    let (first, rest) = pointer[1..].split_once('/').unwrap_or((&pointer[1..], ""));
    let value = claims.get(&first.replace("~1", "/").replace("~0", "~"))?;
    if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
}

/// A claim that, where it is there, is text.
pub(crate) fn text<'c>(claims: &'c Map<String, Value>, name: &'static str) -> Result<Option<&'c str>, TokenFault> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(TokenFault::Claim(name)),
    }
}

/// A NumericDate (RFC 7519 section 2): seconds since 1970, with or without a fraction.
fn numeric_date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<i64>, TokenFault> {
    /// Within this, sums of dates and durations cannot overflow, and no honest date lies beyond.
    const FAR_S: i64 = 1 << 48;
    let Some(value) = claims.get(name) else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "compared with the bounds right below; `as` saturates")]
    let seconds = value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds.floor() as i64));
    match seconds {
        Some(seconds) if (0..FAR_S).contains(&seconds) => Ok(Some(seconds)),
        _ => Err(TokenFault::Claim(name)),
    }
}

/// The certificate thumbprint in `cnf`. Another kind of confirmation is refused: a token that is bound
/// to something we cannot check must not be taken for an unbound one (RFC 7800 section 3.1).
fn bound_to(claims: &Map<String, Value>) -> Result<Option<[u8; 32]>, TokenFault> {
    use base64::Engine as _;
    let Some(cnf) = claims.get("cnf") else { return Ok(None) };
    let thumbprint = cnf.get("x5t#S256").and_then(Value::as_str).ok_or(TokenFault::Claim("cnf"))?;
    let bytes =
        base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(thumbprint).map_err(|_| TokenFault::Claim("cnf"))?;
    bytes.try_into().map(Some).map_err(|_| TokenFault::Claim("cnf"))
}
