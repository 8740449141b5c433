//! Certificates from an ACME server: Pebble, for real, over every kind of challenge.

use std::process::Command;

use crossgate_tests::{EXTERNAL_ACCOUNT, Manner, Pebble, Ports, Program, Site, until};
use serde_json::Value;

use super::metric;

/// What the program is started with. The first listener answers challenges on "port 80", the second is what this is for.
const CONFIGURATION: &str = r#"
[store]
path = "crossgate.db"
[audit]
path = "audit.db"

[[edge.listeners]]
name = "plain"
address = "127.0.0.1:0"
serve = ["probes", "metrics"]

[[edge.listeners]]
name = "tls"
address = "127.0.0.1:0"
[edge.listeners.tls]
acme = [{ {{wanted}} }]
{{tls}}

[edge.acme]
directory = "{{directory}}"
terms_agreed = true
contacts = ["ops@example.test"]
roots = "ca.pem"
retry_s = 1
retry_max_s = 2
{{acme}}

[identity.roles.anonymous]
allow = [{ uri = "crossgate.health" }, { uri = "crossgate.ready" }, { uri = "crossgate.metrics" }]
"#;

fn site(ports: Ports, wanted: &str, tls: &str, acme: &str) -> Site {
    let text = CONFIGURATION
        .replace("{{wanted}}", wanted)
        .replace("{{tls}}", tls)
        .replace("{{acme}}", acme)
        .replace("{{directory}}", &ports.directory());
    Site::with(&text)
}

/// What openssl is shown for a name: the serial number and the date of the end, or nothing.
fn shown(program: &Program, name: &str) -> Option<String> {
    let script = format!(
        "openssl s_client -connect {} -servername {name} </dev/null 2>/dev/null | openssl x509 -noout -serial -enddate 2>/dev/null",
        program.listener("tls").address
    );
    let output = Command::new("sh").arg("-c").arg(script).output().expect("a shell");
    output.status.success().then(|| String::from_utf8(output.stdout).expect("text"))
}

async fn served(program: &Program, name: &str) -> String {
    until("a certificate is served", async || shown(program, name)).await
}

/// A metric of the program, from the listener without TLS.
async fn measured(program: &Program, name: &str) -> f64 {
    metric(program.visitor("plain").get("/metrics").await.text(), name, &[])
}

fn status(site: &Site) -> Value {
    let said = site.run(&["cert", "acme", "status", "--json", "--config", "crossgate.toml"]).success();
    serde_json::from_str::<Value>(&said).expect("JSON")["certificates"][0].clone()
}

