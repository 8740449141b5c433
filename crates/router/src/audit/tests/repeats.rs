//! A flood of refusals leaves few records, which tell of all of them.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Clock as _, ManualClock, Proof, Realm, Trace};
use crossgate_store::Store;

use super::{quick, start};
use crate::audit::{Audit, Config, Filter, Record, Stored};

struct Gate {
    audit: Audit,
    clock: Arc<ManualClock>,
}

impl Gate {
    async fn new(config: Config) -> Self {
        let clock = Arc::new(ManualClock::at(start()));
        let audit = Audit::with_store(&config, Store::temporary().unwrap(), clock.clone()).await.unwrap();
        Self { audit, clock }
    }

    async fn refuse(&self, source: &str, procedure: &str, outcome: &'static str, reason: &str) {
        let record = Record {
            at: self.clock.now(),
            realm: Realm::new("demo"),
            caller: "anonymous".into(),
            proof: Proof::Anonymous,
            certificate: None,
            procedure: procedure.into(),
            door: "http",
            source: Some(source.parse().unwrap()),
            outcome,
            detail: Some(format!("{reason} is not enough")),
            duration: Duration::ZERO,
            trace: Trace::from_random(7),
        };
        self.audit.refusal(record, reason).await.unwrap();
    }

    async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.audit.tell_repeats(false).await.unwrap();
    }

    async fn records(&self) -> Vec<Stored> {
        self.audit.flush().await.unwrap();
        let filter = Filter { limit: 10_000, ..Filter::default() };
        let mut records = self.audit.list(filter).await.unwrap();
        records.reverse();
        records
    }
}

#[tokio::test]
async fn a_flood_of_one_kind_leaves_the_first_and_then_how_many_and_when() {
    let gate = Gate::new(quick()).await;
    for _ in 0..1000 {
        gate.refuse("192.0.2.7", "loans.balance", "unauthenticated", "x").await;
        gate.clock.advance(Duration::from_millis(10));
    }
    assert_eq!(gate.records().await.len(), 1, "the first at once");
    gate.pass(60).await;
    let records = gate.records().await;
    let [first, summary] = &records[..] else { panic!("{records:#?}") };
    assert_eq!(first.detail.as_deref(), Some("x is not enough"));
    assert_eq!(
        summary.detail.as_deref(),
        Some("999 more from 2026-11-22T12:00:00.010001Z to 2026-11-22T12:00:09.990001Z: x is not enough")
    );
    assert_eq!(summary.duration_us, 9_980_000);
    let same = |record: &Stored| {
        (record.caller.clone(), record.procedure.clone(), record.source.clone(), record.outcome.clone())
    };
    assert_eq!(same(first), same(summary));
    let verified = gate.audit.verify(None).await.unwrap();
    assert_eq!((verified.records, verified.broken), (2, None), "the chain is what it was");
    let mut file = Vec::new();
    gate.audit.export(None, None, &mut file).await.unwrap();
    let exported = crate::audit::verify_export(&*file).unwrap();
    assert_eq!((exported.records, exported.broken), (2, None));
}

#[tokio::test]
async fn those_that_go_on_are_told_of_ever_more_rarely_and_what_has_ended_begins_anew() {
    let gate = Gate::new(quick()).await;
    for _ in 0..1000 {
        gate.refuse("192.0.2.7", "loans.balance", "unauthenticated", "x").await;
        gate.pass(10).await;
    }
    let records = gate.records().await;
    assert!((6..12).contains(&records.len()), "{} records of 10000 seconds", records.len());
    gate.audit.tell_repeats(true).await.unwrap();
    let told = |record: &Stored| record.detail.as_deref()?.split(' ').next()?.parse::<u64>().ok();
    assert_eq!(gate.records().await.iter().filter_map(told).sum::<u64>() + 1, 1000, "none is missing");
    let before = gate.records().await.len();
    for _ in 0..3 {
        gate.pass(7200).await;
    }
    assert_eq!(gate.records().await.len(), before, "nothing more came, and nothing more is told");
    gate.refuse("192.0.2.7", "loans.balance", "unauthenticated", "x").await;
    let last = gate.records().await.pop().unwrap();
    assert_eq!(last.detail.as_deref(), Some("x is not enough"), "recorded at once again");
}

#[tokio::test]
async fn what_differs_in_source_procedure_outcome_or_reason_is_not_taken_for_the_same() {
    let gate = Gate::new(quick()).await;
    let kinds = [
        ("192.0.2.7", "loans.balance", "unauthenticated", "x"),
        ("192.0.2.8", "loans.balance", "unauthenticated", "x"),
        ("192.0.2.7", "loans.list", "unauthenticated", "x"),
        ("192.0.2.7", "loans.balance", "too_many", "x"),
        ("192.0.2.7", "loans.balance", "unauthenticated", "y"),
        ("2001:db8::1", "loans.balance", "unauthenticated", "x"),
    ];
    for _ in 0..3 {
        for (source, procedure, outcome, reason) in kinds {
            gate.refuse(source, procedure, outcome, reason).await;
        }
    }
    gate.refuse("2001:db8::ffff:1", "loans.balance", "unauthenticated", "x").await;
    assert_eq!(gate.records().await.len(), kinds.len(), "the addresses of one IPv6 network are one source");
    gate.pass(60).await;
    assert_eq!(gate.records().await.len(), 2 * kinds.len());
}

#[tokio::test]
async fn neither_many_kinds_nor_many_sources_fill_the_log() {
    let gate = Gate::new(quick()).await;
    for number in 0..5000 {
        gate.refuse("192.0.2.7", &format!("made.up{number}"), "unauthenticated", "x").await;
    }
    assert_eq!(gate.records().await.len(), 16);
    for number in 0..5000_u32 {
        let source = std::net::Ipv4Addr::from(0x0a00_0000 + number).to_string();
        gate.refuse(&source, "loans.balance", "unauthenticated", "x").await;
    }
    let firsts = gate.records().await.len();
    assert!(firsts <= 1025, "{firsts}");
    gate.pass(60).await;
    let records = gate.records().await;
    assert_eq!(records.len(), firsts + 2, "only what was counted is told of");
    let mut told: Vec<_> =
        records[firsts..].iter().map(|record| (record.source.as_deref(), &*record.procedure)).collect();
    told.sort_unstable();
    assert_eq!(told, [(None, "-"), (Some("192.0.2.7"), "-")]);
}

#[tokio::test]
async fn what_was_counted_is_told_of_at_the_end() {
    let (directory, store) = super::shared();
    let audit = Audit::open(&Config { path: store.path.clone(), ..quick() }, super::clock()).await.unwrap();
    let gate = Gate { audit, clock: Arc::new(ManualClock::at(start())) };
    for _ in 0..5 {
        gate.refuse("192.0.2.7", "loans.balance", "unauthenticated", "x").await;
    }
    gate.audit.close().await.unwrap();
    let audit = Audit::open(&Config { path: store.path, ..quick() }, super::clock()).await.unwrap();
    let last = audit.tail(10).await.unwrap().pop().unwrap();
    assert!(last.detail.as_deref().unwrap_or_default().starts_with("4 more from "), "{last:?}");
    drop(directory);
}

#[tokio::test]
async fn each_is_recorded_when_nothing_is_to_be_counted() {
    let gate = Gate::new(Config { repeats_s: 0, ..quick() }).await;
    for _ in 0..5 {
        gate.refuse("192.0.2.7", "loans.balance", "unauthenticated", "x").await;
    }
    assert_eq!(gate.records().await.len(), 5);
}
