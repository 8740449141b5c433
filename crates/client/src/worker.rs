//! Staying connected: a worker registers and subscribes anew whenever its session had to.

use std::sync::Arc;
use std::time::Duration;

use crossgate_wamp::auth::random_bytes;
use crossgate_wamp::options::SubscribeOptions;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::error::Error;
use crate::join::connect;
use crate::options::ConnectOptions;
use crate::register::{Handler, Register, Registration};
use crate::session::{Details, Session};
use crate::subscribe::Event;

/// How long to wait before trying again.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// After the first failure, at the most.
    pub first: Duration,
    /// After many, at the most.
    pub most: Duration,
    /// How many failures in a row are too many; none are when absent.
    pub attempts: Option<u32>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), most: Duration::from_secs(60), attempts: None }
    }
}

impl Backoff {
    /// The wait after so many failures in a row. It doubles up to the most, and is drawn from its upper half, so that
    /// workers who lost the same router do not all come back at once.
    fn wait(self, failures: u32, random: u8) -> Duration {
        let doubled = self.first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
        let whole = doubled.min(self.most);
        whole / 2 + whole.mul_f64(f64::from(random) / 255.0) / 2
    }
}

/// What becomes of a worker, for its log.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// It joined, registered and subscribed.
    Ready(Details),
    /// Events came faster than they were looked at, and the newest were lost.
    Lost {
        /// Of which subscription.
        topic: String,
        /// How many in all, in this session.
        events: u64,
    },
    /// It has no session, and tries again.
    Waiting {
        /// Why.
        why: Error,
        /// After how long.
        wait: Duration,
    },
}

type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;
type OnNotice = Arc<dyn Fn(&Notice) + Send + Sync>;
type OnSession = Arc<dyn Fn(&Session) + Send + Sync>;

/// Registers and subscribes, and does so anew after each lost session.
pub struct Worker {
    options: ConnectOptions,
    backoff: Backoff,
    registrations: Vec<(Register, Arc<dyn Handler>)>,
    subscriptions: Vec<(String, SubscribeOptions, OnEvent)>,
    notice: OnNotice,
    joined: OnSession,
}

/// A session of a worker.
struct Begun {
    session: Session,
    registrations: Vec<Registration>,
    /// They hand events over.
    tasks: JoinSet<()>,
}

impl Worker {
    /// A worker that does nothing yet.
    #[must_use]
    pub fn new(options: ConnectOptions) -> Self {
        Self {
            options,
            backoff: Backoff::default(),
            registrations: Vec::new(),
            subscriptions: Vec::new(),
            notice: Arc::new(|_| {}),
            joined: Arc::new(|_| {}),
        }
    }

    /// Waits otherwise between attempts.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Answers a procedure.
    #[must_use]
    pub fn register(mut self, register: Register, handler: impl Handler) -> Self {
        self.registrations.push((register, Arc::new(handler)));
        self
    }

    /// Looks at events, one after the other. What is slow is for another task: the queue behind it is bounded.
    #[must_use]
    pub fn subscribe(
        mut self,
        topic: impl Into<String>,
        options: SubscribeOptions,
        event: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        self.subscriptions.push((topic.into(), options, Arc::new(event)));
        self
    }

    /// Is told what becomes of it.
    #[must_use]
    pub fn notice(mut self, notice: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.notice = Arc::new(notice);
        self
    }

    /// Is given each session, once everything is registered and subscribed: to call by it.
    #[must_use]
    pub fn joined(mut self, joined: impl Fn(&Session) + Send + Sync + 'static) -> Self {
        self.joined = Arc::new(joined);
        self
    }

    /// Works until `stop` is ready. Then it unregisters, so that the router asks others, finishes what it was asked,
    /// and leaves: restarted one after the other, workers that share a procedure fail no call.
    ///
    /// # Errors
    /// What trying again does not mend (a wrong address, a wrong password, a procedure that may not be registered),
    /// at the first attempt; later on everything passes, as the router may be about to be changed. Or too many
    /// failures in a row, where [`Backoff::attempts`] says how many are.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), Error> {
        tokio::pin!(stop);
        let (mut failures, mut joined_once) = (0_u32, false);
        loop {
            let began = Instant::now();
            let why = tokio::select! {
                () = &mut stop => return Ok(()),
                begun = self.begin() => match begun {
                    Ok(Begun { session, registrations, tasks }) => {
                        joined_once = true;
                        let how = tokio::select! {
                            () = &mut stop => return self.retire(&session, registrations).await,
                            how = session.ended() => how,
                        };
                        drop((registrations, tasks));
                        // A session that ends at once is a failure like those that never began.
                        if began.elapsed() > self.backoff.most {
                            failures = 0;
                        }
                        Error::Ended(how)
                    }
                    Err(error) if joined_once || error.is_passing() => error,
                    Err(error) => return Err(error),
                },
            };
            failures = failures.saturating_add(1);
            if self.backoff.attempts.is_some_and(|most| failures >= most) {
                return Err(why);
            }
            let random = random_bytes::<1>().map_or(u8::MAX, |[byte]| byte);
            let wait = self.backoff.wait(failures, random);
            (self.notice)(&Notice::Waiting { why, wait });
            tokio::select! {
                () = &mut stop => return Ok(()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One session, with everything registered and subscribed.
    async fn begin(&self) -> Result<Begun, Error> {
        let session = connect(&self.options).await?;
        let mut tasks = JoinSet::new();
        for (topic, options, event) in &self.subscriptions {
            let mut subscription = session.subscribe(topic.as_str(), *options).await?;
            let (event, notice, topic) = (Arc::clone(event), Arc::clone(&self.notice), topic.clone());
            tasks.spawn(async move {
                let mut lost = 0;
                loop {
                    let next = subscription.next().await;
                    if subscription.lost() > lost {
                        lost = subscription.lost();
                        notice(&Notice::Lost { topic: topic.clone(), events: lost });
                    }
                    match next {
                        Ok(Some(next)) => event(next),
                        Ok(None) => return,
                        Err(error) => tracing::warn!("an event cannot be read: {error}"),
                    }
                }
            });
        }
        let mut registrations = Vec::with_capacity(self.registrations.len());
        for (register, handler) in &self.registrations {
            registrations.push(session.register_shared(register.clone(), Arc::clone(handler)).await?);
        }
        (self.notice)(&Notice::Ready(session.details().clone()));
        (self.joined)(&session);
        Ok(Begun { session, registrations, tasks })
    }

    /// Takes no more calls, finishes those that came, and leaves.
    async fn retire(&self, session: &Session, registrations: Vec<Registration>) -> Result<(), Error> {
        let unregister = async {
            for registration in registrations {
                // Who cannot be told any more asks nothing any more either.
                let _ = registration.unregister().await;
            }
        };
        let _ = tokio::time::timeout(self.options.limits.goodbye, unregister).await;
        session.leave().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_differ_between_workers() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(10), attempts: None };
        for (failures, least, most) in
            [(1, 500, 1000), (2, 1000, 2000), (4, 4000, 8000), (5, 5000, 10_000), (500, 5000, 10_000)]
        {
            assert_eq!(backoff.wait(failures, 0), Duration::from_millis(least));
            assert_eq!(backoff.wait(failures, 255), Duration::from_millis(most));
        }
    }
}
