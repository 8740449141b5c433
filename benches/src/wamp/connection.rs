//! One client's connection: bytes gathered before they are written, and read as many at a time as there are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;

use anyhow::{bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::wire::{Dialect, Template, kind};

/// What is read at once, in bytes.
const READ_BYTES: usize = 64 * 1024;
/// Addresses that connections come from in turn: one has ports for fewer connections than are opened here.
const SOURCES: usize = 100;
/// Pong of WebSocket, masked with nothing, around nothing.
const PONG: [u8; 6] = [0x8a, 0x80, 0, 0, 0, 0];

/// Where a router is, and what is spoken to it.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Place {
    #[arg(long)]
    pub(super) address: SocketAddr,
    #[arg(long, default_value = "/ws")]
    pub(super) path: String,
    #[arg(long, default_value = "realm1")]
    pub(super) realm: String,
    #[arg(long)]
    pub(super) dialect: Dialect,
}

/// A connection that has joined a realm.
pub(super) struct Connection {
    stream: TcpStream,
    dialect: Dialect,
    input: Vec<u8>,
    /// Where in the input the next frame begins.
    at: usize,
    output: Vec<u8>,
}

impl Connection {
    /// Connects and joins. `number` picks the address to come from.
    pub(super) async fn join(place: &Place, number: usize) -> anyhow::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        let source = Ipv4Addr::new(127, 0, 0, (1 + number % SOURCES) as u8);
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
        let stream = socket.connect(place.address).await?;
        stream.set_nodelay(true)?;
        let output = place.dialect.opening(&place.path);
        let mut connection = Self { stream, dialect: place.dialect, input: Vec::new(), at: 0, output };
        if !connection.output.is_empty() {
            connection.flush().await?;
        }
        loop {
            if let Some(bytes) = place.dialect.opened(&connection.input)? {
                connection.at = bytes;
                break;
            }
            connection.read().await?;
        }
        connection.ask(&place.dialect.hello(&place.realm), kind::WELCOME).await?;
        Ok(connection)
    }

    pub(super) async fn register(&mut self) -> anyhow::Result<()> {
        self.ask(&self.dialect.register(), kind::REGISTERED).await
    }

    pub(super) async fn subscribe(&mut self) -> anyhow::Result<()> {
        self.ask(&self.dialect.subscribe(), kind::SUBSCRIBED).await
    }

    async fn ask(&mut self, message: &[u8], answer: u64) -> anyhow::Result<()> {
        self.dialect.frame(&mut self.output, |output| output.extend_from_slice(message));
        self.flush().await?;
        loop {
            if let Some((_, message)) = self.next(answer)? {
                ensure!(!message.is_empty(), "an empty message");
                return Ok(());
            }
            self.read().await?;
        }
    }

    /// Puts a message among those to be written.
    pub(super) fn put(&mut self, template: &Template, id: u64) {
        self.dialect.frame(&mut self.output, |output| template.write(id, output));
    }

    pub(super) async fn flush(&mut self) -> anyhow::Result<()> {
        if !self.output.is_empty() {
            self.stream.write_all(&self.output).await?;
        }
        self.output.clear();
        Ok(())
    }

    /// Reads what there is.
    pub(super) async fn read(&mut self) -> anyhow::Result<()> {
        self.input.drain(..self.at);
        self.at = 0;
        self.input.reserve(READ_BYTES);
        ensure!(self.stream.read_buf(&mut self.input).await? > 0, "the server closed the connection");
        Ok(())
    }

    /// The next message that was read, which has to be of that kind: its id, and where it is.
    pub(super) fn next(&mut self, expected: u64) -> anyhow::Result<Option<(u64, Range<usize>)>> {
        while let Some(frame) = self.dialect.unframe(&self.input[self.at..])? {
            let message = self.at + frame.head..self.at + frame.head + frame.bytes;
            self.at = message.end;
            if frame.is_message {
                let (kind, id) = self.dialect.head(&self.input[message.clone()])?;
                if kind != expected {
                    let text = String::from_utf8_lossy(&self.input[message]);
                    bail!("expected a message of kind {expected}, and got {text}");
                }
                return Ok(Some((id, message)));
            }
            if frame.is_ping && self.dialect.is_websocket() {
                self.output.extend_from_slice(&PONG);
            }
        }
        Ok(None)
    }

    /// Answers pings, and reads nothing else.
    pub(super) async fn idle(&mut self) -> anyhow::Result<()> {
        loop {
            self.read().await?;
            if self.next(0)?.is_none() && !self.output.is_empty() {
                self.flush().await?;
            }
        }
    }

    /// Whether that message carries the argument.
    pub(super) fn carries(&self, message: Range<usize>) -> bool {
        self.dialect.carries(&self.input[message])
    }
}