#[tokio::test]
async fn a_listener_gets_its_certificate_by_http_01_and_keeps_it_over_a_restart() {
    let ports = Ports::choose();
    let site = site(ports, r#"domains = ["www.example.test", "example.test"]"#, "", "");
    let program = site.start().await;
    // The authority is not there yet: clients are refused, the rest goes on, and the order is tried again.
    until("an order failed", async || (measured(&program, "crossgate_acme_failures_total").await > 0.0).then_some(()))
        .await;
    assert_eq!(shown(&program, "www.example.test"), None);
    assert_eq!(program.visitor("plain").get("/readyz").await.status, 200);
    assert_eq!(status(&site)["state"], "failing");

    let pebble = Pebble::start(&site, &program, ports, Manner::default()).await;
    let serial = served(&program, "www.example.test").await;
    for name in ["www.example.test", "example.test"] {
        let visitor = program.visitor_named("tls", name, pebble.root.clone());
        assert_eq!(visitor.get("/healthz").await.status, 200, "{name}");
    }
    assert!(measured(&program, "crossgate_acme_not_after_seconds").await > 1_700_000_000.0);
    let said = status(&site);
    assert_eq!(said["state"], "in use", "{said}");
    assert_eq!(said["names"], "example.test,www.example.test");
    let token = program.visitor("plain").get("/.well-known/acme-challenge/guess").await;
    assert_eq!(token.status, 404, "no answer is up after the order");
    let log = program.stop().await;
    assert!(!log.contains("PRIVATE KEY"));

    // Without the authority, the certificate of the store is in use from the first connection on.
    drop(pebble);
    let program = site.start().await;
    assert_eq!(shown(&program, "www.example.test"), Some(serial));
    program.stop().await;
}

#[tokio::test]
async fn a_listener_that_wants_client_certificates_proves_its_name_by_tls_alpn_01() {
    let ports = Ports::choose();
    let tls = "client_ca = \"ca.pem\"\nclient_certificate = \"required\"\ncertificates = [{ chain = \"server.pem\", key = \"server.key\" }]";
    let wanted = r#"domains = ["door.example.test"], challenge = "tls-alpn-01", key = "rsa-2048""#;
    let site = site(ports, wanted, tls, "");
    let program = site.start().await;
    let _pebble = Pebble::start(&site, &program, ports, Manner::default()).await;
    let serial = served(&program, "door.example.test").await;
    assert_ne!(Some(serial), shown(&program, "localhost"), "other names have the configured certificate");
    let log = program.stop().await;
    assert!(log.contains("a certificate is in use"), "{log}");
}

#[tokio::test]
async fn a_wildcard_is_proved_in_the_dns_by_a_hook_for_an_external_account() {
    let ports = Ports::choose();
    let (kid, key) = EXTERNAL_ACCOUNT;
    let acme = format!(
        "challenge = \"dns-01\"\nexternal_account = {{ key_id = \"{kid}\", hmac_key = \"file:eab.key\" }}\n\
         hook = {{ command = [\"/bin/sh\", \"hook.sh\"], timeout_s = 30 }}"
    );
    let site = site(ports, r#"domains = ["*.example.test", "example.test"]"#, "", &acme);
    site.write("eab.key", key);
    let hook = format!(
        "case $1 in present) d=\"{{\\\"host\\\":\\\"$CROSSGATE_ACME_RECORD.\\\",\\\"value\\\":\\\"$CROSSGATE_ACME_VALUE\\\"}}\"; \
         exec curl -sf -d \"$d\" {0}/set-txt;; cleanup) echo \"$CROSSGATE_ACME_RECORD\" >> cleaned;; esac\n",
        ports.records()
    );
    site.write("hook.sh", &hook);
    let program = site.start().await;
    let manner = Manner { external_account: true, ..Manner::default() };
    let pebble = Pebble::start(&site, &program, ports, manner).await;
    served(&program, "any.example.test").await;
    let visitor = program.visitor_named("tls", "any.example.test", pebble.root.clone());
    assert_eq!(visitor.get("/healthz").await.status, 200);
    assert!(site.read("cleaned").contains("_acme-challenge.example.test"));
    program.stop().await;
}

#[tokio::test]
async fn a_certificate_is_renewed_in_time_and_serves_on_when_it_cannot_be() {
    let ports = Ports::choose();
    let site = site(ports, r#"domains = ["short.example.test"]"#, "", "");
    let program = site.start().await;
    let pebble = Pebble::start(&site, &program, ports, Manner { validity_s: Some(20), ..Manner::default() }).await;
    let first = served(&program, "short.example.test").await;
    let visitor = program.visitor_named("tls", "short.example.test", pebble.root.clone());
    assert_eq!(visitor.get("/healthz").await.status, 200);
    let second =
        until("it was renewed", async || shown(&program, "short.example.test").filter(|now| *now != first)).await;
    // Over the connection that was opened before: renewing drops none.
    let before = measured(&program, "crossgate_connections_total{listener=\"tls\"}").await;
    assert_eq!(visitor.get("/healthz").await.status, 200);
    assert!((measured(&program, "crossgate_connections_total{listener=\"tls\"}").await - before).abs() < f64::EPSILON);

    drop(pebble);
    let failures = measured(&program, "crossgate_acme_failures_total").await;
    until("renewing fails", async || {
        (measured(&program, "crossgate_acme_failures_total").await > failures).then_some(())
    })
    .await;
    assert_eq!(shown(&program, "short.example.test"), Some(second));
    let said = status(&site);
    assert!(said["record"]["error"].as_str().is_some_and(|error| !error.is_empty()), "{said}");
    assert_eq!(program.visitor("plain").get("/readyz").await.status, 200);
    program.stop().await;
}

#[tokio::test]
async fn an_operator_has_a_certificate_ordered_anew_and_a_reload_orders_another() {
    let ports = Ports::choose();
    let site = site(ports, r#"domains = ["one.example.test"]"#, "", "");
    let program = site.start().await;
    let _pebble = Pebble::start(&site, &program, ports, Manner::default()).await;
    let first = served(&program, "one.example.test").await;
    let said = site.run(&["cert", "acme", "renew", "One.example.test", "--config", "crossgate.toml"]).success();
    assert!(said.contains("one.example.test"), "{said}");
    until("it was ordered anew", async || shown(&program, "one.example.test").filter(|now| *now != first)).await;
    let nobody = site.run(&["cert", "acme", "renew", "two.example.test", "--config", "crossgate.toml"]).failure();
    assert!(nobody.contains("two.example.test"), "{nobody}");

    site.reconfigure("one.example.test", "two.example.test");
    program.signal("HUP");
    served(&program, "two.example.test").await;
    program.stop().await;
}

#[test]
fn what_cannot_be_ordered_is_refused_by_check() {
    let check = |from: &str, to: &str| {
        let site = site(Ports::choose(), r#"domains = ["example.test"]"#, "", "");
        site.reconfigure(from, to);
        site.run(&["check", "--config", "crossgate.toml"]).failure()
    };
    for (from, to, word) in [
        ("terms_agreed = true", "terms_agreed = false", "terms_agreed"),
        ("\"example.test\"]", "\"*.example.test\"]", "dns-01"),
        ("retry_s = 1", "retry_s = 0", "retry_s"),
        ("directory = \"https", "directory = \"http", "https"),
    ] {
        let said = check(from, to);
        assert!(said.contains(word), "{to}: {said}");
    }
}
