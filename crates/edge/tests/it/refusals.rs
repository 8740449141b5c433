//! Problem documents: each refusal says what to do.

use serde_json::{Value, json};

use crate::client::{http, raw};
use crate::served::{API_KEY, Served};

async fn served() -> Served {
    Served::plain(json!({})).await
}

async fn problem(request: reqwest::RequestBuilder) -> (Value, reqwest::header::HeaderMap) {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    assert_eq!(headers["content-type"], "application/problem+json");
    let document: Value = response.json().await.unwrap();
    assert_eq!((&document["status"], &document["type"]), (&json!(status), &json!("about:blank")));
    (document, headers)
}

#[tokio::test]
async fn a_path_or_method_that_is_not_there_looks_alike_to_everyone() {
    let served = Served::plain(json!({"serve": ["api"]})).await;
    for key in [None, Some(API_KEY), Some("wrong")] {
        let credential = |request: reqwest::RequestBuilder| {
            key.map_or_else(
                || request.try_clone().unwrap(),
                |key| request.try_clone().unwrap().header("x-api-key", key),
            )
        };
        let (document, _) = problem(credential(http().get(served.url("/none")))).await;
        assert_eq!(
            document,
            json!({"detail": "there is nothing at this path", "status": 404, "title": "Not Found", "type": "about:blank"})
        );
        let (document, headers) = problem(credential(http().put(served.url("/notes")))).await;
        assert_eq!(
            (document["status"].as_u64(), headers["allow"].to_str().unwrap()),
            (Some(405), "DELETE, POST, OPTIONS")
        );
        let (document, _) = problem(credential(http().get(served.url("/counts")))).await;
        assert_eq!(document["status"], 404, "not served by this listener");
    }
}

#[tokio::test]
async fn a_stranger_is_asked_for_credentials_and_wrong_ones_are_named_so() {
    let served = served().await;
    let (document, headers) = problem(http().get(served.url("/members"))).await;
    assert_eq!(
        (document["status"].as_u64(), headers["www-authenticate"].to_str().unwrap()),
        (Some(401), "Bearer realm=\"test\"")
    );
    let (document, headers) = problem(http().get(served.url("/whoami")).bearer_auth("a.b.c")).await;
    assert_eq!(document["status"], 401);
    assert!(headers["www-authenticate"].to_str().unwrap().contains("error=\"invalid_token\""));
    let (document, _) = problem(http().get(served.url("/whoami")).header("x-api-key", "wrong")).await;
    assert_eq!(document["status"], 401);
    let member = http().get(served.url("/members")).header("x-api-key", API_KEY).send().await.unwrap();
    assert_eq!(member.status(), 200);
}

#[tokio::test]
async fn refused_credentials_are_on_record() {
    let served = served().await;
    problem(http().get(served.url("/members")).header("x-api-key", "wrong")).await;
    served.audit.flush().await.unwrap();
    let records = served.audit.tail(10).await.unwrap();
    assert_eq!(
        (records[0].procedure.as_str(), records[0].outcome.as_str(), records[0].door.as_str()),
        ("member.only", "unauthenticated", "http")
    );
}

#[tokio::test]
async fn an_operation_that_nobody_answers_is_not_found() {
    let (document, _) = problem(http().get(served().await.url("/nobody"))).await;
    assert_eq!(
        (document["status"].as_u64(), document["detail"].as_str()),
        (Some(404), Some("nobody answers this operation here"))
    );
}

#[tokio::test]
async fn input_that_does_not_fit_is_told_place_by_place() {
    let served = served().await;
    let (document, _) = problem(http().get(served.url("/words/hi?times=none"))).await;
    assert_eq!(document["status"], 400);
    assert_eq!((&document["errors"][0]["in"], &document["errors"][0]["pointer"]), (&json!("query"), &json!("/times")));
    let (document, _) = problem(http().post(served.url("/strict")).json(&json!({}))).await;
    assert_eq!(document["status"], 422, "the contract fixes another status");
    let (document, headers) = problem(http().post(served.url("/notes")).body("text")).await;
    assert_eq!((document["status"].as_u64(), headers["accept"].to_str().unwrap()), (Some(415), "application/json"));
}

#[tokio::test]
async fn a_failure_on_our_side_gives_a_reference_and_nothing_else() {
    let served = served().await;
    for path in ["/broken", "/panic", "/checked/wrong"] {
        let (document, headers) = problem(http().get(served.url(path))).await;
        assert_eq!(
            (document["status"].as_u64(), document["reference"].as_str()),
            (Some(500), headers["x-trace-id"].to_str().ok()),
            "{path}"
        );
        assert!(!document.to_string().contains("hunter2"), "{document}");
    }
    assert_eq!(
        http().get(served.url("/wrong")).send().await.unwrap().status(),
        200,
        "answers are checked where that is asked for"
    );
}

#[tokio::test]
async fn ambiguous_heads_are_refused() {
    let served = served().await;
    let cases = [
        "GET /whoami HTTP/1.1\r\n",
        "GET /whoami HTTP/1.1\r\nhost: a\r\nhost: b\r\n",
        "GET /whoami HTTP/1.1\r\nhost: a\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n",
        "GET /whoami HTTP/1.1\r\nhost: a\r\nx-api-key: a\r\nx-api-key: b\r\n",
        "POST /notes HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n",
    ];
    for head in cases {
        let answer = raw(served.address("plain"), &format!("{head}connection: close\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{head}{answer}");
    }
}

#[tokio::test]
async fn after_a_body_with_two_framings_nothing_more_is_read_from_the_connection() {
    let served = served().await;
    let smuggled = "POST /notes HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\
                    transfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /whoami HTTP/1.1\r\nhost: a\r\n\r\n";
    let answer = raw(served.address("plain"), smuggled).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_listener_refuses_the_credentials_that_it_does_not_accept() {
    let served = Served::plain(json!({"authentication": ["token"]})).await;
    let (document, _) = problem(http().get(served.url("/whoami")).header("x-api-key", API_KEY)).await;
    assert_eq!(
        (document["status"].as_u64(), document["detail"].as_str()),
        (Some(401), Some("API keys are not accepted here"))
    );
}
