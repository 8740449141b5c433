//! WAMP with somebody else's clients, unmodified, against the real program.

mod callees;
mod dynamic;
mod hostile;
mod matrix;
mod start;

use std::path::{Path, PathBuf};
use std::process::Command;

use crossgate_tests::{Program, Python, Site};
use serde_json::{Value, json};

/// Everybody's credentials are the ones that `matrix.rs` gives to the clients.
const CLIENTS: &str = r#"
[[edge.listeners]]
name = "unix"
address = "unix:{{folder}}/wamp.sock"

[realms.crossgate]
partial_results = "any"

[identity.wamp.auth.default]
anonymous = { role = "guest" }
ticket = {}
wampcra = {}
scram = {}
cryptosign = {}
tls = {}
cookie = {}

[identity.wamp.principals.joe]
role = "worker"
ticket = "joe-has-a-ticket"
secret = "joe-has-a-secret"
public_keys = ["1766c9e6ec7d7b354fd7a2e4542753a23cae0b901228305621e5b8713299ccdd"]

# Her secret is derived from `sallys-password`, as the client will derive it.
[identity.wamp.principals.sally]
role = "worker"
secret = "jtuPS0vBr8g1IwFL5ujr0vlXiy2c/k2WQxkr2iHv2Ak="
salt = { salt = "salt-of-sally", iterations = 1000, keylen = 32 }

# What is kept of `password-of-ada`.
[identity.wamp.principals.ada]
role = "worker"
scram = { kdf = "argon2id-13", iterations = 2, memory = 1024, salt = "000102030405060708090a0b0c0d0e0f", stored_key = "e903391192e38074a7dad095e5c993dbdda05c61ff11a338c037371fe7b04d1a", server_key = "e338e5e6e55ff760160e3a6ab3a855c534f8cbfc6bb28cab795b32386fcab1c2" }

[[identity.certificates]]
common_name = "worker-7"
id = "worker-7"
roles = ["worker"]

[identity.roles.guest]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
    { uri = "wamp.registration.lookup" },
]

[identity.roles.worker]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
    { uri = "wamp.registration.lookup" },
    { uri = "loans.balance" },
]

[services.loans]"#;

/// An installation whose doors speak WAMP in every way: over TLS, plain, and on a unix socket.
fn site() -> Site {
    let site = Site::with_loans();
    let folder = site.folder().display().to_string();
    site.reconfigure("[services.loans]", &CLIENTS.replace("{{folder}}", &folder));
    let tls = "client_certificate = \"optional\"\n";
    site.reconfigure(tls, &format!("{tls}\n[edge.listeners.wamp]\ncompress = true\ncookie = true\n"));
    let worker = site.authority.client("worker-7");
    site.write("worker-7.pem", &worker.certificate);
    site.write("worker-7.key", &worker.key);
    site
}

/// Where the doors are, for the scripts.
fn doors(program: &Program) -> Value {
    let door = |name: &str| {
        let (host, port) = program.listener(name).address.rsplit_once(':').expect("an address has a port");
        let port: u16 = port.parse().expect("a port is a number");
        json!({"host": host, "port": port, "tls": program.listener(name).tls})
    };
    let path = program.listener("unix").address.trim_start_matches("unix:");
    json!({"tls": door("tls"), "plain": door("plain"), "unix": {"path": path}})
}

/// A script of autobahn-python's, with a plan to follow.
fn python(script: &str) -> Command {
    let mut command = Python::find().command("python");
    command.arg(scripts().join("python").join(script));
    command
}

/// A script of autobahn-js's.
fn javascript(site: &Site, script: &str) -> Command {
    let packages = top().join("target/node/node_modules");
    assert!(packages.exists(), "autobahn-js is not set up: run `scripts/setup test`, or `make test`");
    let mut command = Command::new("node");
    command.arg(scripts().join("js").join(script));
    command.env("NODE_PATH", packages).env("NODE_EXTRA_CA_CERTS", site.path("ca.pem"));
    command
}

fn scripts() -> PathBuf {
    top().join("tests/wamp")
}

fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout")
}

/// Runs a script to its end; gives its lines of JSON.
fn lines(mut command: Command) -> Vec<Value> {
    let output = command.output().expect("the script's interpreter is installed: run `scripts/setup test`");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {stdout}\n{stderr}");
    stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
