//! One connection, from its first byte to its last.

mod activity;
mod handshake;
mod io;
mod refusal;
mod streams;
mod watchdog;

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossgate_identity::PeerCertificate;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ProtocolVersion;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::server::TlsStream;

use self::activity::Activity;
pub(crate) use self::activity::InFlight;
pub(crate) use self::io::Io;
use self::io::Transport;
use self::streams::Streams;
use self::watchdog::{Verdict, Watchdog};
use crate::config::{Limits, Surface, Timeouts, WampTransport};
use crate::door::{Door, State};
use crate::exchange;
use crate::metrics::Failure;
use crate::socket::{Opening, Socket};
use crate::wamp::Conversation;
use crate::{rawsocket, upgrade};

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

/// What keying material for channel bindings is derived with (RFC 9266 §2).
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// Who is at the other end, as far as the transport knows. Made once per connection.
pub(crate) struct Peer {
    pub(crate) door: Arc<Door>,
    /// Its address; a unix socket has none.
    pub(crate) address: Option<IpAddr>,
    port: u16,
    pub(crate) tls: bool,
    pub(crate) http1: bool,
    /// Told when the listener's TLS is replaced, since before it looked at this peer's certificate; none where there is
    /// no certificate. What outlives the connection listens to it too.
    pub(crate) renewed: Option<watch::Receiver<()>>,
    pub(crate) certificate: Option<Arc<PeerCertificate>>,
    /// Keying material of the TLS connection that a client can bind its proof to (RFC 9266); TLS 1.3 alone has it.
    pub(crate) exporter: Option<[u8; 32]>,
    activity: Arc<Activity>,
    bodies: Arc<Semaphore>,
    /// What the connection becomes when HTTP has answered its last request.
    next: Mutex<Option<upgrade::Upgrade>>,
}

impl Peer {
    fn new(door: &Arc<Door>, (address, port): (Option<IpAddr>, u16), tls: bool, http1: bool) -> Self {
        let activity = Arc::new(Activity::default());
        Self {
            door: Arc::clone(door),
            address,
            port,
            tls,
            http1,
            renewed: None,
            certificate: None,
            exporter: None,
            activity,
            bodies: Arc::new(Semaphore::new(BODIES_MAX)),
            next: Mutex::new(None),
        }
    }

    /// What is under the framing, as WAMP peers name it.
    pub(crate) fn channel(&self) -> &'static str {
        match (self.tls, self.address) {
            (true, _) => "tls",
            (false, Some(_)) => "tcp",
            (false, None) => "unix",
        }
    }

    /// The other end, as WAMP peers name it: `tcp4:127.0.0.1:1234`, `tcp6:::1:1234`, `unix:/run/crossgate.sock`. Of a caller
    /// whose address a proxy gave the port is not known, and is 0.
    pub(crate) fn name(&self, source: Option<IpAddr>) -> String {
        let Some(source) = source.map(|source| source.to_canonical()) else {
            let path = self.door.bound.unix().map(|path| path.display().to_string()).unwrap_or_default();
            return format!("unix:{path}");
        };
        let is_own = self.address.map(|address| address.to_canonical()) == Some(source);
        let (family, port) = (if source.is_ipv4() { "tcp4" } else { "tcp6" }, if is_own { self.port } else { 0 });
        format!("{family}:{source}:{port}")
    }

    /// Whether nobody can listen in.
    pub(crate) fn is_private(&self) -> bool {
        self.channel() != "tcp"
    }

    /// Has the connection become something else when the answer has been sent.
    pub(crate) fn upgrade(&self, next: upgrade::Upgrade) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
    }

    fn take_upgrade(&self) -> Option<upgrade::Upgrade> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
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
#[derive(Clone)]
struct Ends {
    /// The program stops.
    stage: watch::Receiver<()>,
    /// The listener's TLS was replaced. Of interest to whoever showed a certificate: the new lists shall see it too.
    renewed: Option<watch::Receiver<()>>,
}

impl Ends {
    /// Waits for the first of them.
    async fn any(&mut self) {
        tokio::select! {
            _ = self.stage.changed() => {}
            () = changed(&mut self.renewed) => {}
        }
    }
}

