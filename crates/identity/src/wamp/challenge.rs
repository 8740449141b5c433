//! The challenges: of those who exist, and made up alike for those who do not.

use crossgate_wamp::auth::{
    CraChallenge, CryptosignChallenge, ScramDialect, ScramExchange, ScramSecret, from_hex, scram_nonce,
};
use crossgate_wamp::uris::error;
use crossgate_wamp::{Map, Value};

use super::attempt::{Base, Pending, WampAttempt};
use super::begin::{STATIC, no_randomness, quoted};
use super::decoy::Decoys;
use super::grant::Granted;
use super::method::WampMethod;
use super::step::{WampStep, abort};
use crate::identity::Identity;
use crate::random;

impl Identity {
    pub(super) fn challenge_cra(&self, base: Base) -> WampStep {
        let name = base.authid.as_deref().unwrap_or_default();
        let decoys = Decoys(&self.decoy_key);
        let template = decoys.template(name, &base.set.with_cra);
        // Made up for everybody, so that it takes as long for those who exist.
        let decoy = decoys.cra(name, template.and_then(|principal| principal.cra.as_ref()));
        let decoy_role = template.map_or(crate::grants::ANONYMOUS, |principal| &principal.role);
        let known = base.known(|principal| principal.cra.is_some());
        let cra = known.as_ref().and_then(|principal| principal.cra.clone()).unwrap_or(decoy);
        let role = known.as_ref().map_or(decoy_role, |principal| &principal.role);
        match self.cra_challenge(&base, name, role, STATIC) {
            Some(text) => {
                let granted = known.as_ref().map(|principal| base.granted(principal));
                let extra = text.extra(cra.salt.as_ref());
                challenge(base, extra, Pending::Cra { challenge: text, key: cra.key, granted })
            }
            None => no_randomness(),
        }
    }

    /// A new challenge; nothing when the system gives no random bytes.
    pub(super) fn cra_challenge(&self, base: &Base, authid: &str, role: &str, provider: &str) -> Option<CraChallenge> {
        let nonce = random::bytes::<32>().ok()?;
        let now = self.means.clock.now().to_string();
        Some(CraChallenge::new(base.session, authid, role, provider, nonce, &now))
    }

    pub(super) fn challenge_scram(&self, base: Base, dialect: ScramDialect) -> WampStep {
        let name = base.authid.as_deref().unwrap_or_default();
        let decoys = Decoys(&self.decoy_key);
        let template = decoys.template(name, base.set.with_scram(dialect));
        let decoy = decoys.scram(name, dialect, template.and_then(|principal| principal.scram(dialect)).as_ref());
        let known = base.known(|principal| principal.scram(dialect).is_some());
        let secret = known.as_ref().and_then(|principal| principal.scram(dialect)).unwrap_or(decoy);
        let granted = known.as_ref().map(|principal| base.granted(principal));
        scram_step(base, secret, granted)
    }

    pub(super) fn challenge_cryptosign(&self, base: Base) -> WampStep {
        let shown = match shown_key(&base.authextra) {
            Ok(shown) => shown,
            Err(message) => return abort(error::AUTHENTICATION_FAILED, message),
        };
        let name = base.authid.as_deref().unwrap_or_default();
        let known = match &shown {
            Some(key) => base.set.by_key.get(key).filter(|principal| name.is_empty() || *principal.authid == *name),
            None => base.set.principals.get(name).filter(|principal| principal.keys.len() == 1),
        };
        let known = known.filter(|principal| principal.may_join(&base.realm));
        let granted = known.map(|principal| base.granted(principal));
        let of_known = known.and_then(|principal| shown.or_else(|| principal.keys.first().copied()));
        let decoy = Decoys(&self.decoy_key).public_key(name);
        cryptosign_step(base, of_known.unwrap_or(decoy), granted)
    }
}

impl Base {
    /// The channel binding that the client asks for, if it asks for one and the connection has it.
    fn binding(&self) -> Result<Option<(String, [u8; 32])>, String> {
        let asked = match self.authextra.get("channel_binding") {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Text(name)) if name.is_empty() => return Ok(None),
            Some(Value::Text(name)) => name,
            Some(_) => return Err("`channel_binding` is text or nothing".to_owned()),
        };
        if self.method == WampMethod::Scram(ScramDialect::Autobahn) {
            return Err("the method `scram` cannot be bound to a channel; use `wamp-scram`".to_owned());
        }
        let found = self.transport.binding(asked).map(|id| (asked.clone(), id));
        found.map(Some).ok_or_else(|| {
            format!("this connection has no channel binding {}; `tls-exporter` works over TLS 1.3", quoted(asked))
        })
    }
}

pub(super) fn challenge(base: Base, extra: Map, pending: Pending) -> WampStep {
    let method = base.method.as_str();
    WampStep::Challenge { method, extra, attempt: WampAttempt { base: Box::new(base), pending: Box::new(pending) } }
}

/// Goes on with a SCRAM record, real or made up.
pub(super) fn scram_step(base: Base, secret: ScramSecret, granted: Option<Granted>) -> WampStep {
    let binding = match base.binding() {
        Ok(binding) => binding.map(|(name, id)| (name, id.to_vec())),
        Err(message) => return abort(error::AUTHENTICATION_FAILED, message),
    };
    let Ok(nonce) = scram_nonce() else { return no_randomness() };
    let authid = base.authid.as_deref().unwrap_or_default();
    match ScramExchange::new(secret, authid, &base.authextra, &nonce, binding) {
        Ok(exchange) => {
            let extra = exchange.extra();
            challenge(base, extra, Pending::Scram { exchange: Box::new(exchange), granted })
        }
        Err(fault) => abort(error::AUTHENTICATION_FAILED, fault.to_string()),
    }
}

/// Goes on with a public key, real or made up.
pub(super) fn cryptosign_step(base: Base, key: [u8; 32], granted: Option<Granted>) -> WampStep {
    let binding = match base.binding() {
        Ok(binding) => binding,
        Err(message) => return abort(error::AUTHENTICATION_FAILED, message),
    };
    let Ok(bytes) = random::bytes::<32>() else { return no_randomness() };
    let text = CryptosignChallenge::new(bytes, binding);
    let extra = text.extra();
    challenge(base, extra, Pending::Cryptosign { challenge: text, key, granted })
}

/// The public key that the client shows in HELLO.
fn shown_key(authextra: &Map) -> Result<Option<[u8; 32]>, &'static str> {
    match authextra.get("pubkey") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(digits)) => match from_hex(digits) {
            Some(key) => Ok(Some(key)),
            None => Err("`authextra.pubkey` is 64 hex digits"),
        },
        Some(_) => Err("`authextra.pubkey` is text"),
    }
}
