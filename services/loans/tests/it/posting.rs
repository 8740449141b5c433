//! Postings, reversals, and what the tables themselves refuse.

use std::time::Duration;

use crossgate_call::{Kind, Outcome, SystemClock};
use crossgate_loans::{AMOUNT_MINOR_MAX, Config, Error, Ledger};
use crossgate_store::Error as StoreError;
use serde_json::{Value, json};

use crate::kit::Kit;

const LOANS: &str = "1,2020-01-01,100.00\n2,2020-01-01,100.00\n";
const EVENTS: &str = "1,fee,2020-02-01,10\n1,payment,2020-04-01,30\n";

fn payment(key: &str, day: &str, amount: &str) -> Value {
    json!({"loan_id": 1, "Idempotency-Key": key, "type": "payment", "effective_on": day, "amount": amount})
}

#[tokio::test]
async fn a_back_dated_posting_counts_from_its_day_and_shows_when_it_was_learned() {
    let kit = Kit::of(LOANS, EVENTS).await;
    kit.clock.advance(Duration::from_secs(86_400));
    let Ok(Outcome::Created { location, value }) = kit.call("loans.post", payment("k1", "2020-03-01", "5.25")).await
    else {
        panic!("not created")
    };
    assert_eq!(location, "/api/v1/loans/1/entries/3");
    assert_eq!(
        *value.value().unwrap(),
        json!({
            "loan_id": 1, "seq": 3, "type": "payment", "effective_on": "2020-03-01",
            "posted_at": "2021-02-01T12:00:00Z", "amount": "5.25", "effect": "-5.25", "origin": "posted",
            "posted_by": "lender", "back_dated": true, "note": null, "reverses": null, "reversed_by": null,
        })
    );
    assert_eq!(kit.value("loans.entry", json!({"loan_id": 1, "seq": 3})).await, *value.value().unwrap());
    for (day, balance) in
        [("2020-02-29", "110.00"), ("2020-03-01", "104.75"), ("2020-04-01", "74.75"), ("2021-02-01", "74.75")]
    {
        assert_eq!(kit.balance(1, day).await, balance, "{day}");
    }
}

#[tokio::test]
async fn the_same_request_under_the_same_key_posts_once_and_answers_alike() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let first = kit.value("loans.post", payment("k1", "2020-03-01", "5")).await;
    kit.clock.advance(Duration::from_secs(3_600));
    kit.value("loans.reverse", json!({"loan_id": 1, "seq": 3, "Idempotency-Key": "k2"})).await;
    let again = kit.value("loans.post", payment("k1", "2020-3-1", "5.00")).await;
    assert_eq!(again, first);
    assert_eq!(kit.value("loans.show", json!({"loan_id": 1})).await["entries"], 4);
}

#[tokio::test]
async fn a_key_is_refused_for_another_request_and_free_for_another_caller() {
    let kit = Kit::of(LOANS, EVENTS).await;
    kit.value("loans.post", payment("k1", "2020-03-01", "5")).await;
    let mut others =
        vec![payment("k1", "2020-03-01", "6"), payment("k1", "2020-03-02", "5"), payment("k1", "2020-03-01", "5")];
    others[2]["note"] = json!("another");
    others.push(payment("k1", "2020-03-01", "5"));
    others[3]["loan_id"] = json!(2);
    for other in others {
        let error = kit.call("loans.post", other).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict);
    }
    for (loan_id, seq) in [(1, 1), (1, 77), (9, 1)] {
        let reversal = json!({"loan_id": loan_id, "seq": seq, "Idempotency-Key": "k1"});
        assert_eq!(kit.call("loans.reverse", reversal).await.unwrap_err().kind(), Kind::Conflict);
    }
    kit.call_as("another lender", "loans.post", payment("k1", "2020-03-01", "6")).await.unwrap();
}

