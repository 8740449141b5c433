use std::sync::Arc;

use crossgate_call::ManualClock;
use jiff::SignedDuration;

use super::{Kit, quick, start};
use crate::audit::{Audit, Config, verify_export};

#[tokio::test]
async fn what_is_left_after_a_removal_is_still_proven() {
    let kit = Kit::with(5000).await;
    let noted_before = kit.audit.after(99, 1).await.unwrap().remove(0).hash.to_string();
    let noted_behind = kit.audit.after(4899, 1).await.unwrap().remove(0).hash.to_string();
    let removed = kit.audit.remove_before(start() + SignedDuration::from_secs(4500)).await.unwrap().unwrap();
    assert_eq!((removed.records, removed.upto), (4500, 4500));
    assert!(kit.audit.remove_before(start()).await.unwrap().is_none());

    let verified = kit.audit.verify(Some(&noted_behind)).await.unwrap();
    // Three transactions, and so three records that tell of them.
    assert_eq!((verified.records, verified.first_seq, verified.broken), (503, 4501, None));
    let last = kit.audit.tail(1).await.unwrap().remove(0);
    assert_eq!(last.procedure, "audit.retain");
    assert!(last.detail.unwrap().contains(&removed.hash.to_string()));
    assert_eq!(kit.audit.verify(Some(&removed.hash.to_string())).await.unwrap().broken, None);
    assert!(kit.audit.verify(Some(&noted_before)).await.unwrap().broken.is_some(), "that record is gone");

    kit.add(5000..5010).await;
    assert_eq!(kit.audit.verify(None).await.unwrap().records, 513);
    let mut file = Vec::new();
    assert_eq!(kit.audit.export(None, None, &mut file).await.unwrap(), 513);
    assert_eq!(verify_export(file.as_slice()).unwrap().broken, None);
}

#[tokio::test]
async fn a_broken_front_is_not_removed() {
    let kit = Kit::with(20).await;
    kit.tamper("UPDATE audit SET caller = 'mallory' WHERE seq = 3").await;
    let refused = kit.audit.remove_before(start() + SignedDuration::from_secs(10)).await.unwrap_err();
    assert!(refused.cause().unwrap().to_string().contains("broken at record 3"), "{:?}", refused.cause());
    assert_eq!(kit.audit.after(0, 100).await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_removal_by_hand_shows_even_with_a_checkpoint() {
    let kit = Kit::with(20).await;
    kit.tamper("INSERT INTO audit_checkpoint (upto, hash, at) SELECT seq, hash, at FROM audit WHERE seq = 10; DELETE FROM audit WHERE seq <= 10").await;
    let broken = kit.audit.verify(None).await.unwrap().broken.unwrap();
    assert!(broken.seq == 11 && broken.reason.contains("no record tells of that"), "{broken}");
}

#[tokio::test]
async fn everything_may_be_too_old() {
    let kit = Kit::with(10).await;
    let removed = kit.audit.remove_before(start() + SignedDuration::from_secs(100)).await.unwrap().unwrap();
    assert_eq!(removed.records, 10);
    let verified = kit.audit.verify(None).await.unwrap();
    assert_eq!((verified.records, verified.first_seq, verified.broken), (1, 11, None));
}

#[tokio::test]
async fn records_older_than_the_days_to_keep_go_by_themselves() {
    let kit = Kit::with(10).await;
    let now = start() + SignedDuration::from_secs(5) + SignedDuration::from_hours(30 * 24);
    let config = Config { keep_days: Some(30), ..quick() };
    let keeper = Audit::with_store(&config, kit.store.clone(), Arc::new(ManualClock::at(now))).await.unwrap();
    while kit.audit.tail(1).await.unwrap().iter().all(|last| last.procedure != "audit.retain") {
        tokio::task::yield_now().await;
    }
    let left = kit.audit.after(0, 100).await.unwrap();
    assert_eq!(left.iter().map(|record| record.seq).collect::<Vec<_>>(), [6, 7, 8, 9, 10, 11]);
    assert_eq!(kit.audit.verify(None).await.unwrap().broken, None);
    keeper.close().await.unwrap();
}
