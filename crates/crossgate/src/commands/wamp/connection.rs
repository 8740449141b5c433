//! Where to connect, and as whom: the same for all of `crossgate wamp`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use crossgate_client::wamp::auth::ScramDialect;
use crossgate_client::wamp::serializer::Serializer;
use crossgate_client::{ConnectOptions, Credential};
use crossgate_edge::{Endpoint, Listener, Surface};
use crossgate_identity::{IssueRequest, OPERATOR};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::local::{Local, explained};
use crate::cli::ConfigFile;
use crate::config::Loaded;

/// How long the token lives that is issued for oneself, in seconds: a session ends with its token.
const OWN_TOKEN_LIFETIME_S: u64 = 3600;
/// The authority of a configuration made by `crossgate up`, beside it.
const CA_NAME: &str = "ca.pem";

/// Where to connect, and as whom.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub(in crate::commands) struct Connection {
    /// The router: wss://HOST/ws, rss://HOST:PORT, ws://, rs://, unix:PATH (RawSocket) or ws+unix:PATH.
    /// Without it: the router that the configuration describes, with a token that is issued for it on the spot.
    #[arg(long, env = "CROSSGATE_URL", value_name = "URL")]
    url: Option<String>,
    /// The realm to join. The configuration's without --url.
    #[arg(long, env = "CROSSGATE_REALM", value_name = "REALM")]
    realm: Option<String>,
    /// Trust these authorities (PEM) instead of the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Show this certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The certificate's private key (PEM).
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// How to prove who this is. Without it: `ticket` with --token, `tls` with --cert, else `anonymous`.
    #[arg(long, value_name = "METHOD")]
    auth: Option<Method>,
    /// The authid.
    #[arg(long, visible_alias = "authid", value_name = "NAME")]
    user: Option<String>,
    /// Where the method's secret is: file:PATH or env:NAME. Without it, the first line of standard input.
    /// For cryptosign: the private key, 64 hex digits or base64.
    #[arg(long, value_name = "REFERENCE")]
    secret: Option<String>,
    /// Where a bearer token is: file:PATH or env:NAME. It is shown as a ticket, and says itself who this is.
    #[arg(long, value_name = "REFERENCE", conflicts_with_all = ["user", "secret"])]
    token: Option<String>,
    /// In which of one's roles to join.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Bind the proof to the TLS connection: cryptosign and wamp-scram over TLS 1.3, with routers that know `tls-exporter`.
    #[arg(long)]
    channel_binding: bool,
    /// How messages are written: cbor, msgpack, json, or one of them with `.batched` over WebSocket. May be given
    /// several times, the best liked first.
    #[arg(long = "serializer", value_name = "NAME", value_parser = serializer)]
    serializers: Vec<Serializer>,
    /// Connect without TLS to another machine. Everything can be read and changed on the way.
    #[arg(long)]
    insecure_plain: bool,
    #[command(flatten)]
    file: ConfigFile,
}

/// The authentication methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    Anonymous,
    Ticket,
    Wampcra,
    /// As Autobahn and Crossbar do it.
    Scram,
    /// As the specification has it.
    WampScram,
    Cryptosign,
    Tls,
}

fn serializer(name: &str) -> Result<Serializer, String> {
    let unknown = "cbor, msgpack or json, or one of them with `.batched`";
    Serializer::from_subprotocol(&format!("wamp.2.{name}")).ok_or_else(|| unknown.to_owned())
}

impl Connection {
    pub(in crate::commands) async fn options(&self) -> anyhow::Result<ConnectOptions> {
        let mut options = match &self.url {
            Some(url) => {
                let realm = self.realm.clone().context("name the realm to join with --realm")?;
                ConnectOptions::new(url.parse().map_err(crossgate_client::Error::from)?, realm)
            }
            None => self.configured().await?,
        };
        if let Some(credential) = self.credential()? {
            options.credential = credential;
        }
        if let Some(ca) = &self.ca {
            options.tls = options.tls.trust_file(ca)?;
        }
        if let (Some(cert), Some(key)) = (&self.cert, &self.key) {
            options.tls = options.tls.identity_files(cert, key)?;
        }
        if !self.serializers.is_empty() {
            options.serializers.clone_from(&self.serializers);
        }
        options.authrole.clone_from(&self.role);
        options.channel_binding = self.channel_binding;
        options.allow_plain = self.insecure_plain;
        options.agent = concat!("crossgate-wamp-", env!("CARGO_PKG_VERSION")).to_owned();
        Ok(options)
    }

    /// The method that is meant; `None` when nothing was said of it.
    fn method(&self) -> Option<Method> {
        let implied = if self.token.is_some() {
            Some(Method::Ticket)
        } else if self.cert.is_some() {
            Some(Method::Tls)
        } else {
            None
        };
        self.auth.or(implied)
    }

