//! An answer that goes on: events, one after the other, taken at the pace of whoever asked.

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::Payload;

/// One event of a stream.
#[derive(Clone, Debug)]
pub struct Event {
    /// By which the stream can be taken up again after this event, where it can be.
    pub id: Option<String>,
    /// What kind of event it is; `None` for the stream's ordinary ones.
    pub kind: Option<&'static str>,
    /// What it says.
    pub data: Payload,
}

/// A stream of events.
///
/// Whoever makes it bounds what waits in it, and says what gives way when it is not taken fast enough. Nothing is made ahead:
/// the next event is asked for when the one before has been passed on. Dropping it ends the work behind it.
pub struct Events(Box<Next>);

/// What gives the next event.
type Next = dyn FnMut(&mut Context<'_>) -> Poll<Option<Event>> + Send;

impl Events {
    /// A stream that asks `next` for its next event; `None` from it is the end, after which it is not asked again.
    pub fn new(next: impl FnMut(&mut Context<'_>) -> Poll<Option<Event>> + Send + 'static) -> Self {
        let mut next = Some(next);
        Self(Box::new(move |cx| {
            let Some(ask) = &mut next else { return Poll::Ready(None) };
            let event = ask(cx);
            if matches!(event, Poll::Ready(None)) {
                // What it holds is given back at once, not when the last reader lets go.
                next = None;
            }
            event
        }))
    }

    /// The next event, as futures are polled.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Event>> {
        (self.0)(cx)
    }

    /// The next event; `None` when there are no more.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|cx| self.poll_next(cx)).await
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_stream_that_has_ended_lets_go_of_what_is_behind_it() {
        let held = Arc::new(());
        let (inside, mut left) = (Arc::clone(&held), 2);
        let mut events = Events::new(move |_| {
            let _held = &inside;
            left -= 1;
            Poll::Ready((left >= 0).then(|| Event { id: None, kind: None, data: Payload::null() }))
        });
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let told: Vec<bool> = (0..4).map(|_| matches!(events.poll_next(&mut cx), Poll::Ready(Some(_)))).collect();
        assert_eq!(told, [true, true, false, false]);
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