#[tokio::test]
async fn a_reversal_is_a_new_entry_that_names_the_old_one() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let reversal = json!({"loan_id": 1, "seq": 2, "Idempotency-Key": "r1", "note": "cheque returned"});
    let reversed = kit.value("loans.reverse", reversal.clone()).await;
    assert_eq!(
        (&reversed["type"], &reversed["reverses"], &reversed["effect"]),
        (&json!("reversal"), &json!(2), &json!("30.00"))
    );
    assert_eq!(kit.balance(1, "2020-04-01").await, "110.00");
    let old = kit.value("loans.entry", json!({"loan_id": 1, "seq": 2})).await;
    assert_eq!((&old["amount"], &old["reversed_by"]), (&json!("30.00"), &json!(3)));
    assert_eq!(kit.value("loans.reverse", reversal).await, reversed, "repeating it changes nothing");
    assert_eq!(kit.balance(1, "2020-04-01").await, "110.00");

    let refused = |input: Value| async { kit.call("loans.reverse", input).await.unwrap_err() };
    let twice = refused(json!({"loan_id": 1, "seq": 2, "Idempotency-Key": "r2"})).await;
    assert_eq!((twice.kind(), twice.public()), (Kind::Conflict, "entry 2 has been reversed already, by entry 3"));
    let of_reversal = refused(json!({"loan_id": 1, "seq": 3, "Idempotency-Key": "r3"})).await;
    assert_eq!(of_reversal.kind(), Kind::Conflict);
    let early = refused(json!({"loan_id": 1, "seq": 1, "Idempotency-Key": "r4", "effective_on": "2020-01-31"})).await;
    assert_eq!((early.kind(), early.fields()[0].pointer.as_str()), (Kind::Invalid, "/effective_on"));
    assert_eq!(
        refused(json!({"loan_id": 1, "seq": 8, "Idempotency-Key": "r5"})).await.public(),
        "loan 1 has no entry 8"
    );
    assert_eq!(refused(json!({"loan_id": 9, "seq": 1, "Idempotency-Key": "r6"})).await.public(), "there is no loan 9");
}

#[tokio::test]
async fn a_posting_that_does_not_fit_is_refused_by_field_and_leaves_nothing() {
    let kit = Kit::of(LOANS, EVENTS).await;
    for (name, value) in [
        ("amount", json!("1.005")),
        ("amount", json!("0.00")),
        ("amount", json!("-5")),
        ("amount", json!("NaN")),
        ("amount", json!("10000000000000000000000000000")),
        ("effective_on", json!("2019-12-31")),
        ("effective_on", json!("2020-02-30")),
        ("type", json!("reversal")),
        ("type", json!("gift")),
        ("Idempotency-Key", json!("")),
        ("Idempotency-Key", json!("k".repeat(256))),
        ("note", json!("")),
        ("note", json!("n".repeat(501))),
    ] {
        let mut input = payment("k1", "2020-03-01", "5");
        input[name] = value.clone();
        let error = kit.call("loans.post", input).await.unwrap_err();
        assert_eq!((error.kind(), error.fields()[0].pointer.clone()), (Kind::Invalid, format!("/{name}")), "{value}");
    }
    let mut input = payment("k1", "2020-03-01", "5");
    input["loan_id"] = json!(9);
    assert_eq!(kit.call("loans.post", input).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(kit.value("loans.show", json!({"loan_id": 1})).await["entries"], 2);
}

#[tokio::test]
async fn an_adjustment_carries_its_own_sign() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let mut input = payment("k1", "2020-05-01", "-0.50");
    input["type"] = json!("adjustment");
    let entry = kit.value("loans.post", input).await;
    assert_eq!((&entry["amount"], &entry["effect"]), (&json!("-0.50"), &json!("-0.50")));
    assert_eq!(kit.balance(1, "2020-05-01").await, "79.50");
}

#[tokio::test]
async fn a_balance_never_leaves_its_range() {
    let most = format!("1,fee,2020-06-01,{}.{}\n", AMOUNT_MINOR_MAX / 100, AMOUNT_MINOR_MAX % 100);
    let options = crossgate_loans::import::Options { accept_repeats: true };
    let kit = Kit::new().await;
    kit.import_with("1,2020-01-01,0\n", &most.repeat(100), options).await.unwrap();
    let before = kit.balance(1, "2020-06-01").await;
    let fee = |key: &str, day: &str| json!({"loan_id": 1, "Idempotency-Key": key, "type": "fee", "effective_on": day, "amount": "5000"});
    // On the day itself, after it, and before it: there the day's own balance fits and a later one does not.
    for (key, day) in [("k1", "2020-06-01"), ("k2", "2020-07-01"), ("k3", "2020-02-01")] {
        assert_eq!(kit.call("loans.post", fee(key, day)).await.unwrap_err().kind(), Kind::Conflict, "{day}");
    }
    assert_eq!(kit.balance(1, "2020-06-01").await, before);
    assert_eq!(kit.balance(1, "2020-02-01").await, "0.00");
    let more = kit.import_with("", &most.repeat(101), options).await.unwrap_err();
    assert!(more.to_string().contains("would leave the range"), "{more}");
}

