//! Client certificates to callers.

use std::time::Duration;

use crossgate_call::Proof;
use rcgen::SanType;

use crate::kit::*;

const RULES: &str = r#"
[roles.bank]
[roles.worker]

[[certificates]]
id = "partner-bank"
san_dns = "API.bank.example"
roles = ["bank"]

[[certificates]]
san_dns = "*.workers.example"
common_name = "worker"
roles = ["worker"]

[[certificates]]
san_uri = "spiffe://example/ns/a"
roles = ["worker"]

[[certificates]]
san_email = "ops@example.com"
"#;

async fn caller_of(
    world: &World,
    certificate: &std::sync::Arc<crossgate_identity::PeerCertificate>,
) -> (String, Proof, Vec<String>) {
    let caller = world.caller(Given { certificate: Some(certificate), ..Given::default() }).await.unwrap();
    assert_eq!(caller.certificate(), Some(certificate.sha256()));
    (caller.id().to_string(), caller.proof(), caller.roles().iter().map(ToString::to_string).collect())
}

#[tokio::test]
async fn the_first_rule_that_matches_in_everything_it_says_names_the_caller() {
    let world = World::open(RULES).await;
    let uri = |uri: &str| SanType::URI(uri.try_into().unwrap());
    let email = |email: &str| SanType::Rfc822Name(email.try_into().unwrap());
    for (common_name, sans, id, roles) in [
        ("x", vec![dns("other.example"), dns("api.bank.example")], "partner-bank", vec!["bank"]),
        ("worker", vec![dns("w1.workers.example")], "w1.workers.example", vec!["worker"]),
        ("x", vec![uri("spiffe://example/ns/a")], "spiffe://example/ns/a", vec!["worker"]),
        ("x", vec![email("ops@example.com")], "ops@example.com", vec![]),
    ] {
        let expected = (id.to_owned(), Proof::Certificate, roles.into_iter().map(str::to_owned).collect());
        let certificate = certificate(common_name, sans);
        assert_eq!(caller_of(&world, &certificate).await, expected);
        assert_eq!(caller_of(&world, &certificate).await, expected, "remembered");
    }
}

#[tokio::test]
async fn a_certificate_that_ends_while_its_connection_lasts_is_nobody_from_then_on() {
    let world = World::open(RULES).await;
    let ends = NOW_S + 600;
    let certificate = certificate_until("x", vec![dns("api.bank.example")], ends);
    assert_eq!(caller_of(&world, &certificate).await.0, "partner-bank");
    world.clock.advance(Duration::from_secs(599));
    assert_eq!(caller_of(&world, &certificate).await.0, "partner-bank");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(caller_of(&world, &certificate).await.1, Proof::Anonymous, "although it was remembered");
}

#[tokio::test]
async fn a_certificate_that_no_rule_names_is_nobody() {
    let world = World::open(RULES).await;
    for (common_name, sans) in [
        ("api.bank.example", vec![]),
        ("worker", vec![]),
        ("other", vec![dns("w1.workers.example")]),
        ("worker", vec![dns("a.b.workers.example")]),
        ("x", vec![dns("api.bank.example.evil.example")]),
        ("x", vec![SanType::URI("spiffe://example/ns/ab".try_into().unwrap())]),
    ] {
        let (id, proof, roles) = caller_of(&world, &certificate(common_name, sans)).await;
        assert_eq!(
            (id.as_str(), proof, roles),
            ("anonymous", Proof::Anonymous, vec!["anonymous".to_owned()]),
            "{common_name}"
        );
    }
}

#[tokio::test]
async fn a_fingerprint_names_one_certificate() {
    let (mine, other) = (certificate("same", vec![]), certificate("same", vec![]));
    let colons: Vec<String> = mine.thumbprint().iter().map(|byte| format!("{byte:02X}")).collect();
    let world = World::open(&format!("[[certificates]]\nsha256 = \"{}\"\n", colons.join(":"))).await;
    assert_eq!(caller_of(&world, &mine).await.0, "same");
    assert_eq!(caller_of(&world, &other).await.0, "anonymous");
}

#[tokio::test]
async fn a_certificate_with_several_common_names_has_none() {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "admin");
    params.distinguished_name.push(rcgen::DnType::CustomDnType(vec![2, 5, 4, 3]), "eve");
    let der = params.self_signed(&key).unwrap();
    let parsed = crossgate_identity::PeerCertificate::parse(&[der.der().clone()]).unwrap();
    assert_eq!(parsed.common_name(), None);
}

#[tokio::test]
async fn what_is_sent_on_purpose_comes_before_the_certificate() {
    let pair = Pair::make(jsonwebtoken::Algorithm::EdDSA);
    let world =
        World::open(&format!("{}{}", issuer(&public_key(&pair)), "[[certificates]]\ncommon_name = \"box\"\n")).await;
    let certificate = certificate("box", vec![]);
    let authorization = format!("Bearer {}", pair.token(&claims()));
    let both = Given { authorization: Some(&authorization), certificate: Some(&certificate), ..Given::default() };
    assert_eq!(&**world.caller(both).await.unwrap().id(), "alice");
    let wrong = Given { authorization: Some("Bearer x"), certificate: Some(&certificate), ..Given::default() };
    assert!(world.caller(wrong).await.is_err(), "a bad token is not made good by a certificate");
    let ended = Given { session: Some("ended"), certificate: Some(&certificate), ..Given::default() };
    assert_eq!(
        &**world.caller(ended).await.unwrap().id(),
        "box",
        "a cookie comes by itself, and is passed over when it has ended"
    );
}

#[test]
fn changed_certificates_never_panic_the_reader() {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["a.example".into()]).unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    bolero::check!().with_iterations(3_000).with_type::<(usize, u8, usize)>().for_each(|(at, byte, cut)| {
        let mut changed = der.clone();
        let at = at % changed.len();
        changed[at] = *byte;
        changed.truncate(changed.len() - cut % 8);
        let _ = crossgate_identity::PeerCertificate::parse(&[changed.into()]);
    });
}
