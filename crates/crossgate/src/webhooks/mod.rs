//! Webhooks: events of a realm, posted to addresses that the configuration names.
//!
//! Each is a session of its realm with one role, under its grants like any other. What waits is in memory and bounded: what a
//! stop or a full queue leaves undelivered is counted and logged, and lost. Deliveries that outlive the program come with
//! durable calls; [`delivery::Delivery`] is what will be enqueued then.

mod config;
mod delivery;
mod guard;
mod signature;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use crossgate_call::{Clock, Event, Realm, Trace};
use crossgate_identity::Identity;
use crossgate_router::realm::Wanted;
use crossgate_router::{Origin, Router};
use reqwest::Url;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub(crate) use config::Config;
use delivery::{Delivery, GaveUp, Target};
use guard::Guard;
use signature::Secret;

/// What audit records say of a webhook's subscription.
const DOOR: &str = "webhook";
/// When to subscribe again after the subscription was refused or ended: its grants may have come back.
const SUBSCRIBE_EVERY: Duration = Duration::from_secs(10);
/// The longest that may be configured, in milliseconds: an hour.
const TIME_MS_MAX: u64 = 3_600_000;
/// The most attempts that may be configured.
const ATTEMPTS_MAX: u32 = 100;

/// One webhook, ready to run.
pub(crate) struct Webhook {
    config: Config,
    realm: Realm,
    target: Arc<Target>,
}

impl Webhook {
    /// Checks a webhook's configuration and fetches its secret.
    pub(crate) fn build(config: &Config, realm: &str, clock: &Arc<dyn Clock>) -> anyhow::Result<Self> {
        let named = || format!("[[webhooks]] `{}`", config.name);
        let url = address(config).with_context(named)?;
        if config.name.is_empty() || config.role.is_empty() {
            bail!("{}: `name` and `role` are not empty", named());
        }
        let times = [config.backoff_ms, config.timeout_ms];
        let counts = [config.queue_max, config.concurrency, config.attempts_max as usize];
        if times.contains(&0) || counts.contains(&0) || times.iter().any(|time| *time > TIME_MS_MAX) {
            bail!("{}: times are 1 to {TIME_MS_MAX} ms, and counts at least 1", named());
        }
        if config.attempts_max > ATTEMPTS_MAX {
            bail!("{}: `attempts_max` is at most {ATTEMPTS_MAX}", named());
        }
        let secret = crossgate_store::secrets::resolve(&config.secret).with_context(named)?;
        let wrong = "`secret` is `whsec_` and base64 of 24 to 64 random bytes";
        let secret = Secret::parse(secret.expose_secret()).context(wrong).with_context(named)?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .https_only(!config.allow_http)
            .dns_resolver(Arc::new(Guard { allow_private: config.allow_private }))
            .timeout(Duration::from_millis(config.timeout_ms))
            .user_agent(concat!("crossgate/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let target = Target {
            name: config.name.clone(),
            url,
            secret,
            client,
            attempts_max: config.attempts_max,
            backoff: Duration::from_millis(config.backoff_ms),
            clock: Arc::clone(clock),
            turns: Semaphore::new(config.concurrency),
        };
        let realm = Realm::new(config.realm(realm));
        Ok(Self { config: config.clone(), realm, target: Arc::new(target) })
    }

    /// Subscribes, and delivers what comes, for as long as it is polled.
    async fn run(&self, router: &Arc<Router>, identity: &Identity) {
        let mut deliveries = JoinSet::new();
        let mut told = String::new();
        loop {
            let caller = identity.agent(&self.realm, &format!("webhook:{}", self.config.name), &self.config.role);
            let wanted = Wanted {
                topic: self.config.topic.clone(),
                policy: self.config.r#match,
                after: None,
                retained: false,
                door: None,
            };
            let origin = Origin { door: DOOR, source: None, trace: Trace::from_random(delivery::random()) };
            match router.bridge_events(&caller, origin, wanted).await {
                Ok(mut events) => {
                    told.clear();
                    tracing::info!(webhook = self.config.name, "webhook {} is subscribed", self.config.name);
                    loop {
                        tokio::select! {
                            event = events.next() => match event {
                                Some(event) => self.take(&event, &mut deliveries),
                                None => break,
                            },
                            Some(_) = deliveries.join_next() => {}
                        }
                    }
                }
                // Once each, not every time.
                Err(error) if told != error.public() => {
                    told = error.public().to_owned();
                    tracing::error!(
                        webhook = self.config.name,
                        "webhook {} is not subscribed: {told}",
                        self.config.name
                    );
                }
                Err(_) => {}
            }
            let wait = tokio::time::sleep(SUBSCRIBE_EVERY);
            tokio::pin!(wait);
            loop {
                tokio::select! {
                    () = &mut wait => break,
                    Some(_) = deliveries.join_next() => {}
                }
            }
        }
    }

    fn take(&self, event: &Event, deliveries: &mut JoinSet<()>) {
        if let Some(kind) = event.kind {
            let said = String::from_utf8_lossy(&event.data.bytes()).into_owned();
            tracing::warn!(
                webhook = self.config.name,
                kind,
                "the subscription of webhook {}: {kind} {said}",
                self.config.name
            );
            return;
        }
        let Some(delivery) = Delivery::new(event, self.target.clock.now()) else { return };
        if deliveries.len() >= self.config.queue_max {
            return self.target.give_up(&delivery, GaveUp::Full);
        }
        deliveries.spawn(Arc::clone(&self.target).deliver(delivery));
    }
}

/// Runs all webhooks for as long as it is polled. What is on its way when it is dropped is lost.
pub(crate) async fn run(webhooks: &[Webhook], router: &Arc<Router>, identity: &Identity) {
    let running = webhooks.iter().map(|webhook| webhook.run(router, identity));
    futures_util::future::join_all(running).await;
    std::future::pending::<()>().await;
}

/// Where it goes: HTTPS, and no address of a special purpose, unless allowed. A name is looked at when it is connected to.
fn address(config: &Config) -> anyhow::Result<Url> {
    let url: Url = config.url.parse().context("`url` is not an address")?;
    match url.scheme() {
        "https" => {}
        "http" if config.allow_http => {}
        _ => bail!("`url` is https; `allow_http` lets it be http"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        bail!("`url` has no user name and no password in it");
    }
    let host = url.host_str().context("`url` has no host")?;
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    if literal.is_ok_and(|address| !config.allow_private && !guard::is_public(address)) {
        bail!("`url` is in a private or other special-purpose network; `allow_private` lets it be");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(url: &str, allow: &str) -> anyhow::Result<Url> {
        let text = format!("name = 'a'\ntopic = 'a.b'\nrole = 'r'\nsecret = 'env:X'\nurl = '{url}'\n{allow}");
        address(&toml::from_str(&text).expect("a webhook"))
    }

    #[test]
    fn it_goes_to_public_https_unless_otherwise_allowed() {
        assert!(to("https://example.com/hook", "").is_ok());
        let refused = [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/latest",
            "https://a:b@example.com/",
            "ftp://example.com/",
            "example.com",
            "https://",
        ];
        for url in refused {
            assert!(to(url, "").is_err(), "{url}");
        }
        assert!(to("http://example.com/", "allow_http = true").is_ok());
        assert!(to("http://127.0.0.1/", "allow_http = true").is_err());
        assert!(to("http://127.0.0.1:1/", "allow_http = true\nallow_private = true").is_ok());
    }
}
