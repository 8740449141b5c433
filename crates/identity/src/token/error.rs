//! The token endpoint's errors (RFC 6749 section 5.2).

use std::borrow::Cow;
use std::time::Duration;

use crossgate_call::{Error, Kind};
use serde_json::{Value, json};

/// A refused token request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type`, `invalid_scope`,
    /// `temporarily_unavailable`, `server_error`.
    pub code: &'static str,
    /// A sentence for the developer of the client.
    pub description: Cow<'static, str>,
    /// The HTTP status that the standard gives it: 400, or 401 for `invalid_client`; 429, 500, 503 beyond it.
    pub status: u16,
    /// The value of `WWW-Authenticate`, where the client tried HTTP Basic.
    pub challenge: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl OAuthError {
    fn new(code: &'static str, status: u16, description: impl Into<Cow<'static, str>>) -> Self {
        Self { code, description: description.into(), status, challenge: None, retry_after: None }
    }

    pub(crate) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new("invalid_request", 400, description)
    }

    /// One sentence for every way in which a client can fail to prove itself: which one it was, the
    /// log says.
    pub(crate) fn invalid_client() -> Self {
        Self::new("invalid_client", 401, "the client could not be authenticated")
    }

    pub(crate) fn unsupported_grant_type() -> Self {
        Self::new("unsupported_grant_type", 400, "the only grant type here is client_credentials")
    }

    pub(crate) fn not_issuing() -> Self {
        Self::new("unsupported_grant_type", 400, "no tokens are issued here")
    }

    pub(crate) fn invalid_scope() -> Self {
        Self::new("invalid_scope", 400, "the client may not have this scope")
    }

    pub(crate) fn too_many(retry_after: Duration) -> Self {
        let error = Self::new("temporarily_unavailable", 429, "too many requests; use a token until it expires");
        Self { retry_after: Some(retry_after), ..error }
    }

    pub(crate) fn challenged(self, realm: &str) -> Self {
        Self { challenge: Some(format!("Basic realm=\"{}\"", crate::refusal::quoted(realm))), ..self }
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({"error": self.code, "error_description": self.description})
    }
}

/// What is not the client's doing: the store is away, too many passwords are being checked.
impl From<Error> for OAuthError {
    fn from(error: Error) -> Self {
        let (code, status) = match error.kind() {
            Kind::TooMany => ("temporarily_unavailable", 429),
            Kind::Unavailable | Kind::Deadline => ("temporarily_unavailable", 503),
            _ => ("server_error", 500),
        };
        if let Some(cause) = error.cause() {
            tracing::error!(%cause, "a token could not be issued");
        }
        Self { retry_after: error.retry_after(), ..Self::new(code, status, error.public().to_owned()) }
    }
}

impl std::fmt::Display for OAuthError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.description)
    }
}

impl std::error::Error for OAuthError {}
