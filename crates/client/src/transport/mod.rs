//! How messages stand on a stream: WebSocket or RawSocket. Nothing here waits by itself; the session's task polls.

mod rawsocket;
mod websocket;

use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use crossgate_wamp::serializer::{Serializer, append, split};
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Message, message::DecodeError};

use crate::dial::{Dialed, Taken};
use crate::error::Error;
use crate::options::ConnectOptions;
use crate::target::Framing;

/// Why a connection is of no use any more, in words.
pub(crate) type Fault = String;

/// What comes in.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message, or several where the form is batched.
    Frame(Bytes),
    /// A sign of life: a ping, which is answered, or a pong.
    Life,
    /// The router closes the connection; what it says about that.
    Closed(String),
}

/// One framing.
trait Frames: Send {
    /// The next thing that arrived.
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Fault>>;
    /// Puts a frame behind what waits to be sent.
    fn send(&mut self, frame: Bytes) -> Result<(), Fault>;
    /// The same with a ping.
    fn ping(&mut self) -> Result<(), Fault>;
    /// Says that the connection ends, where the framing has words for it.
    fn close(&mut self) -> Result<(), Fault>;
    /// Sends what waits; ready when nothing is left.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>>;
}

/// A connection that carries messages.
pub(crate) struct Transport {
    frames: Box<dyn Frames>,
    /// `websocket` or `rawsocket`.
    pub(crate) name: &'static str,
    pub(crate) form: Serializer,
    /// The largest message that the router takes, in bytes.
    pub(crate) send_bytes_max: usize,
    /// How much was put in since everything was sent, in bytes.
    pub(crate) unsent_bytes: usize,
    pub(crate) taken: Taken,
    limits: Limits,
}

impl Transport {
    /// Shakes hands.
    pub(crate) async fn open(options: &ConnectOptions, dialed: Dialed) -> Result<Self, Error> {
        let message_bytes_max = options.limits.message_bytes_max;
        let taken = dialed.taken.clone();
        let (frames, name, form, send_bytes_max): (Box<dyn Frames>, _, _, _) = match &options.target.framing {
            Framing::WebSocket { host, path } => {
                let (frames, form) = websocket::open(dialed.stream, host, path, options).await?;
                (Box::new(frames), "websocket", form, usize::MAX)
            }
            Framing::RawSocket => {
                let (frames, form, max) = rawsocket::open(dialed.stream, options).await?;
                (Box::new(frames), "rawsocket", form, max)
            }
        };
        let limits = Limits { message_bytes_max, ..Limits::default() };
        Ok(Self { frames, name, form, send_bytes_max, unsent_bytes: 0, taken, limits })
    }

    pub(crate) const fn format(&self) -> Format {
        self.form.format
    }

    /// Puts a message behind what waits to be sent.
    pub(crate) fn send(&mut self, message: &Message) -> Result<(), Fault> {
        let bytes = message.to_bytes(self.form.format).map_err(|error| error.to_string())?;
        let frame = if self.form.batched {
            let mut frame = Vec::with_capacity(bytes.len() + 4);
            append(self.form.format, &bytes, &mut frame).map_err(|error| error.to_string())?;
            frame.into()
        } else {
            bytes
        };
        self.unsent_bytes += frame.len();
        self.frames.send(frame)
    }

    pub(crate) fn ping(&mut self) -> Result<(), Fault> {
        self.unsent_bytes += 1;
        self.frames.ping()
    }

    pub(crate) fn close(&mut self) -> Result<(), Fault> {
        self.unsent_bytes += 1;
        self.frames.close()
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        let flushed = self.frames.poll_flush(cx);
        if flushed.is_ready() {
            self.unsent_bytes = 0;
        }
        flushed
    }

    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Fault>> {
        let received = self.frames.poll_receive(cx);
        if matches!(received, Poll::Ready(Ok(Incoming::Life))) {
            // There may be a pong to send.
            self.unsent_bytes += 1;
        }
        received
    }

    /// The messages of a frame.
    pub(crate) fn messages(&self, frame: Bytes) -> impl Iterator<Item = Result<Message, DecodeError>> + use<> {
        let Serializer { format, batched } = self.form;
        let limits = self.limits;
        let (batch, single) = if batched { (Some(split(format, frame)), None) } else { (None, Some(Ok(frame))) };
        let messages = batch.into_iter().flatten().chain(single);
        messages.map(move |message| Message::decode(format, &message.map_err(DecodeError::Wire)?, &limits))
    }
}

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 16 * 1024;

/// Reads what there is, once, and appends it: how many bytes, 0 at the end.
fn poll_fill<S: tokio::io::AsyncRead + Unpin>(
    stream: &mut S,
    input: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<std::io::Result<usize>> {
    let mut room = [0; READ_BYTES];
    let mut buffer = tokio::io::ReadBuf::new(&mut room);
    std::task::ready!(std::pin::Pin::new(stream).poll_read(cx, &mut buffer))?;
    input.extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

#[cfg(test)]
pub(crate) mod tests;
