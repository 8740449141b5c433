//! A conversation, from the end of the handshake to the end of the connection.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use crossgate_wamp::serializer::Serializer;
use tokio::io::{AsyncWriteExt as _, split};
use tokio::sync::watch;
use tokio::time::timeout;

use super::framing::{Decode, Encode};
use super::link::Link;
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
}

/// What came to its end first.
enum First {
    Read(Ended),
    Late(Late),
    Wrote(Written),
}

/// Talks until either side has enough. When the stage changes the router says goodbye.
pub(crate) async fn converse<D: Decode, E: Encode>(
    connection: Connection<D, E>,
    (peer, queue): (Peer, Queue),
    terms: Terms,
    mut stage: watch::Receiver<()>,
    talk: &Talk,
) {
    let _open = talk.begin();
    let Connection { io, decoder, encoder, input, form } = connection;
    let activity = io.activity();
    let says_goodbye = encoder.says_goodbye();
    let (read, write) = split(io);
    let link = Link::default();
    let mut reader = Reader { io: read, decoder, input, form, peer };
    let mut writer = Writer::new(write, encoder, queue, form, terms.send);
    let ticker_stage = stage.clone();

    let ended = {
        let mut writing = pin!(writer.run(&link));
        let first = {
            let mut reading = pin!(reader.run(&link, &mut stage));
            let mut ticking = pin!(ticker::run(&link, &terms, ticker_stage));
            // In this order: what the first two leave for the writer is written in the same turn.
            poll_fn(|cx| {
                if let Poll::Ready(ended) = reading.as_mut().poll(cx) {
                    return Poll::Ready(First::Read(ended));
                }
                if let Poll::Ready(late) = ticking.as_mut().poll(cx) {
                    return Poll::Ready(First::Late(late));
                }
                writing.as_mut().poll(cx).map(First::Wrote)
            })
            .await
        };
        let (ended, answer) = judge(&first);
        match answer {
            Answer::None => {}
            Answer::Rest => {
                link.finish();
                let _ = timeout(terms.goodbye, poll_fn(|cx| quiet(writing.as_mut(), cx))).await;
            }
            Answer::Close(reason) => {
                link.close(reason);
                let _ = timeout(CLOSE_WAIT, poll_fn(|cx| quiet(writing.as_mut(), cx))).await;
            }
        }
        ended
    };
    talk.ended(ended);
    // The peer closes too, and may still be sending: what it sends is not looked at any more, but a connection
    // that is closed with bytes unread would be reset, and our last words lost.
    if says_goodbye && matches!(ended, Talked::Session | Talked::Stopped) {
        let _ = timeout(CLOSE_WAIT, reader.until_closed()).await;
    }
    if ended == Talked::Fault {
        activity.leave_unread();
    }
    if !matches!(ended, Talked::Lost | Talked::Dead) {
        let _ = timeout(terms.send, writer.io.shutdown()).await;
    }
    drop(writer);
    reader.peer.lost().await;
}

fn quiet(writing: Pin<&mut impl Future<Output = Written>>, cx: &mut Context<'_>) -> Poll<()> {
    writing.poll(cx).map(|_| ())
}

/// What the writer still has to do.
enum Answer {
    /// Nothing.
    None,
    /// To send what is queued, and that all is well.
    Rest,
    /// To send a close.
    Close(Option<(u16, &'static str)>),
}

/// What an end counts as, and what is answered to it.
fn judge(first: &First) -> (Talked, Answer) {
    let close = |code: Code, reason| Answer::Close(Some((code.number(), reason)));
    match first {
        First::Read(Ended::Session) => (Talked::Session, Answer::Rest),
        First::Read(Ended::Peer(code)) => (Talked::Peer, Answer::Close(code.map(|code| (code, "")))),
        First::Read(Ended::Fault(fault)) => {
            tracing::debug!(reason = fault.reason, "a WAMP peer broke the rules of its transport");
            (Talked::Fault, close(fault.code, fault.reason))
        }
        First::Read(Ended::Lost) => (Talked::Lost, Answer::None),
        First::Late(Late::Hello) => (Talked::Fault, close(Code::Policy, "no HELLO came in time")),
        First::Late(Late::Dead) => (Talked::Dead, Answer::None),
        First::Late(Late::Goodbye) => (Talked::Stopped, close(Code::GoingAway, "the router stops")),
        First::Wrote(Written::All) => (Talked::Session, Answer::None),
        First::Wrote(Written::Stalled) => (Talked::Dead, Answer::None),
        First::Wrote(Written::Broken) => (Talked::Lost, Answer::None),
        First::Wrote(Written::TooLarge { bytes, max }) => {
            tracing::debug!(bytes, max, "a WAMP peer does not take a message of this size");
            (Talked::TooLarge, Answer::None)
        }
    }
}
