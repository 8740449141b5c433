//! Opening listening sockets.

use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use tokio::net::{TcpListener, TcpSocket, UnixListener};

use super::{Acceptor, Passed, SocketFile};
use crate::Error;
use crate::config::check::{exposed, mode};
use crate::config::{Endpoint, Listener};

/// Connections that the operating system holds until they are accepted; it may hold fewer (`net.core.somaxconn`). One for
/// which there is no place is tried again by its client after a second: with a short queue, a burst of connections
/// holds up everybody.
const BACKLOG: u32 = 4096;

/// Opens a listener's socket, or takes it from systemd.
pub(crate) async fn bind(listener: &Listener, passed: &mut Passed) -> Result<Acceptor, Error> {
    let fault = |cause| Error::Bind { listener: listener.name.clone(), address: listener.address.to_string(), cause };
    let acceptor = match &listener.address {
        Endpoint::Tcp(address) => Acceptor::Tcp(bind_tcp(*address).map_err(fault)?),
        Endpoint::Unix(path) => {
            let mode = mode(listener).map_err(Error::Config)?;
            bind_unix(path, mode).map_err(fault)?
        }
        Endpoint::Systemd(name) => passed.take(name).map_err(fault)?,
    };
    // A socket from systemd shows only now where it listens.
    let bound = acceptor.bound().map_err(fault)?;
    match bound.tcp().and_then(|address| exposed(address.ip(), listener)) {
        Some(wrong) => Err(Error::Config(format!("listener `{}`: {wrong}", listener.name))),
        None => Ok(acceptor),
    }
}

fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart need not wait until the last connections of the run before are forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Opens a unix socket with its final permissions: it is made under another name and renamed, so that at
/// no moment can somebody connect whom `mode` keeps out.
fn bind_unix(path: &Path, mode: u32) -> io::Result<Acceptor> {
    refuse_occupied(path)?;
    let mut hidden = OsString::from(path);
    hidden.push(".new");
    let hidden = PathBuf::from(hidden);
    let _ = std::fs::remove_file(&hidden);
    let listener = UnixListener::bind(&hidden)?;
    let cleanup = SocketFile(hidden.clone());
    std::fs::set_permissions(&hidden, std::fs::Permissions::from_mode(mode))?;
    std::fs::rename(&hidden, path)?;
    drop(cleanup);
    Ok(Acceptor::Unix { listener, file: Some(SocketFile(path.to_owned())) })
}

/// A socket file that nobody answers is left over from a crash and may be replaced; anything else may not.
fn refuse_occupied(path: &Path) -> io::Result<()> {
    let kind = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
        Ok(metadata) => metadata.file_type(),
    };
    if !kind.is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "something that is not a socket is there"));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another process listens there")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_unix_socket_has_its_permissions_and_goes_with_its_listener() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        let acceptor = bind_unix(&path, 0o600).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(acceptor.bound().unwrap().unix(), Some(&*path));
        assert_eq!(bind_unix(&path, 0o600).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(acceptor);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_socket_left_over_is_replaced_and_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the file outlives a plain listener");
        drop(bind_unix(&path, 0o660).unwrap());
        std::fs::write(&path, "precious").unwrap();
        assert_eq!(bind_unix(&path, 0o660).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    }
}
