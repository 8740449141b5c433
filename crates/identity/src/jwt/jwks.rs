//! A key set at an address: fetched when it is needed, kept for a while, fetched again for a key that
//! is not in it, but never often, and used past its time, but not for ever, while it cannot be fetched.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use crossgate_call::Clock;
use jsonwebtoken::Algorithm;

use super::compact::Compact;
use super::fault::TokenFault;
use super::issuer::Trust;
use super::key::KeySet;

/// The largest key set that is read, in bytes. A [`Fetch`] should not read on beyond it.
pub const FETCH_BYTES_MAX: usize = 256 * 1024;
/// How long one fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(10);
/// How soon after a failure it is tried again while there are no keys at all.
const RETRY_EMPTY: Duration = Duration::from_secs(2);
/// How long a caller waits for newer keys while there are older ones that may still be used.
const PATIENCE: Duration = Duration::from_secs(2);

/// Any error.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Fetches a document over HTTPS. The program passes one in, so that this crate needs no HTTP client.
///
/// An implementation follows no redirects, fails on any status but 200, and stops reading after
/// [`FETCH_BYTES_MAX`] bytes.
pub trait Fetch: Send + Sync {
    /// The document at `url`.
    fn get(&self, url: &str) -> Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send + '_>>;
}

/// What is configured about one key set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JwksSettings {
    pub(crate) url: String,
    pub(crate) allowed: Vec<Algorithm>,
    pub(crate) ttl: Duration,
    pub(crate) refetch: Duration,
    pub(crate) stale: Duration,
}

/// One key set at an address.
pub(crate) struct Jwks {
    settings: JwksSettings,
    fetch: Arc<dyn Fetch>,
    clock: Arc<dyn Clock>,
    current: ArcSwapOption<Snapshot>,
    /// When it was last tried, whether or not that succeeded.
    tried: Mutex<Option<Instant>>,
    /// How often it was tried.
    attempts: AtomicU64,
    /// Held while fetching: everybody who needs the same fetch waits for one.
    fetching: Arc<tokio::sync::Mutex<()>>,
    /// Counts the times that a key was withdrawn.
    generation: Arc<AtomicU64>,
}

struct Snapshot {
    keys: KeySet,
    at: Instant,
    attempt: u64,
}

/// What the keys at hand are good for.
#[derive(PartialEq, Eq)]
enum Age {
    Fresh,
    /// Past their time; to be used only when newer ones cannot be had.
    Stale,
    /// There are none, or they are too old for anything.
    None,
}

