//! What is measured: the program, Crossbar, and the floors, each in a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};
use crossgate_tests::{Program, Site, until};

use super::load::Done;
use super::wire::Dialect;
use crate::itself;
use crate::process::{Killed, family, output};

/// One realm, open to everybody at this machine, with limits above what is measured.
const CONFIGURATION: &str = r#"
[store]
path = "crossgate.db"

[audit]
path = "audit.db"

[[edge.listeners]]
name = "plain"
address = "127.0.0.1:0"
limits = { connections = 30000, connections_per_ip = 30000 }

[realms.realm1]

[identity.wamp.auth.default]
anonymous = { role = "bench" }

[identity.roles.bench]
allow = [{ uri = "bench.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] }]
"#;

/// Crossbar with the same realm.
const CROSSBAR: &str = r#"{"version": 2, "controller": {}, "workers": [{"type": "router",
  "realms": [{"name": "realm1", "roles": [{"name": "anonymous", "permissions": [{"uri": "", "match": "prefix",
    "allow": {"call": true, "register": true, "publish": true, "subscribe": true}}]}]}],
  "transports": [
    {"type": "websocket", "endpoint": {"type": "tcp", "port": {{websocket}}, "interface": "127.0.0.1", "backlog": 1024},
     "serializers": ["json", "cbor"]},
    {"type": "rawsocket", "endpoint": {"type": "tcp", "port": {{rawsocket}}, "interface": "127.0.0.1", "backlog": 1024},
     "serializers": ["msgpack"]}]}]}"#;

/// A running server.
pub(super) struct Server {
    pub(super) name: &'static str,
    websocket: SocketAddr,
    rawsocket: SocketAddr,
    pid: u32,
    /// The floors speak only their own.
    is_bare: bool,
    _running: Running,
}

/// Ends with the value. A site outlives the program that runs in it.
enum Running {
    Program { _program: Box<Program>, _site: Site },
    Process { _process: Killed, _site: Option<Site> },
}

impl Server {
    /// The program.
    pub(super) async fn crossgate() -> anyhow::Result<Self> {
        let site = Site::with(CONFIGURATION);
        let program = site.start().await;
        let address = program.listener("plain").address.parse()?;
        let pid = program.pid();
        let _running = Running::Program { _program: Box::new(program), _site: site };
        Ok(Self { name: "crossgate", websocket: address, rawsocket: address, pid, is_bare: false, _running })
    }

    /// Crossbar, where it is installed.
    pub(super) async fn crossbar(executable: &Path) -> anyhow::Result<Self> {
        let site = Site::new();
        let ports = [free_port()?, free_port()?];
        std::fs::create_dir(site.path(".crossbar"))?;
        let [websocket, rawsocket] = ports.map(|port| port.to_string());
        let config = CROSSBAR.replace("{{websocket}}", &websocket).replace("{{rawsocket}}", &rawsocket);
        site.write(".crossbar/config.json", &config);
        let process = Command::new(executable)
            .args(["start", "--cbdir"])
            .arg(site.path(".crossbar"))
            .args(["--loglevel", "error"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("crossbar")?;
        let mut process = Killed(process);
        let [websocket, rawsocket] = ports.map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        until("crossbar listens", async || {
            if let Ok(Some(status)) = process.0.try_wait() {
                return Some(Err(anyhow::anyhow!("crossbar ended: {status}")));
            }
            let both = [websocket, rawsocket].iter().all(|address| std::net::TcpStream::connect(address).is_ok());
            both.then_some(Ok(()))
        })
        .await?;
        let pid = process.0.id();
        let _running = Running::Process { _process: process, _site: Some(site) };
        Ok(Self { name: "crossbar", websocket, rawsocket, pid, is_bare: false, _running })
    }

    /// One of the floors.
    pub(super) async fn floor(name: &'static str, flags: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let ready: PathBuf = folder.path().join("ready");
        let process = itself("floor")?.arg("--ready-file").arg(&ready).args(flags).stdin(Stdio::null()).spawn()?;
        let process = Killed(process);
        let address: SocketAddr = until("the floor listens", async || {
            std::fs::read_to_string(&ready).ok().and_then(|address| address.parse().ok())
        })
        .await;
        let pid = process.0.id();
        let _running = Running::Process { _process: process, _site: None };
        Ok(Self { name, websocket: address, rawsocket: address, pid, is_bare: true, _running })
    }

    pub(super) fn is_floor(&self) -> bool {
        self.is_bare
    }

    /// Lets it run on so many cores.
    pub(super) fn pin(&self, cores: usize) -> anyhow::Result<()> {
        for pid in family(self.pid) {
            let cores = format!("0-{}", cores.saturating_sub(1));
            output(Command::new("taskset").args(["--all-tasks", "--pid", "--cpu-list", &cores, &pid.to_string()]))?;
        }
        Ok(())
    }

    /// Puts a load on it for a while.
    pub(super) fn measure(&self, dialect: Dialect, work: &[String], milliseconds: u64) -> anyhow::Result<Done> {
        let address = if dialect.is_websocket() { self.websocket } else { self.rawsocket };
        let dialect = if self.is_bare { Dialect::Bare } else { dialect };
        let printed = output(
            itself("wamp-load")?
                .args(["--address", &address.to_string(), "--dialect", dialect.name()])
                .args(["--pid", &self.pid.to_string(), "--milliseconds", &milliseconds.to_string()])
                .args(work),
        )
        .with_context(|| format!("{}: {} {}", self.name, dialect.name(), work.join(" ")))?;
        let done: Done = serde_json::from_str(&printed)?;
        ensure!(done.operations > 0, "{}: nothing was done", self.name);
        Ok(done)
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
