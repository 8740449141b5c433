//! Schemathesis reads our contracts as the program publishes them, and sends what they allow and what they do not.
//! No answer may be a 5xx, and none may be one that its contract does not describe.

use crossgate_tests::{Client, Python, Site};

/// Requests for each operation and phase. More find more; these take about a minute.
const EXAMPLES: &str = "40";

/// Fixed, so that a failure is there again tomorrow. Another one: change it here.
const SEED: &str = "20201031";

/// Checks that do not say what they seem to: which valid input is *accepted* depends on what is in the ledger,
/// and a day is a text whose calendar the contract's schema cannot know.
const NOT_CHECKED: &str = "positive_data_acceptance";

async fn holds(contract: &str, (client, secret): Client) {
    let site = Site::with_loans();
    let program = site.start().await;
    let token = program.visitor("tls").token(client, secret).await;
    let base = program.url("tls");
    let output = Python::find()
        .command("schemathesis")
        .args(["run", &format!("{base}/docs/openapi/{contract}.json"), "--url", &base])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--exclude-checks", NOT_CHECKED, "--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", EXAMPLES, "--seed", SEED, "--workers", "1", "--continue-on-failure"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--tls-verify"])
        .arg(site.path("ca.pem"))
        .current_dir(site.folder())
        .output()
        .expect("schemathesis starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("passed"), "{said}");
    assert_eq!(program.visitor("tls").get("/readyz").await.status, 200);
    program.stop().await;
    super::balance::verified(&site);
}

#[tokio::test]
async fn the_loans_contract_holds_against_schemathesis() {
    holds("loans", Site::LENDER).await;
}

#[tokio::test]
async fn the_program_s_own_contract_holds_against_schemathesis() {
    holds("crossgate", Site::AUDITOR).await;
}

#[tokio::test]
async fn the_bridge_s_contract_holds_against_schemathesis() {
    holds("wamp", Site::AUDITOR).await;
}