#[tokio::test]
async fn the_tables_refuse_to_change_delete_or_replace_what_was_written() {
    let kit = Kit::of(LOANS, EVENTS).await;
    kit.value("loans.post", payment("k1", "2020-03-01", "5")).await;
    kit.value("loans.reverse", json!({"loan_id": 1, "seq": 1, "Idempotency-Key": "k2"})).await;
    const INSERT: &str = "INSERT OR REPLACE INTO loan_entries (loan_id, seq, kind, effective_on, posted_at, effect_minor, \
                          reverses, posted_by, idempotency_key) VALUES ";
    let insert = |values: &str| format!("{INSERT} ({values})");
    for statement in [
        "UPDATE loan_entries SET effect_minor = 0".to_owned(),
        "UPDATE loan_entries SET note = 'x' WHERE seq = 1".to_owned(),
        "DELETE FROM loan_entries WHERE seq = 4".to_owned(),
        "UPDATE loans SET initial_minor = 0 WHERE id = 1".to_owned(),
        "DELETE FROM loans WHERE id = 2".to_owned(),
        "INSERT OR REPLACE INTO loans (id, start_on, initial_minor, created_at) VALUES (2, 20200101, 0, 0)".to_owned(),
        "UPDATE loan_ledger SET minor_unit_digits = 3".to_owned(),
        "DELETE FROM loan_ledger".to_owned(),
        "INSERT OR REPLACE INTO loan_ledger (one, minor_unit_digits) VALUES (1, 3)".to_owned(),
        insert("1, 2, 'payment', 20200401, 0, 0, NULL, NULL, NULL"),
        insert("1, 6, 'fee', 20200401, 0, 1, NULL, NULL, NULL"),
        insert("1, 5, 'fee', 20191231, 0, 1, NULL, NULL, NULL"),
        insert("1, 5, 'fee', 20200401, 0, -1, NULL, NULL, NULL"),
        insert("1, 5, 'payment', 20200401, 0, 1, NULL, NULL, NULL"),
        insert("1, 5, 'gift', 20200401, 0, 1, NULL, NULL, NULL"),
        insert("1, 5, 'fee', 20200401, 0, 1, NULL, 'lender', 'k1'"),
        insert("1, 5, 'reversal', 20200401, 0, 1, 1, NULL, NULL"),
        insert("1, 5, 'reversal', 20200401, 0, 1, NULL, NULL, NULL"),
        insert("1, 5, 'reversal', 20200401, 0, 1, 5, NULL, NULL"),
        insert("7, 1, 'fee', 20200401, 0, 1, NULL, NULL, NULL"),
        insert("1, 5, 'fee', 20200401, 0, 1000000000000000, NULL, NULL, NULL"),
    ] {
        let text = statement.clone();
        let refused = kit
            .store
            .write(move |tx| Box::pin(async move { tx.execute(crossgate_store::Sql::assembled(&text), ()).await }))
            .await;
        assert!(
            matches!(refused, Err(StoreError::Constraint(_) | StoreError::Conflict(_))),
            "{statement}: {refused:?}"
        );
    }
    // The same insert with nothing wrong in it, so that the refusals above are for their reasons.
    let good = insert("1, 5, 'fee', 20200401, 0, 1, NULL, NULL, NULL");
    let done = kit
        .store
        .write(move |tx| Box::pin(async move { tx.execute(crossgate_store::Sql::assembled(&good), ()).await }));
    assert_eq!(done.await.unwrap(), 1);
}

#[tokio::test]
async fn a_ledger_keeps_the_scale_it_was_begun_with() {
    let store = crossgate_store::Store::temporary().unwrap();
    let open =
        |digits| Ledger::open(Config { minor_unit_digits: digits }, store.clone(), std::sync::Arc::new(SystemClock));
    let yen = open(0).await.unwrap();
    assert_eq!(yen.scale().show(423), "423");
    open(0).await.unwrap();
    assert!(matches!(open(2).await, Err(Error::Scale { kept: 0, configured: 2 })));
    assert!(matches!(open(5).await, Err(Error::ScaleRange(5))));
}

#[tokio::test]
async fn a_ledger_whose_database_is_closed_is_unavailable_and_says_so_when_asked() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let service = crossgate_loans::service(&kit.ledger);
    (service.ready)().await.unwrap();
    kit.store.close().await.unwrap();
    assert_eq!((service.ready)().await.unwrap_err().kind(), Kind::Unavailable);
    let error = kit.call("loans.balance", json!({"loan_id": 1, "date": "2020-01-01"})).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
}
