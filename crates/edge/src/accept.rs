//! The accept loop of one listener: it takes connections, runs each as a task, and waits for them at the end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use crate::connection;
use crate::door::Door;
use crate::longpoll::Task;
use crate::socket::Acceptor;

/// How long to wait after the operating system could not give a connection (no file descriptors left), and the
/// most that the wait grows to.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Accepts until the stage changes; then waits for the connections, at most for the drain time. Gives the number
/// of those that had to be cut off. Dropping the future cuts off all.
/// `tasks` come from long-poll sessions, which no connection stands for.
pub(crate) async fn run(
    door: Arc<Door>,
    acceptor: Acceptor,
    mut tasks: mpsc::Receiver<Task>,
    mut stage: watch::Receiver<()>,
) -> usize {
    let connections_stage = stage.clone();
    let mut connections = JoinSet::new();
    let mut pause = Pause::default();
    loop {
        tokio::select! {
            biased;
            _ = stage.changed() => break,
            Some(ended) = connections.join_next() => report(&door, ended),
            Some(task) = tasks.recv() => {
                connections.spawn(task(connections_stage.clone()));
            }
            accepted = next(&door, &acceptor, &pause) => match accepted {
                Ok((socket, peer)) => {
                    pause.clear();
                    let limit_per_ip = door.state.load().listener.limits.connections_per_ip;
                    let Some(place) = door.gate.enter(peer, limit_per_ip) else {
                        door.metrics.refused.increment(1);
                        continue;
                    };
                    door.metrics.accepted.increment(1);
                    let (door, stage) = (Arc::clone(&door), connections_stage.clone());
                    connections.spawn(async move {
                        let _open = Open::count(&door);
                        let _place = place;
                        connection::serve(Arc::clone(&door), socket, peer, stage).await;
                    });
                }
                Err(error) => pause.grow(&door, &error),
            },
        }
    }
    // Nobody can connect from here on.
    drop(acceptor);
    drop(tasks);
    finish(&door, connections).await
}

/// The next connection, once there is room for it.
async fn next(
    door: &Door,
    acceptor: &Acceptor,
    pause: &Pause,
) -> io::Result<(crate::socket::Socket, Option<std::net::IpAddr>)> {
    if let Some(until) = pause.until {
        sleep_until(until).await;
    }
    let limit = door.state.load().listener.limits.connections;
    if door.gate.is_full(limit) {
        door.metrics.waits.increment(1);
        door.gate.wait(limit).await;
    }
    acceptor.accept().await
}

async fn finish(door: &Door, mut connections: JoinSet<()>) -> usize {
    let drain = door.state.load().drain;
    let all = async {
        while let Some(ended) = connections.join_next().await {
            report(door, ended);
        }
    };
    let _ = timeout(drain, all).await;
    let left = connections.len();
    if left > 0 {
        tracing::warn!(listener = %door.name, connections = left, "connections were cut off after the drain time");
    }
    connections.shutdown().await;
    left
}

fn report(door: &Door, ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(listener = %door.name, %error, "serving a connection panicked");
    }
}

/// Counts an open connection in the metrics while it lives.
struct Open(metrics::Gauge);

impl Open {
    fn count(door: &Door) -> Self {
        door.metrics.open.increment(1);
        Self(door.metrics.open.clone())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// The pause after a failure to accept.
#[derive(Default)]
struct Pause {
    until: Option<Instant>,
    last: Option<Duration>,
}

impl Pause {
    fn clear(&mut self) {
        *self = Self::default();
    }

    /// Waits longer each time, unless the failure was the peer's alone.
    fn grow(&mut self, door: &Door, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
        door.metrics.accept_errors.increment(1);
        if matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted) {
            return;
        }
        let wait = self.last.map_or(PAUSE, |last| (last * 2).min(PAUSE_MAX));
        if self.last.is_none() {
            tracing::warn!(listener = %door.name, %error, "connections cannot be accepted; trying again");
        }
        (self.until, self.last) = (Some(Instant::now() + wait), Some(wait));
    }
}
