//! One call, end to end: who, may they, what did they send, the answer, and what is left behind.

use crossgate_tests::{Http, Program, Site};
use http::Version;
use serde_json::json;

use super::{BALANCE, OWED, metric, records, signed_in};

#[tokio::test]
async fn a_token_gets_a_balance_over_both_versions_of_http() {
    let site = Site::with_loans();
    let program = site.start().await;
    let token = program.visitor("tls").token(Site::LENDER.0, Site::LENDER.1).await;
    for (http, version) in [(Http::One, Version::HTTP_11), (Http::Two, Version::HTTP_2), (Http::Any, Version::HTTP_2)] {
        let answer = program.visitor_with("tls", http, None).with_token(&token).get(BALANCE).await;
        assert_eq!((answer.status, answer.version, answer.text()), (200, version, OWED), "{answer:?}");
        assert!(answer.header("content-type").starts_with("application/json"), "{answer:?}");
    }
    program.stop().await;
}

#[tokio::test]
async fn every_way_of_proving_who_one_is_gets_a_balance() {
    let site = Site::with_loans();
    let partner = site.authority.client(Site::PARTNER);
    let program = site.start().await;
    let ways = [
        ("token", signed_in(&program, Site::LENDER).await),
        ("api_key", program.visitor("tls").with_header("x-api-key", Site::API_KEY)),
        ("certificate", program.visitor_with("tls", Http::Any, Some(&partner))),
    ];
    let auditor = signed_in(&program, Site::AUDITOR).await;
    for (count, (proof, visitor)) in (1..).zip(ways) {
        let answer = visitor.get(BALANCE).await;
        assert_eq!((answer.status, answer.text()), (200, OWED), "{proof}: {answer:?}");
        let newest = &records(&auditor, "procedure=loans.balance", count).await[0];
        assert_eq!((&newest["proof"], &newest["outcome"]), (&json!(proof), &json!("ok")), "{newest}");
    }
    program.stop().await;
}

#[tokio::test]
async fn a_user_signs_in_as_the_original_service_documented() {
    let site = Site::with_loans();
    let hash = site.run_with_input(&["hash", "password"], "correct horse battery staple\n").success();
    let user =
        format!("[identity.users.ann]\npassword = \"{}\"\nroles = [\"lender\"]\n\n[services.loans]", hash.trim());
    site.reconfigure("[services.loans]", &user);
    let program = site.start().await;
    let nobody = program.visitor("tls");
    let answer = nobody.post("/token", &json!({"user": "ann", "pw": "correct horse battery staple"})).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
    assert_eq!(nobody.with_token(&token).get(BALANCE).await.text(), OWED);
    assert_eq!(nobody.with_token(&token).get("/status").await.json()["status"], "Loan Info µ-Service is running.");

    for wrong in
        [json!({"user": "ann", "pw": "wrong"}), json!({"user": "nobody", "pw": "correct horse battery staple"})]
    {
        let problem = nobody.post("/token", &wrong).await.problem(401);
        // The same words for both: which users exist is nobody's business.
        assert_eq!(
            problem["detail"],
            nobody.post("/token", &json!({"user": "x", "pw": "y"})).await.problem(401)["detail"]
        );
    }
    program.stop().await;
}

#[tokio::test]
async fn a_credential_that_proves_nothing_is_refused_with_a_challenge() {
    let site = Site::with_loans();
    let program = site.start().await;
    let nobody = program.visitor("tls");
    let token = nobody.token(Site::LENDER.0, Site::LENDER.1).await;
    let (head, signature) = token.rsplit_once('.').expect("a JWT");
    let forged = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let none = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJiaWxsaW5nIiwicm9sZXMiOlsibGVuZGVyIl19.";
    for visitor in [
        nobody.clone(),
        nobody.with_token(&forged),
        nobody.with_token(none),
        nobody.with_token("nonsense"),
        nobody.with_header("authorization", "Bearer"),
        nobody.with_header("authorization", "Basic YmlsbGluZzp3cm9uZw=="),
        nobody.with_header("authorization", "Basic %%%"),
        nobody.with_header("x-api-key", "wrong"),
    ] {
        let answer = visitor.get(BALANCE).await;
        answer.problem(401);
        assert!(!answer.header("www-authenticate").is_empty(), "{answer:?}");
    }
    program.stop().await;
}

