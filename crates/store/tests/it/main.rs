//! The store's behaviour, through its public interface, on real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests, and their helpers")]

mod lifecycle;
mod migrations;
mod queue;
mod reads;
mod secrets;
mod writes;

use std::sync::mpsc;

use crossgate_store::{Result, Store};

const NOTES: &[&str] = &["CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT UNIQUE) STRICT"];

async fn with_notes(store: Store) -> Store {
    store.migrate("notes", NOTES).await.unwrap();
    store
}

async fn add(store: &Store, text: impl Into<String>) -> Result<u64> {
    let text = text.into();
    store.write(|tx| Box::pin(async move { tx.execute("INSERT INTO notes (text) VALUES (?)", (text,)).await })).await
}

async fn count(store: &Store) -> i64 {
    store.read("SELECT count(*) FROM notes", ()).await.unwrap().one().unwrap().get(0).unwrap()
}

/// Holds the writer until the sender is dropped, so that what follows gathers behind it.
async fn held(store: &Store) -> (mpsc::Sender<()>, tokio::task::JoinHandle<Result<()>>) {
    let (release, released) = mpsc::channel::<()>();
    let (begun, begins) = tokio::sync::oneshot::channel();
    let store = store.clone();
    let writer = tokio::spawn(async move {
        store
            .write(|_| {
                Box::pin(async move {
                    let _ = begun.send(());
                    let _ = released.recv();
                    Ok(())
                })
            })
            .await
    });
    begins.await.unwrap();
    (release, writer)
}
