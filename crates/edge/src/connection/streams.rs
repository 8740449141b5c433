//! The tasks of an HTTP/2 connection: they end with it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// Runs one connection's streams, each as a task of its own, so that they use more than one core. Dropping
/// the last handle (the connection is gone) aborts what is left.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Mutex<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What has finished is forgotten here: at no time are there more finished than running at their peak.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream);
    }
}
