//! A connection's bytes, whose first few can be looked at before anybody reads them.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// How an HTTP/2 connection begins (RFC 9113 §3.4).
const H2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The first byte of a TLS record that carries a handshake (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;
/// The first byte of the WAMP RawSocket handshake.
const RAW_SOCKET: u8 = 0x7f;

/// What a connection's first bytes say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Tls,
    RawSocket,
    Http1,
    Http2,
    /// Closed before it said anything.
    Nothing,
    /// None of the above.
    Unknown,
}

/// A connection and the bytes of it that have been looked at.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: Stream,
    seen: [u8; H2_PREFACE.len()],
    /// `seen[given..filled]` is still to be read.
    filled: usize,
    given: usize,
}

#[derive(Debug)]
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        Self::new(Stream::Tcp(stream))
    }

    pub(crate) fn unix(stream: UnixStream) -> Self {
        Self::new(Stream::Unix(stream))
    }

    fn new(stream: Stream) -> Self {
        Self { stream, seen: [0; H2_PREFACE.len()], filled: 0, given: 0 }
    }

    /// The port at the other end; 0 where there is none.
    pub(crate) fn peer_port(&self) -> u16 {
        match &self.stream {
            Stream::Tcp(stream) => stream.peer_addr().map_or(0, |address| address.port()),
            Stream::Unix(_) => 0,
        }
    }

    /// Reads as many bytes as it takes to tell the protocol, and keeps them for the reader.
    pub(crate) async fn opening(&mut self) -> io::Result<Opening> {
        loop {
            if let Some(opening) = judge(&self.seen[..self.filled]) {
                return Ok(opening);
            }
            let read = match &mut self.stream {
                Stream::Tcp(stream) => stream.read(&mut self.seen[self.filled..]).await?,
                Stream::Unix(stream) => stream.read(&mut self.seen[self.filled..]).await?,
            };
            if read == 0 {
                return Ok(if self.filled == 0 { Opening::Nothing } else { Opening::Unknown });
            }
            self.filled += read;
        }
    }
}

/// Tells the protocol from its first bytes; `None` when more are needed.
fn judge(seen: &[u8]) -> Option<Opening> {
    match *seen.first()? {
        TLS_HANDSHAKE => Some(Opening::Tls),
        RAW_SOCKET => Some(Opening::RawSocket),
        _ if seen == H2_PREFACE => Some(Opening::Http2),
        _ if H2_PREFACE.starts_with(seen) => None,
        // A method is a token (RFC 9110 §5.6.2), and a client may send an empty line first (RFC 9112 §2.2).
        byte if byte.is_ascii_alphabetic() || byte == b'\r' || byte == b'\n' => Some(Opening::Http1),
        _ => Some(Opening::Unknown),
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.given < this.filled {
            let count = buffer.remaining().min(this.filled - this.given);
            buffer.put_slice(&this.seen[this.given..this.given + count]);
            this.given += count;
            return Poll::Ready(Ok(()));
        }
        match &mut this.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Sockets have no buffer of ours to flush.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Reads and throws away what is available, at most `budget` bytes of it; ready when the peer has closed,
/// the budget is spent or the connection broke.
pub(crate) fn poll_discard<S: AsyncRead + Unpin>(stream: &mut S, cx: &mut Context<'_>, budget: &mut usize) -> Poll<()> {
    let mut scratch = [0_u8; 4096];
    while *budget > 0 {
        let mut buffer = ReadBuf::new(&mut scratch);
        let failed = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer)).is_err();
        let read = buffer.filled().len();
        if failed || read == 0 {
            break;
        }
        *budget = budget.saturating_sub(read);
    }
    Poll::Ready(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_protocol() {
        let cases: [(&[u8], Option<Opening>); 10] = [
            (b"", None),
            (&[0x16, 3, 1], Some(Opening::Tls)),
            (&[0x7f, 0xf1], Some(Opening::RawSocket)),
            (b"GET / HTTP/1.1", Some(Opening::Http1)),
            (b"P", None),
            (b"PRI * HTTP/2.0\r\n", None),
            (H2_PREFACE, Some(Opening::Http2)),
            (b"POST /", Some(Opening::Http1)),
            (b"\r\nGET / HTTP/1.1", Some(Opening::Http1)),
            (&[0, 0], Some(Opening::Unknown)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(judge(bytes), expected, "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn what_was_looked_at_is_read_again() {
        let (client, server) = UnixStream::pair().unwrap();
        let mut server = Socket::unix(server);
        let mut client = client;
        tokio::io::AsyncWriteExt::write_all(&mut client, b"POST /x HTTP/1.1\r\n").await.unwrap();
        drop(client);
        assert_eq!(server.opening().await.unwrap(), Opening::Http1);
        let mut text = String::new();
        server.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "POST /x HTTP/1.1\r\n");
    }
}
