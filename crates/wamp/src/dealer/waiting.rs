//! Calls that wait for a callee below its concurrency limit: a bounded queue.

use std::collections::VecDeque;

use super::CallKey;
use crate::id::Id;

/// The calls that wait for one registration, in order.
#[derive(Debug, Clone)]
pub struct Waiting<T> {
    calls: VecDeque<(CallKey, T)>,
    calls_max: usize,
}

impl<T> Waiting<T> {
    /// An empty queue for so many calls.
    #[must_use]
    pub const fn new(calls_max: usize) -> Self {
        Self { calls: VecDeque::new(), calls_max }
    }

    /// Lets a call wait.
    ///
    /// # Errors
    /// The queue is full, and the call comes back: `crossbar.error.max_concurrency_reached`.
    pub fn push(&mut self, key: CallKey, call: T) -> Result<(), T> {
        if self.calls.len() >= self.calls_max {
            return Err(call);
        }
        self.calls.push_back((key, call));
        Ok(())
    }

    /// The call that waited longest.
    pub fn pop(&mut self) -> Option<(CallKey, T)> {
        self.calls.pop_front()
    }

    /// Takes a call out that was canceled or timed out.
    pub fn remove(&mut self, key: CallKey) -> Option<T> {
        let place = self.calls.iter().position(|(other, _)| *other == key)?;
        self.calls.remove(place).map(|(_, call)| call)
    }

    /// Takes all calls of a caller out.
    pub fn caller_left(&mut self, caller: Id) {
        self.calls.retain(|(key, _)| key.caller != caller);
    }

    /// Takes all calls out: nobody is left to answer them.
    pub fn drain(&mut self) -> impl Iterator<Item = (CallKey, T)> {
        self.calls.drain(..)
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}
