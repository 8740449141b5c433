//! A conversation, from the end of the handshake to the end of the connection.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::BytesMut;
use crossgate_router::realm::turn;
use crossgate_wamp::serializer::Serializer;
use tokio::io::{AsyncRead, AsyncWrite, split};
use tokio::sync::watch;
use tokio::time::timeout;

use super::framing::{Decode, Encode};
use super::link::Link;
use super::part::Part;
use super::peer::{Peer, Queue};
use super::reader::{Ended, Reader};
use super::terms::Terms;
use super::ticker::{self, Late};
use super::writer::{Writer, Written};
use crate::connection::Io;
use crate::metrics::{Talk, Talked};
use crate::ws::Code;

/// How long the peer may take to close too, after we have said that we close.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// A connection whose handshake is done.
pub(crate) struct Connection<D, E> {
    pub(crate) io: Io,
    pub(crate) decoder: D,
    pub(crate) encoder: E,
    /// What has been read already.
    pub(crate) input: BytesMut,
    /// How messages stand in frames; `None` where frames are what they are.
    pub(crate) form: Option<Serializer>,
    /// The largest message that is taken, in bytes.
    pub(crate) message_bytes_max: usize,
}

/// What came to its end first.
enum First {
    Read(Ended),
    Late(Late),
    Wrote(Written),
}

/// A reason to close, for those who say one.
type Reason = Option<(u16, &'static str)>;

/// A conversation to be run.
pub(crate) type Conversation = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Talks until either side has enough. When the stage changes the router says goodbye.
pub(crate) fn converse<D, E>(
    connection: Connection<D, E>,
    (peer, queue): (Peer, Queue),
    terms: Terms,
    mut stage: watch::Receiver<()>,
    talk: &Arc<Talk>,
) -> Conversation
where
    D: Decode + 'static,
    E: Encode + 'static,
{
    let Connection { io, decoder, encoder, input, form, message_bytes_max } = connection;
    let activity = io.activity();
    let (read, write) = split(io);
    let mut reader = Reader { io: read, decoder, input, form, peer, message_bytes_max };
    let mut writer = Writer::new(write, encoder, queue, form, terms.send);
    let talk = Arc::clone(talk);
    Box::pin(async move {
        let _open = talk.begin();
        let (how, reason) = run(&mut reader, &mut writer, &Link::default(), &terms, &mut stage).await;
        talk.ended(how);
        if how == Talked::Fault {
            activity.leave_unread();
        }
        Box::pin(finish(&mut reader, &mut writer, how, reason)).await;
        drop(writer);
        Box::pin(reader.peer.lost()).await;
    })
}

/// Says what is still to be said, and closes.
async fn finish<R, W, D, E>(reader: &mut Reader<R, D>, writer: &mut Writer<W, E>, how: Talked, reason: Option<Reason>)
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
    D: Decode,
    E: Encode,
{
    if let Some(reason) = reason {
        writer.say(reason).await;
    }
    // The peer closes too, and may still be sending: what it sends is not looked at any more, but a connection
    // that is closed with bytes unread would be reset, and our last words lost.
    if writer.says_goodbye() && matches!(how, Talked::Session | Talked::Stopped) {
        let _ = timeout(CLOSE_WAIT, reader.until_closed()).await;
    }
    if !matches!(how, Talked::Lost | Talked::Dead | Talked::Slow) {
        writer.shutdown().await;
    }
}

/// Reads and writes until the end; gives how it ended, and what is still to be said if anything is.
async fn run<R, W, D, E>(
    reader: &mut Reader<R, D>,
    writer: &mut Writer<W, E>,
    link: &Link,
    terms: &Terms,
    stage: &mut watch::Receiver<()>,
) -> (Talked, Option<Reason>)
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send,
    D: Decode,
    E: Encode,
{
    let ticker_stage = stage.clone();
    let mut reading = pin!(reader.run(link, stage));
    {
        let mut writing = pin!(writer.run(link));
        let mut ticking = pin!(ticker::run(link, terms, ticker_stage));
        let (reads, ticks) = (Part::new(), Part::new());
        // In this order: what the first two leave for the writer is written in the same turn.
        let first = poll_fn(|cx| {
            if let Poll::Ready(ended) = turn(|| reads.poll(reading.as_mut(), cx)) {
                return Poll::Ready(First::Read(ended));
            }
            if let Poll::Ready(late) = ticks.poll(ticking.as_mut(), cx) {
                return Poll::Ready(First::Late(late));
            }
            writing.as_mut().poll(cx).map(First::Wrote)
        })
        .await;
        match judge(&first) {
            Judged::Ended(how) => return (how, None),
            Judged::Close(how, reason) => {
                link.close(reason);
                let _ = timeout(CLOSE_WAIT, writing).await;
                return (how, None);
            }
            Judged::Finish => {
                link.finish();
                let drained = matches!(timeout(terms.goodbye, writing).await, Ok(Written::Drained));
                return (Talked::Session, drained.then_some(NORMAL));
            }
            Judged::Drained => {}
        }
    }
    if writer.has_overflowed() {
        return (Talked::Slow, None);
    }
    if !link.has_joined() {
        return (Talked::Session, Some(NORMAL));
    }
    // The router has said GOODBYE; the peer may answer.
    match timeout(terms.goodbye, reading).await {
        Ok(Ended::Lost) => (Talked::Lost, None),
        Ok(Ended::Peer(code)) => (Talked::Peer, Some(code.map(|code| (code, "")))),
        Ok(Ended::Fault(fault)) => (Talked::Fault, Some(Some((fault.code.number(), fault.reason)))),
        Ok(Ended::Session) | Err(_) => (Talked::Session, Some(NORMAL)),
    }
}

const NORMAL: Reason = Some((Code::Normal.number(), ""));

/// What an end asks for.
enum Judged {
    /// Nothing.
    Ended(Talked),
    /// To say so, after what is being written.
    Close(Talked, Reason),
    /// To send what is queued, and close then.
    Finish,
    /// Everything has been sent: to see whether the peer answers.
    Drained,
}

fn judge(first: &First) -> Judged {
    let close = |how, code: Code, reason| Judged::Close(how, Some((code.number(), reason)));
    match first {
        First::Read(Ended::Session) => Judged::Finish,
        First::Read(Ended::Peer(code)) => Judged::Close(Talked::Peer, code.map(|code| (code, ""))),
        First::Read(Ended::Fault(fault)) => {
            tracing::debug!(reason = fault.reason, "a WAMP peer broke the rules of its transport");
            close(Talked::Fault, fault.code, fault.reason)
        }
        First::Read(Ended::Lost) => Judged::Ended(Talked::Lost),
        First::Late(Late::Join) => close(Talked::Fault, Code::Policy, "no realm was joined in time"),
        First::Late(Late::Dead) => Judged::Ended(Talked::Dead),
        First::Late(Late::Goodbye) => close(Talked::Stopped, Code::GoingAway, "the router stops"),
        First::Wrote(Written::Drained) => Judged::Drained,
        First::Wrote(Written::Closed) => Judged::Ended(Talked::Session),
        First::Wrote(Written::Stalled) => Judged::Ended(Talked::Dead),
        First::Wrote(Written::Overflowed) => Judged::Ended(Talked::Slow),
        First::Wrote(Written::Broken) => Judged::Ended(Talked::Lost),
        First::Wrote(Written::TooLarge { bytes, max }) => {
            tracing::debug!(bytes, max, "a WAMP peer does not take a message of this size");
            Judged::Ended(Talked::TooLarge)
        }
    }
}
