//! Sockets: opening them, accepting from them, and looking at a connection's first bytes.

mod bind;
mod stream;
mod systemd;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, UnixListener};

pub(crate) use bind::bind;
pub(crate) use stream::{Opening, Socket, poll_discard};
pub(crate) use systemd::Passed;

/// Where a listener really listens; a port 0 has become a number here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// An IP address and port.
    Tcp(SocketAddr),
    /// The path of a unix socket; empty for one that systemd passed without a name.
    Unix(PathBuf),
}

impl Bound {
    /// The IP address and port, unless it is a unix socket.
    pub fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            Self::Unix(_) => None,
        }
    }

    /// The unix socket's path, if it is one.
    pub fn unix(&self) -> Option<&Path> {
        match self {
            Self::Tcp(_) => None,
            Self::Unix(path) => Some(path),
        }
    }

    /// Whether only this machine can reach it.
    pub(crate) fn is_local(&self) -> bool {
        self.tcp().is_none_or(|address| address.ip().to_canonical().is_loopback())
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An open listening socket.
#[derive(Debug)]
pub(crate) enum Acceptor {
    Tcp(TcpListener),
    Unix { listener: UnixListener, file: Option<SocketFile> },
}

/// A unix socket's file, removed with its listener.
#[derive(Debug)]
pub(crate) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // When it cannot be removed it is found and replaced at the next start.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Acceptor {
    /// Waits for the next connection. Dropping the future loses none.
    pub(crate) async fn accept(&self) -> io::Result<(Socket, Option<IpAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                // Answers are written whole, so waiting to coalesce them only adds latency.
                let _ = stream.set_nodelay(true);
                Ok((Socket::tcp(stream), Some(peer.ip().to_canonical())))
            }
            Self::Unix { listener, .. } => {
                let (stream, _) = listener.accept().await?;
                Ok((Socket::unix(stream), None))
            }
        }
    }

    /// Where it listens.
    pub(crate) fn bound(&self) -> io::Result<Bound> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Bound::Tcp),
            Self::Unix { file: Some(file), .. } => Ok(Bound::Unix(file.0.clone())),
            Self::Unix { listener, file: None } => {
                let path = listener.local_addr()?.as_pathname().map(Path::to_owned);
                Ok(Bound::Unix(path.unwrap_or_default()))
            }
        }
    }
}
