//! What a session wants published when it is gone.

use crossgate_wamp::options::PublishOptions;
use crossgate_wamp::{Payload, Text};

/// When it is published. All of the first kind go before those of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The connection is lost, or the session has ended.
    Detached,
    /// The session has ended.
    Destroyed,
}

impl Scope {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "detached" => Some(Self::Detached),
            "destroyed" => Some(Self::Destroyed),
            _ => None,
        }
    }
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Testament {
    pub(crate) scope: Scope,
    pub(crate) topic: Text,
    pub(crate) options: PublishOptions,
    pub(crate) payload: Payload,
}

/// All of a session's.
#[derive(Debug, Default)]
pub(crate) struct Testaments {
    list: Vec<Testament>,
    bytes: usize,
}

impl Testaments {
    /// Keeps one; `false` when there are too many, or too large ones.
    pub(crate) fn add(&mut self, testament: Testament, most: usize, bytes_max: usize) -> bool {
        let bytes = self.bytes + testament.topic.as_str().len() + testament.payload.len();
        let fits = self.list.len() < most && bytes <= bytes_max;
        if fits {
            self.bytes = bytes;
            self.list.push(testament);
        }
        fits
    }

    /// Forgets those of a scope, and says how many.
    pub(crate) fn flush(&mut self, scope: Scope) -> usize {
        let before = self.list.len();
        self.list.retain(|testament| testament.scope != scope);
        self.bytes = self.list.iter().map(|kept| kept.topic.as_str().len() + kept.payload.len()).sum();
        before - self.list.len()
    }

    /// Takes all, in the order in which they are published.
    pub(crate) fn take(&mut self) -> Vec<Testament> {
        self.bytes = 0;
        let (first, second): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.list).into_iter().partition(|testament| testament.scope == Scope::Detached);
        first.into_iter().chain(second).collect()
    }
}
