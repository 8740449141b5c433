//! One write: the closure, what it answered, and who waits for it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use tokio::sync::oneshot;

use crate::store::Work;
use crate::{Error, Result, Tx};

/// A write without its types, as the writer sees it.
pub(crate) trait Job: Send {
    /// Runs the closure; says whether its changes are to stay.
    fn run(&mut self, tx: &mut Tx) -> bool;
    /// Answers what the closure answered. Called after the commit, or after an undoing of this write alone.
    fn answer(self: Box<Self>);
    /// Answers an error instead: nothing was written.
    fn fail(self: Box<Self>, error: Error);
}

pub(crate) struct Closure<T, E, F> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Closure<T, E, F>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E>,
{
    pub(crate) fn new(work: F, reply: oneshot::Sender<Result<T, E>>) -> Self {
        Self { work: Some(work), result: None, reply }
    }
}

impl<T, E, F> Job for Closure<T, E, F>
where
    T: Send,
    E: From<Error> + Send,
    F: for<'t> FnOnce(&'t mut Tx) -> Work<'t, T, E> + Send,
{
    fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(work) = self.work.take() else { return false };
        let result = match catch_unwind(AssertUnwindSafe(|| drive(work(tx)))) {
            Ok(result) => result,
            Err(panic) => Err(Error::other(format!("a write panicked: {}", said(panic.as_ref()))).into()),
        };
        let keep = result.is_ok();
        self.result = Some(result);
        keep
    }

    fn answer(self: Box<Self>) {
        // Nobody waiting any more is no fault: the write stays all the same.
        if let Some(result) = self.result {
            let _ = self.reply.send(result);
        }
    }

    fn fail(self: Box<Self>, error: Error) {
        let _ = self.reply.send(Err(error.into()));
    }
}

/// Everything that a [`Tx`] does on SQLite is done when first polled, so one poll must be enough.
fn drive<T, E: From<Error>>(mut work: Work<'_, T, E>) -> Result<T, E> {
    match work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(Error::other(
            "a write waited for something other than its transaction: do that before or after the write",
        )
        .into()),
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "it did not say why",
    }
}
