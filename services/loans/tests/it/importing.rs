//! Importing a lender's files.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use crossgate_loans::import::{FAULTS_MAX, ImportError, ImportReport, Options, Progress, Source, import};
use serde_json::json;

use crate::kit::Kit;

const LOANS: &str = "1,2020-01-01,100.00\r\n2,2020-01-01,100.00\r\n";
const EVENTS: &str = "2,fee,2020-02-01,10.00\r\n1,payment,2020-04-01,30.00\r\n1,payment,2020-03-01,20.00\r\n";

#[tokio::test]
async fn files_are_read_in_every_form_that_lenders_write_them() {
    for (loans, events) in [
        (LOANS.to_owned(), EVENTS.to_owned()),
        (LOANS.replace('\r', ""), EVENTS.replace('\r', "")),
        (format!("id,start,initial\r\n{LOANS}"), format!("\u{feff}id,type,date,amount\n{EVENTS}")),
        (format!("\u{feff}{LOANS}"), EVENTS.trim_end().replace(',', " , ").replace("fee", "\"FEE\"")),
        (LOANS.replace("\r\n", "\n\n"), EVENTS.replace("-0", "-").replace(".00", "")),
    ] {
        let kit = Kit::new().await;
        let report = kit.import(&loans, &events).await.unwrap();
        assert_eq!(report, ImportReport { loans_added: 2, entries_added: 3, ..ImportReport::default() });
        assert_eq!(report.to_string(), "added 2 loans and 3 events");
        assert_eq!(kit.balance(1, "2020-03-31").await, "80.00");
        assert_eq!(kit.balance(1, "2020-12-31").await, "50.00");
        assert_eq!(kit.balance(2, "2020-12-31").await, "110.00");
    }
}

#[tokio::test]
async fn every_bad_row_is_reported_at_once_and_nothing_is_imported() {
    let kit = Kit::new().await;
    let loans = "1,2020-01-01,100\n2,2020-01-32,5\n3,2020-01-01,1.234\n1,2020-01-01,100\n";
    let events = "1,fee,2020-02-01,10\n1,gift,2020-02-01,10\n2,fee,2020-02-01,10\n1,fee,2019-02-01,10\n9,fee,2020-02-01,10\n\
                  1,fee,2020-02-01,10\n1,fee\n1,fee,2020-02-01,99999999999999.99\n";
    let error = kit.import(loans, events).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing was imported: 9 bad rows\n\
         loans.csv:2: `2020-01-32`: 2020-01-32 is not a day of the calendar\n\
         loans.csv:3: `1.234`: an amount has at most 2 decimals\n\
         loans.csv:4: loan 1 is on line 1 already\n\
         events.csv:2: `gift` is no type of event; it is fee, interest or payment\n\
         events.csv:4: 2019-02-01 is before the start of loan 1 on 2020-01-01\n\
         events.csv:5: loan 9 is neither in loans.csv nor in the ledger\n\
         events.csv:6: says the same as line 1; when both happened, import with repeats accepted\n\
         events.csv:7: expected 4 columns separated by commas, found 2\n\
         events.csv:8: `99999999999999.99`: an amount is at most 9999999999999.99\n"
    );
    assert_eq!(kit.value("loans.list", json!({})).await["loans"], json!([]));
}

#[tokio::test]
async fn the_list_of_faults_is_bounded_and_their_number_is_not() {
    let kit = Kit::new().await;
    let Err(ImportError::Faults { loans, events }) = kit.import(&"x,y,z1\n".repeat(1 + 3 * FAULTS_MAX), "").await
    else {
        panic!("imported")
    };
    // The first line passes for a header.
    assert_eq!((loans.list().len(), loans.count()), (FAULTS_MAX, 3 * FAULTS_MAX as u64));
    assert_eq!(loans.to_string().lines().last(), Some("loans.csv: and 200 more"));
    assert_eq!((events.file(), events.count()), ("events.csv", 0));
}

#[tokio::test]
async fn importing_the_same_files_again_adds_nothing_and_says_so() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let report = kit.import(LOANS, EVENTS).await.unwrap();
    assert_eq!(report.to_string(), "nothing to add: 2 loans and 3 events are in the ledger already");
    assert_eq!(kit.balance(1, "2020-12-31").await, "50.00");
}

