//! Ending: politely, and as a power cut does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crossgate_tests::{Program, Site, until};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::balance::verified;
use super::{BALANCE, OWED, signed_in};

/// Far below the timeouts of connections and of draining, far above what ending takes on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// Records in the audit log, by the program's own count.
fn records(site: &Site) -> u64 {
    let printed = site.run(&["audit", "verify", "--json", "--config", "crossgate.toml"]).success();
    serde_json::from_str::<Value>(&printed).expect("JSON")["records"].as_u64().expect("a number")
}

#[tokio::test]
async fn a_request_that_is_under_way_is_finished_before_the_end() {
    let site = Site::with_loans();
    let program = site.start().await;
    let token = program.visitor("tls").token(Site::LENDER.0, Site::LENDER.1).await;
    let body = json!({"type": "fee", "effective_on": "2020-09-01", "amount": "1.00"}).to_string();
    let mut connection = TcpStream::connect(&program.listener("plain").address).expect("the plain door is open");
    connection.set_read_timeout(Some(crossgate_tests::PATIENCE)).expect("a timeout can be set");
    let (first, rest) = body.split_at(10);
    let length = body.len();
    write!(
        connection,
        "POST /api/v1/loans/1/entries HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         idempotency-key: drain\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         expect: 100-continue\r\n\r\n"
    )
    .expect("the head is sent");
    // The program asks for the body once it has admitted the call: then the request is under way.
    let mut said = vec![0; 25];
    connection.read_exact(&mut said).expect("an answer");
    assert_eq!(String::from_utf8_lossy(&said), "HTTP/1.1 100 Continue\r\n\r\n");
    connection.write_all(first.as_bytes()).expect("half of the body is sent");
    program.signal("TERM");
    refuses(&program).await;
    connection.write_all(rest.as_bytes()).expect("the other half is sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("the answer comes, then the end");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    let mut program = program;
    assert!(program.ended().await.success(), "{}", program.log());
    let left = site.run(&["loans", "balance", "1", "2020-10-31", "--config", "crossgate.toml"]).success();
    assert!(left.contains("424.00"), "{left}");
}

/// Waits until no new connection is taken.
async fn refuses(program: &Program) {
    let address = program.listener("plain").address.clone();
    until("new connections are refused", async || TcpStream::connect(&address).is_err().then_some(())).await;
}

#[tokio::test]
async fn the_end_waits_for_no_idle_connection() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    assert_eq!(lender.get(BALANCE).await.text(), OWED);
    let _silent = TcpStream::connect(&program.listener("tls").address).expect("the door is open");
    // Both connections are open: one between requests, one that never said a word. Neither has anything to finish.
    let asked = Instant::now();
    let log = program.stop().await;
    assert!(log.contains("stopped"), "{log}");
    assert!(asked.elapsed() < SOON, "it took {:?} to end", asked.elapsed());
}

#[tokio::test]
async fn what_was_answered_survives_a_power_cut() {
    let site = Site::with_loans();
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let mut owed = 423;
    for (number, entry) in [("a", 1), ("b", 2), ("c", 3)] {
        let posting = json!({"type": "fee", "effective_on": "2020-09-01", "amount": format!("{entry}.00")});
        let answer = lender.with_header("idempotency-key", number).post("/api/v1/loans/1/entries", &posting).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        owed += entry;
    }
    program.kill();
    let after_cut = records(&site);

    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    assert_eq!(lender.get(BALANCE).await.text(), format!("\"{owed}.00\""));
    // The same key again posts nothing: the ledger remembers what it answered before the cut.
    let posting = json!({"type": "fee", "effective_on": "2020-09-01", "amount": "3.00"});
    let again = lender.with_header("idempotency-key", "c").post("/api/v1/loans/1/entries", &posting).await;
    assert_eq!(again.status, 201, "{again:?}");
    assert_eq!(lender.get(BALANCE).await.text(), format!("\"{owed}.00\""));
    program.stop().await;
    verified(&site);
    assert!(records(&site) > after_cut, "the chain goes on where it was cut");
}

#[tokio::test]
async fn power_cuts_under_load_break_neither_ledger_nor_chain() {
    let site = Site::with_loans();
    for round in 0..3 {
        let program = site.start().await;
        let lender = signed_in(&program, Site::LENDER).await;
        let base = program.url("tls");
        let load: Vec<_> = (0..4)
            .map(|task| {
                let lender = lender.clone();
                tokio::spawn(async move {
                    let mut posted = 0;
                    // Until the program is gone.
                    while let Ok(answer) = post(&lender, &format!("{round}-{task}-{posted}")).await {
                        assert_eq!(answer.status, 201, "{answer:?}");
                        posted += 1;
                    }
                    posted
                })
            })
            .collect();
        until("some postings are answered", async || {
            let shown = lender.get("/api/v1/loans/2").await.json()["entries"].as_u64()?;
            (shown > 20 * (round + 1)).then_some(())
        })
        .await;
        program.kill();
        let mut answered = 0;
        for task in load {
            answered += task.await.expect("answers are as expected until the cut");
        }
        assert!(answered > 0, "{base}");
        verified(&site);
    }
    // One more start on what is left: the balance is what the entries say.
    let program = site.start().await;
    let lender = signed_in(&program, Site::LENDER).await;
    let loan = lender.get("/api/v1/loans/2").await.json();
    let fees = loan["entries"].as_u64().expect("a number") - 2;
    assert_eq!(loan["balance"], format!("{}.00", 444 + fees), "{loan}");
    program.stop().await;
}

async fn post(lender: &crossgate_tests::Visitor, key: &str) -> Result<crossgate_tests::Answer, impl std::fmt::Debug> {
    let posting = json!({"type": "fee", "effective_on": "2020-09-01", "amount": "1.00"}).to_string();
    let lender = lender.with_header("idempotency-key", key);
    lender.send(http::Method::POST, "/api/v1/loans/2/entries", Some(("application/json", posting.into_bytes()))).await
}
