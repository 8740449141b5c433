//! An answer that goes on, as Server-Sent Events (HTML §9.2): the only kind that is not whole when its head is sent.
//!
//! Nothing is buffered here: hyper asks for more when the peer has taken what it was given, and the stream behind keeps, bounded,
//! what came meanwhile. Comments in between tell both sides that the other is there.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{Event, Events};
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};
use metrics::Gauge;
use tokio::time::{Instant, Sleep, sleep};

use crate::connection::InFlight;

/// The media type.
pub(super) const MEDIA_TYPE: &str = "text/event-stream";
/// A comment after so much silence: less than what proxies usually wait.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A connection's idle time is at least so many heartbeats.
const HEARTBEATS_PER_IDLE: u32 = 4;
/// The first bytes: how long a browser waits before it connects again, in milliseconds.
const GREETING: &[u8] = b"retry: 2000\n\n";
const COMMENT: &[u8] = b":\n\n";

/// What an answer consists of.
pub(crate) enum Content {
    /// All of it.
    Whole(Full<Bytes>),
    /// What there is until either side ends it.
    Events(Box<Feed>),
}

/// A stream on its way to a peer.
pub(crate) struct Feed {
    events: Events,
    heartbeat: Pin<Box<Sleep>>,
    every: Duration,
    greeted: bool,
    ended: bool,
    goodbye: Pin<Box<dyn Future<Output = ()> + Send>>,
    request: InFlight,
    open: Gauge,
}

impl Feed {
    /// A stream, for as long as the connection lasts. `idle` is after how long a connection on which nothing happens is closed.
    pub(super) fn new(events: Events, mut request: InFlight, idle: Duration) -> Self {
        request.stream();
        let activity = std::sync::Arc::clone(request.activity());
        let every = HEARTBEAT.min(idle / HEARTBEATS_PER_IDLE);
        let open = metrics::gauge!("crossgate_http_event_streams");
        open.increment(1.0);
        Self {
            events,
            heartbeat: Box::pin(sleep(every)),
            every,
            greeted: false,
            ended: false,
            goodbye: Box::pin(async move { activity.goodbye().await }),
            request,
            open,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        self.request.asked();
        if !std::mem::replace(&mut self.greeted, true) {
            return Poll::Ready(Some(Bytes::from_static(GREETING)));
        }
        if self.ended || self.goodbye.as_mut().poll(cx).is_ready() {
            self.ended = true;
            return Poll::Ready(None);
        }
        if let Poll::Ready(event) = self.events.poll_next(cx) {
            self.heartbeat.as_mut().reset(Instant::now() + self.every);
            self.ended = event.is_none();
            return Poll::Ready(event.map(|event| written(&event)));
        }
        if self.heartbeat.as_mut().poll(cx).is_ready() {
            self.heartbeat.as_mut().reset(Instant::now() + self.every);
            // The timer is to wake this task again.
            let _ = self.heartbeat.as_mut().poll(cx);
            return Poll::Ready(Some(Bytes::from_static(COMMENT)));
        }
        Poll::Pending
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.open.decrement(1.0);
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(whole) => Pin::new(whole).poll_frame(cx),
            Self::Events(feed) => feed.poll(cx).map(|bytes| bytes.map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end_stream(),
            Self::Events(feed) => feed.ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// One event. Its fields are lines, so whatever has line breaks of its own is told line by line; an id cannot have any.
fn written(event: &Event) -> Bytes {
    let data = event.data.bytes();
    let mut lines = Vec::with_capacity(data.len() + 64);
    if let Some(kind) = event.kind {
        lines.extend_from_slice(b"event: ");
        lines.extend_from_slice(kind.as_bytes());
        lines.push(b'\n');
    }
    if let Some(id) = event.id.as_deref().filter(|id| !id.contains(['\0', '\n', '\r'])) {
        lines.extend_from_slice(b"id: ");
        lines.extend_from_slice(id.as_bytes());
        lines.push(b'\n');
    }
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        lines.extend_from_slice(b"data: ");
        lines.extend_from_slice(line);
        lines.push(b'\n');
    }
    lines.push(b'\n');
    lines.into()
}

#[cfg(test)]
mod tests {
    use crossgate_call::{Format, Payload};

    use super::*;

    #[test]
    fn an_event_is_lines_whatever_it_holds() {
        let event = |id: Option<&str>, kind, data: &'static [u8]| {
            let data = Payload::from_bytes(Format::Json, Bytes::from_static(data));
            written(&Event { id: id.map(str::to_owned), kind, data })
        };
        assert_eq!(event(Some("7"), None, b"{}"), "id: 7\ndata: {}\n\n");
        assert_eq!(event(None, Some("end"), b"[1,\r2]\n"), "event: end\ndata: [1,\ndata: 2]\ndata: \n\n");
        assert_eq!(event(Some("7\nevent: forged"), None, b"1"), "data: 1\n\n");
    }
}
