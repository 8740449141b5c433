//! Where a router is, as a URL.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use http::Uri;

/// Where WebSocket is on a unix socket, whose URL has no room for a path.
const UNIX_WEBSOCKET_PATH: &str = "/ws";

/// The text is no address of a router.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a router's address; write wss://HOST/ws, ws://HOST:PORT/ws, rss://HOST:PORT, rs://HOST:PORT, \
     unix:/PATH (RawSocket) or ws+unix:/PATH (WebSocket)"
)]
pub struct TargetError(String);

/// Where a router is, and what is spoken there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) place: Place,
    pub(crate) framing: Framing,
    text: String,
}

/// Where the socket is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Tcp { host: String, port: u16, tls: bool },
    Unix(PathBuf),
}

/// How messages stand on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Framing {
    /// At a path, of a host as it stands in the URL.
    WebSocket {
        host: String,
        path: String,
    },
    RawSocket,
}

impl Target {
    /// Whether TLS is spoken.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        matches!(self.place, Place::Tcp { tls: true, .. })
    }

    /// Whether nobody can listen on the way: TLS, a unix socket, or this very machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        match &self.place {
            Place::Unix(_) | Place::Tcp { tls: true, .. } => true,
            Place::Tcp { host, .. } => {
                host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
            }
        }
    }

    fn unix(text: &str, path: &str, framing: Framing) -> Result<Self, TargetError> {
        // unix:/a/b and unix:///a/b are the same file.
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() {
            return Err(TargetError(text.to_owned()));
        }
        Ok(Self { place: Place::Unix(path.into()), framing, text: text.to_owned() })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let refuse = || TargetError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return Self::unix(text, path, Framing::RawSocket);
        }
        if let Some(path) = text.strip_prefix("ws+unix:") {
            let framing = Framing::WebSocket { host: "localhost".to_owned(), path: UNIX_WEBSOCKET_PATH.to_owned() };
            return Self::unix(text, path, framing);
        }
        let uri: Uri = text.parse().map_err(|_| refuse())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(refuse)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let (tls, default_port, websocket) = match uri.scheme_str() {
            Some("wss") => (true, Some(443), true),
            Some("ws") => (false, Some(80), true),
            Some("rss") => (true, None, false),
            Some("rs") => (false, None, false),
            _ => return Err(refuse()),
        };
        let port = authority.port_u16().or(default_port).filter(|port| *port != 0).ok_or_else(refuse)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        if host.is_empty() || (!websocket && path != "/") {
            return Err(refuse());
        }
        let framing = if websocket {
            Framing::WebSocket { host: authority.as_str().to_owned(), path: path.to_owned() }
        } else {
            Framing::RawSocket
        };
        Ok(Self { place: Place::Tcp { host, port, tls }, framing, text: text.to_owned() })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_address_is_read() {
        for (text, host, port, tls, path) in [
            ("wss://a.example/ws", "a.example", 443, true, Some("/ws")),
            ("ws://127.0.0.1:8080/ws?x=1", "127.0.0.1", 8080, false, Some("/ws?x=1")),
            ("wss://[::1]:8443", "::1", 8443, true, Some("/")),
            ("rss://a.example:9000", "a.example", 9000, true, None),
            ("rs://localhost:9000/", "localhost", 9000, false, None),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.place, Place::Tcp { host: host.to_owned(), port, tls }, "{text}");
            match (&target.framing, path) {
                (Framing::WebSocket { path: found, .. }, Some(path)) => assert_eq!(found, path),
                (Framing::RawSocket, None) => {}
                other => panic!("{text}: {other:?}"),
            }
        }
        for (text, path) in
            [("unix:/run/a.sock", "/run/a.sock"), ("unix:///run/a.sock", "/run/a.sock"), ("unix:a", "a")]
        {
            assert_eq!(text.parse::<Target>().unwrap().place, Place::Unix(path.into()), "{text}");
        }
        assert!(matches!("ws+unix:/a".parse::<Target>().unwrap().framing, Framing::WebSocket { .. }));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "a.example",
            "http://a.example/ws",
            "rs://a.example",
            "rs://a.example:1/x",
            "ws://",
            "ws://a:0/",
            "unix:",
            "unix://",
            "wss://joe:secret@a.example/",
            "ws://a b/",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn plain_text_is_private_on_this_machine_only() {
        for (text, private) in [
            ("ws://127.0.0.1/", true),
            ("rs://[::1]:1", true),
            ("ws://localhost/", true),
            ("unix:/a", true),
            ("wss://a.example/", true),
            ("ws://a.example/", false),
            ("rs://10.0.0.1:9", false),
            ("ws://localhost.evil.example/", false),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().is_private(), private, "{text}");
        }
    }
}
