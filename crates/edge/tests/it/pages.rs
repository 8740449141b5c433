//! What the program's pages get, and what is added to their answers.

use serde_json::{Value, json};

use crate::client::http;
use crate::served::Served;

#[tokio::test]
async fn what_no_contract_has_is_a_page_with_headers_that_keep_it_to_itself() {
    let served = Served::plain(json!({})).await;
    let response = http().post(served.url("/console/sign-in")).body("user=a").send().await.unwrap();
    let headers = response.headers().clone();
    assert!(headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
    let page: Value = response.json().await.unwrap();
    assert_eq!(
        (&page["method"], &page["path"], &page["body"]),
        (&json!("POST"), &json!("/console/sign-in"), &json!("user=a"))
    );
    assert_eq!((&page["proof"], &page["source"]), (&json!("anonymous"), &json!("127.0.0.1")));
}

#[tokio::test]
async fn head_arrives_as_get() {
    let served = Served::plain(json!({})).await;
    assert_eq!(http().head(served.url("/page")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_session_that_has_ended_makes_a_stranger_who_can_sign_in_again() {
    let served = Served::plain(json!({})).await;
    let response = http().get(served.url("/page")).header("cookie", "crossgate=gone").send().await.unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["proof"], "anonymous");
}

#[tokio::test]
async fn another_sites_page_cannot_submit_a_form() {
    let served = Served::plain(json!({})).await;
    let post = || http().post(served.url("/console/sign-in"));
    assert_eq!(post().header("sec-fetch-site", "cross-site").send().await.unwrap().status(), 403);
    assert_eq!(post().header("sec-fetch-site", "same-origin").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_form_is_bounded() {
    let served = Served::plain(json!({})).await;
    let response = http().post(served.url("/page")).body("x".repeat(65 * 1024)).send().await.unwrap();
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn a_listener_without_pages_has_none() {
    let served = Served::plain(json!({"serve": ["api"]})).await;
    assert_eq!(http().get(served.url("/page")).send().await.unwrap().status(), 404);
}
