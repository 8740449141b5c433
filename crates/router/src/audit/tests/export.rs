use jiff::SignedDuration;

use super::{Kit, start};
use crate::audit::{ExportError, Verified, verify_export};

async fn exported(kit: &Kit, since: Option<i64>, until: Option<i64>) -> (u64, String) {
    let at = |seconds: Option<i64>| seconds.map(|seconds| start() + SignedDuration::from_secs(seconds));
    let mut file = Vec::new();
    let records = kit.audit.export(at(since), at(until), &mut file).await.unwrap();
    (records, String::from_utf8(file).unwrap())
}

fn verified(file: &str) -> Verified {
    verify_export(file.as_bytes()).unwrap()
}

#[tokio::test]
async fn an_exported_log_proves_itself_and_ends_in_the_same_hash() {
    let kit = Kit::with(2500).await;
    let (records, file) = exported(&kit, None, None).await;
    assert_eq!((records, file.lines().count()), (2500, 2502));
    let (from_file, from_log) = (verified(&file), kit.audit.verify(None).await.unwrap());
    assert_eq!(from_file, from_log);
    assert!(file.contains("\"at\":\"2026-11-22T12:00:00.000001Z\""), "six digits, always");
}

#[tokio::test]
async fn a_part_of_the_log_proves_itself_and_fits_between_its_neighbours() {
    let kit = Kit::with(30).await;
    let (records, first) = exported(&kit, None, Some(10)).await;
    assert_eq!(records, 10);
    let (records, second) = exported(&kit, Some(10), Some(20)).await;
    assert_eq!(records, 10);
    let (first, second_checked) = (verified(&first), verified(&second));
    assert_eq!((second_checked.records, second_checked.first_seq, second_checked.broken), (10, 11, None));
    assert!(second.lines().next().unwrap().contains(&first.head.to_string()));
}

#[tokio::test]
async fn the_export_of_a_time_without_records_fits_where_they_would_stand() {
    let kit = Kit::with(10).await;
    kit.add(20..30).await;
    let log = kit.audit.list(crate::audit::Filter::default()).await.unwrap();
    let head = |seq: usize| log[log.len() - seq].hash;
    for (since, until, place) in [(Some(1000), None, 20), (Some(12), Some(15), 10), (Some(40), Some(50), 20)] {
        let (records, nothing) = exported(&kit, since, until).await;
        let checked = verified(&nothing);
        assert_eq!((records, checked.broken), (0, None));
        assert_eq!((checked.first_seq, checked.head), (place + 1, head(place as usize)), "{since:?} to {until:?}");
    }
    let (_, nothing) = exported(&kit, None, Some(-5)).await;
    assert_eq!((verified(&nothing).first_seq, verified(&nothing).head), (1, crate::audit::Hash::genesis()));
    let before = start() + SignedDuration::from_secs(25);
    let removed = kit.audit.remove_before(before).await.unwrap().unwrap();
    let (_, nothing) = exported(&kit, Some(-10), Some(-5)).await;
    assert_eq!((verified(&nothing).first_seq, verified(&nothing).head), (removed.upto + 1, removed.hash));
    let empty = Kit::new().await;
    let (_, nothing) = exported(&empty, None, None).await;
    assert_eq!((verified(&nothing).first_seq, verified(&nothing).head), (1, crate::audit::Hash::genesis()));
}

#[tokio::test]
async fn a_file_that_was_changed_does_not_prove_itself() {
    let kit = Kit::with(10).await;
    let (_, file) = exported(&kit, None, None).await;
    let lines: Vec<&str> = file.lines().collect();
    let without = |gone: usize| {
        let kept: Vec<&str> = lines.iter().enumerate().filter(|(n, _)| *n != gone).map(|(_, line)| *line).collect();
        kept.join("\n")
    };
    for (changed, seq) in [
        (file.replacen("caller 2", "caller 0", 1), 3),
        (file.replacen(":137", ":138", 1).replacen("\"duration_us\":4", "\"duration_us\":5", 1), 5),
        (without(4), 4),
        (without(10), 9),
        (without(11), 11),
        (format!("{}\n{}", lines[0], lines[11]), 0),
    ] {
        let broken = verified(&changed).broken.unwrap();
        assert_eq!(broken.seq, seq, "{broken}");
    }
}

#[tokio::test]
async fn a_file_that_is_no_export_is_refused_with_the_line() {
    let kit = Kit::with(3).await;
    let (_, file) = exported(&kit, None, None).await;
    let second = |text: &str| file.replacen(file.lines().nth(1).unwrap(), text, 1);
    for (text, line) in [
        (String::new(), 1),
        ("{}".to_owned(), 1),
        (file.replacen("crossgate audit log 1", "crossgate audit log 2", 1), 1),
        (second("{\"seq\":1}"), 2),
        (second("\u{0}\u{ff}"), 2),
        (format!("{file}more\n"), 6),
    ] {
        match verify_export(text.as_bytes()) {
            Err(ExportError::Line { line: found, .. }) => assert_eq!(found, line, "{text}"),
            other => panic!("{other:?} for {text}"),
        }
    }
}
