//! The token endpoint.

use std::collections::BTreeSet;
use std::sync::Arc;

use crossgate_call::{Error, Field, Kind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::Identity;
use super::credentials::after;
use crate::certificate::PeerCertificate;
use crate::digest::sha256;
use crate::grants::{Grants, unknown_role};
use crate::jwt::{Compact, Ring, Rules, TokenFault, Typ, claim_text};
use crate::lockout::Guesser;
use crate::records;
use crate::state::{NAME_BYTES_MAX, State, signed};
use crate::token::{
    Client, Form, IssueRequest, Issuing, Method, OAuthError, Presented, SecretHash, Subject, TokenRequest,
    TokenResponse,
};

/// How far ahead an assertion may expire, in seconds, the leeway included (RFC 7523 section 3 leaves it to us).
const ASSERTION_S_MAX: i64 = 5 * 60 + ASSERTION_LEEWAY_S;
/// How far a client's clock may be off, in seconds.
const ASSERTION_LEEWAY_S: i64 = 30;
/// The longest `jti` of an assertion, in bytes.
const JTI_BYTES_MAX: usize = 256;
/// The client id of tokens that no client asked for.
const OWN_CLIENT_ID: &str = "crossgate";

/// Whether a client has proved itself, or why not; the reason is for the log alone.
type Proved = std::result::Result<(), Unproved>;

enum Unproved {
    Not(String),
    Unavailable(OAuthError),
}

impl From<TokenFault> for Unproved {
    fn from(fault: TokenFault) -> Self {
        Self::Not(format!("its assertion was refused: {fault}"))
    }
}

impl From<&str> for Unproved {
    fn from(reason: &str) -> Self {
        Self::Not(reason.to_owned())
    }
}

impl Identity {
    /// Answers a token request: `client_credentials` (RFC 6749 section 4.4).
    ///
    /// # Errors
    /// As RFC 6749 section 5.2 has them.
    pub async fn token(&self, request: TokenRequest<'_>) -> std::result::Result<TokenResponse, OAuthError> {
        let state = self.state.load_full();
        let Some(issuing) = &state.issuing else {
            return Err(OAuthError::not_issuing());
        };
        let form = Form::parse(request.form)?;
        let grant = form.get("grant_type").ok_or_else(|| OAuthError::invalid_request("`grant_type` is missing"))?;
        if grant != "client_credentials" {
            return Err(OAuthError::unsupported_grant_type());
        }
        let presented = Presented::of(&request, &form)?;
        let client = self.authenticated(&state, issuing, &presented, &request).await?;
        client.bucket.take(self.means.clock.instant()).map_err(OAuthError::too_many)?;
        let (roles, scope) = select(client, form.get("scope"))?;
        let bound_to = match (client.certificate_bound, request.certificate) {
            (false, _) => None,
            (true, Some(certificate)) => Some(*certificate.thumbprint()),
            (true, None) => {
                return Err(OAuthError::invalid_request(
                    "this client's tokens are bound to its certificate; connect with it",
                ));
            }
        };
        let subject = Subject {
            id: &client.id,
            client_id: &client.id,
            roles: &roles,
            scope: Some(scope).filter(|scope| !scope.is_empty()),
            lifetime_s: client.lifetime_s,
            bound_to,
        };
        Ok(issuing.make(&subject, self.means.clock.now())?)
    }

    async fn authenticated<'s>(
        &self,
        state: &'s State,
        issuing: &Issuing,
        presented: &Presented<'_>,
        request: &TokenRequest<'_>,
    ) -> std::result::Result<&'s Client, OAuthError> {
        let client = state.clients.get(&presented.client);
        // Guessing a client's secret is slowed down by source alone: by name, a stranger could stop the client.
        let guessers: Vec<Guesser> = request.source.map(Guesser::source).into_iter().collect();
        self.lockout.begin(&guessers)?;
        let proved = match &presented.method {
            Method::Secret(secret) => self.secret_fits(state, client, secret).await,
            Method::Assertion(assertion) => self.assertion_holds(client, assertion, issuing).await,
            Method::Certificate => certificate_fits(client, request.certificate),
        };
        let reason = match (proved, client) {
            (Ok(()), Some(client)) => {
                self.lockout.succeeded(&guessers);
                return Ok(client);
            }
            (Ok(()), None) => "there is no such client".to_owned(),
            (Err(Unproved::Not(reason)), _) => reason,
            (Err(Unproved::Unavailable(error)), _) => {
                self.lockout.withdrawn(&guessers);
                return Err(error);
            }
        };
        tracing::info!(client = ?shortened(&presented.client), "a client could not be authenticated: {reason}");
        let error = OAuthError::invalid_client();
        Err(if presented.basic { error.challenged("token") } else { error })
    }

    async fn secret_fits(&self, state: &State, client: Option<&Client>, secret: &SecretString) -> Proved {
        let dear = |client: &Client| matches!(client.secret, Some(SecretHash::Argon2(_)));
        let fits = match client.and_then(|client| client.secret.as_ref()) {
            Some(SecretHash::Sha256(known)) => bool::from(known.ct_eq(&sha256(&[secret.expose_secret().as_bytes()]))),
            Some(SecretHash::Argon2(phc)) => self.compared(secret, Some(phc)).await?,
            // As slow as a wrong secret where some are compared slowly. Where none are, strangers get no
            // slow comparison out of us.
            None => state.clients.values().any(dear) && self.compared(secret, None).await?,
        };
        if fits { Ok(()) } else { Err("there is no such client, or its secret is another".into()) }
    }

    async fn compared(&self, secret: &SecretString, phc: Option<&str>) -> std::result::Result<bool, Unproved> {
        self.passwords.verify(secret, phc).await.map_err(|error| Unproved::Unavailable(error.into()))
    }

    /// RFC 7523 section 3.
    async fn assertion_holds(&self, client: Option<&Client>, assertion: &str, issuing: &Issuing) -> Proved {
        let client = client.ok_or("there is no such client")?;
        let keys: &Ring = client.keys.as_ref().ok_or("it has no key for assertions")?;
        let token = Compact::parse(assertion)?;
        keys.check_signature(&token).await.map_err(|fault| match fault {
            TokenFault::NoKeys => {
                Unproved::Unavailable(Error::unavailable(fault.public(), std::time::Duration::from_secs(5)).into())
            }
            fault => fault.into(),
        })?;
        if claim_text(&token.claims, "iss")? != Some(&*client.id) {
            return Err("its assertion's `iss` is not its id".into());
        }
        let now = self.means.clock.now();
        let verified = assertion_rules(issuing).check(&token, &Grants::none(), now)?;
        let expires = verified.expires.ok_or(TokenFault::Missing("exp"))?;
        if *verified.id != *client.id || expires > after(now, ASSERTION_S_MAX) {
            return Err("its assertion is for another subject, or valid for more than five minutes".into());
        }
        let jti = claim_text(&token.claims, "jti")?.filter(|jti| !jti.is_empty() && jti.len() <= JTI_BYTES_MAX);
        let jti = jti.ok_or(TokenFault::Missing("jti"))?;
        let digest = sha256(&[&(client.id.len() as u64).to_be_bytes(), client.id.as_bytes(), jti.as_bytes()]);
        let fresh = records::use_once(&self.store, digest, expires, now).await;
        match fresh.map_err(|error| Unproved::Unavailable(Error::from(error).into()))? {
            true => Ok(()),
            false => Err("its assertion has been used before".into()),
        }
    }

    /// Issues a token to whomever the operator names.
    ///
    /// # Errors
    /// [`Kind::Invalid`] for roles that are not configured, a subject or a lifetime that
    /// is out of range; [`Kind::NoSuchProcedure`] when no tokens are issued here.
    pub fn issue(&self, request: &IssueRequest<'_>) -> Result<TokenResponse> {
        let state = self.state.load();
        let issuing = state.issuing.as_ref().ok_or_else(not_issuing)?;
        let lifetime_s = request.lifetime_s.map_or(issuing.lifetime_s, signed);
        let mut fields = Vec::new();
        if request.subject.is_empty()
            || request.subject.len() > NAME_BYTES_MAX
            || request.subject.chars().any(char::is_control)
        {
            fields.push(Field::new(
                "input",
                "/subject",
                format!("a subject is 1 to {NAME_BYTES_MAX} bytes without control characters"),
            ));
        }
        if !(1..=86_400).contains(&lifetime_s) {
            fields.push(Field::new("input", "/lifetime_s", "a token is valid for 1 to 86400 seconds"));
        }
        let roles = checked_roles(&state, request.roles, &mut fields);
        if !fields.is_empty() {
            return Err(Error::invalid("the token cannot be issued like this", fields));
        }
        let subject = Subject {
            id: request.subject,
            client_id: OWN_CLIENT_ID,
            roles: &roles,
            scope: None,
            lifetime_s,
            bound_to: request.certificate,
        };
        issuing.make(&subject, self.means.clock.now())
    }

    pub(super) fn issue_to_user(&self, user: &str, roles: &[Arc<str>]) -> Result<TokenResponse> {
        let state = self.state.load();
        let issuing = state.issuing.as_ref().ok_or_else(not_issuing)?;
        let subject = Subject {
            id: user,
            client_id: OWN_CLIENT_ID,
            roles,
            scope: None,
            lifetime_s: issuing.lifetime_s,
            bound_to: None,
        };
        issuing.make(&subject, self.means.clock.now())
    }

    /// The public keys that our tokens are checked with (RFC 7517); an empty set when none are issued.
    pub fn jwks(&self) -> Value {
        let state = self.state.load();
        state.issuing.as_ref().map_or_else(|| serde_json::json!({"keys": []}), Issuing::jwks)
    }

    /// What this authorization server can do (RFC 8414); none when it issues no tokens.
    pub fn metadata(&self) -> Option<Value> {
        let state = self.state.load();
        let scopes: BTreeSet<&str> = state
            .clients
            .values()
            .flat_map(|client| client.roles.iter().map(|role| &**role).chain(client.scopes.iter().map(String::as_str)))
            .collect();
        Some(state.issuing.as_ref()?.metadata(&Vec::from_iter(scopes)))
    }
}

