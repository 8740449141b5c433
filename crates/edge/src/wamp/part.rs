//! Parts of one task that are polled when they were woken themselves: most wake-ups of a connection are for its writer, and
//! looking after its reader and its clocks each time would cost more than writing does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// A part of a task. Its future is to be polled through it alone.
pub(super) struct Part {
    state: Arc<State>,
    waker: Waker,
}

/// Wakes the whole task, and remembers for which part.
struct State {
    woken: AtomicBool,
    task: AtomicWaker,
}

impl Part {
    /// A part that has not been polled yet.
    pub(super) fn new() -> Self {
        let state = Arc::new(State { woken: AtomicBool::new(true), task: AtomicWaker::new() });
        let waker = Waker::from(Arc::clone(&state));
        Self { state, waker }
    }

    /// Polls the part's future if it was woken since the last time.
    pub(super) fn poll<F: Future>(&self, future: Pin<&mut F>, task: &Context<'_>) -> Poll<F::Output> {
        // Before the flag is looked at: who wakes the part afterwards wakes this task.
        self.state.task.register(task.waker());
        if !self.state.woken.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        future.poll(&mut Context::from_waker(&self.waker))
    }
}

impl Wake for State {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_part_is_polled_only_when_it_was_woken_and_then_soon() {
        let ((wake_one, one), (wake_other, other)) = (oneshot::channel::<()>(), oneshot::channel::<()>());
        let (one, other) = (pin!(one), pin!(other));
        let (mut one, mut other) = (one, other);
        let (first, second) = (Part::new(), Part::new());
        let polls = std::cell::Cell::new(0);
        let counted = poll_fn(|cx| {
            polls.set(polls.get() + 1);
            one.as_mut().poll(cx)
        });
        let mut counted = pin!(counted);
        let both = poll_fn(|cx| {
            if first.poll(counted.as_mut(), cx).is_ready() {
                return Poll::Ready("one");
            }
            second.poll(other.as_mut(), cx).map(|_| "other")
        });
        wake_other.send(()).unwrap();
        assert_eq!(both.await, "other");
        assert_eq!(polls.get(), 1, "it was polled at the beginning");
        let again = poll_fn(|cx| first.poll(counted.as_mut(), cx).map(|_| ()));
        let (woken, ()) = tokio::join!(again, async {
            tokio::task::yield_now().await;
            assert_eq!(polls.get(), 1, "nobody has woken it");
            wake_one.send(()).unwrap();
        });
        assert_eq!((woken, polls.get()), ((), 2));
    }
}
