//! Events that are posted to other systems, received and verified by somebody else's code.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};

use crossgate_tests::{Program, Python, Site, until};
use serde_json::{Value, json};

use super::bridge::{APP, site};
use super::{metric, signed_in};

/// 32 bytes of nothing in particular.
const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

struct Receiver {
    child: Child,
    lines: BufReader<ChildStdout>,
    port: u16,
}

impl Receiver {
    fn start(statuses: &[&str]) -> Self {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
        let mut child = Python::find()
            .command("python")
            .arg(top.join("tests/webhooks/receiver.py"))
            .arg(SECRET)
            .args(statuses)
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut receiver = Self { lines: BufReader::new(child.stdout.take().expect("piped")), child, port: 0 };
        receiver.port = receiver.line().parse().expect("a port");
        receiver
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the receiver says something");
        line.trim().to_owned()
    }

    fn request(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("a request")
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A site with a webhook to an address.
fn hooked(url: &str, more: &str) -> Site {
    let site = site();
    site.write("hook.key", SECRET);
    let hook = format!(
        "[[webhooks]]\nname = \"orders\"\ntopic = \"com.example.order.\"\nmatch = \"prefix\"\nrole = \"hook\"\n\
         url = \"{url}\"\nsecret = \"file:hook.key\"\nbackoff_ms = 20\nallow_http = true\n{more}\n\n\
         [identity.roles.hook]\nallow = [{{ uri = \"com.example.order.\", match = \"prefix\", actions = [\"subscribe\"] }}]\n\n\
         [services.loans]"
    );
    site.reconfigure("[services.loans]", &hook);
    site
}

async fn subscribed(program: &Program) {
    until("the webhook is subscribed", async || program.log().contains("webhook orders is subscribed").then_some(()))
        .await;
}

async fn publish(program: &Program, topic: &str, args: Value) -> u64 {
    let app = signed_in(program, APP).await;
    let answer = app.post("/wamp/publish", &json!({"topic": topic, "args": args})).await;
    answer.json()["id"].as_u64().unwrap_or_else(|| panic!("{answer:?}"))
}

async fn counted(program: &Program, outcome: &str) -> f64 {
    let auditor = signed_in(program, Site::AUDITOR).await;
    let metrics = auditor.get("/metrics").await;
    metric(
        metrics.text(),
        "crossgate_webhook_messages_total",
        &["webhook=\"orders\"", &format!("outcome=\"{outcome}\"")],
    )
}

#[tokio::test]
async fn an_event_is_posted_signed_and_again_until_it_is_taken() {
    let mut receiver = Receiver::start(&["500", "302", "200"]);
    let site = hooked(&format!("http://127.0.0.1:{}/hook", receiver.port), "allow_private = true");
    let program = site.start().await;
    subscribed(&program).await;
    let publication = publish(&program, "com.example.order.made", json!([{"id": 7}])).await;
    // A redirect is not followed: it is one more answer that is no success.
    for status in [500, 302, 200] {
        let request = receiver.request();
        assert_eq!((&request["holds"], &request["status"]), (&json!(true), &json!(status)), "{request}");
        assert_eq!((&request["id"], &request["path"]), (&json!(format!("msg_{publication}")), &json!("/hook")));
        assert_eq!(request["body"]["type"], "com.example.order.made");
        assert_eq!(request["body"]["data"]["args"], json!([{"id": 7}]));
    }
    until("the delivery is counted", async || (counted(&program, "delivered").await == 1.0).then_some(())).await;
    assert_eq!(counted(&program, "retried").await, 2.0);
    let next = publish(&program, "com.example.order.paid", json!([])).await;
    assert_eq!(receiver.request()["id"], json!(format!("msg_{next}")));
    program.stop().await;
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_counted_and_logged() {
    let mut receiver = Receiver::start(&["500", "500", "410"]);
    let more = "allow_private = true\nattempts_max = 2";
    let site = hooked(&format!("http://127.0.0.1:{}/", receiver.port), more);
    let program = site.start().await;
    subscribed(&program).await;
    let first = publish(&program, "com.example.order.made", json!([1])).await;
    until("the first is given up", async || (counted(&program, "exhausted").await == 1.0).then_some(())).await;
    publish(&program, "com.example.order.made", json!([2])).await;
    until("the second is given up", async || (counted(&program, "gone").await == 1.0).then_some(())).await;
    assert_eq!((receiver.request()["status"].clone(), receiver.request()["status"].clone()), (json!(500), json!(500)));
    let log = program.stop().await;
    assert!(log.contains(&format!("gave up message msg_{first}")), "{log}");
}

#[tokio::test]
async fn a_private_address_is_refused_unless_it_is_allowed() {
    let receiver = Receiver::start(&["200"]);
    // Written as it is, it is refused at start; behind a name, when it is connected to.
    let literal = hooked(&format!("http://127.0.0.1:{}/", receiver.port), "");
    let said = literal.run(&["check", "--config", "crossgate.toml"]).failure();
    assert!(said.contains("allow_private"), "{said}");
    let site = hooked(&format!("http://localhost:{}/", receiver.port), "attempts_max = 1");
    let program = site.start().await;
    subscribed(&program).await;
    publish(&program, "com.example.order.made", json!([1])).await;
    until("it is given up", async || (counted(&program, "exhausted").await == 1.0).then_some(())).await;
    assert_eq!(counted(&program, "delivered").await, 0.0);
    program.stop().await;
}

#[tokio::test]
async fn a_webhook_hears_only_what_its_role_is_granted() {
    let receiver = Receiver::start(&["200"]);
    let site = hooked(&format!("http://127.0.0.1:{}/", receiver.port), "allow_private = true");
    site.reconfigure("role = \"hook\"", "role = \"stranger\"");
    let program = site.start().await;
    let log = until("it is refused", async || {
        let log = program.log();
        log.contains("webhook orders is not subscribed").then_some(log)
    })
    .await;
    assert!(!log.contains("webhook orders is subscribed"), "{log}");
    program.stop().await;
}
