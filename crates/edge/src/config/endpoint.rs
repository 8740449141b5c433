//! Where a listener listens.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A socket address, the path of a unix socket, or a socket that systemd hands over.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum Endpoint {
    /// An IP address and port; port 0 takes a free one.
    Tcp(SocketAddr),
    /// The path of a unix socket, written `unix:/run/crossgate.sock`.
    Unix(PathBuf),
    /// A socket passed by systemd (`sd_listen_fds(3)`), by its `FileDescriptorName` or by its number from 0:
    /// `systemd:https`, `systemd:0`.
    Systemd(String),
}

/// The text is none of the forms of an address.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not an address to listen on; write `127.0.0.1:8443`, `[::1]:8443`, `unix:/path/of.sock` or `systemd:NAME`"
)]
pub struct NotAnEndpoint(String);

impl FromStr for Endpoint {
    type Err = NotAnEndpoint;

    fn from_str(text: &str) -> Result<Self, NotAnEndpoint> {
        let refuse = || NotAnEndpoint(text.to_owned());
        match text.split_once(':') {
            Some(("unix" | "systemd", "")) => Err(refuse()),
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            Some(("systemd", name)) => Ok(Self::Systemd(name.into())),
            _ => text.parse().map(Self::Tcp).map_err(|_| refuse()),
        }
    }
}

impl TryFrom<String> for Endpoint {
    type Error = NotAnEndpoint;

    fn try_from(text: String) -> Result<Self, NotAnEndpoint> {
        text.parse()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}

impl JsonSchema for Endpoint {
    fn schema_name() -> Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "`IP:PORT` (port 0 takes a free one), `unix:/path/of.sock`, or `systemd:NAME` or `systemd:NUMBER` \
                            for a socket that systemd passes.",
            "examples": ["127.0.0.1:8443", "[::]:443", "unix:/run/crossgate/api.sock", "systemd:https"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_shown_alike() {
        for text in ["127.0.0.1:8443", "[::1]:0", "unix:/run/a.sock", "systemd:https", "systemd:0"] {
            assert_eq!(text.parse::<Endpoint>().map(|a| a.to_string()).ok().as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_forms() {
        for text in ["", "8443", "localhost:8443", "unix:", "systemd:", "127.0.0.1", "127.0.0.1:99999"] {
            let error = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.contains("unix:/path/of.sock"), "{error}");
        }
    }
}
