//! The handshake of RawSocket, and the way from it into the conversation.

use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use crossgate_identity::WampTransport;
use crossgate_wamp::rawsocket::{
    FRAME_BYTES_MAX, HEADER_BYTES, Handshake, LIMIT_BYTES_MIN, MAGIC, Refusal, Request, refuse, request,
};
use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::wire::Format;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

use super::{Decoder, Encoder};
use crate::config::{Method, Wamp};
use crate::connection::{Io, Peer};
use crate::door::State;
use crate::metrics::Failure;
use crate::wamp::{self, Connection, Conversation, Facts, Terms, converse};

/// What tells it from HTTP and TLS.
pub(crate) const FIRST_BYTE: u8 = MAGIC;

/// A peer that takes less, in bytes, could not even be told WELCOME.
const RECEIVE_BYTES_MIN: usize = 4096;

/// What was agreed on.
struct Agreed {
    format: Format,
    /// What the peer takes.
    peer_bytes_max: usize,
    /// What we take.
    own_bytes_max: usize,
}

/// Shakes hands; gives the conversation that follows.
pub(crate) async fn begin(
    mut io: Io,
    state: &State,
    peer: Arc<Peer>,
    stage: watch::Receiver<()>,
) -> Option<Conversation> {
    let door = &peer.door;
    let mut ends = stage.clone();
    let shaken = tokio::select! {
        biased;
        shaken = timeout(state.listener.timeouts.handshake(), shake(&mut io, &state.listener.wamp)) => shaken,
        // Nothing has been agreed on that could be finished.
        _ = ends.changed() => return None,
    };
    let agreed = match shaken {
        Ok(Ok(Some(agreed))) => agreed,
        refused => {
            door.metrics.failed(if matches!(refused, Ok(Ok(_))) { Failure::RawSocket } else { Failure::Slow });
            return None;
        }
    };
    let form = Serializer { format: agreed.format, batched: false };
    let client = WampTransport {
        listener: Arc::clone(&door.name),
        framing: "rawsocket",
        channel: peer.channel(),
        peer: peer.name(peer.address),
        source: peer.address,
        secure: peer.is_private(),
        certificate: peer.certificate.clone().filter(|_| state.accepts(Method::Certificate)),
        tls_exporter: peer.exporter,
        ..WampTransport::default()
    };
    let facts = Facts { form: Some(form), client, message_bytes_max: agreed.peer_bytes_max };
    let session = wamp::connect(&door.shared, state, facts);
    let connection = Connection {
        io,
        decoder: Decoder::new(agreed.own_bytes_max),
        encoder: Encoder::new(agreed.peer_bytes_max),
        input: BytesMut::new(),
        form: Some(form),
        message_bytes_max: agreed.own_bytes_max,
    };
    let terms = Terms::new(&state.listener.wamp, state.listener.wamp.rawsocket_ping);
    Some(converse(connection, session, terms, stage, &door.metrics.rawsocket))
}

/// Reads the client's four bytes and answers; `None` when it was refused.
async fn shake(io: &mut Io, wamp: &Wamp) -> io::Result<Option<Agreed>> {
    let mut bytes = [0; HEADER_BYTES];
    io.read_exact(&mut bytes).await?;
    let asked = match judge(bytes, wamp) {
        Ok(asked) => asked,
        Err(refusal) => {
            if let Some(refusal) = refusal {
                io.write_all(&refuse(refusal)).await?;
                io.flush().await?;
            }
            io.activity().leave_unread();
            io.shutdown().await?;
            return Ok(None);
        }
    };
    let own = Handshake { format: asked.format, receive_bytes_max: floor(wamp.message_bytes_max) };
    io.write_all(&own.encode()).await?;
    io.flush().await?;
    Ok(Some(Agreed {
        format: asked.format,
        peer_bytes_max: asked.receive_bytes_max,
        own_bytes_max: own.receive_bytes_max,
    }))
}

/// What the client asks for, or how it is refused: without a word when it does not speak RawSocket.
fn judge(bytes: [u8; HEADER_BYTES], wamp: &Wamp) -> Result<Handshake, Option<Refusal>> {
    match request(bytes) {
        Request::Foreign => Err(None),
        Request::Refused(refusal) => Err(Some(refusal)),
        Request::Valid(asked) if !wamp.formats().any(|format| format == asked.format) => Err(Some(Refusal::Serializer)),
        Request::Valid(asked) if asked.receive_bytes_max < RECEIVE_BYTES_MIN => Err(Some(Refusal::Length)),
        Request::Valid(asked) => Ok(asked),
    }
}

/// The power of two that can be announced.
fn floor(bytes_max: usize) -> usize {
    1 << bytes_max.clamp(LIMIT_BYTES_MIN, FRAME_BYTES_MAX).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::WampSerializer;

    #[test]
    fn a_handshake_is_refused_with_the_number_that_says_why() {
        let wamp = Wamp { serializers: vec![WampSerializer::Json, WampSerializer::Cbor], ..Wamp::default() };
        let cases = [
            ([0x7f, 0xf1, 0, 0], Ok(1 << 24)),
            ([0x7f, 0x33, 0, 0], Ok(4096)),
            ([0x7f, 0xf2, 0, 0], Err(Some(Refusal::Serializer))),
            ([0x7f, 0xf4, 0, 0], Err(Some(Refusal::Serializer))),
            ([0x7f, 0xf0, 0, 0], Err(Some(Refusal::Serializer))),
            ([0x7f, 0x01, 0, 0], Err(Some(Refusal::Length))),
            ([0x7f, 0xf1, 1, 0], Err(Some(Refusal::Reserved))),
            ([0x7e, 0xf1, 0, 0], Err(None)),
        ];
        for (bytes, expected) in cases {
            assert_eq!(judge(bytes, &wamp).map(|asked| asked.receive_bytes_max), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_announced_is_a_power_of_two_that_we_take() {
        assert_eq!((floor(1 << 24), floor(5000), floor(4096)), (1 << 24, 4096, 4096));
    }
}
