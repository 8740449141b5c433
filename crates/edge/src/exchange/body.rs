//! Reading a request's body: bounded, in time, and only when somebody wants it.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use crossgate_call::{Error, Kind};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::connection::Peer;
use crate::problem::Problem;

/// How long the rest of a body that nobody wants is thrown away before its request is answered.
const DISCARD_WITHIN: Duration = Duration::from_secs(1);
/// How much of it, in bytes.
const DISCARD_BYTES_MAX: usize = 1024 * 1024;

/// A body that has or has not been read.
pub(super) struct Body {
    incoming: Incoming,
    read: bool,
    /// The right to read it; given back when it has been read.
    turn: Option<OwnedSemaphorePermit>,
}

/// Why a body did not become bytes.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is larger than this many bytes.
    TooLarge(usize),
    /// It did not come in time.
    Slow,
    /// The connection broke, or the body's framing did.
    Broken,
}

impl Body {
    pub(super) fn new(incoming: Incoming) -> Self {
        Self { incoming, read: false, turn: None }
    }

    /// Waits for its turn among the bodies of its connection. Whoever takes something for the time in which the body
    /// comes in takes its turn before.
    pub(super) async fn turn(&mut self, peer: &Peer) {
        if self.turn.is_none() && self.is_unread() {
            self.turn = peer.body_turn().await;
        }
    }

    /// Whether bytes of it may still be on their way.
    pub(super) fn is_unread(&self) -> bool {
        !self.read && !self.incoming.is_end_stream()
    }

    /// Throws away what has not been read, within bounds. An HTTP/2 stream that is answered while its body is on its way
    /// is reset after the answer (RFC 9113 §8.1), and some clients then do not show the answer. Nothing is kept, so that
    /// no turn is needed; flow control bounds what has arrived.
    pub(super) async fn discard(&mut self) {
        self.turn = None;
        // A peer that has been too slow or broke off is not waited for again: nothing more comes, or the time ends it.
        let _ = timeout(DISCARD_WITHIN, async {
            let mut left = DISCARD_BYTES_MAX;
            while let Ok(Some(piece)) = self.piece().await {
                let Some(less) = left.checked_sub(piece.len()) else { return };
                left = less;
            }
        })
        .await;
    }

    /// Reads all of it, in its turn. A body that announces too much is not read at all.
    pub(super) async fn read(&mut self, peer: &Peer, bytes_max: usize, within: Duration) -> Result<Bytes, Unreadable> {
        self.turn(peer).await;
        let read = self.read_now(bytes_max, within).await;
        self.turn = None;
        read
    }

    async fn read_now(&mut self, bytes_max: usize, within: Duration) -> Result<Bytes, Unreadable> {
        if self.incoming.is_end_stream() {
            return Ok(Bytes::new());
        }
        let announced = self.incoming.size_hint().lower();
        if announced > bytes_max as u64 {
            return Err(Unreadable::TooLarge(bytes_max));
        }
        let bytes = timeout(within, self.collect(bytes_max)).await.map_err(|_| Unreadable::Slow)??;
        self.read = true;
        Ok(bytes)
    }

    async fn collect(&mut self, bytes_max: usize) -> Result<Bytes, Unreadable> {
        // Most bodies come in one piece, which is passed on as it is.
        let Some(first) = self.piece().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.piece().await? else { return bounded(first, bytes_max) };
        let mut all = BytesMut::from(bounded(first, bytes_max)?);
        let mut next = Some(second);
        while let Some(piece) = next {
            if all.len() + piece.len() > bytes_max {
                return Err(Unreadable::TooLarge(bytes_max));
            }
            all.extend_from_slice(&piece);
            next = self.piece().await?;
        }
        Ok(all.freeze())
    }

    /// The next bytes; trailers are passed over.
    async fn piece(&mut self) -> Result<Option<Bytes>, Unreadable> {
        while let Some(frame) = self.incoming.frame().await {
            if let Ok(data) = frame.map_err(|_| Unreadable::Broken)?.into_data()
                && !data.is_empty()
            {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

fn bounded(bytes: Bytes, bytes_max: usize) -> Result<Bytes, Unreadable> {
    if bytes.len() > bytes_max { Err(Unreadable::TooLarge(bytes_max)) } else { Ok(bytes) }
}

impl Unreadable {
    /// What the audit log says.
    pub(super) fn error(&self) -> Error {
        match self {
            Self::TooLarge(bytes_max) => {
                Error::new(Kind::TooLarge, format!("the body is larger than {bytes_max} bytes"))
            }
            Self::Slow => Error::invalid("the body did not arrive in time", Vec::new()),
            Self::Broken => Error::invalid("the body ended before it was complete", Vec::new()),
        }
    }

    /// What the caller gets.
    pub(super) fn problem(&self) -> Problem {
        match self {
            Self::Slow => Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
            Self::TooLarge(_) | Self::Broken => Problem::plainly(&self.error()),
        }
    }
}
