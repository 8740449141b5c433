//! From an address to a stream of bytes: TCP or a unix socket, with TLS or without.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use rustls::ProtocolVersion;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::Error;
use crate::options::ConnectOptions;
use crate::target::{Framing, Place};

/// What names the channel (RFC 9266 §2).
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// A stream of bytes.
pub(crate) trait Bytestream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Bytestream for T {}

/// A stream that counts what the peer took.
pub(crate) struct Metered {
    inner: Box<dyn Bytestream>,
    taken: Taken,
}

/// How many bytes the peer took so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Taken(Arc<AtomicU64>);

impl Taken {
    pub(crate) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// An open connection.
pub(crate) struct Dialed {
    pub(crate) stream: Metered,
    pub(crate) taken: Taken,
    /// The channel's id, over TLS 1.3.
    pub(crate) exporter: Option<[u8; 32]>,
}

/// Connects, and shakes hands over TLS.
pub(crate) async fn dial(options: &ConnectOptions) -> Result<Dialed, Error> {
    if !options.allow_plain && !options.target.is_private() {
        return Err(Error::Usage(format!(
            "{} would send everything in the clear to another machine; use wss:// or rss://",
            options.target
        )));
    }
    let failed = |why: String| Error::Connect { target: options.target.to_string(), why };
    let limit = options.limits.connect;
    let dialed = timeout(limit, open(options)).await;
    dialed.map_err(|_| failed(format!("no answer within {} s", limit.as_secs_f32())))?.map_err(|error| match error {
        Failure::Io(error) => failed(words(&error)),
        Failure::Usage(error) => error,
    })
}

enum Failure {
    Io(io::Error),
    Usage(Error),
}

async fn open(options: &ConnectOptions) -> Result<Dialed, Failure> {
    match &options.target.place {
        Place::Unix(path) => Ok(plain(Box::new(UnixStream::connect(path).await.map_err(Failure::Io)?))),
        Place::Tcp { host, port, tls } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(Failure::Io)?;
            stream.set_nodelay(true).map_err(Failure::Io)?;
            if !tls {
                return Ok(plain(Box::new(stream)));
            }
            let alpn = matches!(options.target.framing, Framing::WebSocket { .. }).then_some("http/1.1");
            let config = Arc::new(options.tls.config(alpn).map_err(Failure::Usage)?);
            let name = options.tls.name_for(host).map_err(Failure::Usage)?;
            let stream = TlsConnector::from(config).connect(name, stream).await.map_err(Failure::Io)?;
            let exporter = exporter(&stream);
            Ok(Dialed { exporter, ..plain(Box::new(stream)) })
        }
    }
}

fn plain(inner: Box<dyn Bytestream>) -> Dialed {
    let taken = Taken::default();
    Dialed { stream: Metered { inner, taken: taken.clone() }, taken, exporter: None }
}

fn exporter(stream: &TlsStream<TcpStream>) -> Option<[u8; 32]> {
    let (_, session) = stream.get_ref();
    let is_new = session.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    is_new.then(|| session.export_keying_material([0; 32], EXPORTER_LABEL, None).ok()).flatten()
}

/// What a failure means, where the library's words do not say it.
fn words(error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::InvalidCertificate(fault)) => {
            format!("the router's certificate does not hold: {fault:?}; name the authority that issued it")
        }
        Some(rustls::Error::AlertReceived(alert)) => format!("the router refuses TLS: {alert:?}"),
        Some(rustls::Error::InvalidMessage(_)) => "what answers there does not speak TLS".to_owned(),
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => "the connection was closed during the handshake".into(),
        None => error.to_string(),
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.count(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.count(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Metered {
    fn count(&self, written: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = written {
            self.taken.0.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }
}
