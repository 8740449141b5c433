//! Looking into a token, for `crossgate token inspect`.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Identity;
use crate::jwt::{Compact, TokenFault, claim_text};

/// What is in a token, and whether it would be accepted. For operators: the reason is told in full.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Whether it would be accepted now, on a connection with the certificate that it is bound to, if any.
    pub valid: bool,
    /// Why not.
    pub reason: Option<String>,
    /// The configuration's name for its issuer: `issuers.NAME`, or `tokens` for this program.
    pub issuer: Option<String>,
    /// The caller that it would stand for.
    pub caller: Option<String>,
    /// The roles that it would give here.
    pub roles: Vec<Arc<str>>,
    /// Until when it would be accepted.
    pub expires: Option<String>,
    /// Its header, unverified when `valid` is false.
    pub header: Option<Map<String, Value>>,
    /// Its claims, unverified when `valid` is false.
    pub claims: Option<Map<String, Value>>,
}

impl Identity {
    /// Takes a token apart and checks it as a bearer token is checked.
    pub async fn inspect(&self, token: &str) -> Inspection {
        let mut inspection = Inspection {
            valid: false,
            reason: None,
            issuer: None,
            caller: None,
            roles: Vec::new(),
            expires: None,
            header: None,
            claims: None,
        };
        if let Err(fault) = self.look_into(token.trim(), &mut inspection).await {
            inspection.reason = Some(fault.to_string());
        }
        inspection
    }

    async fn look_into(&self, token: &str, inspection: &mut Inspection) -> Result<(), TokenFault> {
        let state = self.state.load_full();
        let token = Compact::parse(token)?;
        inspection.header = Some(token.header.clone());
        inspection.claims = Some(token.claims.clone());
        let iss = claim_text(&token.claims, "iss")?.ok_or(TokenFault::Missing("iss"))?;
        let issuer = state.issuers.get(iss).ok_or(TokenFault::UnknownIssuer)?;
        inspection.issuer = Some(issuer.name.clone());
        let (verified, _) = issuer.check(&token, &state.grants, self.means.clock.now()).await?;
        inspection.valid = true;
        inspection.caller = Some(verified.id.to_string());
        inspection.roles = verified.roles;
        inspection.expires = verified.expires.map(|expires| expires.to_string());
        Ok(())
    }
}
