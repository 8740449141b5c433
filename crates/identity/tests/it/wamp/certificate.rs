//! How authenticators, authorizers and meta events see a client's connection and certificate.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use crossgate_call::Clock as _;
use crossgate_identity::{PeerCertificate, WampTransport};
use crossgate_wamp::{Map, Value};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair};

use super::dynamic::CONFIG;
use super::kit::*;
use crate::kit::{World, dns};

/// A certificate whose every shown part is known, and its DER.
fn known(change: impl FnOnce(&mut CertificateParams)) -> (Arc<PeerCertificate>, Vec<u8>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in [
        (DnType::CountryName, "GB"),
        (DnType::OrganizationName, "XBR  Ltd"),
        (DnType::OrganizationalUnitName, " Ops"),
        (DnType::CommonName, "App1 Server"),
    ] {
        params.distinguished_name.push(kind, value);
    }
    params.not_before = rcgen::date_time_ymd(2026, 11, 20);
    params.not_after = rcgen::date_time_ymd(2029, 2, 23);
    params.serial_number = Some(vec![0x53, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19].into());
    params.is_ca = IsCa::ExplicitNoCa;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![dns("app1.example")];
    change(&mut params);
    let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
    (Arc::new(PeerCertificate::parse(std::slice::from_ref(&der)).unwrap()), der.to_vec())
}

/// The connection as its authenticator sees it.
async fn seen(world: &World, over: WampTransport) -> Map {
    let asked = ask(Client::new(world, &["anonymous"]).over(over).hello().await);
    asked.args[2].as_map().unwrap().get("transport").unwrap().as_map().unwrap().clone()
}

async fn certificate_of(world: &World, certificate: &Arc<PeerCertificate>) -> Map {
    let over = WampTransport { certificate: Some(Arc::clone(certificate)), ..transport() };
    let seen = seen(world, over).await;
    assert_eq!(seen.get("peer_cert"), seen.get("client_cert"), "programs in use read the one or the other");
    seen.get("client_cert").unwrap().as_map().unwrap().clone()
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

#[tokio::test]
async fn a_certificate_has_the_shape_that_authenticators_in_use_read() {
    let world = World::open(CONFIG).await;
    let (peer, der) = known(|_| {});
    let shown = certificate_of(&world, &peer).await;
    assert_eq!(text(&shown, "sha1"), colons(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der).as_ref()));
    assert_eq!(text(&shown, "sha256"), colons(peer.thumbprint()));
    assert_eq!(text(&shown, "md5"), colons(&<md5::Md5 as md5::Digest>::digest(&der)));
    assert_eq!(shown.get("expired"), Some(&Value::Bool(false)));
    // `openssl x509 -subject_hash` of this subject.
    assert_eq!(shown.get("hash").and_then(Value::as_unsigned), Some(0x09d0048a));
    let Some(Value::Big(serial)) = shown.get("serial") else { panic!("{shown:?}") };
    assert_eq!(serial.magnitude()[..3], [0x53, 1, 2]);
    assert_eq!(text(&shown, "signature_algorithm"), "ecdsa-with-SHA256");
    assert_eq!(shown.get("version").and_then(Value::as_unsigned), Some(2));
    assert_eq!((text(&shown, "not_before"), text(&shown, "not_after")), ("20261120000000Z", "20290223000000Z"));
    let subject = shown.get("subject").unwrap().as_map().unwrap();
    let subject: Vec<(&str, &str)> = subject.iter().map(|(key, value)| (key, value.as_text().unwrap())).collect();
    assert_eq!(subject, [("c", "GB"), ("o", "XBR  Ltd"), ("ou", " Ops"), ("cn", "App1 Server")]);
    assert_eq!(shown.get("issuer"), shown.get("subject"));
}

#[tokio::test]
async fn extensions_have_a_name_a_value_and_whether_they_are_critical() {
    let world = World::open(CONFIG).await;
    let (leaf, _) = known(|_| {});
    let (authority, _) = known(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    let of = async |peer| {
        let shown = certificate_of(&world, peer).await;
        let extensions = shown.get("extensions").unwrap().as_list().unwrap().to_vec();
        let one = |extension: &Value| {
            let map = extension.as_map().unwrap();
            (
                text(map, "name").to_owned(),
                text(map, "value").to_owned(),
                map.get("critical").unwrap().as_bool().unwrap(),
            )
        };
        extensions.iter().map(one).collect::<Vec<_>>()
    };
    let leaf = of(&leaf).await;
    for (name, value) in [
        ("subjectAltName", "DNS:app1.example"),
        ("extendedKeyUsage", "TLS Web Client Authentication"),
        ("basicConstraints", "CA:FALSE"),
    ] {
        assert!(leaf.iter().any(|found| found.0 == name && found.1 == value), "{name}: {leaf:?}");
    }
    assert!(of(&authority).await.contains(&("basicConstraints".into(), "CA:TRUE, pathlen:0".into(), true)));
}

#[tokio::test]
async fn a_small_serial_is_a_number_and_an_old_certificate_is_marked() {
    let world = World::open(CONFIG).await;
    let (peer, _) = known(|params| {
        params.serial_number = Some(vec![1, 0].into());
        params.not_after = rcgen::date_time_ymd(2026, 12, 31);
    });
    let shown = certificate_of(&world, &peer).await;
    assert_eq!(shown.get("serial"), Some(&Value::from(256_u64)));
    assert_eq!(shown.get("expired"), Some(&Value::Bool(true)), "the tests' clock stands in 2027");
}

#[tokio::test]
async fn a_connection_is_described_without_its_credentials() {
    let world = World::open(CONFIG).await;
    let headers = Map::new()
        .with("user-agent", "AutobahnPython/26.10.2")
        .with("cookie", "cbtid=secret-cookie")
        .with("Authorization", "Bearer secret-token")
        .with("x-api-key", "secret-key");
    let cookie = Some(world.identity.wamp_cookie(None).unwrap());
    let over = WampTransport { headers, cookie, session_cookie: Some("secret-session".into()), ..transport() };
    let seen = seen(&world, over).await;
    for (key, expected) in [
        ("channel_type", "tls"),
        ("channel_framing", "websocket"),
        ("peer", "tcp4:127.0.0.1:46574"),
        ("websocket_protocol", "wamp.2.cbor.batched"),
    ] {
        assert_eq!(text(&seen, key), expected);
    }
    for (key, expected) in [
        ("is_secure", Value::Bool(true)),
        ("is_server", Value::Bool(true)),
        ("own", Value::Null),
        ("peer_cert", Value::Null),
        ("client_cert", Value::Null),
        ("http_cbtid", Value::Null),
        ("http_headers_received", map(serde_json::json!({"user-agent": "AutobahnPython/26.10.2"})).into()),
    ] {
        assert_eq!(seen.get(key), Some(&expected), "{key}");
    }
    assert!(!format!("{seen:?}").contains("secret"), "{seen:?}");
    let raw = WampTransport { framing: "rawsocket", ..transport() };
    assert_eq!(raw.details(world.clock.now()).get("websocket_protocol"), Some(&Value::Null));
}