/// A connection of which it is known who is at the other end, and what it begins with.
struct Begun {
    io: Io,
    peer: Peer,
    rawsocket: bool,
}

/// Serves a connection until either side ends it, or the stage changes and its requests are answered.
///
/// Each part is in a box of its own, which is given back when it ends: a WAMP session that says nothing for hours holds
/// nothing of what TLS and HTTP needed before it.
pub(crate) async fn serve(door: Arc<Door>, socket: Socket, address: Option<IpAddr>, stage: watch::Receiver<()>) {
    if let Some(conversation) = Box::pin(open(door, socket, address, stage)).await {
        conversation.await;
    }
}

/// Serves what is HTTP; gives the conversation that is to follow, where the connection is or becomes WAMP.
async fn open(
    door: Arc<Door>,
    socket: Socket,
    address: Option<IpAddr>,
    stage: watch::Receiver<()>,
) -> Option<Conversation> {
    // Before the state is looked at: a reload in between is seen afterwards.
    let mut ends = Ends { stage, renewed: Some(door.renewed.subscribe()) };
    let state = door.state.load_full();
    let begun = tokio::select! {
        biased;
        begun = begin(&door, &state, socket, address) => begun,
        // Nobody has asked for anything yet that could be finished.
        _ = ends.stage.changed() => None,
    };
    let Begun { mut io, mut peer, mut rawsocket } = begun?;
    if peer.certificate.is_none() {
        ends.renewed = None;
    }
    peer.renewed = ends.renewed.clone();
    if peer.tls && peer.http1 && speaks_rawsocket(&state) {
        let first = tokio::select! {
            biased;
            first = timeout(state.listener.timeouts.idle(), io.peek()) => first,
            // As above.
            () = ends.any() => return None,
        };
        match first {
            Ok(Ok(Some(first))) => rawsocket = first == rawsocket::FIRST_BYTE,
            Ok(Ok(None) | Err(_)) | Err(_) => return None,
        }
    }
    let peer = Arc::new(peer);
    if rawsocket {
        talk(ends, |stage| rawsocket::begin(io, &state, peer, stage)).await
    } else {
        http(&state, io, peer, ends).await
    }
}

