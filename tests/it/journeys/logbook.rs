//! Two log daemons with certificates of their own, on a realm of their own: lines shared, events recorded once.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use crossgate_tests::{Program, Site, Visitor, until};
use serde_json::Value;

use super::signed_in;

const DAEMONS: &str = r#"
[realms.logger]

[identity.wamp.auth.default]
tls = {}
ticket = {}

[identity.wamp.principals.app]
role = "app"
ticket = "the-app-has-a-ticket"

[[identity.certificates]]
common_name = "log1"
id = "logdaemon"
roles = ["logdaemon"]

[[identity.certificates]]
common_name = "log2"
id = "logdaemon"
roles = ["logdaemon"]

[identity.roles.logdaemon]
allow = [
    { uri = "app.logger.log_message", actions = ["register"] },
    { uri = "logbook.append" },
    { uri = "wamp.", match = "prefix", actions = ["subscribe"] },
]

[identity.roles.app]
allow = [{ uri = "app.logger.log_message" }]

[identity.clients.operator]
secret_hash = "sha256:3dcca25fb7091ea57c15a4869e3a244dd4644280c4ae9c1ea6800306b93b2de3"
roles = ["operator"]

[identity.roles.operator]
allow = [{ uri = "logbook.tail" }, { uri = "logbook.search" }, { uri = "logbook.presence" }]

[services.logbook]"#;

/// A daemon that runs until it is stopped.
struct Daemon {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Daemon {
    async fn start(site: &Site, url: &str, name: &str) -> Self {
        let (stdout, stderr) = (site.path(&format!("{name}.out")), site.path(&format!("{name}.err")));
        let (cert, key) = (format!("certificates/{name}.pem"), format!("certificates/{name}-key.pem"));
        let child = site
            .command(&["worker", "logger", "--url", url, "--realm", "logger", "--ca", "ca.pem"])
            .args(["--cert", &cert, "--key", &key, "--authid", "logdaemon"])
            .stdout(File::create(&stdout).expect("a file"))
            .stderr(File::create(&stderr).expect("a file"))
            .spawn()
            .expect("the program starts");
        let mut daemon = Self { child, stdout, stderr };
        until("the daemon logs", async || {
            assert!(daemon.child.try_wait().expect("a child").is_none(), "{}", daemon.stderr());
            daemon.stderr().contains("logging, by app.logger.log_message").then_some(())
        })
        .await;
        daemon
    }

