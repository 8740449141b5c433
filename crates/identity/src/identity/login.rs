//! `identity.login`: a user's password for a token. The table's row; who serves it is the router's.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Call, Outcome, Payload, Procedure, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::Identity;

/// Longer than the longest queue for checking a password.
const DEADLINE: Duration = Duration::from_secs(10);

/// What is sent: `{"user": "alice", "pw": "..."}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    user: String,
    #[serde(alias = "password")]
    pw: SecretString,
}

/// Identity's own procedures.
///
/// | procedure | HTTP | what it does |
/// |---|---|---|
/// | `identity.login` | `POST /token` | a user's password for an access token |
pub fn procedures(identity: &Arc<Identity>) -> Vec<Procedure> {
    vec![Procedure::new("identity.login", Some("POST /token"), identity, login).deadline(DEADLINE)]
}

async fn login(identity: Arc<Identity>, call: Call, input: Login) -> Result<Outcome> {
    // Strangers are told apart by address; those who are known pay for their own guessing.
    let source = match call.caller.is_anonymous() {
        true => call.source.map(|address| address.to_string()),
        false => Some(call.caller.id().to_string()),
    };
    let signed_in = identity.sign_in(&input.user, input.pw.expose_secret(), source.as_deref()).await?;
    let token = identity.issue_to_user(&input.user, &signed_in.roles)?;
    Ok(Outcome::Value(Payload::from_value(token.body())))
}
