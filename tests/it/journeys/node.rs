//! The node of `deploy/microservices`: started, shown to work and stopped by its own script, on free ports.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use crossgate_tests::{Python, executable};
use tempfile::TempDir;

/// Enough to kill and to roll authenticators four times each while calls are on their way.
const CALLS: &str = "600";

/// A node in a folder of its own. Dropped, it is stopped.
struct Node {
    folder: TempDir,
    ports: String,
}

impl Node {
    fn new() -> Self {
        // All at once, so that they differ.
        let taken: Vec<TcpListener> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
        let ports: Vec<String> =
            taken.iter().map(|port| port.local_addr().expect("an address").port().to_string()).collect();
        let folder = tempfile::Builder::new().prefix("node-").tempdir().expect("a temporary folder");
        Self { folder, ports: ports.join(",") }
    }

    /// Runs a command of the script; gives whether it succeeded, and all that it said.
    fn run(&self, command: &str) -> (bool, String) {
        let python = Python::find();
        let mut script = python.command("python");
        script.arg(script_file()).arg(command);
        let interpreter = script.get_program().to_owned();
        // What it starts keeps its own logs, and none of its pipes.
        let output = script
            .env("CROSSGATE", executable())
            .env("PYTHON", interpreter)
            .env("NODE_FOLDER", self.folder.path())
            .env("NODE_PORTS", &self.ports)
            .env("NODE_CALLS", CALLS)
            .output()
            .expect("python starts");
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        (output.status.success(), text)
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.run("stop");
    }
}

fn script_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout").join("deploy/microservices/node")
}

#[test]
fn the_node_of_microservices_starts_shows_that_it_works_rolls_and_stops() {
    let node = Node::new();
    let (started, said) = node.run("start");
    assert!(started, "{said}");
    let (good, said) = node.run("check");
    assert!(good && said.contains("all is well") && !said.contains("FAULT"), "{said}");
    for what in ["kill -9 and restart", "rolling restart"] {
        let line = said.lines().find(|line| line.contains(what)).expect("the script says what it did");
        assert!(line.starts_with("ok ") && line.contains("4 times during 600 calls"), "{line}");
    }
    let (rolled, said) = node.run("roll");
    assert!(rolled && said.contains("auth1: process") && said.contains("auth2: process"), "{said}");
    let (stopped, said) = node.run("stop");
    assert!(stopped, "{said}");
    for log in ["crossgate.log", "auth1.log", "auth2.log"] {
        assert!(!node.log(log).contains("panicked"), "{log}: {}", node.log(log));
    }
}
