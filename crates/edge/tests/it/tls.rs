//! Versions, protocols, names, and client certificates.

use std::sync::Arc;

use crossgate_edge::Config;
use rcgen::CertificateParams;
use serde_json::{Value, json};

use crate::client::{BOTH, ask, handshake, https, raw, trusting};
use crate::pki::{Credential, Pki, authority};
use crate::served::{Served, with};

fn listener(certificates: &[Value], keys: Value) -> Value {
    let tls = with(json!({"certificates": certificates}), keys);
    json!({"name": "tls", "address": "127.0.0.1:0", "tls": tls})
}

async fn served(pki: &Pki, keys: Value) -> Served {
    Served::listeners(json!([listener(&[pki.server("server", &["localhost"])], keys)])).await
}

/// Who a client with this certificate is, or how the connection failed.
async fn who(served: &Served, pki: &Pki, credential: Option<&Credential>) -> Result<Value, reqwest::Error> {
    let url = format!("https://localhost:{}/whoami", served.address("tls").port());
    https(trusting(pki, credential, BOTH, &["h2", "http/1.1"])).get(url).send().await?.json().await
}

#[tokio::test]
async fn both_versions_and_both_protocols_are_spoken() {
    let pki = Pki::new();
    let served = served(&pki, json!({})).await;
    let url = format!("https://localhost:{}/whoami", served.address("tls").port());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        for (protocol, expected) in [("h2", reqwest::Version::HTTP_2), ("http/1.1", reqwest::Version::HTTP_11)] {
            let client = https(trusting(&pki, None, &[version], &[protocol]));
            let response = client.get(&url).send().await.unwrap();
            assert_eq!((response.status().as_u16(), response.version()), (200, expected));
        }
    }
}

#[tokio::test]
async fn an_old_version_is_refused_where_the_new_one_is_required() {
    let pki = Pki::new();
    let served = served(&pki, json!({"min_version": "1.3"})).await;
    let address = served.address("tls");
    let old = Arc::new(trusting(&pki, None, &[&rustls::version::TLS12], &[]));
    assert!(handshake(address, &old, "localhost").await.is_err());
    let new = Arc::new(trusting(&pki, None, &[&rustls::version::TLS13], &[]));
    assert!(handshake(address, &new, "localhost").await.is_ok());
}

#[tokio::test]
async fn an_optional_certificate_is_who_one_is_and_a_required_one_must_be_there() {
    let pki = Pki::new();
    let partner = pki.client("partner", 7);
    let optional = served(&pki, json!({"client_ca": authority(&pki), "client_certificate": "optional"})).await;
    assert_eq!(who(&optional, &pki, Some(&partner)).await.unwrap(), json!({"id": "partner", "proof": "certificate"}));
    assert_eq!(who(&optional, &pki, None).await.unwrap()["proof"], "anonymous");
    let required = served(&pki, json!({"client_ca": [authority(&pki)], "client_certificate": "required"})).await;
    assert_eq!(who(&required, &pki, Some(&partner)).await.unwrap()["id"], "partner");
    assert!(who(&required, &pki, None).await.is_err());
}

