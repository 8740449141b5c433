//! One issuer: its keys and its rules.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::claims::{Rules, Verified};
use super::compact::Compact;
use super::fault::TokenFault;
use super::jwks::Jwks;
use super::key::KeySet;
use crate::grants::Grants;

/// Whose tokens are accepted.
pub(crate) struct Issuer {
    /// The name that the configuration gives it.
    pub(crate) name: String,
    pub(crate) keys: Ring,
    pub(crate) rules: Rules,
}

/// Where an issuer's keys are.
#[derive(Clone)]
pub(crate) enum Ring {
    /// In the configuration.
    Fixed(Arc<KeySet>),
    /// At an address, kept up to date.
    Remote(Arc<Jwks>),
}

/// Says whether keys that vouched for something are still trusted.
#[derive(Clone)]
pub(crate) struct Trust(Option<(Arc<AtomicU64>, u64)>);

impl Trust {
    /// What hangs on no key that could be withdrawn.
    pub(crate) const LASTING: Self = Self(None);

    pub(crate) fn new(generation: &Arc<AtomicU64>) -> Self {
        Self(Some((Arc::clone(generation), generation.load(Ordering::Acquire))))
    }

    pub(crate) fn holds(&self) -> bool {
        self.0.as_ref().is_none_or(|(now, then)| now.load(Ordering::Acquire) == *then)
    }
}

impl Ring {
    /// Checks the signature, fetching keys where that may help.
    pub(crate) async fn check_signature(&self, token: &Compact<'_>) -> Result<Trust, TokenFault> {
        match self {
            Self::Fixed(keys) => keys.check_signature(token).map(|()| Trust::LASTING),
            Self::Remote(jwks) => jwks.check_signature(token).await,
        }
    }

    /// After how long, in seconds, something that these keys vouched for is to be checked again.
    pub(crate) fn recheck_s(&self) -> i64 {
        /// Fixed keys change with the configuration, which empties what was remembered.
        const FIXED_S: i64 = 3_600;
        match self {
            Self::Fixed(_) => FIXED_S,
            Self::Remote(jwks) => jwks.ttl_s(),
        }
    }
}

impl Issuer {
    /// Checks everything about a token whose `iss` is this issuer.
    pub(crate) async fn check(
        &self,
        token: &Compact<'_>,
        grants: &Grants,
        now: Timestamp,
    ) -> Result<(Verified, Trust), TokenFault> {
        let trust = self.keys.check_signature(token).await?;
        Ok((self.rules.check(token, grants, now)?, trust))
    }
}
