//! How many streams there are, in all and of each caller.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossgate_call::{Call, Error, Events, Result};

/// When to come back when there are too many.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// The streams that are open.
pub(super) struct Streams {
    max: usize,
    per_caller_max: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    of: HashMap<String, usize>,
}

/// The right to one stream, for as long as it is kept.
pub(super) struct Place {
    streams: Arc<Streams>,
    whose: String,
}

impl Streams {
    pub(super) fn new(max: usize, per_caller_max: usize) -> Arc<Self> {
        Arc::new(Self { max, per_caller_max, open: Mutex::default() })
    }

    /// Takes a place for a stream of the caller.
    pub(super) fn take(self: &Arc<Self>, call: &Call) -> Result<Place> {
        let source = call.source.filter(|_| call.caller.is_anonymous());
        let source = source.map(|source| source.to_string()).unwrap_or_default();
        let whose = format!("{}\0{}\0{source}", call.caller.realm(), call.caller.id());
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let held = open.of.get(&whose).copied().unwrap_or(0);
        if held >= self.per_caller_max {
            return Err(Error::too_many("you have as many streams open as you may; close one first", RETRY_AFTER));
        }
        if open.all >= self.max {
            return Err(Error::unavailable("there are as many streams as there may be; try again later", RETRY_AFTER));
        }
        open.all += 1;
        open.of.insert(whose.clone(), held + 1);
        Ok(Place { streams: Arc::clone(self), whose })
    }
}

impl Place {
    /// Keeps the place until the stream has ended or is dropped.
    pub(super) fn until_end_of(self, mut events: Events) -> Events {
        Events::new(move |cx| {
            let _place = &self;
            events.poll_next(cx)
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(held) = open.of.get_mut(&self.whose) {
            *held -= 1;
            if *held == 0 {
                open.of.remove(&self.whose);
            }
        }
    }
}
