//! One connection, from its first byte to its last.

mod activity;
mod io;
mod refusal;
mod streams;
mod watchdog;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crossgate_identity::PeerCertificate;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use self::activity::Activity;
pub(crate) use self::activity::InFlight;
use self::io::{Io, Transport};
use self::streams::Streams;
use self::watchdog::{Verdict, Watchdog};
use crate::config::{Limits, Timeouts};
use crate::door::{Door, State};
use crate::exchange;
use crate::metrics::Failure;
use crate::socket::{Opening, Socket};

/// What HTTP/1.1 buffers of one connection at the most, in bytes; a larger limit for heads raises it.
const HTTP1_BUFFER_BYTES: usize = 128 * 1024;
/// Flow-control windows, in bytes: what a peer may send before we have read it (RFC 9113 §5.2).
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// What is buffered of one stream's answer, in bytes.
const STREAM_SEND_BYTES: usize = 256 * 1024;
/// Streams that a peer opened and reset before we looked at them (CVE-2023-44487); more end the connection.
const PENDING_RESETS_MAX: usize = 20;
/// Streams that we had to reset for a peer's faults; more end the connection (CVE-2025-8671).
const ERROR_RESETS_MAX: usize = 64;

/// Bodies of one connection that are read at one time; the others wait unread. What a body's call holds while it comes
/// in (memory, a place in the audit log) is bounded by this, however many streams a peer opens.
const BODIES_MAX: usize = 16;
/// How long a connection with a client's certificate goes on after the lists that it was checked by were replaced.
const RETIRE_WITHIN: Duration = Duration::from_secs(30);

/// Who is at the other end, as far as the transport knows. Made once per connection.
pub(crate) struct Peer {
    pub(crate) door: Arc<Door>,
    /// Its address; a unix socket has none.
    pub(crate) address: Option<IpAddr>,
    pub(crate) tls: bool,
    pub(crate) http1: bool,
    pub(crate) certificate: Option<Arc<PeerCertificate>>,
    activity: Arc<Activity>,
    bodies: Arc<Semaphore>,
}

impl Peer {
    fn plain(door: &Arc<Door>, address: Option<IpAddr>, http1: bool) -> Self {
        Self {
            door: Arc::clone(door),
            address,
            tls: false,
            http1,
            certificate: None,
            activity: Arc::default(),
            bodies: Arc::new(Semaphore::new(BODIES_MAX)),
        }
    }

    /// Waits until a body of this connection may be read. Those before it have a time in which they must come.
    pub(crate) async fn body_turn(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.bodies).acquire_owned().await.ok()
    }

    /// Counts a request in; true when it is the last that the connection serves.
    pub(crate) fn begin(&self, limits: &Limits) -> (InFlight, bool) {
        let (request, number) = self.activity.begin();
        (request, number >= limits.requests_per_connection)
    }

    /// Says that a request's body is left unread, so that the connection is closed politely.
    pub(crate) fn leave_unread(&self) {
        self.activity.leave_unread();
    }
}

/// What asks a connection to end.
struct Ends {
    /// The program stops.
    stage: watch::Receiver<()>,
    /// The listener's TLS was replaced. Of interest to whoever showed a certificate: the new lists shall see it too.
    renewed: Option<watch::Receiver<()>>,
}

/// Serves a connection until either side ends it, or the stage changes and its requests are answered.
pub(crate) async fn serve(door: Arc<Door>, socket: Socket, address: Option<IpAddr>, stage: watch::Receiver<()>) {
    // Before the state is looked at: a reload in between is seen afterwards.
    let mut ends = Ends { stage, renewed: Some(door.renewed.subscribe()) };
    let state = door.state.load_full();
    let begun = tokio::select! {
        biased;
        begun = begin(&door, &state, socket, address) => begun,
        // Nobody has asked for anything yet that could be finished.
        _ = ends.stage.changed() => None,
    };
    if let Some((transport, peer)) = begun {
        converse(&state, transport, peer, ends).await;
    }
}

/// Finds out what the peer speaks, and who it is; none when that comes to nothing.
async fn begin(
    door: &Arc<Door>,
    state: &State,
    mut socket: Socket,
    address: Option<IpAddr>,
) -> Option<(Transport, Peer)> {
    let timeouts = &state.listener.timeouts;
    let opening = match timeout(timeouts.handshake(), socket.opening()).await {
        Ok(Ok(opening)) => opening,
        Ok(Err(_)) | Err(_) => return failed(door, Failure::Slow),
    };
    match (opening, &state.tls) {
        (Opening::Tls, Some(tls)) => {
            let handshake = TlsAcceptor::from(Arc::clone(tls)).accept(socket);
            match timeout(timeouts.handshake(), handshake).await {
                Ok(Ok(stream)) => secured(door, stream, address),
                Ok(Err(error)) => {
                    tracing::debug!(listener = %door.name, ?address, %error, "TLS handshake failed");
                    failed(door, Failure::Tls)
                }
                Err(_) => failed(door, Failure::Slow),
            }
        }
        (Opening::Http1 | Opening::Http2, Some(_)) => {
            let _ = timeout(timeouts.headers(), refusal::use_https(socket)).await;
            failed(door, Failure::PlainOnTls)
        }
        (Opening::Http1, None) => Some((Transport::Plain(socket), Peer::plain(door, address, true))),
        (Opening::Http2, None) => Some((Transport::Plain(socket), Peer::plain(door, address, false))),
        (Opening::Tls, None) => failed(door, Failure::TlsOnPlain),
        (Opening::RawSocket | Opening::Unknown, _) => failed(door, Failure::Unknown),
        (Opening::Nothing, _) => None,
    }
}

