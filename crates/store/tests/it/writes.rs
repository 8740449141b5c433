use crossgate_call::Kind;
use crossgate_store::{Error, Result, Store};
use tokio::task::JoinSet;

use crate::{add, count, held, with_notes};

#[tokio::test]
async fn writes_that_wait_together_share_a_commit() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let (release, holder) = held(&store).await;
    let mut writes = JoinSet::new();
    for n in 0..100 {
        let store = store.clone();
        writes.spawn(async move { add(&store, format!("note {n}")).await });
    }
    while store.stats().queued < 100 {
        tokio::task::yield_now().await;
    }
    let before = store.stats();
    drop(release);
    holder.await.unwrap().unwrap();
    assert!(writes.join_all().await.into_iter().all(|written| matches!(written, Ok(1))));
    let after = store.stats();
    assert_eq!(count(&store).await, 100);
    assert_eq!(after.writes - before.writes, 101);
    assert_eq!(after.commits - before.commits, 2, "one for the holder, one for all that waited");
}

#[tokio::test]
async fn a_write_that_fails_in_a_group_undoes_only_itself() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let (release, holder) = held(&store).await;
    let mut writes = JoinSet::new();
    for n in 0..30 {
        let store = store.clone();
        writes.spawn(async move {
            let written = store
                .write(move |tx| {
                    Box::pin(async move {
                        tx.execute("INSERT INTO notes (text) VALUES (?)", (format!("note {n}"),)).await?;
                        match n % 3 {
                            0 => Ok(n),
                            1 => Err(Error::other("changed its mind")),
                            _ => panic!("fell over"),
                        }
                    })
                })
                .await;
            (n, written.map_err(|error| error.to_string()))
        });
    }
    while store.stats().queued < 30 {
        tokio::task::yield_now().await;
    }
    drop(release);
    holder.await.unwrap().unwrap();
    for (n, written) in writes.join_all().await {
        match n % 3 {
            0 => assert_eq!(written, Ok(n)),
            1 => assert_eq!(written, Err("changed its mind".to_owned())),
            _ => assert_eq!(written, Err("a write panicked: fell over".to_owned())),
        }
    }
    assert_eq!(count(&store).await, 10);
    assert_eq!(store.stats().writes_failed, 20);
}

#[tokio::test]
async fn a_lone_write_that_fails_or_panics_leaves_nothing_and_the_next_one_works() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let failed: Result<()> = store
        .write(|tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO notes (text) VALUES ('half')", ()).await?;
                Err(Error::other("no"))
            })
        })
        .await;
    assert!(failed.is_err());
    let panicked: Result<()> = store
        .write(|tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO notes (text) VALUES ('half')", ()).await?;
                panic!("{}", "formatted");
            })
        })
        .await;
    assert_eq!(panicked.unwrap_err().to_string(), "a write panicked: formatted");
    assert_eq!(count(&store).await, 0);
    add(&store, "whole").await.unwrap();
    assert_eq!(count(&store).await, 1);
}

#[tokio::test]
async fn a_write_is_seen_by_every_read_that_begins_after_its_answer() {
    let store = with_notes(Store::temporary().unwrap()).await;
    for n in 0..200 {
        add(&store, format!("note {n}")).await.unwrap();
        assert_eq!(count(&store).await, n + 1);
    }
}

#[tokio::test]
async fn a_write_sees_its_own_changes_and_reads_do_not_until_it_is_committed() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let reader = store.clone();
    let (inside, outside) = store
        .write(move |tx| {
            Box::pin(async move {
                let added = tx.query("INSERT INTO notes (text) VALUES ('a') RETURNING id", ()).await?;
                assert_eq!(added.one()?.get::<i64>(0)?, 1);
                let inside = tx.query("SELECT count(*) FROM notes", ()).await?.one()?.get::<i64>(0)?;
                Ok((inside, count(&reader).await))
            })
        })
        .await
        .unwrap();
    assert_eq!((inside, outside, count(&store).await), (1, 0, 1));
}

#[tokio::test]
async fn a_write_that_waits_for_something_else_fails_and_says_so() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let inner = store.clone();
    let failed: Result<()> = store
        .write(move |tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO notes (text) VALUES ('half')", ()).await?;
                add(&inner, "a write inside a write").await?;
                Ok(())
            })
        })
        .await;
    assert!(failed.unwrap_err().to_string().contains("waited for something other than its transaction"));
    // The write that was inside had been sent, and stands for itself.
    add(&store, "after").await.unwrap();
    assert_eq!(count(&store).await, 2);
}

#[tokio::test]
async fn a_write_may_not_end_the_transaction_that_it_shares() {
    let store = with_notes(Store::temporary().unwrap()).await;
    for statement in ["COMMIT", " rollback", "End;", "PRAGMA synchronous = OFF", "ATTACH 'x' AS y", "savepoint a"] {
        let failed = store.write(move |tx| Box::pin(async move { tx.execute(statement, ()).await })).await.unwrap_err();
        assert!(failed.to_string().contains("a write must not use"), "{failed}");
    }
    // Hidden from that check by a comment, it fails the writes of its group, and nothing else.
    let failed = store
        .write(|tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO notes (text) VALUES ('kept by its own COMMIT')", ()).await?;
                tx.execute("/**/ COMMIT", ()).await
            })
        })
        .await
        .unwrap_err();
    assert!(failed.is_retryable(), "{failed}");
    add(&store, "after").await.unwrap();
}

#[tokio::test]
async fn errors_are_sorted_by_what_the_caller_can_do() {
    let store = with_notes(Store::temporary().unwrap()).await;
    add(&store, "taken").await.unwrap();
    let conflict = add(&store, "taken").await.unwrap_err();
    assert!(matches!(conflict, Error::Conflict(_)) && !conflict.is_retryable(), "{conflict}");
    assert_eq!(crossgate_call::Error::from(conflict).kind(), Kind::Conflict);

    let constraint = store
        .write(|tx| Box::pin(async move { tx.execute("INSERT INTO notes (text) VALUES (?)", ([1u8],)).await }))
        .await
        .unwrap_err();
    assert!(matches!(constraint, Error::Constraint(_)), "{constraint}");
    let shown = crossgate_call::Error::from(constraint);
    assert_eq!(shown.kind(), Kind::Internal);
    assert!(!shown.public().contains("notes"), "the caller learns no table's name");
}

#[tokio::test]
async fn an_error_of_the_services_own_comes_back_as_it_is() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let refused: crossgate_call::Result<()> = store
        .try_write(|tx| {
            Box::pin(async move {
                tx.execute("INSERT INTO notes (text) VALUES ('half')", ()).await?;
                Err(crossgate_call::Error::not_found("there is no such loan"))
            })
        })
        .await;
    assert_eq!(refused.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(count(&store).await, 0);
}

#[tokio::test]
async fn many_rows_are_written_with_one_statement_all_or_none() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let insert = |lines: Vec<String>| {
        let store = store.clone();
        async move {
            store
                .write(|tx| {
                    Box::pin(async move {
                        tx.execute_many("INSERT INTO notes (text) VALUES (?)", lines.iter().map(|line| (line,))).await
                    })
                })
                .await
        }
    };
    assert_eq!(insert((0..500).map(|n| n.to_string()).collect()).await.unwrap(), 500);
    assert!(matches!(insert(vec!["new".into(), "7".into()]).await, Err(Error::Conflict(_))));
    assert_eq!(count(&store).await, 500);
}
