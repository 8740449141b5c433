//! A person's way through the console, in a real browser: `tests/browser/console.py`.

use std::path::Path;

use crossgate_tests::{Python, Site, chromium};

use super::{BALANCE, OWED};

#[tokio::test]
async fn a_person_signs_in_and_finds_balance_chart_calls_and_the_explorer() {
    let site = Site::with_loans();
    let password = "correct horse battery staple";
    let hash = site.run_with_input(&["hash", "password"], &format!("{password}\n")).success();
    let user = format!(
        "[identity.users.ann]\npassword = \"{}\"\nroles = [\"lender\", \"auditor\", \"keeper\"]\n\n\
         [identity.roles.keeper]\nallow = [{{ uri = \"sessions.kill\" }}, {{ uri = \"logbook.\", match = \"prefix\" }}, \
         {{ uri = \"com.example.\", match = \"prefix\", actions = [\"publish\", \"subscribe\"] }}]\n\n[services.loans]",
        hash.trim()
    );
    site.reconfigure("[services.loans]", &user);
    let program = site.start().await;
    let (_, date) = BALANCE.rsplit_once('/').expect("a path");
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
    let output = Python::find()
        .command("python")
        .arg(top.join("tests/browser/console.py"))
        .args([&program.url("tls"), "ann", password, "1", date, OWED.trim_matches('"')])
        .args([chromium(), top.join("target/screenshots")])
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // Who ended the session is on record.
    let auditor = super::signed_in(&program, Site::AUDITOR).await;
    let ended = super::records(&auditor, "procedure=sessions.kill&outcome=ok", 1).await;
    assert_eq!((&ended[0]["caller"], &ended[0]["door"]), (&serde_json::json!("ann"), &serde_json::json!("console")));
    program.stop().await;
}
