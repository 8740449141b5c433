//! Why a token is refused.

use std::fmt;

/// Why a token is refused. `Display` is for the operator's log; [`TokenFault::public`] for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// Longer than we read.
    TooLong(usize),
    /// Not three base64url parts with JSON objects in the first two.
    Malformed(&'static str),
    /// A header parameter that we refuse.
    Header(&'static str),
    /// The `typ` header is not an access token's.
    Typ(String),
    /// The signature algorithm is not one that the issuer's keys may be used with.
    Algorithm(String),
    /// The `iss` claim is nobody that we accept.
    UnknownIssuer,
    /// No key of the issuer has this id.
    UnknownKey(String),
    /// The signature does not fit.
    Signature,
    /// A claim that must be there is not.
    Missing(&'static str),
    /// A claim has the wrong type or an impossible value.
    Claim(&'static str),
    /// The `aud` claim does not name us.
    Audience,
    /// Past its `exp`, or older than the issuer's tokens may be.
    Expired,
    /// Before its `nbf` or its `iat`.
    NotYet(&'static str),
    /// Its `jti` has been revoked.
    Revoked,
    /// It is bound to a certificate that the connection does not have.
    Binding,
    /// The issuer's keys cannot be had at the moment.
    NoKeys,
}

impl TokenFault {
    /// The caller's sentence. It tells an honest client what to do and a dishonest one nothing about
    /// how near it came.
    pub(crate) fn public(&self) -> &'static str {
        match self {
            Self::TooLong(_) | Self::Malformed(_) => "the token is not a JSON Web Token that this server reads",
            Self::Expired => "the token has expired; get a new one",
            Self::NotYet(_) => "the token is not valid yet; check the clock of its issuer",
            Self::Missing(_) | Self::Claim(_) | Self::Typ(_) => {
                "the token is not an access token as this server needs it"
            }
            Self::Audience | Self::UnknownIssuer => "the token is not meant for this server",
            Self::Binding => "the token is bound to a client certificate; connect with that certificate",
            Self::NoKeys => "the keys of the token's issuer cannot be had at the moment; try again",
            Self::Header(_) | Self::Algorithm(_) | Self::UnknownKey(_) | Self::Signature | Self::Revoked => {
                "the token is not valid; get a new one"
            }
        }
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(bytes) => write!(f, "it is {bytes} bytes long; at most {} are read", super::TOKEN_BYTES_MAX),
            Self::Malformed(what) => write!(f, "it is malformed: {what}"),
            Self::Header(what) => write!(f, "its header has {what}, which is refused"),
            Self::Typ(typ) => write!(
                f,
                "its `typ` is {typ:?}, not `at+jwt` (RFC 9068); set `compat` for issuers that write `JWT` or nothing"
            ),
            Self::Algorithm(name) => {
                write!(f, "its algorithm {name:?} is not one that the issuer's keys may be used with")
            }
            Self::UnknownIssuer => f.write_str("its `iss` is no configured issuer"),
            Self::UnknownKey(kid) => write!(f, "the issuer has no key with the id {kid:?}"),
            Self::Signature => f.write_str("its signature does not fit any of the issuer's keys"),
            Self::Missing(claim) => write!(f, "it has no `{claim}` claim"),
            Self::Claim(claim) => write!(f, "its `{claim}` claim has the wrong type or an impossible value"),
            Self::Audience => f.write_str("its `aud` names none of the issuer's configured audiences"),
            Self::Expired => f.write_str("it has expired, or is older than `max_token_age_s`"),
            Self::NotYet(claim) => write!(f, "its `{claim}` is in the future, by more than the leeway"),
            Self::Revoked => f.write_str("its `jti` is on the list of revoked tokens"),
            Self::Binding => f.write_str(
                "its `cnf` names another client certificate than the connection's, or the connection has none",
            ),
            Self::NoKeys => f.write_str("the issuer's key set has not been fetched, or is too old"),
        }
    }
}

impl std::error::Error for TokenFault {}
