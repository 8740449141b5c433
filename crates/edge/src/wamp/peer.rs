//! The router's side of a session, as a transport sees it; and the one that only sends messages back, for tests.

use bytes::Bytes;
use tokio::sync::mpsc;

use super::terms::Facts;
use crate::door::{Shared, State};

/// Messages that wait to be sent back.
const ECHOES_MAX: usize = 64;

/// Whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It does.
    Continue,
    /// It is over: what is queued is still sent, then the connection is closed.
    Close,
}

/// Takes the messages of one peer.
pub(crate) enum Peer {
    /// Sends each back.
    Echo(mpsc::Sender<Bytes>),
}

/// Gives what is to be sent to it.
pub(crate) enum Queue {
    Echo(mpsc::Receiver<Bytes>),
}

/// Opens the router's side of a session; `None` when there is nobody to talk to.
pub(crate) fn connect(shared: &Shared, _state: &State, _facts: Facts) -> Option<(Peer, Queue)> {
    if shared.echoes() {
        let (sender, receiver) = mpsc::channel(ECHOES_MAX);
        return Some((Peer::Echo(sender), Queue::Echo(receiver)));
    }
    None
}

impl Peer {
    /// Takes one message.
    pub(crate) async fn receive(&mut self, message: Bytes) -> Step {
        match self {
            Self::Echo(back) => match back.send(message).await {
                Ok(()) => Step::Continue,
                Err(_) => Step::Close,
            },
        }
    }

    /// Has the router say GOODBYE.
    pub(crate) fn close(&mut self, _reason: &'static str) {
        match self {
            // Nobody sends it anything any more.
            Self::Echo(back) => *back = mpsc::channel(1).0,
        }
    }

    /// The connection is gone, however it ended.
    pub(crate) async fn lost(self) {
        match self {
            Self::Echo(back) => drop(back),
        }
    }
}

impl Queue {
    /// Waits for messages, and appends all that are there to the batch; `false` when there will be none any more.
    /// Dropping the future loses nothing.
    pub(crate) async fn next(&mut self, batch: &mut Vec<Bytes>) -> bool {
        match self {
            Self::Echo(messages) => messages.recv_many(batch, ECHOES_MAX).await > 0,
        }
    }
}
