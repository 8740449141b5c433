use crossgate_store::{Config, Durability, Error, Store};

use crate::{add, count, with_notes};

fn at(directory: &tempfile::TempDir) -> Config {
    Config::at(directory.path().join("notes.db"))
}

#[tokio::test]
async fn what_was_answered_is_there_after_the_program_stops_without_closing() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_notes(Store::open(&Config { durability: Durability::Full, ..at(&directory) }).unwrap()).await;
    for n in 0..10 {
        add(&store, n.to_string()).await.unwrap();
    }
    // The file and its log as they are at this moment are what a killed process leaves behind.
    let after_crash = tempfile::tempdir().unwrap();
    for name in ["notes.db", "notes.db-wal"] {
        std::fs::copy(directory.path().join(name), after_crash.path().join(name)).unwrap();
    }
    assert_eq!(count(&with_notes(Store::open(&at(&after_crash)).unwrap()).await).await, 10);
    drop(store);
    assert_eq!(count(&with_notes(Store::open(&at(&directory)).unwrap()).await).await, 10);
}

#[tokio::test]
async fn closing_keeps_everything_in_one_file_and_ends_all_use() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_notes(Store::open(&at(&directory)).unwrap()).await;
    add(&store, "kept").await.unwrap();
    assert_eq!(count(&store).await, 1);
    store.close().await.unwrap();
    store.close().await.unwrap();
    let files: Vec<_> = std::fs::read_dir(directory.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(files, ["notes.db"]);
    for refused in [add(&store, "late").await.unwrap_err(), store.ready().await.unwrap_err()] {
        assert!(matches!(refused, Error::Unavailable(_)) && refused.to_string().contains("closed"), "{refused}");
    }
    assert!(store.read("SELECT 1", ()).await.is_err());
}

#[tokio::test]
async fn closing_commits_what_waits() {
    let directory = tempfile::tempdir().unwrap();
    let store = with_notes(Store::open(&at(&directory)).unwrap()).await;
    let writes: Vec<_> = (0..50)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { add(&store, n.to_string()).await })
        })
        .collect();
    // On the one thread of this test every write has been sent before `close` runs.
    tokio::task::yield_now().await;
    store.close().await.unwrap();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    assert_eq!(count(&with_notes(Store::open(&at(&directory)).unwrap()).await).await, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_write_to_one_file_and_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (config, other) = (at(&directory), at(&directory));
    // They also open and migrate at the same moment, as two processes that are started together do.
    let open = |config: Config| async move {
        let store = tokio::task::spawn_blocking(move || Store::open(&config).unwrap()).await.unwrap();
        with_notes(store).await
    };
    let (first, second) = tokio::join!(tokio::spawn(open(config)), tokio::spawn(open(other)));
    let stores = [first.unwrap(), second.unwrap()];
    let writes: Vec<_> = (0..200)
        .map(|n: usize| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { add(&store, n.to_string()).await })
        })
        .collect();
    for write in writes {
        write.await.unwrap().unwrap();
    }
    for store in stores {
        assert_eq!(count(&store).await, 200);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_lock_that_another_process_holds_makes_writes_and_readiness_fail_until_it_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config { busy_timeout_ms: 10, ..at(&directory) };
    let store = with_notes(Store::open(&config).unwrap()).await;
    store.ready().await.unwrap();

    let other = rusqlite::Connection::open(&config.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = add(&store, "one").await.unwrap_err();
    assert!(refused.is_retryable() && refused.to_string().contains("another process"), "{refused}");
    assert!(store.ready().await.unwrap_err().is_retryable());
    assert_eq!(count(&store).await, 0, "reading goes on");

    other.execute_batch("ROLLBACK").unwrap();
    store.ready().await.unwrap();
    add(&store, "one").await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn a_file_that_cannot_serve_is_refused_with_a_reason() {
    let directory = tempfile::tempdir().unwrap();
    let nonsense = directory.path().join("nonsense.db");
    std::fs::write(&nonsense, b"this is not a database, whatever its name says".repeat(100)).unwrap();
    let refused = Store::open(&Config::at(&nonsense)).unwrap_err().to_string();
    assert!(refused.contains("not a database") && refused.contains("nonsense.db"), "{refused}");

    let missing = Store::open(&Config::at(directory.path().join("no/such/dir/x.db"))).unwrap_err();
    assert!(missing.is_retryable(), "{missing}");
    for config in [
        Config { readers: 65, ..at(&directory) },
        Config { write_queue_max: 0, ..at(&directory) },
        Config { rows_max: 0, ..at(&directory) },
        Config::at(""),
    ] {
        assert!(matches!(Store::open(&config), Err(Error::Refused(_))), "{config:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_but_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let store = with_notes(Store::open(&at(&directory)).unwrap()).await;
    add(&store, "secret").await.unwrap();
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{:?}", file.file_name());
    }
}

#[tokio::test]
async fn a_handle_that_goes_last_inside_its_own_write_ends_cleanly() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let (held, answer) = (store.clone(), tokio::sync::oneshot::channel());
    let write = store.write(move |tx| {
        Box::pin(async move {
            tx.execute("INSERT INTO notes (text) VALUES ('x')", ()).await?;
            drop(held);
            let _ = answer.0.send(());
            Ok(())
        })
    });
    write.await.unwrap();
    answer.1.await.unwrap();
    drop(store);
}