    fn stdout(&self) -> String {
        std::fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// How many lines it was given.
    fn lines(&self) -> usize {
        self.stdout().lines().filter(|line| line.contains("tick")).count()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log(site: &Site, url: &str, text: &str) {
    let call = ["wamp", "call", "app.logger.log_message", "\"info\"", text, "--url", url, "--realm", "logger"];
    let who = ["--ca", "ca.pem", "--auth", "ticket", "--user", "app", "--secret", "file:ticket"];
    site.run(&[&call[..], &who[..]].concat()).success();
}

async fn entries(reader: &Visitor, query: &str) -> Vec<Value> {
    let page = reader.get(&format!("/logs?limit=500&{query}")).await.json();
    page["entries"].as_array().expect("entries").clone()
}

async fn started() -> (Site, Program, String) {
    let site = Site::with_loans();
    site.run(&["cert", "ca", "--unit", "XBR"]).success();
    for name in ["log1", "log2"] {
        site.run(&["cert", "client", name]).success();
    }
    site.write("ticket", "the-app-has-a-ticket\n");
    site.reconfigure("[services.logbook]", DAEMONS);
    site.reconfigure("client_ca = [\"ca.pem\"]", "client_ca = [\"ca.pem\", \"certificates/ca.pem\"]");
    let program = site.start().await;
    let url = format!("wss://{}/ws", program.listener("tls").address);
    (site, program, url)
}

#[tokio::test]
async fn lines_are_split_over_two_daemons_and_everything_is_recorded_once() {
    let (site, program, url) = started().await;
    let (_, secret) = Site::LENDER;
    let reader = signed_in(&program, ("operator", secret)).await;
    let mut stream = reader.events("/logs/stream?text=tick").await;
    let mut daemons = [Daemon::start(&site, &url, "log1").await, Daemon::start(&site, &url, "log2").await];
    for n in 0..6 {
        log(&site, &url, &format!("\"tick {n}\""));
    }
    // The call is answered once the line is recorded: nothing has to be waited for.
    let mut texts: Vec<String> = entries(&reader, "kind=log")
        .await
        .iter()
        .map(|entry| entry["text"].as_str().expect("a text").to_owned())
        .collect();
    texts.sort();
    assert_eq!(texts, (0..6).map(|n| format!("tick {n}")).collect::<Vec<_>>());
    assert_eq!(daemons.each_ref().map(Daemon::lines), [3, 3], "roundrobin");
    let mut heard = Vec::new();
    for _ in 0..6 {
        heard.push(stream.next().await.expect("an entry").data["text"].as_str().expect("a text").to_owned());
    }
    heard.sort();
    assert_eq!(heard, texts);

    // Both saw the six callers join and leave; log1 saw log2 join.
    let joins = until("all who joined and left are recorded", async || {
        let found = entries(&reader, "realm=logger").await;
        let of = |kind: &str| found.iter().filter(|entry| entry["kind"] == kind).cloned().collect::<Vec<_>>();
        (of("leave").len() >= 6 && of("join").len() >= 7).then(|| of("join"))
    })
    .await;
    assert_eq!(joins.len(), 7, "{joins:#?}");
    let log2 = joins.iter().find(|entry| entry["certificate"]["common_name"] == "log2").expect("log2 joined");
    let sha1 = log2["certificate"]["sha1"].as_str().expect("a fingerprint");
    let line = format!("+ \"logdaemon\" on realm \"logger\" CN=\"log2\" COMPANY=\"XBR\" SHA={sha1}");
    assert_eq!(log2["text"], line.as_str());
    assert!(daemons[0].stdout().contains(&line), "{}", daemons[0].stdout());
    let shown = site.run(&["cert", "list", "--json"]).success();
    assert!(shown.contains(sha1), "the fingerprint is the one that was made: {sha1}\n{shown}");
    let found = entries(&reader, &format!("fingerprint={}", sha1.replace(':', ""))).await;
    assert!(!found.is_empty() && found.iter().all(|entry| entry["authid"] == "logdaemon"));

    // One is gone without a word: the other has all of the rest, and says who left.
    daemons[1].child.kill().expect("a child can be killed");
    daemons[1].child.wait().expect("it ends");
    until("log2 is seen to leave", async || {
        let left = entries(&reader, "kind=leave&authid=logdaemon").await;
        assert!(left.len() <= 1, "{left:?}");
        (left.len() == 1).then_some(())
    })
    .await;
    for n in 6..10 {
        log(&site, &url, &format!("\"tick {n}\""));
    }
    assert_eq!(entries(&reader, "kind=log&text=tick").await.len(), 10);
    assert_eq!(daemons[0].lines(), 7);
    let sessions = reader.get("/logs/sessions?present=true&realm=logger").await.json();
    let present = sessions["sessions"].as_array().expect("sessions");
    assert!(present.iter().all(|stay| stay["certificate"]["common_name"] != "log2"), "{present:?}");

    // The command line reads the same, and the daemon ends as it is asked to.
    let printed = site.run(&["logs", "search", "--text", "TICK 9", "--json", "--config", "crossgate.toml"]).success();
    assert_eq!(serde_json::from_str::<Value>(printed.trim()).expect("one line")["text"], "tick 9");
    let printed = site.run(&["logs", "tail", "-n", "2", "--kind", "log", "--config", "crossgate.toml"]).success();
    assert!(printed.lines().count() == 2 && printed.trim_end().ends_with("tick 9"), "{printed}");
    let term = format!("kill -TERM {}", daemons[0].child.id());
    assert!(Command::new("sh").args(["-c", &term]).status().expect("a shell").success());
    let ended = until("the daemon ends", async || daemons[0].child.try_wait().expect("a child")).await;
    assert!(ended.success(), "{}", daemons[0].stderr());
    program.stop().await;
}
