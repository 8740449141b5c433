//! Cookies of WAMP sessions: a browser that has proved itself once need not do so on each connection.
//!
//! The value is made by the router during the WebSocket handshake, and stands for a session only if that
//! very handshake made it. A value that somebody else planted in the browser never becomes anybody's.

use std::fmt;

use crossgate_call::{Proof, Realm, Result};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::grant::Granted;
use crate::digest::sha256;
use crate::identity::{Identity, after};
use crate::random;
use crate::state::signed;

/// The longest value that is looked up, in bytes.
const VALUE_BYTES_MAX: usize = 128;
/// The most cookies that are remembered; the least used are forgotten first.
const COOKIES_MAX: u64 = 16_384;

/// A connection's cookie.
#[derive(Clone)]
pub struct WampCookie {
    value: SecretString,
    fresh: bool,
}

impl fmt::Debug for WampCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WampCookie").field("fresh", &self.fresh).finish_non_exhaustive()
    }
}

impl WampCookie {
    /// The value to set, `HttpOnly; Secure; SameSite=Lax`, and never to be written down. Nothing when the
    /// browser has it already.
    #[must_use]
    pub const fn to_set(&self) -> Option<&SecretString> {
        if self.fresh { Some(&self.value) } else { None }
    }

    /// Tells connections with one cookie from those with others, without showing it.
    #[must_use]
    pub fn tag(&self) -> [u8; 32] {
        tag(self.value.expose_secret())
    }
}

/// For whom a cookie stands, and until when.
#[derive(Clone)]
struct Remembered {
    granted: Granted,
    until: Timestamp,
}

/// Those that stand for somebody, by their tag. They are part of the configuration in force: a reload
/// forgets them all.
pub(crate) struct Cookies(moka::sync::Cache<[u8; 32], Remembered>);

impl Cookies {
    pub(super) fn new() -> Self {
        Self(moka::sync::Cache::new(COOKIES_MAX))
    }

    fn get(&self, tag: &[u8; 32], now: Timestamp) -> Option<Remembered> {
        self.0.get(tag).filter(|remembered| now < remembered.until)
    }

    /// For whom the cookie stands in a realm.
    pub(super) fn holder(&self, cookie: &WampCookie, realm: &Realm, now: Timestamp) -> Option<Granted> {
        let remembered = self.get(&cookie.tag(), now)?;
        let granted = Granted { proof: Proof::Session, expires: Some(remembered.until), ..remembered.granted };
        (granted.realm == *realm).then_some(granted)
    }

    /// Lets a fresh cookie stand for who has just joined.
    pub(super) fn remember(&self, cookie: &WampCookie, granted: &Granted, lifetime_s: u64, now: Timestamp) {
        if cookie.fresh && lifetime_s > 0 {
            let until = after(now, signed(lifetime_s));
            let until = granted.expires.map_or(until, |expires| expires.min(until));
            self.0.insert(cookie.tag(), Remembered { granted: granted.clone(), until });
        }
    }
}

impl Identity {
    /// The cookie for a connection that presents `value`: the same one if it stands for somebody, and a new
    /// one otherwise.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn wamp_cookie(&self, value: Option<&str>) -> Result<WampCookie> {
        let now = self.means.clock.now();
        let state = self.state.load();
        let short = value.filter(|value| value.len() <= VALUE_BYTES_MAX);
        let known = short.filter(|value| state.wamp.cookies.get(&tag(value), now).is_some());
        Ok(match known {
            Some(value) => WampCookie { value: SecretString::from(value), fresh: false },
            None => WampCookie { value: SecretString::from(random::text::<32>()?), fresh: true },
        })
    }

    /// Forgets for whom a cookie stands: a session said `wamp.close.logout`. The router ends the other
    /// sessions whose cookies have the same [`WampCookie::tag`].
    pub fn wamp_forget(&self, cookie: &WampCookie) {
        self.state.load().wamp.cookies.0.invalidate(&cookie.tag());
    }
}

fn tag(value: &str) -> [u8; 32] {
    sha256(&[b"crossgate wamp cookie ", value.as_bytes()])
}
