//! The bytes under HTTP and WAMP: plain or TLS, counted, and closed politely.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tokio_rustls::server::TlsStream;

use super::activity::Activity;
use crate::socket::{Socket, poll_discard};

/// How long the rest of an unread body is thrown away before the connection is closed for good.
const LINGER: Duration = Duration::from_secs(2);
/// How much of it, in bytes.
const LINGER_BYTES_MAX: usize = 1024 * 1024;

/// One type for both kinds of connection, so that HTTP is compiled once.
pub(crate) enum Transport {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

/// A connection as HTTP sees it.
pub(crate) struct Io {
    transport: Transport,
    /// A byte that has been looked at and is still to be read.
    first: Option<u8>,
    activity: Arc<Activity>,
    closing: Closing,
}

enum Closing {
    Open,
    /// Our side is closed. Closing the socket with unread bytes in it would make the operating system
    /// reset the connection, and the peer might lose the answer that says why (RFC 9112 §9.6).
    Lingering {
        until: Pin<Box<Sleep>>,
        budget: usize,
    },
    Closed,
}

impl Io {
    pub(crate) fn new(transport: Transport, activity: Arc<Activity>) -> Self {
        Self { transport, first: None, activity, closing: Closing::Open }
    }

    /// The first byte, left to be read; `None` when the peer closes instead of sending one. TLS alone needs it: the
    /// bytes of a plain connection have been looked at before.
    pub(crate) async fn peek(&mut self) -> io::Result<Option<u8>> {
        let mut byte = [0];
        let transport = &mut self.transport;
        let mut buffer = ReadBuf::new(&mut byte);
        poll_fn(|cx| transport.pinned_read(cx, &mut buffer)).await?;
        self.first = buffer.filled().first().copied();
        Ok(self.first)
    }

    pub(crate) fn activity(&self) -> Arc<Activity> {
        Arc::clone(&self.activity)
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(first) = this.first.take_if(|_| buffer.remaining() > 0) {
            buffer.put_slice(&[first]);
            this.activity.has_read(1);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(this.transport.pinned_read(cx, buffer))?;
        this.activity.has_read(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.transport {
            Transport::Plain(socket) => Pin::new(socket).poll_write(cx, bytes),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        })?;
        this.activity.has_written(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = ready!(match &mut this.transport {
            Transport::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, slices),
            Transport::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        })?;
        this.activity.has_written(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(socket) => socket.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.closing {
                Closing::Open => {
                    ready!(this.transport.pinned_shutdown(cx))?;
                    this.closing = if this.activity.has_unread() {
                        Closing::Lingering { until: Box::pin(sleep(LINGER)), budget: LINGER_BYTES_MAX }
                    } else {
                        Closing::Closed
                    };
                }
                Closing::Lingering { until, budget } => {
                    if until.as_mut().poll(cx).is_pending() {
                        ready!(match &mut this.transport {
                            Transport::Plain(socket) => poll_discard(socket, cx, budget),
                            Transport::Tls(stream) => poll_discard(stream, cx, budget),
                        });
                    }
                    this.closing = Closing::Closed;
                }
                Closing::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl Transport {
    fn pinned_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }

    fn pinned_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
