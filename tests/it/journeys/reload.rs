//! SIGHUP: what can change while the program runs does, and nobody is cut off.

use crossgate_tests::{Http, Program, Site, until};

use super::{BALANCE, OWED, signed_in};

/// Sends SIGHUP and waits until the log says how it went.
pub(super) async fn reload(program: &Program) -> String {
    let before = program.log().len();
    program.signal("HUP");
    until("the reload is logged", async || {
        let log = program.log();
        let new = log.get(before..).unwrap_or_default();
        (new.contains("configuration reloaded") || new.contains("not reloaded")).then(|| new.to_owned())
    })
    .await
}

#[tokio::test]
async fn roles_change_for_callers_who_are_already_there() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    assert_eq!(lender.get(BALANCE).await.text(), OWED);
    let grant = "[identity.roles.lender]\nallow = [{ uri = \"loans.\", match = \"prefix\" }]";
    site.reconfigure(grant, "[identity.roles.lender]\nallow = [{ uri = \"loans.status\" }]");
    let said = reload(&program).await;
    assert!(said.contains("configuration reloaded"), "{said}");
    lender.get(BALANCE).await.problem(403);
    assert_eq!(lender.get("/status").await.status, 200);
    program.stop().await;
}

#[tokio::test]
async fn a_new_certificate_serves_new_connections_and_old_ones_stay() {
    let site = Site::with_loans();
    let program = site.start().await;
    let old = signed_in(&program, Site::LENDER).await;
    assert_eq!(old.get(BALANCE).await.text(), OWED);
    // The next certificate comes from another authority: whoever trusts only the first one could not connect anew.
    let next = crossgate_tests::Authority::new("the next authority");
    let leaf = next.server(&[]);
    site.write("server.pem", &leaf.certificate);
    site.write("server.key", &leaf.key);
    let said = reload(&program).await;
    assert!(said.contains("configuration reloaded"), "{said}");
    let fresh = program.visitor_trusting("tls", next.der().clone());
    assert_eq!(fresh.get("/healthz").await.status, 200, "a new connection sees the new certificate");
    assert_eq!(old.get(BALANCE).await.text(), OWED, "the old connection lives on");
    let stranger = program.visitor_with("tls", Http::One, None).send(http::Method::GET, "/healthz", None).await;
    assert!(stranger.is_err(), "the old certificate is not shown any more");
    program.stop().await;
}

#[tokio::test]
async fn a_configuration_with_a_fault_changes_nothing_and_says_why() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let good = site.read("crossgate.toml");
    for (from, to, why) in [
        ("[identity.roles.lender]", "[identity.roles.lender]\nalow = []\n[identity.roles.other]", "alow"),
        ("realm = \"crossgate\"", "realm = \"other\"", "realm"),
        ("chain = \"server.pem\"", "chain = \"gone.pem\"", "gone.pem"),
        ("path = \"crossgate.db\"", "path = \"other.db\"", "store"),
    ] {
        site.reconfigure(from, to);
        let said = reload(&program).await;
        assert!(said.contains("not reloaded") && said.contains(why), "{why}: {said}");
        assert_eq!(lender.get(BALANCE).await.text(), OWED, "{why}");
        site.write("crossgate.toml", &good);
    }
    let said = reload(&program).await;
    assert!(said.contains("configuration reloaded"), "{said}");
    program.stop().await;
}

#[tokio::test]
async fn a_certificate_revoked_while_running_is_refused_from_then_on() {
    let site = Site::with_loans();
    let partner = site.authority.client(Site::PARTNER);
    site.reconfigure(
        "client_certificate = \"optional\"",
        "client_certificate = \"optional\"\ncrls = [\"revoked.pem\"]",
    );
    site.write("revoked.pem", &site.authority.revocation_list(&[]));
    let program = site.start().await;
    assert_eq!(program.visitor_with("tls", Http::Any, Some(&partner)).get(BALANCE).await.text(), OWED);
    site.write("revoked.pem", &site.authority.revocation_list(&[&partner]));
    reload(&program).await;
    let refused = program.visitor_with("tls", Http::Any, Some(&partner)).send(http::Method::GET, BALANCE, None).await;
    assert!(refused.is_err());
    program.stop().await;
}

#[tokio::test]
async fn reloading_under_load_loses_no_request() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let (done, mut over) = tokio::sync::watch::channel(false);
    let load = (0..4).map(|_| {
        let (lender, over) = (lender.clone(), done.subscribe());
        tokio::spawn(async move {
            let mut answered = 0;
            while !*over.borrow() {
                assert_eq!(lender.get(BALANCE).await.text(), OWED);
                answered += 1;
            }
            answered
        })
    });
    let load: Vec<_> = load.collect();
    for _ in 0..5 {
        reload(&program).await;
    }
    done.send(true).expect("somebody listens");
    over.changed().await.expect("the sender is here");
    for task in load {
        assert!(task.await.expect("every request was answered") > 0);
    }
    program.stop().await;
}
