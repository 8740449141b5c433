//! Balances, lists and histories.

use crossgate_call::{Kind, Outcome};
use crossgate_loans::{Day, Wanted};
use serde_json::{Value, json};

use crate::kit::Kit;

const LOANS: &str = "1,2019-12-17,362.00\n2,2020-06-01,100\n";
const EVENTS: &str = "1,fee,2020-02-14,10.50\n1,payment,2020-02-14,78.00\n1,interest,2020-03-01,0.07\n";

#[tokio::test]
async fn a_balance_counts_everything_up_to_and_including_the_day() {
    let kit = Kit::of(LOANS, EVENTS).await;
    for (day, balance) in [
        ("2019-12-17", "362.00"),
        ("2020-02-13", "362.00"),
        ("2020-02-14", "294.50"),
        ("2020-02-29", "294.50"),
        ("2020-3-1", "294.57"),
        ("9999-12-31", "294.57"),
    ] {
        assert_eq!(kit.balance(1, day).await, balance, "{day}");
    }
    assert_eq!(kit.balance(2, "2020-06-01").await, "100.00", "a loan without events");
}

#[tokio::test]
async fn a_day_before_the_loan_and_a_loan_that_is_not_there_are_told_apart() {
    let kit = Kit::of(LOANS, EVENTS).await;
    assert_eq!(kit.balance(1, "2019-01-01").await, "loan 1 did not exist on 2019-01-01; it starts on 2019-12-17");
    assert_eq!(kit.balance(99, "2020-01-01").await, "there is no loan 99");
}

#[tokio::test]
async fn the_demo_loans_owe_what_their_histories_add_up_to() {
    let kit = Kit::demo().await;
    for (loan_id, in_2020, at_the_end) in [
        (1, "3215.97", "0.00"),
        (2, "loan 2 did not exist on 2020-10-31; it starts on 2021-02-01", "1178.59"),
        (3, "525.54", "-4.20"),
        (4, "183013.03", "145264.75"),
        (5, "loan 5 did not exist on 2020-10-31; it starts on 2023-09-12", "552.60"),
        (6, "loan 6 did not exist on 2020-10-31; it starts on 2024-01-10", "5000.00"),
    ] {
        assert_eq!(kit.balance(loan_id, "2020-10-31").await, in_2020);
        assert_eq!(kit.balance(loan_id, "2025-12-31").await, at_the_end);
    }
    let again = crossgate_loans::seed_demo(&kit.ledger).await.unwrap();
    assert_eq!((again.loans_added, again.entries_added), (0, 0));
}

#[tokio::test]
async fn the_balance_procedure_answers_a_json_string_and_nothing_else() {
    let kit = Kit::of(LOANS, EVENTS).await;
    for input in [json!({"loan_id": 1, "date": "2020-02-14"}), json!({"loan_id": "0001", "date": "2020-2-14"})] {
        let Ok(Outcome::Value(value)) = kit.call("loans.balance", input).await else { panic!("no value") };
        assert_eq!(value.bytes(), "\"294.50\"");
    }
}

#[tokio::test]
async fn what_cannot_be_answered_is_refused_by_kind_and_by_field() {
    let kit = Kit::of(LOANS, EVENTS).await;
    for date in ["2020-02-30", "garbage", "20201031", "", "2020-02- 9"] {
        let error = kit.call("loans.balance", json!({"loan_id": 1, "date": date})).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{date}");
        assert_eq!(error.fields()[0].pointer, "/date");
    }
    for loan_id in [json!(99), json!(3_000_000_000_u64), json!(u64::MAX), json!("99999999999999999999999"), json!(1e30)]
    {
        let error = kit.call("loans.balance", json!({"loan_id": loan_id, "date": "2020-01-01"})).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound, "{loan_id}");
    }
    for loan_id in [json!(-1), json!("x"), json!(1.5), Value::Null] {
        let error = kit.call("loans.balance", json!({"loan_id": loan_id, "date": "2020-01-01"})).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Invalid, "{loan_id}");
    }
}

#[tokio::test]
async fn the_status_is_the_sentence_that_monitors_look_for() {
    let kit = Kit::new().await;
    for input in [json!({}), Value::Null] {
        assert_eq!(kit.value("loans.status", input).await, json!({"status": "Loan Info \u{b5}-Service is running."}));
    }
}

