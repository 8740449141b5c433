//! The handle to a database.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use crate::job::{Closure, Job};
use crate::readers::Readers;
use crate::stats::Counters;
use crate::temporary::Directory;
use crate::writer::{Message, Writer};
use crate::{Config, Error, Params, Result, Rows, Sql, Stats, Tx, sqlite};

/// How long [`Store::ready`] waits for the writer.
const READY_WAIT: Duration = Duration::from_secs(2);

/// What the closure of a write returns: a boxed future that may borrow the transaction.
pub type Work<'t, T, E = Error> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// A database, opened. Clones share it; it is closed by [`Store::close`], or when the last clone goes.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    readers: Readers,
    rows_max: usize,
    wait: Duration,
    // `None` once the last handle goes, which ends the writer.
    queue: Option<mpsc::Sender<Message>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    counters: Arc<Counters>,
    failing: Arc<AtomicBool>,
    // Last, so that it is removed after everything in it is closed.
    _temporary: Option<Directory>,
}

impl Store {
    /// Opens a database, and makes its file when it is not there.
    ///
    /// # Errors
    /// [`Error::Refused`] for a value out of range or a file system that does not serve;
    /// [`Error::Unavailable`] when the file cannot be opened.
    pub fn open(config: &Config) -> Result<Self> {
        Self::start(config, None)
    }

    /// A database of its own that is removed with the last handle: for tests and trials.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no temporary directory can be made.
    pub fn temporary() -> Result<Self> {
        Self::temporary_with(&Config::default())
    }

    /// As [`Store::temporary`], with everything but the path taken from `config`.
    ///
    /// # Errors
    /// As [`Store::temporary`] and [`Store::open`].
    pub fn temporary_with(config: &Config) -> Result<Self> {
        let directory = Directory::new()?;
        let config = Config { path: directory.path().join("store.db"), ..config.clone() };
        Self::start(&config, Some(directory))
    }

    fn start(config: &Config, temporary: Option<Directory>) -> Result<Self> {
        config.validate()?;
        let conn = sqlite::open_writer(config)
            .map_err(|error| error.during(format_args!("opening `{}`", config.path.display())))?;
        let (sender, receiver) = mpsc::channel(config.write_queue_max);
        let counters = Arc::new(Counters::default());
        let failing = Arc::new(AtomicBool::new(false));
        let writer = Writer {
            tx: Tx::new(conn, config.rows_max),
            queue: receiver,
            counters: Arc::clone(&counters),
            failing: Arc::clone(&failing),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || writer.run())
            .map_err(|error| Error::unavailable(format!("the writer's thread could not be started: {error}")))?;
        let inner = Inner {
            readers: Readers::new(config),
            rows_max: config.rows_max,
            wait: config.wait(),
            queue: Some(sender),
            thread: Mutex::new(Some(thread)),
            counters,
            failing,
            _temporary: temporary,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs a query and answers what it finds, all that has been committed before.
    ///
    /// It runs on the calling thread and is ready when first polled, unless every connection is in use.
    /// Keep it short: an indexed look-up, a page of a list.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past the configured number of rows; [`Error::Unavailable`]; [`Error::Other`] for a
    /// statement that writes.
    pub async fn read<'s>(&self, sql: impl Into<Sql<'s>>, params: impl Params) -> Result<Rows> {
        let inner = &*self.inner;
        let sql = sql.into();
        let permit = inner.readers.enter(&inner.counters).await?;
        inner.readers.with(&permit, |conn| sqlite::query(conn, sql.sqlite(), &params, inner.rows_max, true))
    }

    /// Runs a closure in a transaction; answers what it answered once that is committed.
    ///
    /// An error undoes everything that the closure did. The closure awaits nothing but its transaction.
    /// Once begun, the write takes place whether or not anybody still waits for the answer.
    ///
    /// # Errors
    /// The closure's own; [`Error::Unavailable`] when nothing could be written or the queue stays full.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T> + Send + 'static,
    {
        self.try_write(work).await
    }

    /// As [`Store::write`], for a closure that fails with an error of its own, [`crossgate_call::Error`] for one.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn try_write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Closure::new(work, reply));
        self.send(Message::Work(job)).await?;
        answer.await.unwrap_or_else(|_| Err(stopped().into()))
    }

    /// Whether it can be read and written now.
    ///
    /// # Errors
    /// [`Error::Unavailable`], saying what is the matter.
    pub async fn ready(&self) -> Result<()> {
        self.read("SELECT count(*) FROM sqlite_schema WHERE rowid = 1", ()).await?;
        let (reply, answer) = oneshot::channel();
        // After a failure only a real write proves that the disk is well again.
        let prove = self.inner.failing.load(Relaxed);
        let probe = async {
            self.send(Message::Probe(prove, reply)).await?;
            answer.await.unwrap_or_else(|_| Err(stopped()))
        };
        match tokio::time::timeout(READY_WAIT, probe).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::unavailable(format!("the writer has not answered for {READY_WAIT:?}"))),
        }
    }

    /// Commits what waits, refuses what comes, brings everything into the one file and closes it.
    /// Closing it again does nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the file could not be left tidy; it recovers when it is opened.
    pub async fn close(&self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.inner.readers.close().await;
        let Some(queue) = &self.inner.queue else { return Ok(()) };
        if queue.send(Message::Close(reply)).await.is_err() {
            return Ok(());
        }
        let closed = answer.await.unwrap_or_else(|_| Err(stopped()));
        self.inner.join();
        closed
    }

    /// What it has done so far.
    pub fn stats(&self) -> Stats {
        let queued = self.inner.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        self.inner.counters.stats(queued)
    }

    async fn send(&self, message: Message) -> Result<()> {
        let Some(queue) = &self.inner.queue else { return Err(stopped()) };
        let message = match queue.try_send(message) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Closed(_)) => return Err(stopped()),
            Err(TrySendError::Full(message)) => message,
        };
        match tokio::time::timeout(self.inner.wait, queue.send(message)).await {
            Ok(sent) => sent.map_err(|_| stopped()),
            Err(_) => Err(Error::unavailable("the queue of writes is full: the database cannot keep up")),
        }
    }
}

fn stopped() -> Error {
    Error::unavailable("the database is closed")
}

impl Inner {
    /// Waits for the writer, which is about to end. Its own thread must not wait for itself.
    fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the database's writer panicked");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue = None;
        self.join();
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
