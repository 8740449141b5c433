//! TLS and client certificates, with openssl for a second opinion.

use std::process::{Command, Stdio};

use crossgate_tests::{Authority, Http, Leaf, Program, Site};
use http::Method;

use super::{BALANCE, OWED};

/// The standard site, with another rule about client certificates.
fn site(rule: &str) -> Site {
    let site = Site::with_loans();
    site.reconfigure("client_certificate = \"optional\"", rule);
    site
}

/// Whether a client with that certificate gets as far as HTTP.
async fn connects(program: &Program, certificate: Option<&Leaf>) -> bool {
    program.visitor_with("tls", Http::One, certificate).send(Method::GET, "/healthz", None).await.is_ok()
}

#[tokio::test]
async fn a_door_that_requires_a_certificate_opens_for_none_but_its_own() {
    let site = site("client_certificate = \"required\"");
    let (partner, unknown) = (site.authority.client(Site::PARTNER), site.authority.client("somebody-else"));
    let expired = site.authority.expired_client(Site::PARTNER);
    let forged = Authority::new("Crossgate test authority").client(Site::PARTNER);
    let program = site.start().await;
    assert!(!connects(&program, None).await, "without a certificate");
    assert!(!connects(&program, Some(&expired)).await, "with an expired one");
    assert!(!connects(&program, Some(&forged)).await, "with one of another authority of the same name");
    assert!(connects(&program, Some(&partner)).await, "with a partner's");
    let answer = program.visitor_with("tls", Http::Any, Some(&partner)).get(BALANCE).await;
    assert_eq!(answer.text(), OWED);
    // The authority signed it; no rule says whose it is. That is somebody without credentials.
    assert!(connects(&program, Some(&unknown)).await);
    let refused = program.visitor_with("tls", Http::Any, Some(&unknown)).get(BALANCE).await;
    assert!(matches!(refused.status, 401 | 403), "{refused:?}");
    program.stop().await;
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_and_the_others_are_not() {
    let site = site("client_certificate = \"optional\"\ncrls = [\"revoked.pem\"]");
    let (partner, lost) = (site.authority.client(Site::PARTNER), site.authority.client(Site::PARTNER));
    site.write("revoked.pem", &site.authority.revocation_list(&[&lost]));
    let program = site.start().await;
    assert!(connects(&program, Some(&partner)).await);
    assert!(connects(&program, None).await);
    assert!(!connects(&program, Some(&lost)).await);
    program.stop().await;
}

/// What `openssl s_client` says about the handshake.
fn openssl(site: &Site, program: &Program, options: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args([
            "s_client",
            "-connect",
            &program.listener("tls").address,
            "-servername",
            "localhost",
            "-verify_return_error",
        ])
        .args(["-verify_hostname", "localhost", "-CAfile"])
        .arg(site.path("ca.pem"))
        .args(options)
        .stdin(Stdio::null())
        .output()
        .expect("openssl is installed: scripts/setup test sees to it");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

#[tokio::test]
async fn openssl_agrees_that_the_door_speaks_tls_1_2_and_1_3_and_nothing_older() {
    let site = site("client_certificate = \"optional\"");
    let program = site.start().await;
    for (options, version) in [(&["-tls1_2"][..], "TLSv1.2"), (&["-tls1_3"][..], "TLSv1.3")] {
        let (fine, said) = openssl(&site, &program, options);
        assert!(fine && said.contains(version) && said.contains("Verify return code: 0 (ok)"), "{said}");
        assert!(
            said.contains("Acceptable client certificate CA names"),
            "the client is asked for a certificate: {said}"
        );
    }
    for old in [&["-tls1"][..], &["-tls1_1"], &["-tls1_2", "-cipher", "AES128-SHA"]] {
        // openssl itself may have been built without the old versions; either way there is no connection.
        let (fine, said) = openssl(&site, &program, old);
        assert!(!fine, "{old:?}: {said}");
    }
    let (_, said) = openssl(&site, &program, &["-tls1_3", "-alpn", "h2"]);
    assert!(said.contains("ALPN protocol: h2"), "{said}");
    program.stop().await;
}

#[tokio::test]
async fn the_name_that_is_asked_for_picks_the_certificate() {
    let site = site("client_certificate = \"optional\"");
    let other = site.authority.server(&["second.test"]);
    site.write("second.pem", &other.certificate);
    site.write("second.key", &other.key);
    site.reconfigure(
        "key = \"server.key\" }]",
        "key = \"server.key\" }, { chain = \"second.pem\", key = \"second.key\" }]",
    );
    let program = site.start().await;
    let serial = |name: &str| {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!(
                "openssl s_client -connect {} -servername {name} </dev/null 2>/dev/null | openssl x509 -noout -serial",
                program.listener("tls").address
            ))
            .output()
            .expect("a shell");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    };
    assert_eq!(serial("second.test"), format!("serial={:04X}", other.serial));
    assert_ne!(serial("unknown.test"), serial("second.test"));
    program.stop().await;
}

#[tokio::test]
async fn a_door_with_tls_does_not_answer_without() {
    let site = Site::standard();
    let program = site.start().await;
    let plain = program.url("tls").replace("https://", "http://");
    let answer = site.visitor(&plain).send(Method::GET, "/healthz", None).await;
    assert!(answer.map_or(true, |answer| answer.status >= 400), "no answer over plain HTTP");
    assert_eq!(program.visitor("tls").get("/healthz").await.status, 200, "and the door stays open");
    program.stop().await;
}
