//! Every operation of every mounted contract, as everybody. An operation that is not in the table fails the
//! sweep: whoever adds one says here who may call it.

use std::collections::BTreeSet;

use crossgate_tests::{Answer, Program, Site, Visitor};
use http::Method;

use super::signed_in;

/// Whether somebody may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    May,
    MayNot,
}
use Right::{May, MayNot};

/// One operation, a request of it, and who may make it.
struct Row {
    /// Method and template, as the contract writes them.
    operation: &'static str,
    /// A path of that template.
    path: &'static str,
    nobody: Right,
    lender: Right,
    auditor: Right,
}

const fn row(operation: &'static str, path: &'static str, nobody: Right, lender: Right, auditor: Right) -> Row {
    Row { operation, path, nobody, lender, auditor }
}

/// The stranger, who proves who it is and has been granted nothing, may call none of them.
const TABLE: &[Row] = &[
    row("GET /healthz", "/healthz", May, MayNot, May),
    row("GET /readyz", "/readyz", May, MayNot, May),
    row("GET /metrics", "/metrics", MayNot, MayNot, May),
    row("GET /configz", "/configz", MayNot, MayNot, May),
    row("GET /audit/records", "/audit/records", MayNot, MayNot, May),
    row("GET /wamp/realms", "/wamp/realms", MayNot, MayNot, May),
    row("GET /wamp/realms/{realm}/sessions", "/wamp/realms/crossgate/sessions", MayNot, MayNot, May),
    row("GET /wamp/realms/{realm}/registrations", "/wamp/realms/crossgate/registrations", MayNot, MayNot, May),
    row("GET /wamp/realms/{realm}/subscriptions", "/wamp/realms/crossgate/subscriptions", MayNot, MayNot, May),
    row("DELETE /wamp/realms/{realm}/sessions/{session}", "/wamp/realms/crossgate/sessions/1", MayNot, MayNot, MayNot),
    row("POST /wamp/call", "/wamp/call", MayNot, MayNot, May),
    row("POST /wamp/publish", "/wamp/publish", MayNot, MayNot, May),
    // The door is open to the auditor, and the topic is not.
    row("GET /wamp/events", "/wamp/events?topic=com.example.news", MayNot, MayNot, MayNot),
    row("GET /logs", "/logs", MayNot, MayNot, May),
    row("GET /logs/sessions", "/logs/sessions", MayNot, MayNot, May),
    // It has no end: journeys read it.
    row("GET /logs/stream", "/logs/stream", MayNot, MayNot, MayNot),
    row("POST /token", "/token", May, MayNot, MayNot),
    row("GET /status", "/status", MayNot, May, MayNot),
    row("GET /api/v1/loan/{loan_id}/{date}", "/api/v1/loan/1/2020-10-31", MayNot, May, May),
    row("GET /api/v1/loan/{loan_id}/history", "/api/v1/loan/1/history", MayNot, May, May),
    row("GET /api/v1/loans", "/api/v1/loans", MayNot, May, May),
    row("GET /api/v1/loans/{loan_id}", "/api/v1/loans/1", MayNot, May, May),
    row("POST /api/v1/loans/{loan_id}/entries", "/api/v1/loans/1/entries", MayNot, May, MayNot),
    row("GET /api/v1/loans/{loan_id}/entries/{seq}", "/api/v1/loans/1/entries/1", MayNot, May, MayNot),
    row(
        "POST /api/v1/loans/{loan_id}/entries/{seq}/reversal",
        "/api/v1/loans/1/entries/1/reversal",
        MayNot,
        May,
        MayNot,
    ),
];

/// Every operation that the program serves, as `/configz` tells an auditor.
async fn operations(program: &Program) -> BTreeSet<String> {
    let running = signed_in(program, Site::AUDITOR).await.get("/configz").await.json();
    let contracts = running["contracts"].as_array().expect("contracts");
    let names: BTreeSet<&str> = contracts.iter().filter_map(|contract| contract["name"].as_str()).collect();
    let top = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
    for file in std::fs::read_dir(top.join("contracts")).expect("contracts/ can be read") {
        let file = file.expect("an entry").path();
        // Beside our contracts may lie what they replace: Swagger 2.0, for clients from before.
        if !std::fs::read_to_string(&file).expect("text").starts_with("openapi:") {
            continue;
        }
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8");
        assert!(
            names.contains(name),
            "contracts/{name}.yaml is not served by tests/src/standard.toml: switch its service on there, so that the \
             sweep meets its operations"
        );
    }
    contracts
        .iter()
        .flat_map(|contract| contract["operations"].as_array().expect("operations"))
        .map(|operation| operation["operation"].as_str().expect("an operation").to_owned())
        .collect()
}

#[tokio::test]
async fn the_table_has_every_operation_and_no_other() {
    let site = Site::standard();
    let program = site.start().await;
    let served = operations(&program).await;
    let listed: BTreeSet<String> = TABLE.iter().map(|row| row.operation.to_owned()).collect();
    let missing: Vec<_> = served.difference(&listed).collect();
    assert!(
        missing.is_empty(),
        "add a row to the table in tests/it/journeys/sweep.rs, saying who may call: {missing:#?}"
    );
    let gone: Vec<_> = listed.difference(&served).collect();
    assert!(gone.is_empty(), "take these rows out of tests/it/journeys/sweep.rs: {gone:#?}");
    program.stop().await;
}

async fn ask(visitor: &Visitor, row: &Row) -> Answer {
    let (method, _) = row.operation.split_once(' ').expect("a method and a template");
    let method: Method = method.parse().expect("a method");
    // A body that fits nothing: whoever may not call is told so before anybody looks at it.
    let body = (method == Method::POST).then(|| ("application/json", b"{\"nonsense\": true}".to_vec()));
    visitor.request(method, row.path, body).await
}

#[tokio::test]
async fn nobody_calls_what_they_have_not_been_granted() {
    let site = Site::with_loans();
    let program = site.start().await;
    let callers = [
        ("nobody", program.visitor("tls"), None),
        ("stranger", signed_in(&program, Site::STRANGER).await, Some(MayNot)),
        ("lender", signed_in(&program, Site::LENDER).await, None),
        ("auditor", signed_in(&program, Site::AUDITOR).await, None),
    ];
    let mut findings = Vec::new();
    for row in TABLE {
        for (name, visitor, fixed) in &callers {
            let right = fixed.unwrap_or(match *name {
                "nobody" => row.nobody,
                "lender" => row.lender,
                _ => row.auditor,
            });
            let answer = ask(visitor, row).await;
            let right_answer = match (right, *name) {
                (MayNot, "nobody") => answer.status == 401 && !answer.header("www-authenticate").is_empty(),
                (MayNot, _) => answer.status == 403,
                // It may fail for what was sent, never for who sent it.
                (May, _) => !matches!(answer.status, 401 | 403 | 500..),
            };
            if !right_answer {
                findings.push(format!("{} as {name}, who {right:?}: {}", row.operation, answer.status));
            } else if right == MayNot {
                answer.problem(answer.status);
            }
        }
    }
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    program.stop().await;
}
