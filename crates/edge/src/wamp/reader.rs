//! The reading half of a conversation.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::ready;

use bytes::{Bytes, BytesMut};
use crossgate_wamp::serializer::{Serializer, split};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;
use tokio::task::yield_now;

use super::framing::{Decode, Fault, Incoming};
use super::link::Link;
use super::peer::{Peer, Step};
use crate::ws::Code;

/// What is read at once, in bytes. It is read into a place on the stack, so that a silent peer costs none of it.
const READ_BYTES: usize = 16 * 1024;
/// How often is read before the writer has its turn, when there is always more.
const READS_MAX: usize = 16;
/// What GOODBYE says when the program stops.
const SHUTDOWN: &str = "wamp.close.system_shutdown";
/// The largest message of somebody of whom it is not known who it is, in bytes.
const STRANGER_BYTES_MAX: usize = 64 * 1024;

/// Why there is nothing more to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The session is over.
    Session,
    /// The peer closed, with this code.
    Peer(Option<u16>),
    /// The peer did what nobody may.
    Fault(Fault),
    /// The connection broke, or was closed without a word.
    Lost,
}

/// Reads, takes apart, hands over.
pub(super) struct Reader<R, D> {
    pub(super) io: R,
    pub(super) decoder: D,
    /// What was read and not yet taken apart.
    pub(super) input: BytesMut,
    /// How messages stand in frames; `None` where frames are messages, whatever they hold.
    pub(super) form: Option<Serializer>,
    pub(super) peer: Peer,
    /// The largest message, in bytes.
    pub(super) message_bytes_max: usize,
}

impl<R: AsyncRead + Unpin + Send, D: Decode> Reader<R, D> {
    /// Reads until the end. When the stage changes the router says goodbye, and the peer may still answer.
    pub(super) async fn run(&mut self, link: &Link, stage: &mut watch::Receiver<()>) -> Ended {
        let (mut told, mut reads) = (false, 0);
        self.limit(false);
        self.notice_join(link);
        loop {
            match self.next() {
                Ok(Some(Incoming::Message(frame))) => match self.deliver(frame).await {
                    Ok(Step::Continue) => self.notice_join(link),
                    Ok(Step::Close) => return Ended::Session,
                    Err(fault) => return Ended::Fault(fault),
                },
                Ok(Some(Incoming::Ping(payload))) => link.pong(payload).await,
                Ok(Some(Incoming::Pong)) => {}
                Ok(Some(Incoming::Close(code))) => return Ended::Peer(code),
                Err(fault) => return Ended::Fault(fault),
                Ok(None) => tokio::select! {
                    biased;
                    _ = stage.changed(), if !told => {
                        told = true;
                        self.peer.close(SHUTDOWN);
                    }
                    read = fill(&mut self.io, &mut self.input) => match read {
                        Ok(1..) => {
                            link.heard();
                            reads += 1;
                            if reads % READS_MAX == 0 {
                                yield_now().await;
                            }
                        }
                        Ok(0) | Err(_) => return Ended::Lost,
                    }
                },
            }
        }
    }

    /// Reads on until the peer has closed too, and looks at nothing else.
    pub(super) async fn until_closed(&mut self) {
        loop {
            match self.next() {
                Ok(Some(Incoming::Close(_))) | Err(_) => return,
                Ok(Some(_)) => {}
                Ok(None) => match fill(&mut self.io, &mut self.input).await {
                    Ok(1..) => {}
                    Ok(0) | Err(_) => return,
                },
            }
        }
    }

    fn notice_join(&mut self, link: &Link) {
        let joined = self.peer.has_joined();
        if joined != link.has_joined() {
            link.set_joined(joined);
            self.limit(joined);
        }
    }

    fn limit(&mut self, joined: bool) {
        let most = if joined { usize::MAX } else { STRANGER_BYTES_MAX };
        self.decoder.limit(self.message_bytes_max.min(most));
    }

    fn next(&mut self) -> Result<Option<Incoming>, Fault> {
        let found = self.decoder.decode(&mut self.input);
        if self.input.is_empty() {
            // Gives back the room, which messages that are still in use may share.
            self.input = BytesMut::new();
        }
        found
    }

    async fn deliver(&mut self, frame: Bytes) -> Result<Step, Fault> {
        match self.form {
            Some(form) if form.batched => {
                for message in split(form.format, frame) {
                    let message = message.map_err(|_| Fault::new(Code::Protocol, "the batch is malformed"))?;
                    if self.peer.receive(message).await == Step::Close {
                        return Ok(Step::Close);
                    }
                }
                Ok(Step::Continue)
            }
            _ => Ok(self.peer.receive(frame).await),
        }
    }
}

/// Reads what there is, once, and appends it. Dropping the future loses nothing.
async fn fill<R: AsyncRead + Unpin>(io: &mut R, input: &mut BytesMut) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut scratch = [const { MaybeUninit::<u8>::uninit() }; READ_BYTES];
        let mut buffer = ReadBuf::uninit(&mut scratch);
        ready!(Pin::new(&mut *io).poll_read(cx, &mut buffer))?;
        input.extend_from_slice(buffer.filled());
        std::task::Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}
