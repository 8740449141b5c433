use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crossgate_store::{Config, Error, Sql, Store, Value};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::{add, count, with_notes};

#[tokio::test]
async fn a_read_is_ready_when_first_polled() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let mut read = pin!(store.read("SELECT 1", ()));
    let polled = read.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Ok(rows)) if rows.len() == 1));
}

#[tokio::test]
async fn values_come_back_as_the_type_that_is_asked_for() {
    let store = Store::temporary().unwrap();
    let at: Timestamp = "2020-10-31T12:00:00.000001Z".parse().unwrap();
    let rows = store.read("SELECT ?, ?, ?, ?, ?, ?", (7, true, "seven", [7u8, 8], at, None::<i64>)).await.unwrap();
    let row = rows.one().unwrap();
    assert_eq!(row.get::<i64>(0).unwrap(), 7);
    assert!(row.get::<bool>(1).unwrap());
    assert_eq!(row.get::<&str>(2).unwrap(), "seven");
    assert_eq!(row.get::<Option<String>>(2).unwrap().as_deref(), Some("seven"));
    assert_eq!(row.get::<&[u8]>(3).unwrap(), [7, 8]);
    assert_eq!(row.get::<[u8; 2]>(3).unwrap(), [7, 8]);
    assert_eq!(row.get::<Timestamp>(4).unwrap(), at);
    assert_eq!(row.get::<Option<i64>>(5).unwrap(), None);
    assert_eq!(row.values().len(), 6);
}

#[tokio::test]
async fn a_value_of_another_type_is_an_error_that_names_the_column() {
    let store = Store::temporary().unwrap();
    let rows = store.read("SELECT 'x', NULL, 300, 2", ()).await.unwrap();
    let row = rows.one().unwrap();
    assert_eq!(row.get::<i64>(0).unwrap_err().to_string(), "column 0 holds text, and not an integer");
    assert_eq!(row.get::<&str>(1).unwrap_err().to_string(), "column 1 holds null, and not text");
    assert!(row.get::<[u8; 2]>(2).is_err() && row.get::<bool>(3).is_err());
    assert_eq!(row.get::<i64>(4).unwrap_err().to_string(), "there is no column 4: the row has 4");
    let float = store.read("SELECT 0.1", ()).await.unwrap_err();
    assert!(float.to_string().contains("minor units"), "{float}");
}

#[tokio::test]
async fn one_row_means_exactly_one() {
    let store = Store::temporary().unwrap();
    for (query, found) in [("SELECT 1 WHERE 0", 0), ("SELECT 1 UNION SELECT 2", 2)] {
        let rows = store.read(query, ()).await.unwrap();
        assert_eq!((rows.len(), rows.is_empty()), (found, found == 0));
        assert!(rows.one().is_err());
    }
}

#[tokio::test]
async fn numbered_placeholders_take_the_value_that_they_name() {
    let store = Store::temporary().unwrap();
    let rows = store.read("SELECT $2, $1, $2", ("a", "b")).await.unwrap();
    let texts: Vec<&str> = (0..3).map(|column| rows.one().unwrap().get(column).unwrap()).collect();
    assert_eq!(texts, ["b", "a", "b"]);
    // A dollar inside a text is a text.
    assert_eq!(store.read("SELECT '$5', ?", ("a",)).await.unwrap().one().unwrap().get::<&str>(1).unwrap(), "a");
}

#[tokio::test]
async fn a_number_of_values_that_does_not_fit_the_statement_is_an_error() {
    let store = Store::temporary().unwrap();
    assert!(store.read("SELECT ?, ?", (1,)).await.is_err());
    assert!(store.read("SELECT ?", (1, 2)).await.is_err());
    assert!(store.read("SELECT $1, $3", (1, 2)).await.is_err());
    assert!(store.read("SELECT $1", (1, 2)).await.is_err());
    assert!(store.read("SELECT $0", (1,)).await.is_err());
}

#[tokio::test]
async fn a_statement_that_writes_or_does_not_compile_is_refused() {
    let store = with_notes(Store::temporary().unwrap()).await;
    for statement in
        ["DELETE FROM notes", "INSERT INTO notes (text) VALUES ('x') RETURNING id", "SELEKT 1", "SELECT 1; SELECT 2"]
    {
        let refused = store.read(statement, ()).await.unwrap_err();
        assert!(matches!(refused, Error::Other(_)), "{statement}: {refused}");
    }
    // Double quotes are names, as in every other database, and never texts.
    assert!(store.read("SELECT \"no such column\"", ()).await.is_err());
}

#[tokio::test]
async fn more_rows_than_allowed_are_an_error_and_not_a_part() {
    let store = with_notes(Store::temporary_with(&Config { rows_max: 3, ..Config::default() }).unwrap()).await;
    for n in 0..4 {
        add(&store, n.to_string()).await.unwrap();
    }
    assert_eq!(store.read("SELECT id FROM notes LIMIT 3", ()).await.unwrap().len(), 3);
    let refused = store.read("SELECT id FROM notes", ()).await.unwrap_err();
    assert!(matches!(refused, Error::TooLarge(_)) && refused.to_string().contains("more than 3 rows"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn more_reads_than_connections_take_turns() {
    let store = with_notes(Store::temporary_with(&Config { readers: 1, ..Config::default() }).unwrap()).await;
    add(&store, "one").await.unwrap();
    let reads: Vec<_> = (0..200)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { count(&store).await })
        })
        .collect();
    for read in reads {
        assert_eq!(read.await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_dialects_own_text_is_not_used_for_sqlite() {
    const SQL: Sql = Sql { all: "SELECT 'all'", postgres: Some("SELECT 'postgres'"), mariadb: None };
    let store = Store::temporary().unwrap();
    assert_eq!(store.read(SQL, ()).await.unwrap().one().unwrap().get::<&str>(0).unwrap(), "all");
    let assembled = format!("SELECT {}", 1);
    assert_eq!(store.read(Sql::assembled(&assembled), ()).await.unwrap().len(), 1);
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Int),
        any::<String>().prop_map(Value::Text),
        any::<Vec<u8>>().prop_map(Value::Blob),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn any_value_comes_back_as_it_was_written(rows in proptest::collection::vec((any_value(), any_value()), 1..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::temporary().unwrap();
            store.migrate("values", &["CREATE TABLE v (id INTEGER PRIMARY KEY, a ANY, b ANY) STRICT"]).await.unwrap();
            let written = rows.clone();
            store
                .write(|tx| {
                    Box::pin(async move { tx.execute_many("INSERT INTO v (a, b) VALUES (?, ?)", written).await })
                })
                .await
                .unwrap();
            let read = store.read("SELECT a, b FROM v ORDER BY id", ()).await.unwrap();
            let read: Vec<_> = read.iter().map(|row| (row.values()[0].clone(), row.values()[1].clone())).collect();
            assert_eq!(read, rows);
        });
    }
}
