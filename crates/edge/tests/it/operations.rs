//! What an operation answers.

use serde_json::{Value, json};

use crate::client::{http, raw};
use crate::served::{API_KEY, Served};

async fn served() -> Served {
    Served::plain(json!({})).await
}

#[tokio::test]
async fn a_value_is_answered_with_the_headers_that_every_answer_has() {
    let served = served().await;
    for client in [http(), reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap()] {
        let response = client.get(served.url("/words/hi?times=2")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let headers = response.headers();
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["x-trace-id"].len(), 32);
        assert!(headers.contains_key("date") && !headers.contains_key("server"));
        assert!(!headers.contains_key("strict-transport-security"), "not on a loopback address");
        assert_eq!(response.text().await.unwrap(), "\"hihi\"");
    }
}

#[tokio::test]
async fn each_outcome_has_its_status_and_locations_get_the_prefix() {
    let served = served().await;
    let client = http();
    for prefix in ["", "/checked"] {
        let note =
            client.post(served.url(&format!("{prefix}/notes"))).json(&json!({"text": "x"})).send().await.unwrap();
        assert_eq!(
            (note.status().as_u16(), note.headers()["location"].to_str().unwrap()),
            (201, &*format!("{prefix}/notes/1"))
        );
        let job = client.post(served.url(&format!("{prefix}/jobs"))).send().await.unwrap();
        assert_eq!(
            (job.status().as_u16(), job.headers()["location"].to_str().unwrap()),
            (202, &*format!("{prefix}/jobs/7"))
        );
        assert_eq!(job.headers()["retry-after"], "2");
        let gone = client.delete(served.url(&format!("{prefix}/notes"))).send().await.unwrap();
        assert_eq!((gone.status().as_u16(), gone.headers().contains_key("content-type")), (204, false));
    }
}

#[tokio::test]
async fn bytes_keep_their_media_type() {
    let response = http().get(served().await.url("/counts")).send().await.unwrap();
    assert_eq!((response.headers()["content-type"].to_str().unwrap(), response.status().as_u16()), ("text/plain", 200));
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let served = served().await;
    let answer = raw(served.address("plain"), "HEAD /words/hi HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("content-length: 4"), "{head}");
    assert_eq!(body, "");
}

#[tokio::test]
async fn options_tells_the_methods() {
    let response = http().request(reqwest::Method::OPTIONS, served().await.url("/notes")).send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["allow"].to_str().unwrap()),
        (204, "DELETE, POST, OPTIONS")
    );
}

#[tokio::test]
async fn the_callers_trace_is_kept() {
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let response = http().get(served().await.url("/whoami")).header("traceparent", parent).send().await.unwrap();
    assert_eq!(response.headers()["x-trace-id"], "4bf92f3577b34da6a3ce929d0e0e4736");
}

#[tokio::test]
async fn slashes_at_the_beginning_count_as_one() {
    assert_eq!(http().get(served().await.url("//whoami")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_api_key_is_who_one_is_in_either_header() {
    let served = served().await;
    for (name, value) in [("x-api-key", API_KEY.to_owned()), ("authorization", format!("ApiKey {API_KEY}"))] {
        let response = http().get(served.url("/whoami")).header(name, value).send().await.unwrap();
        assert_eq!(response.json::<Value>().await.unwrap(), json!({"id": "meter", "proof": "api_key"}));
    }
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_whom_nothing_leaks() {
    let served = served().await;
    let ask = |path: &str| http().get(served.url(path)).header("accept-encoding", "gzip");
    let response = ask("/words/balance?times=1000").send().await.unwrap();
    assert_eq!(
        (response.headers()["content-encoding"].to_str().unwrap(), response.headers()["vary"].to_str().unwrap()),
        ("gzip", "accept-encoding")
    );
    let small = ask("/words/balance").send().await.unwrap();
    assert!(!small.headers().contains_key("content-encoding"));
    let cookie = format!("crossgate={}", served.session().await);
    let page = ask("/long").header("cookie", &cookie).send().await.unwrap();
    assert!(!page.headers().contains_key("content-encoding"), "a browser attached the cookie on its own");
    assert_eq!(page.json::<Value>().await.unwrap()["proof"], "session");
    assert!(ask("/long").send().await.unwrap().headers().contains_key("content-encoding"));
}
