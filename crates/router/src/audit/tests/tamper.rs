use super::Kit;
use crate::audit::Hash;

async fn broken(kit: &Kit) -> Option<(i64, String)> {
    kit.audit.verify(None).await.unwrap().broken.map(|broken| (broken.seq, broken.reason))
}

#[tokio::test]
async fn a_change_of_any_column_shows_at_its_record() {
    for (change, says) in [
        ("at = at + 1", "its fields"),
        ("realm = 'other'", "its fields"),
        ("caller = 'mallory'", "its fields"),
        ("proof = 'password'", "its fields"),
        ("certificate = NULL", "its fields"),
        ("certificate = ''", "its fields"),
        ("procedure = 'loans.list '", "its fields"),
        ("door = 'cli'", "its fields"),
        ("source = '10.0.0.1'", "its fields"),
        ("outcome = 'forbidden'", "its fields"),
        ("detail = ''", "its fields"),
        ("duration_us = 0", "its fields"),
        ("trace = upper(trace)", "its fields"),
        ("prev = zeroblob(32)", "does not follow"),
        ("hash = zeroblob(32)", "its fields"),
        ("hash = x'00'", "cannot be read"),
        ("at = 9223372036854775807", "cannot be read"),
    ] {
        let kit = Kit::with(10).await;
        kit.tamper(&format!("UPDATE audit SET {change} WHERE seq = 6")).await;
        let (seq, reason) = broken(&kit).await.unwrap();
        assert_eq!(seq, 6, "{change}: {reason}");
        assert!(reason.contains(says), "{change}: {reason}");
    }
}

#[tokio::test]
async fn a_record_removed_from_the_middle_or_the_front_is_missed() {
    for seq in [5, 1] {
        let kit = Kit::with(10).await;
        kit.tamper(&format!("DELETE FROM audit WHERE seq = {seq}")).await;
        let (at, reason) = broken(&kit).await.unwrap();
        assert!(at == seq && reason.contains("missing"), "{at}: {reason}");
        // Closing the gap by counting anew does not help.
        kit.tamper(&format!(
            "UPDATE audit SET seq = -seq WHERE seq > {seq}; UPDATE audit SET seq = -seq - 1 WHERE seq < 0"
        ))
        .await;
        let (at, reason) = broken(&kit).await.unwrap();
        assert!(at == seq && reason.contains("does not follow"), "{at}: {reason}");
    }
}

#[tokio::test]
async fn records_that_changed_places_show() {
    let kit = Kit::with(10).await;
    kit.tamper("UPDATE audit SET seq = 100 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 100").await;
    assert_eq!(broken(&kit).await.unwrap().0, 4);
}

#[tokio::test]
async fn a_record_put_in_by_hand_shows() {
    let kit = Kit::with(3).await;
    kit.tamper(
        "INSERT INTO audit SELECT 4, at, realm, caller, proof, certificate, procedure, door, source, outcome, detail, \
         duration_us, trace, hash, zeroblob(32) FROM audit WHERE seq = 3",
    )
    .await;
    assert_eq!(broken(&kit).await.unwrap().0, 4);
}

#[tokio::test]
async fn records_cut_off_at_the_end_show_against_a_hash_that_was_noted_and_only_against_it() {
    let kit = Kit::with(10).await;
    let noted = kit.audit.verify(None).await.unwrap().head.to_string();
    kit.add(10..15).await;
    assert_eq!(kit.audit.verify(Some(&noted)).await.unwrap().broken, None, "a log may grow");
    assert_eq!(kit.audit.verify(Some(&noted.to_uppercase())).await.unwrap().broken, None);

    kit.tamper("DELETE FROM audit WHERE seq > 9").await;
    assert_eq!(broken(&kit).await, None, "nine records are a whole chain");
    let verified = kit.audit.verify(Some(&noted)).await.unwrap();
    assert_eq!(verified.records, 9);
    let found = verified.broken.unwrap();
    assert!(found.seq == 9 && found.reason.contains("expected hash"), "{found}");
    assert!(kit.audit.verify(Some("not a hash")).await.is_err());
}

#[tokio::test]
async fn a_chain_computed_anew_shows_against_a_hash_that_was_noted() {
    let kit = Kit::with(10).await;
    let noted = kit.audit.verify(None).await.unwrap().head.to_string();
    let forged = Kit::new().await;
    forged.add((0..10).map(|n| if n == 4 { 40 } else { n })).await;
    assert_eq!(broken(&forged).await, None);
    assert!(forged.audit.verify(Some(&noted)).await.unwrap().broken.is_some());
    let begin = Hash::genesis().to_string();
    assert_eq!(forged.audit.verify(Some(&begin)).await.unwrap().broken, None, "the genesis begins every log");
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_records() {
    let kit = Kit::with(5).await;
    for statement in
        ["UPDATE audit SET caller = 'mallory' WHERE seq = 2", "DELETE FROM audit WHERE seq = 5", "DELETE FROM audit"]
    {
        let refused =
            kit.store.write(move |tx| Box::pin(async move { tx.execute(statement, ()).await })).await.unwrap_err();
        assert!(matches!(refused, crossgate_store::Error::Constraint(_)), "{statement}: {refused}");
    }
    assert_eq!(kit.audit.verify(None).await.unwrap().records, 5);
}
