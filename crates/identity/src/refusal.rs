//! How credentials are refused: an error for the call, and the challenge that HTTP asks for.

use std::time::Duration;

use crossgate_call::{Error, Realm};

use crate::jwt::TokenFault;

/// When to come back while an issuer's keys cannot be had.
const KEYS_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Credentials that do not hold.
#[derive(Debug)]
pub struct Refusal {
    /// What the caller is told: [`crossgate_call::Kind::Unauthenticated`], or
    /// [`crossgate_call::Kind::Unavailable`] when nobody can tell at the moment whether they hold.
    pub error: Error,
    /// The value of the `WWW-Authenticate` header (RFC 6750 section 3).
    pub challenge: String,
}

impl Refusal {
    pub(crate) fn token(realm: &Realm, fault: TokenFault) -> Self {
        let public = fault.public();
        if fault == TokenFault::NoKeys {
            let error = Error::unavailable(public, KEYS_RETRY_AFTER).because(fault);
            return Self { error, challenge: challenge(realm) };
        }
        let challenge = format!("{}, error=\"invalid_token\", error_description=\"{public}\"", challenge(realm));
        Self { error: Error::unauthenticated(public).because(fault), challenge }
    }

    pub(crate) fn unauthenticated(realm: &Realm, public: &'static str) -> Self {
        Self { error: Error::unauthenticated(public), challenge: challenge(realm) }
    }

    /// Not the caller's fault: the error as it is.
    pub(crate) fn unavailable(realm: &Realm, error: Error) -> Self {
        Self { error, challenge: challenge(realm) }
    }
}

/// The challenge for callers who have presented nothing: no error code (RFC 6750 section 3.1).
pub fn challenge(realm: &Realm) -> String {
    format!("Bearer realm=\"{}\"", quoted(realm.as_str()))
}

/// What may stand between quotes in a header: no quotes, no backslashes, ASCII only.
pub(crate) fn quoted(text: &str) -> String {
    text.chars().filter(|c| matches!(c, ' '..='~') && *c != '"' && *c != '\\').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_a_header_whatever_the_realm_is_called() {
        let realm = Realm::new("a\"b\\c\r\nSet-Cookie: x=\u{e9}");
        assert_eq!(challenge(&realm), "Bearer realm=\"abcSet-Cookie: x=\"");
    }
}
