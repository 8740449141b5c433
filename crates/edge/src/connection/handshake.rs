//! TLS's handshake, and its end when it fails.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor};

use crate::door::State;
use crate::socket::{Socket, poll_discard};
use crate::tls;

/// How long, and how much of, what a refused peer still sends is thrown away.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 64 * 1024;

/// Shakes hands; none when the peer only wanted to see the answer to a challenge (RFC 8737 §4).
pub(super) async fn handshake(
    state: &State,
    tls: Arc<ServerConfig>,
    socket: Socket,
) -> io::Result<Option<TlsStream<Socket>>> {
    let Some(challenges) = &state.challenges else {
        return politely(TlsAcceptor::from(tls).accept(socket)).await.map(Some);
    };
    let begun = LazyConfigAcceptor::new(Acceptor::default(), socket).await?;
    if begun.client_hello().alpn().is_some_and(|mut offered| offered.any(|name| name == tls::CHALLENGE)) {
        politely(begun.into_stream(Arc::clone(challenges))).await?.shutdown().await?;
        return Ok(None);
    }
    politely(begun.into_stream(tls)).await.map(Some)
}

/// Lets a peer that is refused read why. In TLS 1.3 a client has sent its first request before it learns that its
/// certificate was refused: closing with that unread would make the operating system reset the connection, and the
/// alert would be lost.
async fn politely(handshake: tokio_rustls::Accept<Socket>) -> io::Result<TlsStream<Socket>> {
    match handshake.into_fallible().await {
        Ok(stream) => Ok(stream),
        Err((error, mut socket)) => {
            let mut budget = LINGER_BYTES_MAX;
            let rest = async {
                socket.shutdown().await?;
                poll_fn(|cx| poll_discard(&mut socket, cx, &mut budget)).await;
                Ok::<_, io::Error>(())
            };
            let _ = timeout(LINGER, rest).await;
            Err(error)
        }
    }
}
