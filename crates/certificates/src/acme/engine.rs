//! Keeps every certificate fresh: looks at what is in the store, orders what is due, and tries again later what failed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossgate_call::Clock;
use crossgate_store::Store;
use instant_acme::CertificateIdentifier;
use jiff::{SignedDuration, Timestamp};
use metrics::{counter, gauge};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::records::{Fresh, Record};
use super::{Config, Http, Place, Wanted, account, order, records, schedule};
use crate::key::random;

/// How often the store is looked at: for what another process got, or `crossgate cert acme renew` asked for.
const LOOK: Duration = Duration::from_secs(5);
/// How long one order may take, all in all; its lease is a little longer.
const ORDER_MAX: Duration = Duration::from_secs(600);
const LEASE: SignedDuration = SignedDuration::from_secs(660);
/// Between two questions to the authority about when to renew, in seconds, whatever it asks for (RFC 9773 §4.3.2).
const SUGGESTION_S: std::ops::RangeInclusive<u64> = 3600..=86_400;

/// What it works with.
pub struct Parts {
    /// Where accounts and certificates are kept.
    pub store: Store,
    /// Sends requests to the authority.
    pub http: Arc<dyn Http>,
    /// Where answers are given and certificates used.
    pub place: Arc<dyn Place>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The certificates of all listeners, kept fresh.
pub struct Acme {
    config: Config,
    wanted: Vec<Wanted>,
    parts: Parts,
    /// Tells this process from others at the same store.
    holder: String,
    /// What is in use, by id: when it ends, and its chain.
    served: HashMap<String, String>,
    /// When the authority is next asked when to renew, and whether it has an opinion at all.
    asked: HashMap<String, (Timestamp, bool)>,
}

impl Acme {
    /// For these certificates; nothing happens yet. Two listeners may want the same one.
    ///
    /// # Errors
    /// When the store cannot be prepared, or the system gives no random bytes.
    pub async fn new(config: Config, wanted: Vec<Wanted>, parts: Parts) -> Result<Self, crossgate_store::Error> {
        records::migrate(&parts.store).await?;
        let mut bytes = [0; 16];
        random(&mut bytes).map_err(|error| crossgate_store::Error::unavailable(error.to_string()))?;
        let mut distinct: Vec<Wanted> = Vec::new();
        for one in wanted {
            if distinct.iter().all(|known| known.id() != one.id()) {
                distinct.push(one);
            }
        }
        let (served, asked) = (HashMap::new(), HashMap::new());
        Ok(Self { config, wanted: distinct, parts, holder: crate::hex(&bytes), served, asked })
    }

    /// Puts into use what the store has, without asking anybody: before the first connection comes.
    pub async fn restore(&mut self) {
        for wanted in self.wanted.clone() {
            if let Ok(Some(record)) = records::find(&self.parts.store, self.config.directory(), &wanted.id()).await {
                self.take_up(&record);
            }
        }
    }

    /// Works until it is dropped.
    pub async fn run(mut self) {
        // A failure may ask to be tried again sooner than the next look.
        let pause = self.config.retry().min(LOOK);
        loop {
            for wanted in self.wanted.clone() {
                if let Err(error) = self.tend(&wanted).await {
                    tracing::error!(names = wanted.id(), "certificates cannot be looked after: {error}");
                }
            }
            tokio::time::sleep(pause).await;
        }
    }

    async fn tend(&mut self, wanted: &Wanted) -> Result<(), crossgate_store::Error> {
        let id = wanted.id();
        let directory = self.config.directory().to_owned();
        let record = records::find(&self.parts.store, &directory, &id).await?;
        if let Some(record) = &record {
            self.take_up(record);
            self.ask_when(record).await?;
        }
        let now = self.parts.clock.now();
        if record.as_ref().is_some_and(|record| record.due() > now) {
            return Ok(());
        }
        let until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        if !records::lease(&self.parts.store, &directory, &id, &self.holder, now, until).await? {
            return Ok(());
        }
        let failures = record.as_ref().map_or(0, |record| record.failures);
        tracing::info!(names = id, directory, "a certificate is being ordered");
        let ordered = tokio::time::timeout(ORDER_MAX, self.order(wanted, record.as_ref())).await;
        let ordered = ordered.unwrap_or_else(|_| Err(format!("the order took longer than {ORDER_MAX:?}")));
        match ordered {
            Ok(got) => self.succeeded(&id, &directory, got).await,
            Err(error) => self.failed(&id, &directory, failures.saturating_add(1), error).await,
        }
    }

    async fn order(&self, wanted: &Wanted, record: Option<&Record>) -> Result<order::Got, String> {
        let Parts { store, http, place, clock } = &self.parts;
        let now = clock.now();
        let account = account::open(&self.config, store, http, now).await?;
        // Said once: an authority that has let the old one be replaced already refuses to hear it again.
        let known = self.asked.get(&wanted.id()).is_some_and(|(_, has_opinion)| *has_opinion);
        let old = record.filter(|record| known && record.failures == 0).and_then(leaf);
        let replaces = old.as_ref().and_then(|leaf| CertificateIdentifier::try_from(leaf).ok());
        order::order(&account, &self.config, wanted, place, replaces, now).await
    }