    fn credential(&self) -> anyhow::Result<Option<Credential>> {
        let Some(method) = self.method() else {
            if self.user.is_some() || self.secret.is_some() {
                bail!("say with --auth how {} is proved", self.user.as_deref().unwrap_or("that"));
            }
            return Ok(None);
        };
        let user = || self.user.as_deref().context("name who this is with --user");
        let credential = match method {
            Method::Anonymous => Credential::Anonymous,
            Method::Tls => Credential::Tls { authid: self.user.clone() },
            Method::Ticket => match &self.token {
                Some(token) => Credential::ticket(None, referred(token)?),
                None => Credential::ticket(Some(user()?), self.secret("ticket")?),
            },
            Method::Wampcra => Credential::cra(user()?, self.secret("secret")?),
            Method::Scram => Credential::scram(ScramDialect::Autobahn, user()?, self.secret("password")?),
            Method::WampScram => Credential::scram(ScramDialect::Wamp, user()?, self.secret("password")?),
            Method::Cryptosign => Credential::cryptosign(self.user.as_deref(), &self.secret("private key")?)?,
        };
        Ok(Some(credential))
    }

    fn secret(&self, what: &str) -> anyhow::Result<SecretString> {
        match &self.secret {
            Some(reference) => referred(reference),
            None => Ok(super::super::read_secret(what)?.into()),
        }
    }

    /// The router that the configuration describes; as whoever runs this, unless something else is said.
    async fn configured(&self) -> anyhow::Result<ConnectOptions> {
        let loaded =
            super::super::configuration(&self.file).context("name a router with --url, or its configuration")?;
        let (listener, url) = door(&loaded)?;
        let own = listener.realm.clone().unwrap_or_else(|| loaded.config.realm.clone());
        let realm = self.realm.clone().unwrap_or(own);
        let mut options = ConnectOptions::new(url.parse().map_err(crossgate_client::Error::from)?, realm);
        let beside = loaded.file.parent().unwrap_or(Path::new("")).join(CA_NAME);
        if self.ca.is_none() && beside.exists() {
            options.tls = options.tls.trust_file(&beside)?;
        }
        if self.method().is_none() {
            let token = self.own_token().await.context("no token could be issued; say with --auth who this is")?;
            options.credential = Credential::ticket(None, token);
        }
        Ok(options)
    }

    /// A token for whoever runs the program on its data; issuing it is recorded as `crossgate token issue` is.
    async fn own_token(&self) -> anyhow::Result<SecretString> {
        let local = Local::open(&self.file).await?;
        let router = &local.program.router;
        let permit = router.admit_task(&local.caller, "identity.issue_token", local.origin()).await;
        let permit = permit.map_err(|error| explained(&error))?;
        let roles = [self.role.clone().unwrap_or_else(|| OPERATOR.to_owned())];
        let request = IssueRequest {
            subject: local.caller.id(),
            roles: &roles,
            lifetime_s: Some(OWN_TOKEN_LIFETIME_S),
            certificate: None,
        };
        let issued = router.perform(permit, async { local.program.identity.issue(&request) }).await;
        let issued = issued.map_err(|error| explained(&error));
        local.close().await?;
        Ok(SecretString::from(issued?.access_token.expose_secret()))
    }
}

fn referred(reference: &str) -> anyhow::Result<SecretString> {
    crossgate_store::secrets::resolve(reference).map_err(|error| match error {
        crossgate_store::secrets::SecretError::Literal => {
            anyhow::anyhow!("a secret on the command line can be seen by others: write file:PATH or env:NAME")
        }
        other => other.into(),
    })
}

/// The first door where WAMP is spoken over TLS; else the first one without.
fn door(loaded: &Loaded) -> anyhow::Result<(&Listener, String)> {
    let speaks = |listener: &&Listener| listener.serve.contains(&Surface::Wamp);
    let mut found: Vec<_> =
        loaded.config.edge.listeners.iter().filter(speaks).filter_map(|l| Some((l, url(l)?))).collect();
    found.sort_by_key(|(listener, _)| listener.tls.is_none());
    let none =
        || format!("{} has no listener with WAMP and a fixed port; name the router with --url", loaded.file.display());
    found.into_iter().next().with_context(none)
}

fn url(listener: &Listener) -> Option<String> {
    match &listener.address {
        Endpoint::Unix(path) if listener.tls.is_none() => Some(format!("unix:{}", path.display())),
        Endpoint::Tcp(address) if address.port() != 0 => {
            let scheme = if listener.tls.is_some() { "wss" } else { "ws" };
            // Certificates are made for names; those for this machine are for `localhost`, too.
            let host = match address.ip() {
                ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
                std::net::IpAddr::V6(ip) => format!("[{ip}]"),
                ip => ip.to_string(),
            };
            Some(format!("{scheme}://{host}:{}{}", address.port(), listener.wamp.path))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_is_known_by_its_url() {
        for (address, expected) in [
            ("127.0.0.1:8080", Some("ws://localhost:8080/ws")),
            ("[::]:80", Some("ws://localhost:80/ws")),
            ("192.0.2.1:80", Some("ws://192.0.2.1:80/ws")),
            ("127.0.0.1:0", None),
            ("unix:/run/a.sock", Some("unix:/run/a.sock")),
            ("systemd:https", None),
        ] {
            let listener = Listener::new("a", address.parse().unwrap());
            assert_eq!(url(&listener).as_deref(), expected, "{address}");
        }
    }
}
