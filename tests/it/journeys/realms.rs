//! Realms in processes of their own: two run beside one another on one configuration, and neither notices the other's end.

use std::path::Path;
use std::process::{Child, Stdio};

use crossgate_tests::{Program, Python, Site, until};
use serde_json::Value;

/// Two realms, each with doors of its own, and one door for both.
const REALMS: &str = r#"
[[edge.listeners]]
name = "shop"
address = "127.0.0.1:0"
wamp = { realms = ["shop"] }
realm = "shop"
serve = ["wamp", "probes"]

[[edge.listeners]]
name = "logger"
address = "127.0.0.1:0"
wamp = { realms = ["logger"] }
realm = "logger"
serve = ["wamp", "probes"]

[realms.shop]
history = [{ topic = "com.example.", match = "prefix", keep = "store" }]

[realms.logger]
history = [{ topic = "com.example.", match = "prefix", keep = "store" }]

[realms.idle]

[identity.wamp.auth.default]
anonymous = { role = "guest" }

[identity.roles.guest]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
    { uri = "wamp.subscription.get_events" },
]

[identity.clients.billing]"#;

fn site() -> Site {
    let site = Site::with_loans();
    site.reconfigure("[identity.clients.billing]", REALMS);
    site
}

async fn started(site: &Site, realm: &str) -> Program {
    site.start_with(&["--realm", realm]).await
}

fn names(program: &Program) -> Vec<&str> {
    program.listeners.iter().map(|listener| listener.name.as_str()).collect()
}

/// Somebody who stays: prints a line for each event that comes, and `ready` before the first.
struct Watcher {
    child: Child,
    said: std::path::PathBuf,
}

impl Watcher {
    async fn start(site: &Site, program: &Program, realm: &str) -> Self {
        let said = site.path(&format!("watcher.{realm}.{}", program.pid()));
        let file = std::fs::File::create(&said).expect("the folder can be written");
        let child = script(program, realm, "watch").stdout(file).spawn().expect("python starts");
        let watcher = Self { child, said };
        until("the watcher is subscribed", async || watcher.said().contains("ready").then_some(())).await;
        watcher
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.said).unwrap_or_default()
    }

    async fn hears(&self, value: &str) {
        until(&format!("the event {value} comes"), async || {
            let said = self.said();
            assert!(!said.contains("left"), "the session ended: {said}");
            said.contains(&format!("event {value}")).then_some(())
        })
        .await;
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn script(program: &Program, realm: &str, what: &str) -> std::process::Command {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
    let url = program.url(realm).replace("http://", "ws://") + "/ws";
    let mut command = Python::find().command("python");
    command.arg(top.join("tests/wamp/realm_journey.py")).args([&url, realm, what]).stderr(Stdio::inherit());
    command
}

fn publish(program: &Program, realm: &str, value: &str) -> Value {
    let output = script(program, realm, "publish").arg(value).stdout(Stdio::piped()).output().expect("python starts");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("the script prints the past events")
}

#[tokio::test]
async fn a_realm_whose_process_is_killed_takes_nothing_from_the_other_and_comes_back_with_its_past() {
    let site = site();
    let shop = started(&site, "shop").await;
    let logger = started(&site, "logger").await;
    assert_eq!((names(&shop), names(&logger)), (vec!["tls", "plain", "shop"], vec!["tls", "plain", "logger"]));
    let watcher = Watcher::start(&site, &shop, "shop").await;
    assert_eq!(publish(&shop, "shop", "one"), serde_json::json!(["one"]));
    watcher.hears("one").await;
    assert_eq!(publish(&logger, "logger", "elsewhere"), serde_json::json!(["elsewhere"]), "of the other realm nothing");
    logger.kill();
    assert_eq!(publish(&shop, "shop", "two"), serde_json::json!(["one", "two"]));
    watcher.hears("two").await;
    assert!(!watcher.said().contains("elsewhere"), "{}", watcher.said());
    let logger = started(&site, "logger").await;
    assert_eq!(publish(&logger, "logger", "again"), serde_json::json!(["elsewhere", "again"]));
    publish(&shop, "shop", "three");
    watcher.hears("three").await;
    drop(watcher);
    logger.stop().await;
    shop.stop().await;
    let verified = site.run(&["audit", "verify", "--config", "crossgate.toml"]).success();
    assert!(verified.contains("chain intact"), "both wrote into one chain: {verified}");
}

#[tokio::test]
async fn each_process_reloads_stops_and_tells_of_itself_alone() {
    let site = site();
    let (shop, logger) = (started(&site, "shop").await, started(&site, "logger").await);
    for (program, realm) in [(&shop, "shop"), (&logger, "logger")] {
        assert_eq!(program.visitor(realm).get("/healthz").await.status, 200);
        assert_eq!(program.visitor(realm).get("/readyz").await.status, 200);
    }
    let before = logger.log().len();
    logger.signal("HUP");
    until("the reload is logged", async || {
        let log = logger.log();
        let new = log.get(before..).unwrap_or_default();
        assert!(!new.contains("not reloaded"), "{new}");
        new.contains("configuration reloaded").then_some(())
    })
    .await;
    let watcher = Watcher::start(&site, &shop, "shop").await;
    logger.stop().await;
    publish(&shop, "shop", "still here");
    watcher.hears("still here").await;
    drop(watcher);
    let log = shop.stop().await;
    assert!(log.contains("listener `plain` is also for"), "who shares a door is told: {log}");
}

#[tokio::test]
async fn the_built_in_services_are_in_the_process_of_their_realm() {
    let site = site();
    let home = started(&site, "crossgate").await;
    let lender = super::signed_in(&home, Site::LENDER).await;
    assert_eq!(lender.get(super::BALANCE).await.text(), super::OWED);
    home.stop().await;
}

#[tokio::test]
async fn a_realm_that_is_not_there_or_not_served_is_refused_and_check_says_the_same() {
    let site = site();
    site.reconfigure("name = \"plain\"", "name = \"plain\"\nwamp = { realms = [] }");
    site.reconfigure("name = \"tls\"", "name = \"tls\"\nwamp = { realms = [] }");
    for command in ["up", "check"] {
        for (realm, said) in [
            ("loger", "did you mean `logger`?"),
            ("nowhere", "there is no realm `nowhere`"),
            ("idle", "no listener serves realm `idle`"),
        ] {
            let error = site.run(&[command, "--realm", realm, "--config", "crossgate.toml"]).failure();
            assert!(error.contains(said), "{command} {realm}: {error}");
        }
    }
    let good = site.run(&["check", "--realm", "shop", "logger", "--config", "crossgate.toml"]).success();
    assert!(good.contains("is good"), "{good}");
}

#[tokio::test]
async fn what_happens_in_a_realm_is_counted_under_its_name_alone() {
    let site = site();
    let program = site.start().await;
    publish(&program, "shop", "one");
    for value in ["one", "two"] {
        publish(&program, "logger", value);
    }
    let auditor = super::signed_in(&program, Site::AUDITOR).await;
    let answer = auditor.get("/metrics").await;
    let metrics = answer.text();
    for (realm, published) in [("shop", 1.0), ("logger", 2.0), ("crossgate", 0.0)] {
        let label = format!("realm=\"{realm}\"");
        let count = super::metric(metrics, "crossgate_realm_publications_total", &[&label]);
        assert_eq!(count, published, "{realm}");
        assert_eq!(super::metric(metrics, "crossgate_realm_history_lost_total", &[&label]), 0.0);
    }
    program.stop().await;
}