fn failed<T>(door: &Door, why: Failure) -> Option<T> {
    door.metrics.failed(why);
    None
}

/// After the handshake: whose certificate was it, and which protocol did it choose?
fn secured(door: &Arc<Door>, stream: TlsStream<Socket>, address: Option<IpAddr>) -> Option<(Transport, Peer)> {
    let (_, session) = stream.get_ref();
    let http1 = session.alpn_protocol() != Some(b"h2");
    let certificate = match session.peer_certificates().map(PeerCertificate::parse).transpose() {
        Ok(certificate) => certificate.map(Arc::new),
        Err(error) => {
            tracing::debug!(listener = %door.name, ?address, %error, "client certificate not understood");
            return failed(door, Failure::Certificate);
        }
    };
    let peer = Peer { tls: true, certificate, ..Peer::plain(door, address, http1) };
    Some((Transport::Tls(Box::new(stream)), peer))
}

async fn converse(state: &State, transport: Transport, peer: Peer, mut ends: Ends) {
    let Limits { header_bytes, h2_streams, requests_per_connection, .. } = state.listener.limits;
    let timeouts = &state.listener.timeouts;
    let http1 = peer.http1;
    let headers = http1.then(|| timeouts.headers());
    let watchdog = Watchdog::new(Arc::clone(&peer.activity), headers, timeouts.idle(), requests_per_connection);
    let io = TokioIo::new(Io::new(transport, Arc::clone(&peer.activity)));
    let door = Arc::clone(&peer.door);
    if peer.certificate.is_none() {
        ends.renewed = None;
    }
    let peer = Arc::new(peer);
    let service = service_fn(move |request| exchange::answer(Arc::clone(&peer), request));
    if http1 {
        let mut builder = http1::Builder::new();
        // The watchdog times heads: hyper's own timer would also run while the connection is idle.
        builder
            .header_read_timeout(None)
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(HTTP1_BUFFER_BYTES));
        drive(builder.serve_connection(io, service), &door, watchdog, ends).await;
    } else {
        let builder = http2(timeouts, header_bytes, h2_streams);
        drive(builder.serve_connection(io, service), &door, watchdog, ends).await;
    }
}

fn http2(timeouts: &Timeouts, header_bytes: usize, streams: u32) -> http2::Builder<Streams> {
    let mut builder = http2::Builder::new(Streams::default());
    builder
        .timer(TokioTimer::new())
        .keep_alive_interval(timeouts.keep_alive())
        .keep_alive_timeout(timeouts.keep_alive())
        .max_concurrent_streams(streams)
        .max_header_list_size(u32::try_from(header_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(STREAM_SEND_BYTES)
        .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
        .max_local_error_reset_streams(ERROR_RESETS_MAX);
    builder
}

/// Runs HTTP on a connection. The first reason to end it is told to the peer (`Connection: close`, GOAWAY)
/// and requests in flight are answered; at the second it is dropped. A peer whose certificate must be looked at anew
/// has a time in which to go: one that is not wanted any more would not care what it is told.
async fn drive<C>(connection: C, door: &Door, mut watchdog: Watchdog, ends: Ends)
where
    C: GracefulConnection,
    C::Error: std::fmt::Display,
{
    let mut connection = std::pin::pin!(connection);
    let (mut told, mut draining) = (false, false);
    let Ends { mut stage, mut renewed } = ends;
    let mut retired = None;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(listener = %door.name, %error, "connection ended");
                }
                return;
            }
            verdict = watchdog.verdict() => match verdict {
                Verdict::SlowHead => return door.metrics.failed(Failure::Slow),
                Verdict::Idle if told => return,
                Verdict::Idle | Verdict::Worn => {}
            },
            // The sender never goes before the connections; if it did, that would be the end too.
            _ = stage.changed(), if !draining => draining = true,
            () = changed(&mut renewed), if retired.is_none() => retired = Some(Box::pin(sleep(RETIRE_WITHIN))),
            () = expired(&mut retired) => return,
        }
        told = true;
        connection.as_mut().graceful_shutdown();
    }
}

async fn changed(renewed: &mut Option<watch::Receiver<()>>) {
    match renewed {
        // The door lives as long as its connections; if it did not, that would be the end too.
        Some(renewed) => drop(renewed.changed().await),
        None => std::future::pending().await,
    }
}

async fn expired(timer: &mut Option<Pin<Box<Sleep>>>) {
    match timer {
        Some(timer) => timer.await,
        None => std::future::pending().await,
    }
}
