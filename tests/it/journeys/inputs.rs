//! Inputs that do not fit: each is answered with a problem document that says what to do, and none with 500.

use crossgate_tests::{Site, Visitor};
use http::Method;

use super::{BALANCE, OWED, signed_in};

/// Sends JSON text that no JSON library would write.
async fn post(visitor: &Visitor, path: &str, media_type: &str, body: &str) -> crossgate_tests::Answer {
    visitor.request(Method::POST, path, Some((media_type, body.as_bytes().to_vec()))).await
}

#[tokio::test]
async fn what_is_not_there_or_not_a_day_is_told_apart() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    for (path, status, word) in [
        ("/api/v1/loan/99/2020-10-31", 404, "99"),
        ("/api/v1/loan/99999999999999999999/2020-10-31", 404, "99999999999999999999"),
        ("/api/v1/loan/1/2019-12-16", 404, "2019-12-17"),
        ("/api/v1/loan/1/2020-02-30", 422, "2020-02-30"),
        ("/api/v1/loan/1/20201031", 422, "date"),
        ("/api/v1/loan/1/garbage", 422, "date"),
        ("/api/v1/loan/x/2020-10-31", 422, "loan_id"),
        ("/api/v1/loan/-1/2020-10-31", 422, "loan_id"),
    ] {
        let answer = lender.get(path).await;
        answer.problem(status);
        assert!(answer.text().contains(word), "{path}: {answer:?}");
    }
    // What is a day, though the original's clients write it in their own way.
    for (path, owed) in [
        ("/api/v1/loan/1/2020-10-31", OWED),
        ("/api/v1/loan/0001/2020-10-31", OWED),
        ("/api/v1/loan/1/2019-12-17", "\"362.00\""),
        ("/api/v1/loan/1/2020-2-9", "\"362.00\""),
        ("/api/v1/loan/1/9999-12-31", OWED),
    ] {
        let answer = lender.get(path).await;
        assert_eq!((answer.status, answer.text()), (200, owed), "{path}: {answer:?}");
    }
    program.stop().await;
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once_with_its_place() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let body = r#"{"type": "gift", "effective_on": "2020-13-01", "amount": 5, "colour": "red"}"#;
    let answer = post(&lender, "/api/v1/loans/1/entries", "application/json", body).await;
    let problem = answer.problem(422);
    let pointers: Vec<&str> =
        problem["errors"].as_array().expect("errors").iter().filter_map(|error| error["pointer"].as_str()).collect();
    for pointer in ["/type", "/effective_on", "/amount", "/colour"] {
        assert!(pointers.contains(&pointer), "{pointer} in {problem:#}");
    }
    assert!(problem["errors"].as_array().expect("errors").iter().any(|error| error["in"] == "header"), "{problem:#}");
    program.stop().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_are_refused_and_harm_nobody() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await.with_header("idempotency-key", "k");
    let path = "/api/v1/loans/1/entries";
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "{",
        "nonsense",
        "\u{0}",
        "[]",
        "null",
        "1e999999",
        "{\"type\": \"fee\", \"type\": \"payment\", \"effective_on\": \"2020-09-01\", \"amount\": \"1.00\"}",
        "{\"amount\": \"\\ud800\"}",
        &deep,
    ] {
        let answer = post(&lender, path, "application/json", body).await;
        assert!(matches!(answer.status, 400 | 422), "{:?}: {answer:?}", body.chars().take(40).collect::<String>());
        answer.problem(answer.status);
    }
    post(&lender, path, "text/plain", "hello").await.problem(415);
    post(&lender, path, "application/xml", "<a/>").await.problem(415);
    let huge = format!("{{\"note\": \"{}\"}}", "x".repeat(20 * 1024 * 1024));
    post(&lender, path, "application/json", &huge).await.problem(413);
    assert_eq!(lender.get(BALANCE).await.text(), OWED, "and goes on answering");
    program.stop().await;
}

#[tokio::test]
async fn paths_and_methods_that_nobody_answers_are_alike_for_everybody() {
    let site = Site::with_loans();
    let program = site.start().await;
    for visitor in [program.visitor("tls"), signed_in(&program, Site::LENDER).await] {
        for path in ["/api/v1/loan/1", "/api/v1/loan/1/2020-10-31/", "/nowhere", "//", "/api/v1/loan/1/2020-10-31/x"] {
            visitor.get(path).await.problem(404);
        }
        let answer = visitor.request(Method::DELETE, BALANCE, None).await;
        answer.problem(405);
        assert!(answer.header("allow").contains("GET"), "{answer:?}");
    }
    program.stop().await;
}

#[tokio::test]
async fn a_query_that_does_not_fit_names_its_parameters() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let problem = lender.get("/api/v1/loan/1/history?from=yesterday&limit=0").await.problem(422);
    let text = problem.to_string();
    assert!(text.contains("/from") && text.contains("/limit"), "{problem:#}");
    for query in ["limit=abc", "limit=1001", "limit=1&limit=2", "from=2020-02-30", "limit=%ff"] {
        lender.get(&format!("/api/v1/loan/1/history?{query}")).await.problem(422);
    }
    program.stop().await;
}
