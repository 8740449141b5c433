//! The writing half of a conversation: many messages, one flush.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use crossgate_wamp::serializer::{BATCH_MESSAGES_MAX, Serializer, append};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;

use super::framing::{Control, Encode, HEAD_BYTES_MAX, Head};
use super::link::Link;
use super::peer::Queue;

/// What is gathered before it is written, in bytes.
const WRITE_BYTES: usize = 64 * 1024;
/// A payload of this size or more is not copied together with others, but written from where it is.
const LARGE_BYTES: usize = 16 * 1024;
/// The most bytes that several messages have in one frame, unless one of them alone has more.
const PACKED_BYTES: usize = 64 * 1024;
/// What of the gathering place is kept while there is nothing to write, in bytes.
const KEPT_BYTES: usize = 512;
/// The room for a batch that is kept meanwhile, in messages.
const BATCH_KEPT: usize = 16;

/// Why there is nothing more to write.
#[derive(Debug)]
pub(super) enum Written {
    /// The close that was asked for is sent.
    Closed,
    /// All that was queued is sent, and there will be nothing more.
    Drained,
    /// The peer took nothing for too long.
    Stalled,
    /// The peer did not read what could not be left out.
    Overflowed,
    /// The peer takes no message of the size of one that was to be sent.
    TooLarge { bytes: usize, max: usize },
    /// The connection broke.
    Broken,
}

/// Takes from the queue, puts together, writes.
pub(super) struct Writer<W, E> {
    io: W,
    encoder: E,
    queue: Queue,
    /// How messages stand in frames.
    form: Option<Serializer>,
    /// How long the peer may take nothing.
    patience: Duration,
    /// Frames that are to be written.
    gathered: Vec<u8>,
}

enum Next {
    Controls,
    Batch,
    End,
}

impl<W: AsyncWrite + Unpin + Send, E: Encode> Writer<W, E> {
    pub(super) fn new(io: W, encoder: E, queue: Queue, form: Option<Serializer>, patience: Duration) -> Self {
        Self { io, encoder, queue, form, patience, gathered: Vec::new() }
    }

    /// Writes until the queue ends or a close has been sent.
    pub(super) async fn run(&mut self, link: &Link) -> Written {
        match self.write_all(link).await {
            Ok(ended) | Err(ended) => ended,
        }
    }

