//! How a client proves itself at the token endpoint.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;

use super::TokenRequest;
use super::error::OAuthError;
use super::form::{Form, decode};
use crate::jwt::{Compact, claim_text};

/// The value of `client_assertion_type` (RFC 7523 section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What a client presents, taken apart and not believed.
pub(crate) struct Presented<'r> {
    pub(crate) client: String,
    pub(crate) method: Method<'r>,
    /// Whether HTTP Basic was used, so that the answer must challenge for it.
    pub(crate) basic: bool,
}

/// By which of the methods of RFC 6749 section 2.3, RFC 7523 and RFC 8705.
pub(crate) enum Method<'r> {
    /// `client_secret_basic` and `client_secret_post`.
    Secret(SecretString),
    /// `private_key_jwt`.
    Assertion(&'r str),
    /// `tls_client_auth`: the certificate speaks for itself.
    Certificate,
}

impl<'r> Presented<'r> {
    /// Takes exactly one method (RFC 6749 section 2.3); several are a mistake or a trick.
    pub(crate) fn of(request: &TokenRequest<'_>, form: &'r Form<'_>) -> Result<Self, OAuthError> {
        let (id, secret, assertion) = (form.get("client_id"), form.get("client_secret"), form.get("client_assertion"));
        let given = [request.authorization.is_some(), secret.is_some(), assertion.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(OAuthError::invalid_request("the client authenticates in more than one way; use one"));
        }
        if let Some(header) = request.authorization {
            return Self::basic(header, id);
        }
        if let Some(assertion) = assertion {
            return Self::assertion(form, assertion, id);
        }
        let client = id.ok_or_else(OAuthError::invalid_client)?.to_owned();
        match secret {
            Some(secret) => Ok(Self { client, method: Method::Secret(SecretString::from(secret)), basic: false }),
            None if request.certificate.is_some() => Ok(Self { client, method: Method::Certificate, basic: false }),
            None => Err(OAuthError::invalid_client()),
        }
    }

    fn basic(header: &str, id: Option<&str>) -> Result<Self, OAuthError> {
        let refused = || OAuthError::invalid_client().challenged("token");
        let (scheme, encoded) = header.split_once(' ').ok_or_else(refused)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(refused());
        }
        let bytes = STANDARD.decode(encoded.trim()).map_err(|_| refused())?;
        let text = String::from_utf8(bytes).map_err(|_| refused())?;
        let (client, secret) = text.split_once(':').ok_or_else(refused)?;
        // Both are form-encoded before they are joined (RFC 6749 section 2.3.1).
        let (client, secret) = (decode(client).ok_or_else(refused)?, decode(secret).ok_or_else(refused)?);
        if id.is_some_and(|id| id != client) {
            return Err(OAuthError::invalid_request("`client_id` is not the one that authenticates"));
        }
        Ok(Self { client: client.into_owned(), method: Method::Secret(SecretString::from(&*secret)), basic: true })
    }

    fn assertion(form: &Form<'_>, assertion: &'r str, id: Option<&str>) -> Result<Self, OAuthError> {
        if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
            return Err(OAuthError::invalid_request(format!("`client_assertion_type` must be {ASSERTION_TYPE}")));
        }
        let token = Compact::parse(assertion).map_err(|_| OAuthError::invalid_client())?;
        let subject = claim_text(&token.claims, "sub").ok().flatten().ok_or_else(OAuthError::invalid_client)?;
        if id.is_some_and(|id| id != subject) {
            return Err(OAuthError::invalid_request("`client_id` is not the one that authenticates"));
        }
        Ok(Self { client: subject.to_owned(), method: Method::Assertion(assertion), basic: false })
    }
}
