//! The clock of a conversation: a first message in time, a sign of life now and then, an end to goodbyes.

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::link::Link;
use super::terms::Terms;

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Late {
    /// The peer joined no realm.
    Join,
    /// There was no sign of life.
    Dead,
    /// The program stops, and the peer did not answer GOODBYE.
    Goodbye,
}

/// Runs until something is late.
pub(super) async fn run(link: &Link, terms: &Terms, mut stage: watch::Receiver<()>) -> Late {
    tokio::select! {
        biased;
        () = async { let _ = stage.changed().await; sleep(terms.goodbye).await } => Late::Goodbye,
        () = strangeness(link, terms) => Late::Join,
        () = silence(link, terms) => Late::Dead,
    }
}

/// Ends when a peer has not joined in time. One that left a realm may join another on the same connection; it is given
/// the same time, and at most twice that.
async fn strangeness(link: &Link, terms: &Terms) {
    let mut was_known = false;
    loop {
        sleep(terms.join).await;
        let is_known = link.has_joined();
        if !is_known && !was_known {
            return;
        }
        was_known = is_known;
    }
}

/// Asks a peer that was silent for one interval; ends when it is silent for the next one too.
async fn silence(link: &Link, terms: &Terms) {
    let Some(every) = terms.ping else { return std::future::pending().await };
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = false;
    loop {
        ticks.tick().await;
        let silent = !link.was_heard();
        if silent && asked {
            return;
        }
        if silent {
            link.ping();
        }
        asked = silent;
    }
}
