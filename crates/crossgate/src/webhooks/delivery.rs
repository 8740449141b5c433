//! One event on its way to one address: signed anew for each attempt, under one id for all of them.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use bytes::Bytes;
use crossgate_call::{Clock, Event};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::signature::Secret;

/// The longest wait between two attempts.
const BACKOFF_MAX: Duration = Duration::from_secs(300);

/// Where events of one webhook go.
pub(super) struct Target {
    pub(super) name: String,
    pub(super) url: Url,
    pub(super) secret: Secret,
    pub(super) client: Client,
    pub(super) attempts_max: u32,
    pub(super) backoff: Duration,
    pub(super) clock: Arc<dyn Clock>,
    /// How many are posted at a time.
    pub(super) turns: Semaphore,
}

/// A message to deliver: all that has to be kept of it.
pub(super) struct Delivery {
    /// The same for all attempts, by which the receiver knows a message that it has already.
    id: String,
    body: Bytes,
}

/// Why a message was given up.
#[derive(Clone, Copy, Debug)]
pub(super) enum GaveUp {
    /// Too many wait already.
    Full,
    /// It was tried as often as it may be.
    Attempts,
    /// The receiver wants no more of them (410).
    Gone,
}

/// What became of one attempt.
enum Attempt {
    Taken,
    Gone,
    /// Again, and not before this wait.
    Again(Duration),
}

impl Delivery {
    /// The message of an event; none for what has no topic.
    pub(super) fn new(event: &Event, now: Timestamp) -> Option<Self> {
        let id = format!("msg_{}", event.id.as_deref()?);
        let data = event.data.value().ok()?;
        let topic = data.get("topic").and_then(Value::as_str)?;
        let body = json!({"type": topic, "timestamp": format!("{now:.6}"), "data": data});
        Some(Self { id, body: body.to_string().into() })
    }
}

impl Target {
    /// Tries until it is taken or given up.
    pub(super) async fn deliver(self: Arc<Self>, delivery: Delivery) {
        for attempt in 1..=self.attempts_max {
            let wait = match self.attempt(&delivery).await {
                Attempt::Taken => return self.count("delivered"),
                Attempt::Gone => return self.give_up(&delivery, GaveUp::Gone),
                Attempt::Again(wait) => wait,
            };
            if attempt < self.attempts_max {
                self.count("retried");
                tokio::time::sleep(wait.max(self.backoff_after(attempt))).await;
            }
        }
        self.give_up(&delivery, GaveUp::Attempts);
    }

    async fn attempt(&self, delivery: &Delivery) -> Attempt {
        // The semaphore is never closed.
        let _turn = self.turns.acquire().await;
        let timestamp = self.clock.now().as_second();
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &delivery.id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secret.sign(&delivery.id, timestamp, &delivery.body))
            .body(delivery.body.clone());
        // What the answer says besides its head is not read.
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Attempt::Taken,
            Ok(answer) if answer.status() == StatusCode::GONE => Attempt::Gone,
            Ok(answer) => {
                let status = answer.status();
                tracing::debug!(webhook = self.name, id = delivery.id, %status, "a webhook's receiver did not take a message");
                let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
                Attempt::Again(Duration::from_secs(said.unwrap_or(0)).min(BACKOFF_MAX))
            }
            Err(error) => {
                // Not where to: addresses may hold a secret.
                let cause = error.without_url();
                tracing::debug!(webhook = self.name, id = delivery.id, %cause, "a webhook's receiver was not reached");
                Attempt::Again(Duration::ZERO)
            }
        }
    }

    /// Twice as long each time, and between half of that and all of it, lest all come at once.
    fn backoff_after(&self, attempt: u32) -> Duration {
        let doubled = self.backoff.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX)).min(BACKOFF_MAX);
        let half = doubled / 2;
        let spread_ms = u64::try_from(half.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let jitter_ms = u64::try_from(random() % u128::from(spread_ms)).unwrap_or(0);
        half + Duration::from_millis(jitter_ms)
    }

    /// Counts and logs a message that is lost.
    pub(super) fn give_up(&self, delivery: &Delivery, why: GaveUp) {
        let (outcome, words) = match why {
            GaveUp::Full => ("dropped", "too many wait already"),
            GaveUp::Attempts => ("exhausted", "it was tried as often as it may be"),
            GaveUp::Gone => ("gone", "the receiver answered 410"),
        };
        self.count(outcome);
        tracing::error!(
            webhook = self.name,
            id = delivery.id,
            "webhook {} gave up message {}: {words}",
            self.name,
            delivery.id
        );
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!("crossgate_webhook_messages_total", "webhook" => self.name.clone(), "outcome" => outcome)
            .increment(1);
    }
}

/// Random bits; none when the system has none to give, which spreads nothing and breaks nothing.
pub(super) fn random() -> u128 {
    let mut bytes = [0; 16];
    let _ = SystemRandom::new().fill(&mut bytes);
    u128::from_be_bytes(bytes)
}
