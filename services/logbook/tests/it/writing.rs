//! Each thing once, and nothing without a limit.

use std::time::Duration;

use crossgate_call::Kind;
use crossgate_logbook::{BATCH_MAX, Config};
use serde_json::{Value, json};

use crate::kit::{Kit, join, line};

#[tokio::test]
async fn what_several_daemons_saw_is_recorded_once() {
    let kit = Kit::new().await;
    let leave = json!({"kind": "leave", "session": 7});
    let meta = json!({"kind": "meta", "id": "12345", "text": "registration.on_create"});
    let seen = json!([join(7, "log1"), meta, leave]);
    assert_eq!(kit.append(seen.clone()).await, (3, 0));
    assert_eq!(kit.append(seen).await, (0, 3), "the other daemon's");
    // The same words twice are two lines; the same line sent again is one.
    assert_eq!(kit.append(json!([line(1, "tick"), line(2, "tick"), line(2, "tick")])).await, (2, 1));
    assert_eq!(kit.texts(json!({"text": "TICK"})).await, ["tick", "tick"]);
}

#[tokio::test]
async fn who_leaves_is_known_from_joining() {
    let kit = Kit::new().await;
    kit.append(json!([join(7, "log1")])).await;
    kit.append(
        json!([{"kind": "leave", "session": 7, "authid": null}, {"kind": "leave", "session": 8, "authid": "late"}]),
    )
    .await;
    let sha = ["B7"; 20].join(":");
    assert_eq!(
        kit.texts(json!({})).await,
        [
            "- \"late\" on realm \"logger\"".to_owned(),
            format!("- \"logdaemon\" on realm \"logger\" CN=\"log1\" COMPANY=\"XBR\" SHA={sha}"),
            format!("+ \"logdaemon\" on realm \"logger\" CN=\"log1\" COMPANY=\"XBR\" SHA={sha}"),
        ]
    );
    // The events of one session may arrive the other way round.
    kit.append(json!([{"kind": "leave", "session": 9}])).await;
    kit.append(json!([join(9, "log2")])).await;
    let stays = kit.value("logbook.presence", json!({})).await;
    let told: Vec<_> = stays["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stay| {
            (
                stay["session"].clone(),
                stay["joined_at"].is_null(),
                stay["left_at"].is_null(),
                stay["certificate"]["common_name"].clone(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (json!(9), false, false, json!("log2")),
            (json!(8), true, false, Value::Null),
            (json!(7), false, false, json!("log1")),
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_told_apart_is_refused_and_so_is_too_much_at_once() {
    let kit = Kit::new().await;
    for wrong in [
        json!([{"kind": "log", "text": "no id"}]),
        json!([{"kind": "join", "authid": "no session"}]),
        json!([{"kind": "log", "id": "x".repeat(129)}]),
        json!([{"kind": "gossip", "id": "1"}]),
        json!((0..=BATCH_MAX).map(|id| line(id, "x")).collect::<Vec<_>>()),
    ] {
        let refused = kit.call("logbook.append", json!({"entries": wrong})).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Invalid);
    }
    assert!(kit.texts(json!({})).await.is_empty(), "of a batch that is refused, nothing is kept");
}

#[tokio::test]
async fn the_oldest_go_when_there_are_too_many_or_too_many_bytes() {
    let kit = Kit::with(Config { entries_max: 3, ..Config::default() }).await;
    for id in 0..5 {
        kit.append(json!([line(id, &id.to_string())])).await;
    }
    assert_eq!(kit.texts(json!({})).await, ["4", "3", "2"]);
    let kit = Kit::with(Config { bytes_max: 700, ..Config::default() }).await;
    for id in 0..5 {
        kit.append(json!([line(id, &format!("{id}{}", "x".repeat(150)))])).await;
    }
    let kept = kit.texts(json!({})).await;
    assert_eq!(kept.iter().map(|text| &text[..1]).collect::<Vec<_>>(), ["4", "3"]);
}

#[tokio::test]
async fn nothing_is_shown_nor_kept_for_longer_than_it_may_be() {
    let kit = Kit::with(Config { keep_days: 1, ..Config::default() }).await;
    kit.append(json!([line(1, "old"), join(7, "log1")])).await;
    kit.clock.advance(Duration::from_secs(86_401));
    assert!(kit.texts(json!({})).await.is_empty());
    assert_eq!(kit.append(json!([line(1, "again")])).await, (0, 1), "it is still there, out of sight");
    assert_eq!(kit.append(json!([line(1, "anew"), line(2, "new")])).await, (2, 0), "the batch before took it out");
    assert_eq!(kit.texts(json!({})).await, ["new", "anew"]);
    assert_eq!(kit.value("logbook.presence", json!({})).await["sessions"], json!([]));
}
