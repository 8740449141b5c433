//! Sockets that systemd opened for us: `sd_listen_fds(3)`, socket activation.

use std::io;

use listenfd::ListenFd;
use tokio::net::{TcpListener, UnixListener};

use super::Acceptor;

/// The sockets passed to this process, and their names.
pub(crate) struct Passed {
    sockets: ListenFd,
    names: Vec<String>,
}

impl Passed {
    /// Takes over what the environment announces. Afterwards the environment announces nothing, so that
    /// child processes do not claim it again.
    pub(crate) fn from_env() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self { sockets: ListenFd::from_env(), names: names.split(':').map(str::to_owned).collect() }
    }

    /// Takes a socket by its name, or by its number from 0.
    pub(crate) fn take(&mut self, name: &str) -> io::Result<Acceptor> {
        let missing = || {
            let count = self.sockets.len();
            let hint =
                format!("systemd passed no such socket ({count} in all); check Sockets= and FileDescriptorName=");
            io::Error::new(io::ErrorKind::NotFound, hint)
        };
        let named = self.names.iter().position(|known| known == name);
        let index = named.or_else(|| name.parse().ok()).ok_or_else(missing)?;
        if let Ok(Some(listener)) = self.sockets.take_tcp_listener(index) {
            listener.set_nonblocking(true)?;
            return TcpListener::from_std(listener).map(Acceptor::Tcp);
        }
        let listener = self.sockets.take_unix_listener(index)?.ok_or_else(|| {
            let hint = "systemd passed no such socket, or two listeners claim it";
            io::Error::new(io::ErrorKind::NotFound, hint)
        })?;
        listener.set_nonblocking(true)?;
        // The file is systemd's: it stays when we stop.
        UnixListener::from_std(listener).map(|listener| Acceptor::Unix { listener, file: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_that_was_not_passed_is_refused() {
        let mut passed = Passed { sockets: ListenFd::empty(), names: vec!["https".into()] };
        for name in ["https", "other", "0", "7"] {
            assert_eq!(passed.take(name).unwrap_err().kind(), io::ErrorKind::NotFound, "{name}");
        }
    }
}
