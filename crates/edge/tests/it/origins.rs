//! Where a request comes from: proxies, and pages of other origins.

use serde_json::{Value, json};

use crate::client::http;
use crate::served::{Served, plain, with};

async fn visit(served: &Served, headers: &[(&str, &str)]) -> Value {
    let request =
        headers.iter().fold(http().get(served.url("/page")), |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_proxy_is_believed_when_it_is_trusted_and_not_otherwise() {
    let said = [("x-forwarded-for", "203.0.113.66, 192.0.2.7"), ("x-forwarded-proto", "https")];
    let wary = Served::plain(json!({})).await;
    let page = visit(&wary, &said).await;
    assert_eq!((&page["source"], &page["secure"]), (&json!("127.0.0.1"), &json!(false)));
    let trusting = Served::plain(json!({"trusted_proxies": ["127.0.0.0/8"]})).await;
    let page = visit(&trusting, &said).await;
    assert_eq!((&page["source"], &page["secure"]), (&json!("192.0.2.7"), &json!(true)));
    let standard = Served::plain(json!({"trusted_proxies": ["127.0.0.0/8"], "proxy_header": "forwarded"})).await;
    assert_eq!(visit(&standard, &said).await["source"], "127.0.0.1");
    let page = visit(&standard, &[("forwarded", "for=\"[2001:db8::7]:9\";proto=https")]).await;
    assert_eq!((&page["source"], &page["secure"]), (&json!("2001:db8::7"), &json!(true)));
}

async fn with_cors(credentials: bool) -> Served {
    let cors = json!({"origins": ["https://app.example"], "credentials": credentials});
    Served::start(with(json!({"listeners": [plain(json!({}))]}), json!({"cors": cors}))).await
}

#[tokio::test]
async fn a_preflight_is_answered_without_credentials_and_for_permitted_origins_alone() {
    let served = with_cors(false).await;
    let preflight = |origin: &str, path: &str, method: &str| {
        let request = http().request(reqwest::Method::OPTIONS, served.url(path));
        request.header("origin", origin).header("access-control-request-method", method)
    };
    let answer = preflight("https://app.example", "/members", "GET").send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(answer.headers()["access-control-allow-origin"], "https://app.example");
    assert_eq!(answer.headers()["access-control-allow-methods"], "GET");
    assert!(answer.headers()["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    let answer = preflight("https://app.example", "/oauth/token", "POST").send().await.unwrap();
    assert_eq!(answer.headers()["access-control-allow-methods"], "POST");
    let answer = preflight("https://evil.example", "/members", "GET").send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
    let answer = preflight("https://app.example", "/members", "DELETE").send().await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-methods"));
}

#[tokio::test]
async fn a_permitted_origin_may_read_answers_and_problems_of_the_api_and_no_pages() {
    let served = with_cors(false).await;
    for (path, permitted) in [("/whoami", true), ("/members", true), ("/page", false)] {
        let answer = http().get(served.url(path)).header("origin", "https://app.example").send().await.unwrap();
        assert_eq!(answer.headers().contains_key("access-control-allow-origin"), permitted, "{path}");
    }
}

async fn acted(served: &Served, cookie: Option<&str>, headers: &[(&str, &str)]) -> u16 {
    let request =
        headers.iter().fold(http().post(served.url("/whoami")), |request, (name, value)| request.header(*name, *value));
    let request = match cookie {
        Some(cookie) => request.header("cookie", format!("crossgate={cookie}")),
        None => request,
    };
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn another_sites_page_cannot_act_with_the_browsers_session() {
    let served = with_cors(true).await;
    let session = served.session().await;
    let cookie = Some(&*session);
    let own = format!("http://{}", served.address("plain"));
    let cases = [
        (&[("sec-fetch-site", "same-origin")][..], 200),
        (&[("sec-fetch-site", "cross-site")], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", own.as_str())], 200),
        (&[("origin", "http://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", "https://app.example"), ("sec-fetch-site", "cross-site")], 200),
        (&[], 403),
    ];
    for (headers, expected) in cases {
        assert_eq!(acted(&served, cookie, headers).await, expected, "{headers:?}");
    }
    assert_eq!(acted(&served, None, &[("sec-fetch-site", "cross-site")]).await, 200, "nothing is attached");
}
