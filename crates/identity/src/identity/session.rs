//! Passwords and browser sessions.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crossgate_call::{Error, Realm, Result};
use jiff::Timestamp;
use secrecy::SecretString;

use super::Identity;
use super::credentials::after;
use crate::digest::sha256;
use crate::jwt::Trust;
use crate::lockout::Guesser;
use crate::random;
use crate::records::{Session, Stored};
use crate::state::{NAME_BYTES_MAX, State, signed};

/// How long a session is remembered before the store is asked again, in seconds: how exactly idleness is measured.
const RECHECK_S: i64 = 60;
/// The longest session cookie that is looked up, in bytes.
const VALUE_BYTES_MAX: usize = 128;

/// A session that has begun.
#[derive(Debug)]
pub struct NewSession {
    /// The cookie's value. Set it `HttpOnly; Secure; SameSite=Lax`, and never write it down.
    pub cookie_value: SecretString,
    /// When the session ends at the latest.
    pub expires: Timestamp,
}

/// Somebody whose password has been checked.
pub(super) struct SignedIn {
    pub(super) roles: Vec<Arc<str>>,
    password_tag: [u8; 32],
}

/// What a session's cookie stands for.
pub(super) struct Found {
    pub(super) user: Arc<str>,
    pub(super) roles: Vec<Arc<str>>,
    pub(super) expires: Timestamp,
    pub(super) until: Timestamp,
    pub(super) trust: Trust,
}

/// A user as the configuration or the store knows it.
struct Known {
    password: Arc<str>,
    roles: Vec<Arc<str>>,
}

impl Identity {
    /// Begins a browser session for a user with this password.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unauthenticated`], alike for an unknown user and a wrong password;
    /// [`crossgate_call::Kind::TooMany`] after several wrong ones; [`crossgate_call::Kind::Unavailable`].
    pub async fn begin_session(&self, realm: &Realm, user: &str, password: &str) -> Result<NewSession> {
        self.begin_session_from(realm, user, password, None).await
    }

    /// As [`Identity::begin_session`], slowing down guessing from one `source` (an address) as well.
    ///
    /// # Errors
    /// As [`Identity::begin_session`].
    pub async fn begin_session_from(
        &self,
        realm: &Realm,
        user: &str,
        password: &str,
        source: Option<&str>,
    ) -> Result<NewSession> {
        let signed_in = self.sign_in(user, password, source).await?;
        let now = self.means.clock.now();
        let expires = after(now, signed(self.state.load().sessions.lifetime_s));
        let value = random::text::<32>()?;
        let session = Session { user: user.to_owned(), password_tag: signed_in.password_tag, seen: now, expires };
        session.begin(&self.store, session_digest(&value), realm).await?;
        Ok(NewSession { cookie_value: SecretString::from(value), expires })
    }

    /// Ends a session; one that has ended already stays so.
    pub async fn end_session(&self, value: &str) {
        if value.len() > VALUE_BYTES_MAX {
            return;
        }
        if let Err(error) = Session::end(&self.store, session_digest(value)).await {
            tracing::error!(%error, "a session could not be ended in the store; it ends by its own time");
        }
        self.sessions_ended.fetch_add(1, Ordering::AcqRel);
    }

    /// Checks a password.
    pub(super) async fn sign_in(&self, user: &str, password: &str, source: Option<&str>) -> Result<SignedIn> {
        if user.is_empty() || user.len() > NAME_BYTES_MAX {
            return Err(wrong());
        }
        let mut guessers = vec![Guesser::Name(user.to_owned())];
        guessers.extend(source.map(Guesser::source));
        self.lockout.begin(&guessers)?;
        let judged = self.judge(user, password).await;
        match &judged {
            Ok(Some(_)) => self.lockout.succeeded(&guessers),
            Ok(None) => tracing::info!(source, "a sign-in was refused"),
            Err(_) => self.lockout.withdrawn(&guessers),
        }
        judged?.ok_or_else(wrong)
    }

    async fn judge(&self, user: &str, password: &str) -> Result<Option<SignedIn>> {
        let known = self.known(&self.state.load_full(), user).await?;
        let phc = known.as_ref().map(|known| &*known.password);
        let fits = self.passwords.verify(&SecretString::from(password), phc).await?;
        let signed_in = |known: Known| SignedIn { password_tag: password_tag(&known.password), roles: known.roles };
        Ok(known.filter(|_| fits).map(signed_in))
    }

    /// The user of that name; the configuration comes before the store.
    async fn known(&self, state: &State, user: &str) -> Result<Option<Known>> {
        if let Some(user) = state.users.get(user) {
            return Ok(Some(Known { password: Arc::clone(&user.password), roles: user.roles.clone() }));
        }
        let stored = Stored::find(&self.store, user).await?;
        Ok(stored.map(|stored| Known {
            password: stored.password.into(),
            roles: stored.roles.iter().filter_map(|role| state.grants.role(role).cloned()).collect(),
        }))
    }

    /// Whose session it is, if it has not ended.
    pub(super) async fn session_caller(
        &self,
        state: &State,
        value: &str,
        realm: &Realm,
        now: Timestamp,
    ) -> Result<Option<Found>> {
        if value.len() > VALUE_BYTES_MAX {
            return Ok(None);
        }
        let digest = session_digest(value);
        // Before the look-up: a session that is ended during it is looked up again.
        let trust = Trust::new(&self.sessions_ended);
        let Some(session) = Session::find(&self.store, &digest, realm).await? else { return Ok(None) };
        let idle_until = after(session.seen, signed(state.sessions.idle_s));
        if session.expires <= now || idle_until <= now {
            return Ok(None);
        }
        let Some(known) = self.known(state, &session.user).await? else { return Ok(None) };
        if password_tag(&known.password) != session.password_tag {
            return Ok(None);
        }
        if let Err(error) = Session::seen(&self.store, digest, now).await {
            tracing::warn!(%error, "a session's use could not be written down; it may end early");
        }
        let until = after(now, RECHECK_S.min(signed(state.sessions.idle_s))).min(session.expires);
        Ok(Some(Found { user: session.user.into(), roles: known.roles, expires: session.expires, until, trust }))
    }
}

fn wrong() -> Error {
    Error::unauthenticated("the user name or the password is wrong")
}

fn session_digest(value: &str) -> [u8; 32] {
    sha256(&[b"crossgate session ", value.as_bytes()])
}

fn password_tag(phc: &str) -> [u8; 32] {
    sha256(&[b"crossgate password ", phc.as_bytes()])
}
