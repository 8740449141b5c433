//! The load: connections that ask, wait for the answer, check it, and ask again. HTTP/1.1 with keep-alive over
//! TLS, written by hand so that it costs little beside the server that it shares the machine with.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Answers are small; more than this is not the answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Whom to ask, what, and for how long.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Host and port.
    #[arg(long)]
    address: String,
    /// The authority to trust, PEM.
    #[arg(long)]
    root: PathBuf,
    #[arg(long)]
    path: String,
    /// The body that every answer has to have.
    #[arg(long)]
    expect: String,
    #[arg(long)]
    connections: usize,
    #[arg(long)]
    seconds: u64,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Answers.
    pub(crate) requests: u64,
    /// How long the asking took, in seconds.
    pub(crate) seconds: f64,
    /// Half of the answers came within this, in microseconds.
    pub(crate) p50_us: u64,
    /// All but one in a hundred came within this, in microseconds.
    pub(crate) p99_us: u64,
}

/// Asks, and prints [`Done`] as JSON. The token comes in the environment, where a process list does not show it.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let token = std::env::var("BENCH_TOKEN").context("BENCH_TOKEN is not set")?;
    let Arguments { address, path, .. } = &arguments;
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\naccept: */*\r\n\r\n");
    let connector = TlsConnector::from(Arc::new(tls(&arguments)?));
    let start = Instant::now();
    let end = start + Duration::from_secs(arguments.seconds);
    let ask = |_| {
        let (connector, arguments, request) = (connector.clone(), arguments.clone(), request.clone().into_bytes());
        tokio::spawn(async move { ask(&connector, &arguments, &request, end).await })
    };
    let tasks: Vec<_> = (0..arguments.connections).map(ask).collect();
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await??);
    }
    let seconds = start.elapsed().as_secs_f64();
    latencies.sort_unstable();
    ensure!(!latencies.is_empty(), "there was no answer");
    let at =
        |share: usize| latencies.get(latencies.len() * share / 100).or(latencies.last()).copied().unwrap_or_default();
    let done = Done { requests: latencies.len() as u64, seconds, p50_us: at(50).into(), p99_us: at(99).into() };
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

/// Asks over one connection until `end`, and gives each answer's time in microseconds.
async fn ask(
    connector: &TlsConnector,
    arguments: &Arguments,
    request: &[u8],
    end: Instant,
) -> anyhow::Result<Vec<u32>> {
    let stream = TcpStream::connect(&arguments.address).await?;
    stream.set_nodelay(true)?;
    let mut stream = connector.connect(ServerName::try_from("localhost")?, stream).await?;
    let (mut latencies, mut buffer) = (Vec::new(), Vec::with_capacity(ANSWER_BYTES_MAX));
    loop {
        let asked = Instant::now();
        if asked >= end {
            return Ok(latencies);
        }
        stream.write_all(request).await?;
        stream.flush().await?;
        let body = answer(&mut stream, &mut buffer).await?;
        if &buffer[body..] != arguments.expect.as_bytes() {
            bail!("another answer than expected: {}", String::from_utf8_lossy(&buffer));
        }
        latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
}

/// Reads one answer into the buffer, and gives where its body begins.
async fn answer(stream: &mut TlsStream<TcpStream>, buffer: &mut Vec<u8>) -> anyhow::Result<usize> {
    buffer.clear();
    loop {
        let read = stream.read_buf(buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        ensure!(buffer.len() < ANSWER_BYTES_MAX, "an answer of {} bytes", buffer.len());
        let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&buffer[..head])?;
        ensure!(text.starts_with("HTTP/1.1 200 "), "refused: {}", String::from_utf8_lossy(buffer));
        let length = text
            .lines()
            .find_map(|line| line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")))
            .context("an answer without content-length")?;
        let length: usize = length.1.trim().parse()?;
        if buffer.len() >= head + 4 + length {
            return Ok(head + 4);
        }
    }
}

fn tls(arguments: &Arguments) -> anyhow::Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&arguments.root)?)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