/// Finds out what the peer speaks, and who it is; none when that comes to nothing.
async fn begin(door: &Arc<Door>, state: &State, mut socket: Socket, address: Option<IpAddr>) -> Option<Begun> {
    let timeouts = &state.listener.timeouts;
    let opening = match timeout(timeouts.handshake(), socket.opening()).await {
        Ok(Ok(opening)) => opening,
        Ok(Err(_)) | Err(_) => return failed(door, Failure::Slow),
    };
    match (opening, &state.tls) {
        (Opening::Tls, Some(tls)) => {
            let handshake = handshake::handshake(state, Arc::clone(tls), socket);
            match timeout(timeouts.handshake(), handshake).await {
                Ok(Ok(Some(stream))) => secured(door, stream, address),
                Ok(Ok(None)) => None,
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
        (Opening::Http1, None) => Some(plain(door, socket, address, true)),
        (Opening::Http2, None) => Some(plain(door, socket, address, false)),
        (Opening::Tls, None) => failed(door, Failure::TlsOnPlain),
        (Opening::RawSocket, None) if speaks_rawsocket(state) => {
            Some(Begun { rawsocket: true, ..plain(door, socket, address, true) })
        }
        (Opening::RawSocket | Opening::Unknown, _) => failed(door, Failure::Unknown),
        (Opening::Nothing, _) => None,
    }
}

fn failed<T>(door: &Door, why: Failure) -> Option<T> {
    door.metrics.failed(why);
    None
}

fn plain(door: &Arc<Door>, socket: Socket, address: Option<IpAddr>, http1: bool) -> Begun {
    let peer = Peer::new(door, (address, socket.peer_port()), false, http1);
    let io = Io::new(Transport::Plain(socket), Arc::clone(&peer.activity));
    Begun { io, peer, rawsocket: false }
}

fn speaks_rawsocket(state: &State) -> bool {
    state.serves(Surface::Wamp) && state.listener.wamp.speaks(WampTransport::Rawsocket)
}

/// After the handshake: whose certificate was it, and which protocol did it choose?
fn secured(door: &Arc<Door>, stream: TlsStream<Socket>, address: Option<IpAddr>) -> Option<Begun> {
    let (socket, session) = stream.get_ref();
    let port = socket.peer_port();
    let http1 = session.alpn_protocol() != Some(b"h2");
    let certificate = match session.peer_certificates().map(PeerCertificate::parse).transpose() {
        Ok(certificate) => certificate.map(Arc::new),
        Err(error) => {
            tracing::debug!(listener = %door.name, ?address, %error, "client certificate not understood");
            return failed(door, Failure::Certificate);
        }
    };
    let exporter = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => session.export_keying_material([0; 32], EXPORTER_LABEL, None).ok(),
        _ => None,
    };
    let peer = Peer { certificate, exporter, ..Peer::new(door, (address, port), true, http1) };
    let io = Io::new(Transport::Tls(Box::new(stream)), Arc::clone(&peer.activity));
    Some(Begun { io, peer, rawsocket: false })
}

/// Speaks HTTP; gives what it became, if it became something else.
async fn http(state: &State, io: Io, peer: Arc<Peer>, ends: Ends) -> Option<Conversation> {
    let Limits { header_bytes, h2_streams, requests_per_connection, .. } = state.listener.limits;
    let timeouts = &state.listener.timeouts;
    let http1 = peer.http1;
    let headers = http1.then(|| timeouts.headers());
    let watchdog = Watchdog::new(Arc::clone(&peer.activity), headers, timeouts.idle(), requests_per_connection);
    let io = TokioIo::new(io);
    let asked = Arc::clone(&peer);
    let service = service_fn(move |request| exchange::answer(Arc::clone(&asked), request));
    if http1 {
        let mut builder = http1::Builder::new();
        // The watchdog times heads: hyper's own timer would also run while the connection is idle.
        builder
            .header_read_timeout(None)
            .max_header_size(header_bytes)
            .max_buf_size(header_bytes.max(HTTP1_BUFFER_BYTES));
        let connection = builder.serve_connection(io, service).with_upgrades();
        Box::pin(drive(connection, |connection| connection.graceful_shutdown(), &peer, watchdog, ends.clone())).await;
        let next = peer.take_upgrade()?;
        talk(ends, |stage| upgrade::begin(next, peer, stage)).await
    } else {
        let builder = http2(timeouts, header_bytes, h2_streams);
        let connection = builder.serve_connection(io, service);
        Box::pin(drive(connection, |connection| connection.graceful_shutdown(), &peer, watchdog, ends)).await;
        None
    }
}

/// Begins to speak WAMP, which says goodbye when the stage that it is given changes. A peer whose certificate must be looked
/// at anew is told the same, and has a time in which to go.
async fn talk<T>(ends: Ends, begin: impl FnOnce(watch::Receiver<()>) -> T) -> Option<Conversation>
where
    T: Future<Output = Option<Conversation>>,
{
    let Ends { stage, renewed: Some(renewed) } = ends else { return begin(ends.stage).await };
    let (tell, told) = watch::channel(());
    let conversation = begin(told).await?;
    Some(Box::pin(retire(conversation, tell, stage, Some(renewed))))
}

/// Goes on with a conversation, tells it the reasons to end it, and does not wait for ever when it was told the second.
async fn retire(
    mut conversation: Conversation,
    tell: watch::Sender<()>,
    mut stage: watch::Receiver<()>,
    mut renewed: Option<watch::Receiver<()>>,
) {
    let mut draining = false;
    let mut retired = None;
    loop {
        tokio::select! {
            biased;
            () = conversation.as_mut() => return,
            _ = stage.changed(), if !draining => draining = true,
            () = changed(&mut renewed), if retired.is_none() => retired = Some(Box::pin(sleep(RETIRE_WITHIN))),
            () = expired(&mut retired) => return,
        }
        tell.send_replace(());
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
async fn drive<C: Future<Output = hyper::Result<()>>>(
    connection: C,
    say_goodbye: fn(Pin<&mut C>),
    peer: &Peer,
    mut watchdog: Watchdog,
    ends: Ends,
) {
    let door = &peer.door;
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
        // Answers that go on would never end by themselves.
        peer.activity.say_goodbye();
        say_goodbye(connection.as_mut());
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
