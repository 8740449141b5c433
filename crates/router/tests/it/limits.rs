//! How often.

use crossgate_call::Kind;
use crossgate_router::Origin;
use serde_json::json;

use crate::kit::{Kit, origin};

#[tokio::test]
async fn a_caller_that_used_up_its_burst_is_told_when_to_come_back_and_others_are_not_affected() {
    let slow = json!({"per_second": 0.001, "burst": 2});
    let roles = json!({"operator": {"allow": [{"uri": "test.", "match": "prefix"}]}, "anonymous": {"allow": [{"uri": "test.open"}]}});
    let kit = Kit::with(json!({"caller_rate": slow, "roles": roles})).await;
    let olga = kit.operator();
    for _ in 0..2 {
        kit.call(&olga, "test.fine").await.unwrap();
    }
    let refused = kit.call(&olga, "test.fine").await.unwrap_err();
    assert_eq!(refused.kind(), Kind::TooMany);
    let wait = refused.retry_after().unwrap();
    assert!((1..=1000).contains(&wait.as_secs()), "{wait:?}");
    kit.call(&kit.identity.local(&kit.realm, "otto"), "test.fine").await.unwrap();
    kit.call(&kit.stranger().await, "test.open").await.unwrap();
}

#[tokio::test]
async fn strangers_are_told_apart_by_network_so_that_no_address_more_is_a_call_more() {
    let roles = json!({"anonymous": {"allow": [{"uri": "test.open"}]}});
    let kit = Kit::with(json!({"caller_rate": {"per_second": 0.001, "burst": 1}, "roles": roles})).await;
    let stranger = kit.stranger().await;
    let admit = |address: &str| {
        let origin = Origin { source: address.parse().ok(), ..origin() };
        let (router, stranger) = (kit.router.clone(), stranger.clone());
        async move { router.admit(&stranger, "test.open", origin).await.map(drop).map_err(|error| error.kind()) }
    };
    assert_eq!(admit("2001:db8::1").await, Ok(()));
    assert_eq!(admit("2001:db8::ffff:2").await, Err(Kind::TooMany));
    assert_eq!(admit("2001:db8:0:1::1").await, Ok(()));
    assert_eq!(admit("192.0.2.1").await, Ok(()));
    assert_eq!(admit("192.0.2.2").await, Ok(()));
}

#[tokio::test]
async fn a_roles_rate_is_shared_by_all_who_hold_it() {
    let roles = json!({"operator": {"allow": [{"uri": "test.", "match": "prefix"}], "rate": {"per_second": 0.001, "burst": 1}}});
    let kit = Kit::with(json!({"roles": roles})).await;
    kit.call(&kit.operator(), "test.fine").await.unwrap();
    let other = kit.identity.local(&kit.realm, "otto");
    assert_eq!(kit.call(&other, "test.fine").await.unwrap_err().kind(), Kind::TooMany);
}

#[tokio::test]
async fn what_may_not_be_called_takes_nothing_from_the_bucket() {
    let roles = json!({"operator": {"allow": [{"uri": "test.fine"}]}});
    let kit = Kit::with(json!({"caller_rate": {"per_second": 0.001, "burst": 1}, "roles": roles})).await;
    for _ in 0..5 {
        assert_eq!(kit.call(&kit.operator(), "test.missing").await.unwrap_err().kind(), Kind::Forbidden);
    }
    kit.call(&kit.operator(), "test.fine").await.unwrap();
}
