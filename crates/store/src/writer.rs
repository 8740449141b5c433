//! The one thread that writes: it takes what waits, runs it in one transaction, commits, and answers.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use crate::error::from_sqlite;
use crate::job::Job;
use crate::stats::Counters;
use crate::{Error, Result, Tx};

/// Most writes in one transaction.
const GROUP_MAX: usize = 256;

pub(crate) enum Message {
    Work(Box<dyn Job>),
    /// Is the file writable? With `true`, prove it by a write.
    Probe(bool, oneshot::Sender<Result<()>>),
    /// Do what waits, refuse what comes, tidy the file up.
    Close(oneshot::Sender<Result<()>>),
}

pub(crate) struct Writer {
    pub(crate) tx: Tx,
    pub(crate) queue: mpsc::Receiver<Message>,
    pub(crate) counters: Arc<Counters>,
    /// The last transaction could not be committed.
    pub(crate) failing: Arc<AtomicBool>,
}

impl Writer {
    /// Works until the queue's senders are gone or it is told to close.
    pub(crate) fn run(mut self) {
        let mut waiting = VecDeque::new();
        let mut closing = None;
        loop {
            if waiting.is_empty() {
                match self.queue.blocking_recv() {
                    Some(message) => self.take(message, &mut waiting, &mut closing),
                    None => break,
                }
            }
            while waiting.len() < GROUP_MAX {
                match self.queue.try_recv() {
                    Ok(message) => self.take(message, &mut waiting, &mut closing),
                    Err(_) => break,
                }
            }
            self.group(&mut waiting);
        }
        let closed = finish(self.tx.into_conn());
        match closing {
            Some(reply) => {
                let _: Result<_, _> = reply.send(closed);
            }
            None => {
                if let Err(error) = closed {
                    tracing::warn!(%error, "the database was not closed cleanly; it recovers when it is opened");
                }
            }
        }
    }

    fn take(
        &mut self,
        message: Message,
        waiting: &mut VecDeque<Box<dyn Job>>,
        closing: &mut Option<oneshot::Sender<Result<()>>>,
    ) {
        match message {
            Message::Work(job) => waiting.push_back(job),
            Message::Probe(write, reply) => {
                let answer = self.probe(write);
                let _: Result<_, _> = reply.send(answer);
            }
            Message::Close(reply) => {
                self.queue.close();
                *closing = Some(reply);
            }
        }
    }

    /// Runs waiting writes in one transaction. A write whose closure fails is undone alone and answered
    /// at once with the others; writes that were not begun stay waiting when the transaction breaks.
    fn group(&mut self, waiting: &mut VecDeque<Box<dyn Job>>) {
        if waiting.is_empty() {
            return;
        }
        if let Err(error) = self.statement("BEGIN IMMEDIATE") {
            self.fail(waiting.drain(..), &error);
            return;
        }
        // A write that has the transaction for itself needs no savepoint.
        let alone = waiting.len() == 1;
        let mut done = Vec::with_capacity(waiting.len());
        let mut kept = 0;
        let mut outcome = Ok(());
        while let Some(mut job) = waiting.pop_front() {
            let ran = self.one(job.as_mut(), alone);
            done.push(job);
            match ran {
                Ok(keep) => kept += u64::from(keep),
                Err(error) => {
                    outcome = Err(error);
                    break;
                }
            }
        }
        if outcome.is_ok() {
            outcome = self.end(alone && kept == 0);
        }
        if let Err(error) = outcome {
            self.fail(done.into_iter(), &error);
            return;
        }
        self.failing.store(false, Relaxed);
        self.counters.commits.fetch_add(u64::from(kept > 0), Relaxed);
        self.counters.writes.fetch_add(kept, Relaxed);
        self.counters.writes_failed.fetch_add(done.len() as u64 - kept, Relaxed);
        done.into_iter().for_each(Job::answer);
    }

