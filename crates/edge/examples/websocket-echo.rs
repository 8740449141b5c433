//! The doors alone, sending every WebSocket message back: what a conformance suite talks to.
//!
//! `cargo run -p crossgate-edge --example websocket-echo -- 127.0.0.1:9001`

use std::error::Error;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::{Realm, SystemClock};
use crossgate_edge::{Config, Edge, Endpoint, Listener, Parts, Site, Visit, Wamp};
use crossgate_identity::{BoxError, Fetch, Identity};
use crossgate_router::audit::Audit;
use crossgate_router::{Parts as RouterParts, Router};
use crossgate_store::Store;
use http::{Request, Response};

struct Nothing;

impl Fetch for Nothing {
    fn get(&self, _: &str) -> Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send + '_>> {
        Box::pin(std::future::ready(Err("nothing is fetched here".into())))
    }
}

impl Site for Nothing {
    fn serve(&self, _: Request<Bytes>, _: Visit) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>> {
        Box::pin(std::future::ready(Response::default()))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address: Endpoint = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".into()).parse()?;
    let wamp = Wamp { compress: true, ..Wamp::default() };
    let config = Config {
        listeners: vec![Listener { wamp, ..Listener::new("echo", address) }],
        drain_s: 1,
        ..Config::default()
    };
    let (clock, store) = (Arc::new(SystemClock), Store::temporary()?);
    let identity =
        Identity::open(serde_json::from_str("{}")?, store, Arc::new(Nothing), Arc::clone(&clock) as _).await?;
    let audit = Audit::with_store(&serde_json::from_str("{}")?, Store::temporary()?, Arc::clone(&clock) as _).await?;
    let router = Router::new(RouterParts { identity: Arc::clone(&identity), audit, clock: Arc::clone(&clock) as _ });
    let site = Arc::new(Nothing);
    let parts = Parts { router, identity, clock, site, mounts: Vec::new(), realm: Realm::new("echo") };
    let edge = Edge::bind(config, parts).await?;
    edge.echo();
    for (_, address) in edge.addresses() {
        writeln!(std::io::stdout(), "ws://{address}/ws")?;
    }
    edge.serve(std::future::pending()).await;
    Ok(())
}