#[tokio::test]
async fn a_longer_version_of_a_file_adds_what_is_new_even_in_the_past() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let loans = format!("{LOANS}3,2020-05-01,1.00\n");
    let events = format!("1,fee,2020-03-15,0.50\n3,fee,2020-05-01,0.25\n{EVENTS}1,fee,2020-04-01,0.01\n");
    let report = kit.import(&loans, &events).await.unwrap();
    assert_eq!(report, ImportReport { loans_added: 1, loans_known: 2, entries_added: 3, entries_known: 3 });
    assert_eq!(report.to_string(), "added 1 loans and 3 events; 2 loans and 3 events were in the ledger already");
    for (loan_id, day, balance) in
        [(1, "2020-03-14", "80.00"), (1, "2020-03-15", "80.50"), (1, "2020-04-01", "50.51"), (3, "2020-05-01", "1.25")]
    {
        assert_eq!(kit.balance(loan_id, day).await, balance);
    }
    assert!(
        kit.import("", "1,fee,2020-06-01,1\n").await.is_ok(),
        "events of a loan that the ledger has need no loans' file"
    );
}

#[tokio::test]
async fn a_loan_with_other_terms_stops_the_import() {
    let kit = Kit::of(LOANS, EVENTS).await;
    let error = kit.import("2,2020-01-01,100.01\n3,2020-01-01,1\n", "").await.unwrap_err();
    assert!(error.to_string().contains("loans.csv:1: loan 2 is in the ledger with other terms"), "{error}");
    assert_eq!(kit.balance(3, "2020-01-01").await, "there is no loan 3");
}

#[tokio::test]
async fn accepted_repeats_are_counted_one_by_one() {
    let kit = Kit::of(LOANS, "").await;
    let accept = Options { accept_repeats: true };
    let fee = "1,fee,2020-02-01,10\n";
    assert_eq!(kit.import_with("", &fee.repeat(2), accept).await.unwrap().entries_added, 2);
    let report = kit.import_with("", &fee.repeat(3), accept).await.unwrap();
    assert_eq!((report.entries_added, report.entries_known), (1, 2));
    assert_eq!(kit.balance(1, "2020-02-01").await, "130.00");
}

#[tokio::test]
async fn a_posted_entry_is_not_mistaken_for_an_imported_one() {
    let kit = Kit::of(LOANS, "").await;
    kit.value(
        "loans.post",
        json!({"loan_id": 1, "Idempotency-Key": "k", "type": "fee", "effective_on": "2020-02-01", "amount": "10"}),
    )
    .await;
    assert_eq!(kit.import("", "1,fee,2020-02-01,10\n").await.unwrap().entries_added, 1);
    assert_eq!(kit.balance(1, "2020-02-01").await, "120.00");
}

#[tokio::test]
async fn progress_is_told_while_reading_and_while_writing() {
    let kit = Kit::new().await;
    let events: String = (0..25_000).map(|n| format!("{},fee,2020-02-{:02},{}\n", n % 5, 1 + n % 28, 1 + n)).collect();
    let loans: String = (0..5).map(|id| format!("{id},2020-01-01,1\n")).collect();
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let report = import(
        &kit.ledger,
        Source { name: "l".to_owned(), content: loans.as_bytes() },
        Source { name: "e".to_owned(), content: events.as_bytes() },
        Options::default(),
        Arc::new(move |progress| listener.lock().unwrap().push(progress)),
    )
    .await
    .unwrap();
    assert_eq!(report.entries_added, 25_000);
    let told = told.lock().unwrap();
    assert_eq!(told[..2], [Progress::Read { lines: 10_000 }, Progress::Read { lines: 20_000 }]);
    assert_eq!(told.last(), Some(&Progress::Written { entries: 25_000, of: 25_000 }));
}

#[tokio::test]
async fn a_file_that_breaks_off_is_an_error_and_imports_nothing() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let kit = Kit::new().await;
    let error = import(
        &kit.ledger,
        Source { name: "loans.csv".to_owned(), content: LOANS.as_bytes() },
        Source { name: "events.csv".to_owned(), content: EVENTS.as_bytes().chain(Broken) },
        Options::default(),
        Arc::new(|_| {}),
    )
    .await
    .unwrap_err();
    assert_eq!(error.to_string(), "events.csv cannot be read: the disk is gone");
    assert_eq!(kit.balance(1, "2020-01-01").await, "there is no loan 1");
}