    /// Runs one write; says whether its changes stay. An error means that the transaction is lost.
    fn one(&mut self, job: &mut dyn Job, alone: bool) -> Result<bool> {
        if !alone {
            self.statement("SAVEPOINT one")?;
        }
        let keep = job.run(&mut self.tx);
        // SQLite ends the transaction by itself when the disk is full or fails; so would a stray COMMIT.
        if self.tx.conn().is_autocommit() {
            return Err(Error::unavailable(
                "the transaction ended before its time: the disk is full or fails, or a write ended it",
            ));
        }
        if !alone {
            if !keep {
                self.statement("ROLLBACK TO one")?;
            }
            self.statement("RELEASE one")?;
        }
        Ok(keep)
    }

    fn end(&self, undo: bool) -> Result<()> {
        self.statement(if undo { "ROLLBACK" } else { "COMMIT" })
    }

    fn statement(&self, sql: &str) -> Result<()> {
        let mut statement = self.tx.conn().prepare_cached(sql).map_err(from_sqlite)?;
        statement.raw_execute().map(drop).map_err(from_sqlite)
    }

    fn fail(&self, jobs: impl ExactSizeIterator<Item = Box<dyn Job>>, error: &Error) {
        if !self.tx.conn().is_autocommit()
            && let Err(error) = self.statement("ROLLBACK")
        {
            tracing::error!(%error, "a transaction that failed could not be rolled back");
        }
        self.failing.store(true, Relaxed);
        self.counters.writes_failed.fetch_add(jobs.len() as u64, Relaxed);
        jobs.for_each(|job| job.fail(error.clone()));
    }

    fn probe(&mut self, write: bool) -> Result<()> {
        self.statement("BEGIN IMMEDIATE")?;
        let written = if write { rewrite_header(self.tx.conn()) } else { Ok(()) };
        let ended = written.and_then(|()| self.end(!write));
        if ended.is_ok() && write {
            self.failing.store(false, Relaxed);
        }
        if !self.tx.conn().is_autocommit() {
            self.statement("ROLLBACK")?;
        }
        ended
    }
}

/// The smallest write that changes nothing: the header's user version, as it is.
fn rewrite_header(conn: &Connection) -> Result<()> {
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(from_sqlite)?;
    conn.pragma_update(None, "user_version", version).map_err(from_sqlite)
}

/// Leaves the file tidy: statistics for the planner, and everything in the one file.
fn finish(conn: Connection) -> Result<()> {
    if let Err(error) = conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)") {
        // Everything is committed; whoever opens the file next, or has it open still, finds it all.
        tracing::debug!(%error, "the database was left with its log beside it");
    }
    conn.close().map_err(|(_, error)| from_sqlite(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Closure;
    use crate::{Config, sqlite};

    #[tokio::test]
    async fn a_full_disk_fails_its_writes_and_not_the_ones_after_there_is_room_again() {
        let directory = tempfile::tempdir().unwrap();
        let conn = sqlite::open_writer(&Config::at(directory.path().join("full.db"))).unwrap();
        conn.execute_batch("CREATE TABLE t (b BLOB) STRICT; PRAGMA max_page_count = 20").unwrap();
        let (_sender, queue) = mpsc::channel(1);
        let (counters, failing) = (Arc::default(), Arc::default());
        let mut writer = Writer { tx: Tx::new(conn, 10), queue, counters, failing };
        let mut answers = Vec::new();
        let mut waiting: VecDeque<Box<dyn Job>> = VecDeque::new();
        for bytes in [10, 1 << 20, 10] {
            let (reply, answer) = oneshot::channel();
            waiting.push_back(Box::new(Closure::new(
                move |tx| {
                    Box::pin(async move { tx.execute("INSERT INTO t (b) VALUES (?)", (vec![1u8; bytes],)).await })
                },
                reply,
            )));
            answers.push(answer);
        }
        while !waiting.is_empty() {
            writer.group(&mut waiting);
        }
        let mut kept = 0;
        for (index, answer) in answers.into_iter().enumerate() {
            match answer.await.unwrap() {
                Ok(changed) => kept += changed,
                Err(error) => assert!(error.is_retryable() && index < 2, "{index}: {error}"),
            }
        }
        let counted: i64 = writer.tx.conn().query_row("SELECT count(*) FROM t", (), |row| row.get(0)).unwrap();
        assert_eq!(counted as u64, kept, "what was answered is there, and nothing else");
        assert!((1..=2).contains(&kept));
    }
}
