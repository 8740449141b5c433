//! Requests that are signed with a shared secret.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use crossgate_call::{Caller, Kind, Proof};
use crossgate_identity::SignedRequest;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

use crate::kit::{NOW_S, World};

const CONFIG: &str = r#"
[signed_keys.app]
secret = "kkjH68GiuUZ-and-more"
roles = ["script"]
window_s = 60

[roles.script]
"#;
const SECRET: &[u8] = b"kkjH68GiuUZ-and-more";
const BODY: &[u8] = br#"{"topic":"a.b","args":[1]}"#;

struct Signed {
    key: &'static str,
    timestamp: String,
    seq: &'static str,
    nonce: &'static str,
    secret: &'static [u8],
}

fn at(seconds: i64) -> String {
    let at = Timestamp::from_second(NOW_S).unwrap().checked_add(SignedDuration::from_secs(seconds)).unwrap();
    format!("{at:.3}")
}

fn signed() -> Signed {
    Signed { key: "app", timestamp: at(0), seq: "1", nonce: "23", secret: SECRET }
}

/// Signs over `BODY` and presents the request with `body`; the kind of refusal.
fn send(world: &World, signed: &Signed, body: &[u8]) -> Result<Arc<Caller>, Kind> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, signed.secret);
    let mut bytes = [signed.key, &signed.timestamp, signed.seq, signed.nonce].concat().into_bytes();
    bytes.extend_from_slice(BODY);
    let signature = URL_SAFE.encode(hmac::sign(&key, &bytes));
    present(world, signed, &signature, body)
}

fn present(world: &World, signed: &Signed, signature: &str, body: &[u8]) -> Result<Arc<Caller>, Kind> {
    let Signed { key, timestamp, seq, nonce, .. } = signed;
    let request = SignedRequest { key, timestamp, seq, nonce, signature };
    let attempt = world.identity.signed_begin(&world.realm, &request).map_err(|refusal| refusal.error.kind())?;
    world.identity.signed_caller(&world.realm, attempt, body).map_err(|refusal| refusal.error.kind())
}

#[tokio::test]
async fn a_signed_request_is_its_keys() {
    let world = World::open(CONFIG).await;
    let caller = send(&world, &signed(), BODY).unwrap();
    assert_eq!((&**caller.id(), caller.proof()), ("app", Proof::Signature));
    assert!(caller.has_role("script") && caller.roles().len() == 1);
    // Computed with Python's hmac and base64 modules.
    let fixed = Signed { timestamp: "2027-01-15T08:00:00.000Z".into(), seq: "7", nonce: "8", ..signed() };
    let signature = "GmfkLdsMWhBIHJGEhEFxXfkgg9OrzzCmgc4tkVqonJk=";
    assert!(present(&world, &fixed, signature, BODY).is_ok());
}

#[tokio::test]
async fn what_is_not_signed_well_is_refused() {
    let world = World::open(CONFIG).await;
    let refused = Some(Kind::Unauthenticated);
    let cases: [(&str, Signed, &[u8]); 8] = [
        ("another body", signed(), br#"{"topic":"a.b","args":[2]}"#),
        ("another secret", Signed { secret: b"another secret, as long", ..signed() }, BODY),
        ("an unknown key", Signed { key: "nobody", ..signed() }, BODY),
        ("too old", Signed { timestamp: at(-61), ..signed() }, BODY),
        ("from the future", Signed { timestamp: at(61), ..signed() }, BODY),
        ("not UTC", Signed { timestamp: at(0).replace('Z', "+00:00"), ..signed() }, BODY),
        ("no sequence number", Signed { seq: "", ..signed() }, BODY),
        ("no nonce", Signed { nonce: "0x1", ..signed() }, BODY),
    ];
    for (what, signed, body) in cases {
        assert_eq!(send(&world, &signed, body).err(), refused, "{what}");
    }
    for signature in ["", "AAAA", "%", "not base64 at all", &"A".repeat(10_000)] {
        assert_eq!(present(&world, &signed(), signature, BODY).err(), refused, "{signature}");
    }
}

#[tokio::test]
async fn a_request_is_good_once_however_its_parts_are_divided() {
    let world = World::open(CONFIG).await;
    let request = signed();
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let mut bytes = ["app", &request.timestamp, "123"].concat().into_bytes();
    bytes.extend_from_slice(BODY);
    let signature = URL_SAFE.encode(hmac::sign(&key, &bytes));
    assert!(present(&world, &request, &signature, BODY).is_ok());
    assert_eq!(present(&world, &request, &signature, BODY).err(), Some(Kind::Unauthenticated));
    // "1" and "23" sign like "12" and "3".
    let divided = Signed { seq: "12", nonce: "3", ..signed() };
    assert_eq!(present(&world, &divided, &signature, BODY).err(), Some(Kind::Unauthenticated));
    // Nor written otherwise.
    let unpadded = signature.trim_end_matches('=');
    assert_eq!(present(&world, &request, unpadded, BODY).err(), Some(Kind::Unauthenticated));
    // A reload forgets nothing; and when it has ended, its timestamp is refused.
    world.identity.reload(crate::kit::parsed(CONFIG)).unwrap();
    assert_eq!(present(&world, &request, &signature, BODY).err(), Some(Kind::Unauthenticated));
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(present(&world, &request, &signature, BODY).err(), Some(Kind::Unauthenticated));
}

#[tokio::test]
async fn a_weak_key_is_refused_in_the_configuration() {
    for (from, to, key) in [
        ("kkjH68GiuUZ-and-more", "short", "secret"),
        ("window_s = 60", "window_s = 3601", "window_s"),
        ("secret = \"kkjH68GiuUZ-and-more\"", "", "secret"),
        ("[\"script\"]", "[\"unknown\"]", "roles"),
    ] {
        let world = World::open("").await;
        let error = world.identity.reload(crate::kit::parsed(&CONFIG.replace(from, to))).unwrap_err().to_string();
        assert!(error.contains(&format!("signed_keys.app.{key}")), "{error}");
        assert!(!error.contains("short"), "{error}");
    }
}