#[tokio::test]
async fn a_call_is_in_the_audit_log_the_metrics_and_its_trace() {
    let site = Site::with_loans();
    let program = site.start().await;
    let (lender, auditor) = (signed_in(&program, Site::LENDER).await, signed_in(&program, Site::AUDITOR).await);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let before = auditor.get("/metrics").await.text().to_owned();
    let traced = lender.with_header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"));
    assert_eq!(traced.get(BALANCE).await.text(), OWED);
    traced.get("/api/v1/loan/99/2020-10-31").await.problem(404);
    signed_in(&program, Site::STRANGER)
        .await
        .with_header("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"))
        .get(BALANCE)
        .await
        .problem(403);

    let records = records(&auditor, &format!("trace={trace}"), 3).await;
    let told: Vec<_> = records.iter().map(|r| (r["caller"].clone(), r["outcome"].clone())).collect();
    let expected = [("stranger", "forbidden"), ("billing", "not_found"), ("billing", "ok")]
        .map(|(who, how)| (json!(who), json!(how)));
    assert_eq!(told, expected, "newest first: {records:#?}");

    let after = auditor.get("/metrics").await.text().to_owned();
    let ok = ["procedure=\"loans.balance\"", "outcome=\"ok\""];
    let calls = |text: &str| metric(text, "crossgate_calls_total", &ok);
    assert_eq!(calls(&after) - calls(&before), 1.0, "{after}");
    let refused = |text: &str| metric(text, "crossgate_refusals_total", &["forbidden"]);
    assert!(refused(&after) > refused(&before), "{after}");
    program.stop().await;
    verified(&site);
}

/// The audit log's chain is whole; gives its head.
pub(super) fn verified(site: &Site) -> String {
    let printed = site.run(&["audit", "verify", "--json", "--config", "crossgate.toml"]).success();
    let verdict: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!(verdict["ok"], true, "{verdict}");
    verdict["head"].as_str().expect("a head").to_owned()
}

#[tokio::test]
async fn callers_at_once_get_their_own_answers() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let expected = [(1, OWED), (2, "\"444.00\""), (3, "\"999.99\"")];
    let asked = (0..120).map(|n| {
        let (lender, (loan, owed)) = (lender.clone(), expected[n % expected.len()]);
        tokio::spawn(async move {
            let answer = lender.get(&format!("/api/v1/loan/{loan}/2020-10-31")).await;
            assert_eq!((answer.status, answer.text()), (200, owed));
        })
    });
    for task in asked.collect::<Vec<_>>() {
        task.await.expect("the answer is as expected");
    }
    let auditor = signed_in(&program, Site::AUDITOR).await;
    assert_eq!(records(&auditor, "procedure=loans.balance", 120).await.len(), 120, "each call has its record");
    program.stop().await;
    verified(&site);
}

#[tokio::test]
async fn the_plain_door_answers_alike_and_head_is_get_without_a_body() {
    let site = Site::with_loans();
    let program = site.start().await;
    let token = program.visitor("tls").token(Site::LENDER.0, Site::LENDER.1).await;
    let plain = program.visitor("plain").with_token(&token);
    assert_eq!(plain.get(BALANCE).await.text(), OWED);
    let head = plain.request(http::Method::HEAD, BALANCE, None).await;
    assert_eq!((head.status, head.body.len()), (200, 0), "{head:?}");
    program.stop().await;
}

#[tokio::test]
async fn a_posting_moves_the_balance_once_however_often_it_is_sent() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender =
        signed_in(&program, Site::LENDER).await.with_header("idempotency-key", "8e03978e-40d5-43e8-bc93-6894a57f9324");
    let posting = json!({"type": "payment", "effective_on": "2020-09-01", "amount": "23.00"});
    let first = lender.post("/api/v1/loans/1/entries", &posting).await;
    assert_eq!(first.status, 201, "{first:?}");
    let again = lender.post("/api/v1/loans/1/entries", &posting).await;
    assert_eq!((again.status, again.json()["seq"].clone()), (first.status, first.json()["seq"].clone()), "{again:?}");
    assert_eq!(lender.get(BALANCE).await.text(), "\"400.00\"");
    let location = first.header("location").to_owned();
    assert_eq!(lender.get(&location).await.json()["amount"], "23.00", "{location}");
    let other = json!({"type": "payment", "effective_on": "2020-09-01", "amount": "24.00"});
    lender.post("/api/v1/loans/1/entries", &other).await.problem(409);
    program.stop().await;
}

/// Something that every answer has to have, whoever gives it.
#[tokio::test]
async fn every_answer_carries_the_headers_that_protect_browsers() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    for (path, status) in [(BALANCE, 200), ("/no/such/path", 404), ("/api/v1/loan/x/y", 422)] {
        let answer = lender.get(path).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert!(answer.header("cache-control").contains("no-store"), "{answer:?}");
        assert!(answer.header("server").is_empty() && answer.header("x-powered-by").is_empty(), "{answer:?}");
    }
    stops(program).await;
}

async fn stops(program: Program) {
    let log = program.stop().await;
    assert!(!log.contains("ERROR"), "{log}");
}