impl Jwks {
    pub(crate) fn new(settings: JwksSettings, fetch: Arc<dyn Fetch>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            fetch,
            clock,
            current: ArcSwapOption::empty(),
            tried: Mutex::new(None),
            attempts: AtomicU64::new(0),
            fetching: Arc::default(),
            generation: Arc::default(),
        })
    }

    pub(crate) fn settings(&self) -> &JwksSettings {
        &self.settings
    }

    pub(super) fn ttl_s(&self) -> i64 {
        i64::try_from(self.settings.ttl.as_secs()).unwrap_or(i64::MAX)
    }

    /// Checks a signature with the keys as they are; when that fails in a way that newer keys might
    /// mend, once more with newer keys.
    pub(super) async fn check_signature(self: &Arc<Self>, token: &Compact<'_>) -> Result<Trust, TokenFault> {
        self.ensure().await;
        let seen = self.attempts.load(Ordering::Acquire);
        let (trust, snapshot) = self.snapshot()?;
        let fault = match snapshot.keys.check_signature(token) {
            Ok(()) => return Ok(trust),
            Err(fault) => fault,
        };
        // Without key ids, a signature that does not fit is the only sign of a new key.
        let newer_may_help =
            matches!(fault, TokenFault::UnknownKey(_)) || (fault == TokenFault::Signature && token.kid().is_none());
        if !newer_may_help {
            return Err(fault);
        }
        self.refresh(seen, self.settings.refetch, FETCH_TIMEOUT).await;
        let (trust, newer) = self.snapshot()?;
        if newer.attempt == snapshot.attempt { Err(fault) } else { newer.keys.check_signature(token).map(|()| trust) }
    }

    /// Fetches the keys if there are none yet, so that the first caller does not wait. Whether there are any.
    pub(crate) async fn warm(self: &Arc<Self>) -> bool {
        self.ensure().await;
        self.age() != Age::None
    }

    async fn ensure(self: &Arc<Self>) {
        let seen = self.attempts.load(Ordering::Acquire);
        match self.age() {
            Age::Fresh => {}
            Age::Stale => self.refresh(seen, self.settings.refetch, PATIENCE).await,
            Age::None => self.refresh(seen, RETRY_EMPTY.min(self.settings.refetch), FETCH_TIMEOUT).await,
        }
    }

    fn age(&self) -> Age {
        let now = self.clock.instant();
        match self.current.load().as_ref().map(|snapshot| now.saturating_duration_since(snapshot.at)) {
            Some(age) if age < self.settings.ttl => Age::Fresh,
            Some(age) if age < self.settings.ttl.saturating_add(self.settings.stale) => Age::Stale,
            _ => Age::None,
        }
    }

    /// The keys, with the trust that they give. The generation is read before the keys: when a key is
    /// withdrawn in between, what it vouched for is not trusted, rather than trusted for ever.
    fn snapshot(&self) -> Result<(Trust, Arc<Snapshot>), TokenFault> {
        let trust = Trust::new(&self.generation);
        if self.age() == Age::None {
            return Err(TokenFault::NoKeys);
        }
        self.current.load_full().map(|snapshot| (trust, snapshot)).ok_or(TokenFault::NoKeys)
    }

    fn may_try(&self, pause: Duration) -> bool {
        let tried = *self.tried.lock().unwrap_or_else(PoisonError::into_inner);
        tried.is_none_or(|tried| self.clock.instant().saturating_duration_since(tried) >= pause)
    }

    /// Fetches, or waits for whoever is fetching, at most `patience` long. Does nothing when it was
    /// tried less than `pause` ago, or by somebody else since `seen` attempts were counted.
    async fn refresh(self: &Arc<Self>, seen: u64, pause: Duration, patience: Duration) {
        let in_flight = self.fetching.try_lock().is_err();
        if !in_flight && !self.may_try(pause) {
            return;
        }
        let jwks = Arc::clone(self);
        let attempt = async move {
            let guard = Arc::clone(&jwks.fetching).lock_owned().await;
            if jwks.attempts.load(Ordering::Acquire) != seen || !jwks.may_try(pause) {
                return;
            }
            // Its own task: a caller that hangs up does not take the others' fetch away.
            let fetching = tokio::spawn(async move {
                jwks.fetch().await;
                drop(guard);
            });
            let _ = fetching.await;
        };
        let _ = tokio::time::timeout(patience, attempt).await;
    }

    async fn fetch(&self) {
        let now = self.clock.instant();
        *self.tried.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        let attempt = self.attempts.fetch_add(1, Ordering::AcqRel) + 1;
        let url = &self.settings.url;
        let outcome = match tokio::time::timeout(FETCH_TIMEOUT, self.fetch.get(url)).await {
            Ok(Ok(body)) => self.read(&body),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", FETCH_TIMEOUT.as_secs())),
        };
        match outcome {
            Ok(keys) => self.replace(Snapshot { keys, at: now, attempt }),
            Err(error) => {
                tracing::warn!(%url, %error, "a key set could not be fetched; the keys at hand stay in use while they are fresh enough")
            }
        }
    }

    fn read(&self, body: &[u8]) -> Result<KeySet, String> {
        if body.len() > FETCH_BYTES_MAX {
            return Err(format!("the key set is {} bytes; at most {FETCH_BYTES_MAX} are read", body.len()));
        }
        let set = serde_json::from_slice(body).map_err(|error| format!("the key set is not JSON: {error}"))?;
        KeySet::from_jwks(&set, &self.settings.allowed, &self.settings.url)
    }

    fn replace(&self, new: Snapshot) {
        let new = Arc::new(new);
        let old = self.current.swap(Some(Arc::clone(&new)));
        // After the swap, never before it: see `snapshot`.
        if old.is_some_and(|old| !old.keys.is_within(&new.keys)) {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
    }
}
