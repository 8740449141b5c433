//! From a request that asks for WebSocket to the conversation.

use std::sync::Arc;

use bytes::BytesMut;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;

use crate::connection::{Io, Peer};
use crate::metrics::Failure;
use crate::wamp::{self, Connection, Conversation, Facts, Terms, converse};
use crate::ws::{Accepted, Decoder, Encoder, Expected};

/// A connection that is about to speak WebSocket.
pub(crate) struct Upgrade {
    /// Gives the connection's bytes when HTTP is done with them.
    pub(crate) on: OnUpgrade,
    pub(crate) accepted: Accepted,
    /// What is known of the peer.
    pub(crate) facts: Facts,
}

/// The conversation over WebSocket on what was a connection of HTTP.
pub(crate) async fn begin(upgrade: Upgrade, peer: Arc<Peer>, stage: watch::Receiver<()>) -> Option<Conversation> {
    let door = &peer.door;
    let state = door.state.load_full();
    let Upgrade { on, accepted, facts } = upgrade;
    let parts = match on.await.map(|upgraded| upgraded.downcast::<TokioIo<Io>>()) {
        Ok(Ok(parts)) => parts,
        Ok(Err(_)) | Err(_) => {
            door.metrics.failed(Failure::Upgrade);
            return None;
        }
    };
    let io = parts.io.into_inner();
    let session = wamp::connect(&door.shared, &state, facts);
    let wamp = &state.listener.wamp;
    let expected = match accepted.form {
        None => Expected::Any,
        Some(form) if form.format.is_text() => Expected::Text,
        Some(_) => Expected::Binary,
    };
    let connection = Connection {
        io,
        decoder: Decoder::new(expected, wamp.frame_bytes_max, wamp.message_bytes_max, accepted.compressed),
        encoder: Encoder::new(expected, accepted.compressed),
        input: BytesMut::from(parts.read_buf),
        form: accepted.form,
        message_bytes_max: wamp.message_bytes_max,
    };
    Some(converse(connection, session, Terms::new(wamp, true), stage, &door.metrics.websocket))
}
