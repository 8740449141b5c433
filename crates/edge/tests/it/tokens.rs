//! The token endpoint on the wire.

use serde_json::{Value, json};

use crate::client::http;
use crate::served::{CLIENT_SECRET, Served, plain};

fn request(served: &Served, secret: &str) -> reqwest::RequestBuilder {
    http()
        .post(served.url("/oauth/token"))
        .basic_auth("billing", Some(secret))
        .form(&[("grant_type", "client_credentials")])
}

#[tokio::test]
async fn a_token_is_given_out_and_admits_its_bearer() {
    let served = Served::plain(json!({})).await;
    let response = request(&served, CLIENT_SECRET).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        (&response.headers()["cache-control"], &response.headers()["pragma"]),
        (&"no-store".parse().unwrap(), &"no-cache".parse().unwrap())
    );
    let token: Value = response.json().await.unwrap();
    assert_eq!(token["token_type"], "Bearer");
    let bearer = token["access_token"].as_str().unwrap();
    let who: Value = http().get(served.url("/whoami")).bearer_auth(bearer).send().await.unwrap().json().await.unwrap();
    assert_eq!(who, json!({"id": "billing", "proof": "token"}));
}

#[tokio::test]
async fn requests_for_tokens_are_on_record() {
    let served = Served::plain(json!({})).await;
    for secret in ["wrong", CLIENT_SECRET] {
        request(&served, secret).send().await.unwrap();
    }
    served.audit.flush().await.unwrap();
    let records = served.audit.tail(10).await.unwrap();
    let told: Vec<_> = records.iter().map(|record| (&*record.procedure, &*record.outcome, &*record.caller)).collect();
    assert!(told.contains(&("identity.token", "ok", "billing")), "{told:?}");
    assert!(
        told.iter().any(|(procedure, outcome, _)| (*procedure, *outcome) == ("identity.token", "unauthenticated")),
        "{told:?}"
    );
}

#[tokio::test]
async fn refusals_have_the_form_that_the_standard_gives_them() {
    let served = Served::plain(json!({})).await;
    let response = request(&served, "wrong").send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (401, "application/json")
    );
    assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic "));
    assert_eq!(response.json::<Value>().await.unwrap()["error"], "invalid_client");
    let response = http().post(served.url("/oauth/token")).json(&json!({})).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["cache-control"].to_str().unwrap()), (400, "no-store"));
    assert_eq!(response.json::<Value>().await.unwrap()["error"], "invalid_request");
    let response = http().get(served.url("/oauth/token")).send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["allow"].to_str().unwrap()), (405, "POST, OPTIONS"));
}

#[tokio::test]
async fn one_address_asks_only_so_often() {
    let config = json!({"listeners": [plain(json!({}))], "tokens": {"requests_per_minute": 1, "burst": 2}});
    let served = Served::start(config).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(request(&served, CLIENT_SECRET).send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
    let response = request(&served, CLIENT_SECRET).send().await.unwrap();
    assert!(response.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 30);
}

#[tokio::test]
async fn keys_and_metadata_are_published() {
    let served = Served::plain(json!({})).await;
    let keys: Value = http().get(served.url("/oauth/jwks")).send().await.unwrap().json().await.unwrap();
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
    assert!(keys["keys"][0].get("d").is_none(), "the secret half stays here");
    let metadata: Value =
        http().get(served.url("/.well-known/oauth-authorization-server")).send().await.unwrap().json().await.unwrap();
    assert_eq!(metadata["issuer"], "https://doors.test");
    let told = metadata["jwks_uri"].as_str().unwrap().trim_start_matches("https://doors.test");
    let found: Value = http().get(served.url(told)).send().await.unwrap().json().await.unwrap();
    assert_eq!(found, keys, "the keys are where the metadata says");
}

#[tokio::test]
async fn a_listener_may_leave_tokens_to_another() {
    let served = Served::plain(json!({"serve": ["api"]})).await;
    assert_eq!(request(&served, CLIENT_SECRET).send().await.unwrap().status(), 404);
}