#[tokio::test]
async fn loans_are_listed_page_by_page_each_once_with_todays_balance() {
    let rows: Vec<String> =
        (0..7).map(|id| format!("{id},2021-01-{:02},10", 28 + id)).filter(|row| !row.contains("-01-3")).collect();
    let loans = format!("{}\n10,2021-02-01,5\n11,2021-01-31,6\n", rows.join("\n"));
    let kit = Kit::of(&loans, "11,fee,2021-02-01,1\n11,payment,2021-01-31,2\n").await;
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    for _ in 0..10 {
        let page = kit.value("loans.list", json!({"limit": 2, "cursor": cursor})).await;
        assert_eq!(page["as_of"], "2021-01-31");
        seen.extend(page["loans"].as_array().unwrap().clone());
        cursor = page["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let ids: Vec<_> = seen.iter().map(|loan| loan["id"].as_i64().unwrap()).collect();
    assert_eq!(ids, [0, 1, 10, 11]);
    assert_eq!(seen[2]["balance"], Value::Null, "it begins tomorrow");
    assert_eq!(
        seen[3],
        json!({"id": 11, "start_on": "2021-01-31", "initial": "6.00", "balance": "4.00", "entries": 2})
    );
    assert_eq!(kit.value("loans.show", json!({"loan_id": 11})).await, seen[3]);
    assert_eq!(kit.call("loans.show", json!({"loan_id": 12})).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_page_beyond_the_limit_or_from_nowhere_is_refused() {
    let kit = Kit::of(LOANS, EVENTS).await;
    for (procedure, input, pointer) in [
        ("loans.list", json!({"limit": 201}), "/limit"),
        ("loans.list", json!({"limit": 0}), "/limit"),
        ("loans.list", json!({"cursor": "x"}), "/cursor"),
        ("loans.history", json!({"loan_id": 1, "limit": 1001}), "/limit"),
        ("loans.history", json!({"loan_id": 1, "cursor": "20200230-1"}), "/cursor"),
        ("loans.history", json!({"loan_id": 1, "cursor": "20200201"}), "/cursor"),
        ("loans.history", json!({"loan_id": 1, "from": "2020-02-30"}), "/from"),
    ] {
        let error = kit.call(procedure, input).await.unwrap_err();
        assert_eq!((error.kind(), error.fields()[0].pointer.as_str()), (Kind::Invalid, pointer));
    }
}

#[tokio::test]
async fn a_history_has_each_day_with_its_balance_and_entries() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let history = kit.value("loans.history", json!({"loan_id": 1})).await;
    let days: Vec<_> = history["days"].as_array().unwrap().iter().map(summary).collect();
    assert_eq!(days, ["2019-12-17 362.00 []", "2020-02-14 294.50 [1 10.50, 2 -78.00]", "2020-03-01 294.57 [3 0.07]"]);
    assert_eq!(
        (&history["start_on"], &history["initial"], &history["next"]),
        (&json!("2019-12-17"), &json!("362.00"), &Value::Null)
    );

    let part = kit.value("loans.history", json!({"loan_id": 1, "from": "2020-02-20", "to": "2020-02-28"})).await;
    assert_eq!(part["days"].as_array().unwrap().iter().map(summary).collect::<Vec<_>>(), ["2020-02-20 294.50 []"]);
    let none = kit.value("loans.history", json!({"loan_id": 1, "to": "2019-01-01"})).await;
    assert_eq!(none["days"], json!([]));
}

#[tokio::test]
async fn a_history_is_complete_whatever_the_size_of_its_pages() {
    let kit = Kit::demo().await;
    let whole = kit.ledger.history(4, wanted(1000)).await.unwrap();
    let all: Vec<_> = whole.days.iter().flat_map(|day| day.entries.iter().map(|entry| entry.seq)).collect();
    assert_eq!(all.len() as i64, kit.ledger.loan(4, Day::LAST).await.unwrap().entries);
    for limit in [1, 2, 7] {
        let (mut seen, mut next) = (Vec::new(), None);
        for _ in 0..=all.len() {
            let page = kit.ledger.history(4, Wanted { after: next, ..wanted(limit) }).await.unwrap();
            for day in &page.days {
                assert_eq!(kit.ledger.balance(4, day.date).await.unwrap(), day.balance_minor);
            }
            seen.extend(page.days.iter().flat_map(|day| day.entries.iter().map(|entry| entry.seq)));
            next = page.next.map(|next| next.to_string().parse().unwrap());
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }
}

fn wanted(limit: u32) -> Wanted {
    Wanted { from: Day::FIRST, to: Day::LAST, after: None, limit }
}

fn summary(day: &Value) -> String {
    let entries: Vec<String> = day["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| format!("{} {}", entry["seq"], entry["effect"].as_str().unwrap()))
        .collect();
    format!("{} {} [{}]", day["date"].as_str().unwrap(), day["balance"].as_str().unwrap(), entries.join(", "))
}