/// The roles of those names; the fields say which are not configured.
pub(super) fn checked_roles(state: &State, names: &[String], fields: &mut Vec<Field>) -> Vec<Arc<str>> {
    let mut roles = Vec::with_capacity(names.len());
    for (index, name) in names.iter().enumerate() {
        match state.grants.role(name) {
            Some(role) => roles.push(Arc::clone(role)),
            None => fields.push(Field::new("input", format!("/roles/{index}"), unknown_role(name, &state.grants))),
        }
    }
    roles
}

fn not_issuing() -> Error {
    Error::new(
        Kind::NoSuchProcedure,
        "no tokens are issued here; the operator has not set `tokens.issuer` and `tokens.key`",
    )
}

fn certificate_fits(client: Option<&Client>, certificate: Option<&Arc<PeerCertificate>>) -> Proved {
    let rule = client.and_then(|client| client.tls.as_ref());
    match (rule, certificate) {
        (Some(rule), Some(certificate)) if rule.matches(certificate).is_some() => Ok(()),
        _ => Err("there is no such client, or its certificate is another".into()),
    }
}

fn assertion_rules(issuing: &Issuing) -> Rules {
    Rules {
        typ: Typ::Assertion,
        audience: vec![issuing.issuer.clone(), issuing.token_endpoint.clone()],
        leeway_s: ASSERTION_LEEWAY_S,
        require_exp: true,
        require_iat: false,
        max_age_s: None,
        subject_claims: vec!["sub".into()],
        subject_prefix: String::new(),
        roles_claim: "roles".into(),
        role_map: std::collections::BTreeMap::new(),
        trusted: false,
        revoked: std::collections::HashSet::new(),
    }
}

/// Narrows to the scope that was asked for (RFC 6749 section 3.3); without one, everything is given.
fn select(client: &Client, asked: Option<&str>) -> std::result::Result<(Vec<Arc<str>>, String), OAuthError> {
    let every = || client.roles.iter().map(|role| &**role).chain(client.scopes.iter().map(String::as_str));
    let Some(asked) = asked else { return Ok((client.roles.clone(), Vec::from_iter(every()).join(" "))) };
    let words: BTreeSet<&str> = asked.split(' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() || !words.iter().all(|word| every().any(|known| known == *word)) {
        return Err(OAuthError::invalid_scope());
    }
    let roles = client.roles.iter().filter(|role| words.contains(&***role)).cloned().collect();
    Ok((roles, Vec::from_iter(words).join(" ")))
}

/// At most the first 64 characters, for the log.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_of_a_strangers_name_is_short() {
        assert_eq!(shortened(&"é".repeat(1_000)).chars().count(), 64);
    }
}