#[tokio::test]
async fn nobody_is_asked_for_a_certificate_where_none_is_wanted() {
    let pki = Pki::new();
    let served = served(&pki, json!({})).await;
    assert_eq!(who(&served, &pki, Some(&pki.client("partner", 7))).await.unwrap()["proof"], "anonymous");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let pki = Pki::new();
    let served = served(&pki, json!({"client_ca": authority(&pki), "client_certificate": "optional"})).await;
    let forged = Pki::new().client("partner", 7);
    assert!(who(&served, &pki, Some(&forged)).await.is_err());
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_and_others_are_not() {
    let pki = Pki::new();
    let list = pki.revoke("list.crl", &[66], 2999);
    let keys = json!({"client_ca": authority(&pki), "client_certificate": "required", "crls": [list]});
    let served = served(&pki, keys).await;
    assert!(who(&served, &pki, Some(&pki.client("partner", 66))).await.is_err());
    assert_eq!(who(&served, &pki, Some(&pki.client("partner", 7))).await.unwrap()["id"], "partner");
}

#[tokio::test]
async fn a_revocation_list_that_is_out_of_date_stops_everybody_unless_told_otherwise() {
    let pki = Pki::new();
    let list = pki.revoke("list.crl", &[66], 2025);
    let keys = json!({"client_ca": authority(&pki), "client_certificate": "required", "crls": list});
    let strict = served(&pki, keys.clone()).await;
    assert!(who(&strict, &pki, Some(&pki.client("partner", 7))).await.is_err());
    let lenient = served(&pki, with(keys, json!({"crl_expired": "accept"}))).await;
    assert!(who(&lenient, &pki, Some(&pki.client("partner", 7))).await.is_ok());
    assert!(who(&lenient, &pki, Some(&pki.client("partner", 66))).await.is_err());
}

#[tokio::test]
async fn the_name_that_is_asked_for_picks_the_certificate() {
    let pki = Pki::new();
    let (first, second) =
        (pki.server("first", &["localhost", "first.example"]), pki.server("second", &["*.second.example"]));
    let served = Served::listeners(json!([listener(&[first, second], json!({}))])).await;
    let config = Arc::new(trusting(&pki, None, BOTH, &[]));
    for (name, verified) in
        [("first.example", true), ("a.second.example", true), ("localhost", true), ("a.b.second.example", false)]
    {
        let shaken = handshake(served.address("tls"), &config, name).await;
        assert_eq!(shaken.is_ok(), verified, "{name}: a name that is not known gets the first certificate");
    }
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_told_to_use_https() {
    let pki = Pki::new();
    let served = served(&pki, json!({})).await;
    let answer = raw(served.address("tls"), "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json"), "{answer}");
    assert!(answer.contains("this port speaks TLS; use https"), "{answer}");
}

#[tokio::test]
async fn a_connection_is_kept_for_more_than_one_request() {
    let pki = Pki::new();
    let served = served(&pki, json!({})).await;
    let config = Arc::new(trusting(&pki, None, BOTH, &["http/1.1"]));
    let mut stream = handshake(served.address("tls"), &config, "localhost").await.unwrap();
    for _ in 0..3 {
        assert!(ask(&mut stream, "/whoami").await.starts_with("HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn browsers_are_told_to_keep_to_https_where_others_can_reach_us() {
    let pki = Pki::new();
    let public = with(listener(&[pki.server("server", &["localhost"])], json!({})), json!({"address": "0.0.0.0:0"}));
    let served = Served::listeners(json!([public])).await;
    let url = format!("https://localhost:{}/whoami", served.address("tls").port());
    let response = https(trusting(&pki, None, BOTH, &["h2"])).get(url).send().await.unwrap();
    assert_eq!(response.headers()["strict-transport-security"], "max-age=31536000");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said_in_a_sentence() {
    let pki = Pki::new();
    let good = pki.server("good", &["localhost"]);
    let other = pki.server("other", &["localhost"]);
    let nameless = pki.write("nameless", CertificateParams::new(Vec::new()).unwrap());
    std::fs::write(pki.path("empty.pem"), "").unwrap();
    std::fs::write(
        pki.path("secret.key"),
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    )
    .unwrap();
    let cases = [
        (json!({"chain": good["chain"], "key": other["key"]}), "does not belong to the certificate"),
        (json!({"chain": pki.path("gone.pem"), "key": good["key"]}), "cannot read"),
        (json!({"chain": pki.path("empty.pem"), "key": good["key"]}), "contains no certificate in PEM form"),
        (json!({"chain": good["chain"], "key": good["chain"]}), "contains no private key in PEM form"),
        (json!({"chain": good["chain"], "key": pki.path("secret.key")}), "is encrypted"),
        (json!({"chain": good["chain"], "key": "env:NO_SUCH_VARIABLE_HERE"}), "NO_SUCH_VARIABLE_HERE is not set"),
        (nameless, "has no subject alternative name"),
    ];
    for (pair, expected) in cases {
        let config: Config = serde_json::from_value(json!({"listeners": [listener(&[pair], json!({}))]})).unwrap();
        let sentence = crossgate_edge::check(&config).unwrap_err().to_string();
        assert!(sentence.starts_with("listener `tls`: ") && sentence.contains(expected), "{sentence}");
    }
}

#[test]
fn a_certificate_that_has_expired_is_a_warning() {
    let pki = Pki::new();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 2, 3);
    params.not_before = rcgen::date_time_ymd(2019, 1, 1);
    let config = json!({"listeners": [listener(&[pki.write("old", params)], json!({}))]});
    let warnings = crossgate_edge::check(&serde_json::from_value(config).unwrap()).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("expired at 2020-02-03T00:00:00Z"), "{warnings:?}");
}
