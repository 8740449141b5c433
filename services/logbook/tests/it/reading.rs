//! Pages, filters, and the stream; and that the contract says the same.

use std::collections::BTreeMap;

use crossgate_call::{Events, Outcome};
use crossgate_contract::{Contract, Options};
use serde_json::{Value, json};

use crate::kit::{Kit, join, line};

#[tokio::test]
async fn pages_go_back_to_the_beginning_and_no_line_is_on_two_of_them() {
    let kit = Kit::new().await;
    kit.append((0..25).map(|id| line(id, &id.to_string())).collect::<Vec<_>>().into()).await;
    let (mut found, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let page = kit.value("logbook.search", json!({"limit": 10, "cursor": cursor})).await;
        found
            .extend(page["entries"].as_array().unwrap().iter().map(|entry| entry["text"].as_str().unwrap().to_owned()));
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(found, (0..25).rev().map(|id| id.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_search_finds_by_everything_that_it_may_be_asked_for() {
    let kit = Kit::new().await;
    kit.append(json!([
        {"kind": "log", "id": "1", "level": "warning", "authid": "app", "text": "100% of it", "at": "2021-01-30T10:00:00Z"},
        {"kind": "log", "id": "2", "level": "debug", "authid": "web", "text": "100 of it", "at": "2021-01-31T10:00:00Z"},
        join(7, "log1"),
    ]))
    .await;
    let sha1 = "B7".repeat(20);
    for (filter, found) in [
        (json!({"authid": "web"}), vec!["100 of it"]),
        (json!({"level": "warn"}), vec!["100% of it"]),
        (json!({"text": "100% OF"}), vec!["100% of it"]),
        (json!({"text": "_"}), vec![]),
        (json!({"kind": "log"}), vec!["100 of it", "100% of it"]),
        (json!({"since": "2021-01-31T00:00:00Z", "kind": "log"}), vec!["100 of it"]),
        (json!({"until": "2021-01-31T00:00:00Z"}), vec!["100% of it"]),
        (json!({"realm": "another"}), vec![]),
        (json!({"realm": "logger", "authid": "app"}), vec!["100% of it"]),
    ] {
        assert_eq!(kit.texts(filter.clone()).await, found, "{filter}");
    }
    for fingerprint in [sha1, ["b7"; 20].join(":"), "c8".repeat(32)] {
        let found = kit.texts(json!({"fingerprint": fingerprint})).await;
        assert!(found.len() == 1 && found[0].starts_with("+ \"logdaemon\""), "{found:?}");
    }
    for wrong in [json!({"fingerprint": "b7"}), json!({"level": "loud"}), json!({"limit": 0}), json!({"limit": 501})] {
        assert!(kit.call("logbook.search", wrong.clone()).await.is_err(), "{wrong}");
    }
}

async fn stream(kit: &Kit, input: Value) -> Events {
    match kit.call("logbook.tail", input).await.unwrap() {
        Outcome::Stream(events) => events,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stream_begins_now_goes_on_after_an_id_and_says_what_is_gone() {
    let kit =
        Kit::with(crossgate_logbook::Config { entries_max: 3, streams_per_caller_max: 2, ..Default::default() }).await;
    kit.append(json!([line(1, "before")])).await;
    let mut events = stream(&kit, json!({"text": "shown"})).await;
    let text = |event: &crossgate_call::Event| event.data.value().unwrap()["text"].as_str().unwrap().to_owned();
    // The stream waits already when the lines come.
    let (first, ()) = tokio::join!(events.next(), async {
        kit.append(json!([line(2, "hidden"), line(3, "shown 3"), line(4, "shown 4")])).await;
    });
    let first = first.unwrap();
    assert_eq!((text(&first), text(&events.next().await.unwrap())), ("shown 3".to_owned(), "shown 4".to_owned()));
    let mut later = stream(&kit, json!({"Last-Event-ID": first.id.unwrap()})).await;
    assert_eq!(text(&later.next().await.unwrap()), "shown 4");
    assert!(kit.call("logbook.tail", json!({})).await.is_err(), "as many as one caller may have");
    drop((events, later));
    kit.append(json!([line(5, "5"), line(6, "6")])).await;
    let mut late = stream(&kit, json!({"Last-Event-ID": "1"})).await;
    assert_eq!(late.next().await.unwrap().kind, Some("gap"));
    assert_eq!(text(&late.next().await.unwrap()), "shown 4");
}

#[tokio::test]
async fn the_contract_has_every_operation_of_the_table_and_every_answer_fits_it() {
    let kit = Kit::new().await;
    kit.append(json!([line(1, "x"), join(7, "log1")])).await;
    let contract = Contract::parse("logbook.yaml", crossgate_logbook::CONTRACT, Options::default()).unwrap();
    let rows: BTreeMap<String, &'static str> = crossgate_logbook::service(&kit.logbook)
        .procedures
        .iter()
        .filter_map(|row| Some((row.operation?.to_owned(), row.name)))
        .collect();
    let mut promised: Vec<String> = Vec::new();
    for operation in contract.operations() {
        let name = format!("{} {}", operation.method(), operation.template());
        let procedure = rows[&name];
        if procedure != "logbook.tail" {
            let answer = serde_json::to_vec(&kit.value(procedure, json!({})).await).unwrap();
            operation.check_response(200, Some("application/json"), &answer).unwrap();
        }
        promised.push(name);
    }
    promised.sort();
    assert_eq!(promised, rows.into_keys().collect::<Vec<_>>());
}
