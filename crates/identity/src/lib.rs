//! Whether: who is calling, and what they may do.
//!
//! This crate owns the way from credentials to a verified [`crossgate_call::Caller`] (bearer tokens,
//! client certificates, API keys, passwords, browser sessions, WAMP's methods), the issuing of tokens, and the grants.
//! It must not know any HTTP framework (strings come in and go out), nor who provides a procedure.
//!
//! - [`Identity::open`] compiles a [`Config`]; [`Identity::reload`] replaces it, whole or not at all.
//! - [`Identity::caller`] answers who is calling. Credentials are verified once and remembered until
//!   they end; from then on it is one hash and one look-up.
//! - [`Grants::permits`] answers whether they may: nothing that is not granted, the same for HTTP and WAMP.
//! - [`Identity::wamp_begin`] answers a WAMP client's HELLO.
//! - [`Identity::token`] is the token endpoint (RFC 6749, 7523, 8705, 9068).
//!
//! What is refused is refused with 401 and a challenge, whatever is sent: bad input is never our fault.

mod bucket;
mod cache;
mod certificate;
mod config;
mod digest;
mod fault;
mod grants;
mod identity;
mod json;
mod jwt;
mod lockout;
mod password;
mod random;
mod records;
mod refusal;
mod signed;
mod signing;
mod state;
mod token;
mod wamp;

pub use certificate::{CertificateError, PeerCertificate};
pub use config::{
    Action, ApiKey, Authorization, CertificateRule, Client, Config, CookieMethod, CraSalt, ErrorUris, GrantRule,
    Issuer, Match, Method, Principal, Rate, Role, Scram, Secret, Sessions, SignedKey, Tokens, User, Wamp, WampAuth,
};
pub use fault::{ConfigError, Fault};
pub use grants::{ANONYMOUS, Decision, Grants, OPERATOR, Pattern, Wildcard};
pub use identity::{Credentials, Identity, Inspection, NewSession, procedures};
pub use jwt::{BoxError, FETCH_BYTES_MAX, Fetch};
pub use password::{PasswordError, hash_password};
pub use records::UserSummary;
pub use refusal::{Refusal, challenge};
pub use signed::{SignedAttempt, SignedRequest};
pub use signing::{SigningKeyError, generate_signing_key};
pub use token::{IssueRequest, OAuthError, TokenRequest, TokenResponse, hash_client_secret};
pub use wamp::{
    WAMP_ATTEMPTS_MAX, WAMP_CHALLENGE_LIFETIME, WampAsk, WampAskError, WampAsked, WampAttempt, WampAttempts,
    WampAuthorizer, WampCookie, WampHello, WampMethod, WampRule, WampSession, WampStep, WampTransport, WampVerdict,
    WampWelcome, wamp_authorization_failed, wamp_authorizer_args, wamp_not_authorized,
};
