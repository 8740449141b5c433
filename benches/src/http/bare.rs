//! The other side: an axum handler that answers fixed bytes, over the same TLS stack and the same HTTP.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What to answer, and who to be.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[arg(long)]
    chain: PathBuf,
    #[arg(long)]
    key: PathBuf,
    #[arg(long)]
    body: String,
    #[arg(long)]
    content_type: String,
    /// Where to write the address.
    #[arg(long)]
    ready_file: PathBuf,
}

/// Serves until it is killed.
pub(crate) async fn serve(arguments: &Arguments) -> anyhow::Result<()> {
    let acceptor = TlsAcceptor::from(Arc::new(tls(arguments)?));
    let (body, content_type): (&'static str, &'static str) =
        (arguments.body.clone().leak(), arguments.content_type.clone().leak());
    let answer = move || async move { ([(CONTENT_TYPE, content_type)], body) };
    let router = Router::new().route("/api/v1/loan/{loan_id}/{date}", get(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    std::fs::write(&arguments.ready_file, listener.local_addr()?.to_string())?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(router.clone()));
        tokio::spawn(async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                // A connection that ends is the load's business.
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            }
        });
    }
}

fn tls(arguments: &Arguments) -> anyhow::Result<rustls::ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&arguments.chain)?.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(&arguments.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("the certificate and its key")?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