    async fn succeeded(&mut self, id: &str, directory: &str, got: order::Got) -> Result<(), crossgate_store::Error> {
        let renew_at = schedule::renewal(got.not_before, got.not_after, chance());
        tracing::info!(names = id, not_after = %got.not_after, renew_at = %renew_at, "a certificate was issued");
        counter!("crossgate_acme_issued_total", "names" => id.to_owned()).increment(1);
        let order::Got { chain, key, not_before, not_after } = got;
        let fresh = Fresh { chain, key, not_before, not_after, renew_at };
        records::issued(&self.parts.store, directory, id, fresh).await?;
        self.asked.remove(id);
        if let Some(record) = records::find(&self.parts.store, directory, id).await? {
            self.take_up(&record);
        }
        Ok(())
    }

    async fn failed(
        &mut self,
        id: &str,
        directory: &str,
        failures: u32,
        error: String,
    ) -> Result<(), crossgate_store::Error> {
        let pause = schedule::pause(failures, self.config.retry(), self.config.retry_max(), chance());
        let next = schedule::later(self.parts.clock.now(), i64::try_from(pause.as_secs().max(1)).unwrap_or(i64::MAX));
        tracing::warn!(names = id, failures, next = %next, "a certificate could not be had; what there is stays in use: {error}");
        counter!("crossgate_acme_failures_total", "names" => id.to_owned()).increment(1);
        account::forget_unknown(&self.parts.store, directory, &error).await;
        records::failed(&self.parts.store, directory, id, next, error).await
    }

    /// Puts a record's certificate into use when another one, or none, is.
    fn take_up(&mut self, record: &Record) {
        let (Some(chain), Some(key), Some(ends)) = (&record.chain, &record.key, record.not_after) else { return };
        if self.served.get(&record.names) == Some(chain) {
            return;
        }
        let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain.as_bytes()).collect();
        let taken = match (parsed, PrivatePkcs8KeyDer::from_pem_slice(key.as_bytes())) {
            (Ok(chain), Ok(key)) => self.parts.place.serve(&record.names, chain, key),
            _ => Err("what the store has is not PEM".to_owned()),
        };
        match taken {
            Ok(()) => {
                tracing::info!(names = record.names, not_after = %ends, "a certificate is in use");
                #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit a double for ages")]
                gauge!("crossgate_acme_not_after_seconds", "names" => record.names.clone())
                    .set(ends.as_second() as f64);
            }
            Err(error) => tracing::error!(names = record.names, "a certificate cannot be used: {error}"),
        }
        // Said once, not every few seconds.
        self.served.insert(record.names.clone(), chain.clone());
    }

    /// Asks the authority when to renew, as often as it wants to be asked (RFC 9773). One without an opinion, or out of
    /// reach, changes nothing.
    async fn ask_when(&mut self, record: &Record) -> Result<(), crossgate_store::Error> {
        let now = self.parts.clock.now();
        let known = self.asked.get(&record.names);
        let (Some(leaf), Some(ends)) = (leaf(record), record.not_after) else { return Ok(()) };
        if known.is_some_and(|(next, _)| *next > now) || record.due() <= now {
            return Ok(());
        }
        let suggestion = self.suggestion(&leaf).await;
        let wait = suggestion.as_ref().map_or(*SUGGESTION_S.end(), |(_, _, wait)| {
            wait.as_secs().clamp(*SUGGESTION_S.start(), *SUGGESTION_S.end())
        });
        let next = schedule::later(now, i64::try_from(wait).unwrap_or(i64::MAX));
        self.asked.insert(record.names.clone(), (next, suggestion.is_some()));
        let Some((from, to, _)) = suggestion else { return Ok(()) };
        // Only when it comes earlier than planned, or the plan lies outside the window: a new die every hour would
        // push the moment to the window's beginning.
        let planned = record.renew_at.map_or(i64::MAX, Timestamp::as_second);
        if (from..=to).contains(&planned) {
            return Ok(());
        }
        match schedule::suggested(from, to, ends, chance()) {
            Some(at) => {
                tracing::info!(names = record.names, renew_at = %at, "the authority suggests when to renew");
                records::due_at(&self.parts.store, self.config.directory(), &record.names, at).await
            }
            None => Ok(()),
        }
    }

    async fn suggestion(&self, leaf: &CertificateDer<'_>) -> Option<(i64, i64, Duration)> {
        let Parts { store, http, clock, .. } = &self.parts;
        let id = CertificateIdentifier::try_from(leaf).ok()?;
        let account = account::open(&self.config, store, http, clock.now()).await.ok()?;
        let (info, wait) = account.renewal_info(&id).await.ok()?;
        let window = info.suggested_window;
        Some((window.start.unix_timestamp(), window.end.unix_timestamp(), wait))
    }
}

fn leaf(record: &Record) -> Option<CertificateDer<'static>> {
    CertificateDer::from_pem_slice(record.chain.as_ref()?.as_bytes()).ok()
}

/// A number in 0..1. It spreads load; nothing secret depends on it.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    match random(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
