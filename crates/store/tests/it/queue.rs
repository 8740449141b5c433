use crossgate_store::{Config, Store};

use crate::{add, count, held, with_notes};

#[tokio::test]
async fn a_full_queue_makes_writes_wait_and_then_fail_as_unavailable() {
    let config = Config { write_queue_max: 4, wait_ms: 20, ..Config::default() };
    let store = with_notes(Store::temporary_with(&config).unwrap()).await;
    let (release, holder) = held(&store).await;
    let waiting: Vec<_> = (0..4)
        .map(|n| {
            let store = store.clone();
            tokio::spawn(async move { add(&store, n.to_string()).await })
        })
        .collect();
    while store.stats().queued < 4 {
        tokio::task::yield_now().await;
    }
    let refused = add(&store, "one too many").await.unwrap_err();
    assert!(refused.is_retryable() && refused.to_string().contains("queue of writes is full"), "{refused}");
    assert_eq!(count(&store).await, 0, "reading goes on");

    drop(release);
    holder.await.unwrap().unwrap();
    for write in waiting {
        write.await.unwrap().unwrap();
    }
    assert_eq!(count(&store).await, 4, "what was accepted is written, and what was refused is not");
    add(&store, "room again").await.unwrap();
}

#[tokio::test]
async fn a_writer_that_is_stuck_is_not_ready() {
    let store = with_notes(Store::temporary().unwrap()).await;
    let (release, holder) = held(&store).await;
    let refused = store.ready().await.unwrap_err();
    assert!(refused.to_string().contains("writer has not answered"), "{refused}");
    drop(release);
    holder.await.unwrap().unwrap();
    store.ready().await.unwrap();
}
