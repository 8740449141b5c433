//! RawSocket, a client's side: the handshake of four bytes, and frames behind a prefix of four.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes, BytesMut};
use crossgate_wamp::rawsocket::{
    FRAME_BYTES_MAX, FrameKind, HEADER_BYTES, Handshake, LIMIT_BYTES_MIN, Prefix, Refusal, Reply, reply,
};
use crossgate_wamp::serializer::Serializer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::{Fault, Frames, Incoming, poll_fill};
use crate::error::Error;
use crate::options::ConnectOptions;

/// The largest ping that is answered, in bytes.
const PING_BYTES_MAX: usize = 64 * 1024;

/// Pongs that may wait to be sent; a router that asks without taking the answers is not read from.
const PONGS_MAX: usize = 16;

/// Shakes hands: the frames, their form, and the largest message that the router takes.
pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    options: &ConnectOptions,
) -> Result<(RawSocket<S>, Serializer, usize), Error> {
    let broken = |error: std::io::Error| Error::Handshake(format!("the connection broke in the handshake: {error}"));
    let wanted = options.serializers.first().ok_or_else(|| Error::Usage("no serializer is named".into()))?;
    if wanted.batched {
        return Err(Error::Usage("batched serializers are WebSocket's; name another one for RawSocket".into()));
    }
    let most = options.limits.message_bytes_max.clamp(LIMIT_BYTES_MIN, FRAME_BYTES_MAX);
    let ours = Handshake { format: wanted.format, receive_bytes_max: most };
    stream.write_all(&ours.encode()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut answer = [0; HEADER_BYTES];
    stream.read_exact(&mut answer).await.map_err(broken)?;
    match reply(answer) {
        Reply::Accepted(theirs) if theirs.format == wanted.format => {
            Ok((RawSocket::new(stream, most), *wanted, theirs.receive_bytes_max))
        }
        Reply::Refused(code) => Err(Error::Handshake(refused(code, wanted.format.as_str()))),
        Reply::Accepted(_) | Reply::Foreign => {
            Err(Error::Handshake("what answers there does not speak RawSocket".to_owned()))
        }
    }
}

fn refused(code: u8, format: &str) -> String {
    let known = |refusal: Refusal| refusal as u8 == code;
    if known(Refusal::Serializer) {
        format!("the router does not speak {format}; name another serializer")
    } else if known(Refusal::Length) {
        "the router's messages may be larger than is taken here; allow larger ones".to_owned()
    } else if known(Refusal::Connections) {
        "the router has too many connections; try again later".to_owned()
    } else {
        format!("the router refuses the connection (RawSocket error {code})")
    }
}

/// The frames of a stream.
pub(super) struct RawSocket<S> {
    stream: S,
    input: BytesMut,
    output: VecDeque<Bytes>,
    receive_bytes_max: usize,
    pongs: usize,
}

impl<S> RawSocket<S> {
    pub(super) fn new(stream: S, receive_bytes_max: usize) -> Self {
        Self { stream, input: BytesMut::new(), output: VecDeque::new(), receive_bytes_max, pongs: 0 }
    }

    fn put(&mut self, kind: FrameKind, payload: Bytes) -> Result<(), Fault> {
        let prefix = Prefix { kind, bytes: payload.len() }.encode().map_err(|error| error.to_string())?;
        self.output.push_back(Bytes::copy_from_slice(&prefix));
        if !payload.is_empty() {
            self.output.push_back(payload);
        }
        Ok(())
    }

    /// The next frame that is there as a whole.
    fn frame(&mut self) -> Result<Option<(FrameKind, Bytes)>, Fault> {
        let Some(header) = self.input.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let prefix = Prefix::decode(*header, self.receive_bytes_max).map_err(|error| error.to_string())?;
        if prefix.kind != FrameKind::Message && prefix.bytes > PING_BYTES_MAX {
            return Err(format!("a ping of {} bytes", prefix.bytes));
        }
        if self.input.len() < HEADER_BYTES + prefix.bytes {
            return Ok(None);
        }
        self.input.advance(HEADER_BYTES);
        Ok(Some((prefix.kind, self.input.split_to(prefix.bytes).freeze())))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Frames for RawSocket<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Fault>> {
        loop {
            if self.pongs >= PONGS_MAX {
                ready!(self.poll_flush(cx))?;
            }
            match self.frame()? {
                Some((FrameKind::Message, payload)) => return Poll::Ready(Ok(Incoming::Frame(payload))),
                Some((FrameKind::Pong, _)) => return Poll::Ready(Ok(Incoming::Life)),
                Some((FrameKind::Ping, payload)) => {
                    self.pongs += 1;
                    self.put(FrameKind::Pong, payload)?;
                    return Poll::Ready(Ok(Incoming::Life));
                }
                None => match ready!(poll_fill(&mut self.stream, &mut self.input, cx)) {
                    Ok(0) => return Poll::Ready(Ok(Incoming::Closed("the router closed it".to_owned()))),
                    Ok(_) => {}
                    Err(error) => return Poll::Ready(Err(error.to_string())),
                },
            }
        }
    }

    fn send(&mut self, frame: Bytes) -> Result<(), Fault> {
        self.put(FrameKind::Message, frame)
    }

    fn ping(&mut self) -> Result<(), Fault> {
        self.put(FrameKind::Ping, Bytes::new())
    }

    fn close(&mut self) -> Result<(), Fault> {
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        while let Some(first) = self.output.front_mut() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, first)) {
                Ok(0) => return Poll::Ready(Err("nothing can be written".to_owned())),
                Ok(bytes) => first.advance(bytes),
                Err(error) => return Poll::Ready(Err(error.to_string())),
            }
            if first.is_empty() {
                self.output.pop_front();
            }
        }
        self.pongs = 0;
        Pin::new(&mut self.stream).poll_flush(cx).map_err(|error| error.to_string())
    }
}