    /// Says why the connection ends, after everything has been written.
    pub(super) async fn say(&mut self, close: Option<(u16, &'static str)>) {
        if self.control(Control::Close(close)).await.is_ok() {
            let _ = self.flush().await;
        }
    }

    /// Closes the sending direction.
    pub(super) async fn shutdown(&mut self) {
        let _ = patient(self.patience, &self.queue, self.io.shutdown()).await;
    }

    pub(super) fn says_goodbye(&self) -> bool {
        self.encoder.says_goodbye()
    }

    pub(super) fn has_overflowed(&self) -> bool {
        self.queue.has_overflowed()
    }

    async fn write_all(&mut self, link: &Link) -> Result<Written, Written> {
        let mut batch = Vec::new();
        loop {
            match self.next(link, &mut batch).await {
                Next::Controls => {
                    let (controls, closes) = link.take();
                    for control in controls {
                        self.control(control).await?;
                    }
                    if closes {
                        return self.flush().await.map(|()| Written::Closed);
                    }
                }
                Next::Batch => self.messages(&mut batch).await?,
                Next::End => return Ok(Written::Drained),
            }
            self.flush().await?;
            if batch.capacity() > BATCH_KEPT {
                batch = Vec::new();
            }
        }
    }

    /// Waits for something to write. See [`Link`] for why the flags need no waker.
    async fn next(&mut self, link: &Link, batch: &mut Vec<Bytes>) -> Next {
        let mut taking = pin!(self.queue.next(batch));
        let more = poll_fn(|cx| {
            // A close comes after what was queued before it; an answer to a ping need not wait.
            if link.is_waiting() && !link.is_closing() {
                return Poll::Ready(None);
            }
            match taking.as_mut().poll(cx) {
                Poll::Pending | Poll::Ready(false) if link.is_closing() => Poll::Ready(None),
                Poll::Pending if link.is_finishing() => Poll::Ready(Some(false)),
                polled => polled.map(Some),
            }
        });
        match more.await {
            None => Next::Controls,
            Some(true) => Next::Batch,
            Some(false) => Next::End,
        }
    }

    async fn control(&mut self, control: Control) -> Result<(), Written> {
        match self.encoder.control(control) {
            Some((head, payload)) => self.put(head, payload).await,
            None => Ok(()),
        }
    }

    async fn messages(&mut self, batch: &mut Vec<Bytes>) -> Result<(), Written> {
        match self.form {
            Some(form) if form.batched => {
                let mut frame = Vec::new();
                let mut messages = 0;
                for message in batch.drain(..) {
                    if messages == BATCH_MESSAGES_MAX || (messages > 0 && frame.len() + message.len() > PACKED_BYTES) {
                        self.message(std::mem::take(&mut frame).into()).await?;
                        messages = 0;
                    }
                    append(form.format, &message, &mut frame).map_err(|_| Written::Broken)?;
                    messages += 1;
                }
                self.message(frame.into()).await
            }
            _ => {
                let bytes: usize = batch.iter().map(|message| HEAD_BYTES_MAX + message.len()).sum();
                self.gathered.reserve(bytes.min(WRITE_BYTES));
                for message in batch.drain(..) {
                    self.message(message).await?;
                }
                Ok(())
            }
        }
    }

    async fn message(&mut self, message: Bytes) -> Result<(), Written> {
        match self.encoder.message(message) {
            Ok((head, payload)) => self.put(head, payload).await,
            Err(super::TooLarge { bytes, max }) => Err(Written::TooLarge { bytes, max }),
        }
    }

    /// Gathers a frame, or writes it when it is large.
    async fn put(&mut self, head: Head, payload: Bytes) -> Result<(), Written> {
        if self.gathered.len() + payload.len() > WRITE_BYTES {
            self.write_gathered().await?;
        }
        self.gathered.extend_from_slice(head.as_ref());
        if payload.len() < LARGE_BYTES {
            self.gathered.extend_from_slice(&payload);
            return Ok(());
        }
        self.write_gathered().await?;
        write(&mut self.io, &self.queue, &payload, self.patience).await
    }

    async fn write_gathered(&mut self) -> Result<(), Written> {
        let written = write(&mut self.io, &self.queue, &self.gathered, self.patience).await;
        self.gathered.clear();
        written
    }

    async fn flush(&mut self) -> Result<(), Written> {
        self.write_gathered().await?;
        if self.gathered.capacity() > KEPT_BYTES {
            self.gathered = Vec::new();
        }
        patient(self.patience, &self.queue, self.io.flush()).await
    }
}

/// Writes all of it, as long as the peer takes some of it in time.
async fn write<W: AsyncWrite + Unpin>(
    io: &mut W,
    queue: &Queue,
    mut bytes: &[u8],
    patience: Duration,
) -> Result<(), Written> {
    while !bytes.is_empty() {
        let written = patient(patience, queue, io.write(bytes)).await?;
        if written == 0 {
            return Err(Written::Broken);
        }
        bytes = bytes.get(written..).unwrap_or_default();
    }
    Ok(())
}

/// Waits for the peer, but not longer than it may take, nor when it has to go meanwhile: others wait for answers that it
/// owes. Most of it is done at once: no clock is asked then.
async fn patient<T>(
    patience: Duration,
    queue: &Queue,
    done: impl Future<Output = io::Result<T>>,
) -> Result<T, Written> {
    let mut done = pin!(done);
    let done = match poll_fn(|cx| Poll::Ready(done.as_mut().poll(cx))).await {
        Poll::Ready(done) => Ok(done),
        Poll::Pending => tokio::select! {
            biased;
            done = timeout(patience, done) => done,
            () = queue.overflow() => return Err(Written::Overflowed),
        },
    };
    match done {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) => Err(Written::Broken),
        Err(_) => Err(Written::Stalled),
    }
}
