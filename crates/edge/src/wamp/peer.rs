//! The router's side of a session, as a transport sees it; and the one that only sends messages back, for tests.

use std::sync::Arc;

use bytes::Bytes;
use crossgate_router::realm::{self, Drain, Outbox, OutboxLimits};
use tokio::sync::mpsc;

use super::terms::Facts;
use crate::door::{Shared, State};

/// Messages that wait to be sent back.
const ECHOES_MAX: usize = 64;

pub(crate) use crossgate_router::realm::Step;

/// Takes the messages of one peer.
pub(crate) enum Peer {
    /// To the realms.
    Router(Box<realm::Peer>),
    /// Sends each back; a peer that names a form has joined with its first.
    Echo { back: Option<mpsc::Sender<Bytes>>, joined: bool },
}

/// Gives what is to be sent to it.
pub(crate) enum Queue {
    Router(Drain),
    Echo(mpsc::Receiver<Bytes>),
}

/// Opens the router's side of a session.
pub(crate) fn connect(shared: &Shared, state: &State, facts: Facts) -> (Peer, Queue) {
    if shared.echoes() {
        let (sender, receiver) = mpsc::channel(ECHOES_MAX);
        return (Peer::Echo { back: Some(sender), joined: facts.form.is_none() }, Queue::Echo(receiver));
    }
    // A realm sets its own limits when the peer joins it.
    let (outbox, drain) = Outbox::new(OutboxLimits::default());
    let peer = Arc::clone(&shared.router).connect(facts.transport(&state.listener.wamp), outbox);
    (Peer::Router(Box::new(peer)), Queue::Router(drain))
}

impl Peer {
    /// Takes one message.
    pub(crate) async fn receive(&mut self, message: Bytes) -> Step {
        match self {
            Self::Router(peer) => peer.receive(message).await,
            Self::Echo { back, joined } => {
                *joined = true;
                let Some(back) = back else { return Step::Close };
                if back.send(message).await.is_ok() { Step::Continue } else { Step::Close }
            }
        }
    }

    /// Has the router say GOODBYE.
    pub(crate) fn close(&mut self, reason: &'static str) {
        match self {
            Self::Router(peer) => peer.close(reason),
            Self::Echo { back, .. } => *back = None,
        }
    }

    /// Whether it is known who the peer is.
    pub(crate) fn has_joined(&self) -> bool {
        match self {
            Self::Router(peer) => peer.has_joined(),
            Self::Echo { joined, .. } => *joined,
        }
    }

    /// The connection is gone, however it ended.
    pub(crate) async fn lost(self) {
        match self {
            Self::Router(peer) => peer.lost().await,
            Self::Echo { .. } => {}
        }
    }
}

impl Queue {
    /// Waits for messages, and appends all that are there to the batch; `false` when there will be none any more.
    /// Dropping the future loses nothing.
    pub(crate) async fn next(&mut self, batch: &mut Vec<Bytes>) -> bool {
        match self {
            Self::Router(drain) => drain.next(batch).await,
            Self::Echo(messages) => messages.recv_many(batch, ECHOES_MAX).await > 0,
        }
    }

    /// Waits until the peer has to go because it did not read what could not be left out.
    pub(crate) async fn overflow(&self) {
        match self {
            Self::Router(drain) => drain.overflow().await,
            Self::Echo(_) => std::future::pending().await,
        }
    }

    /// Whether the peer has to go because it did not read what could not be left out.
    pub(crate) fn has_overflowed(&self) -> bool {
        match self {
            Self::Router(drain) => drain.overflowed(),
            Self::Echo(_) => false,
        }
    }
}
