//! What a path template's parameters matched.

use super::PATH_PARAMETERS_MAX;

/// The raw texts (still percent-encoded) that a path gave for its template's parameters, in the template's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PathParams {
    text: String,
    spans: Spans,
}

impl PathParams {
    pub(super) fn new(path: &str, spans: Spans) -> Self {
        let text = if spans.count == 0 { String::new() } else { path.to_owned() };
        Self { text, spans }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.count
    }

    /// Whether the template had no parameters.
    pub fn is_empty(&self) -> bool {
        self.spans.count == 0
    }

    /// The raw text of the parameter at `index`, counted from 0 in the template's order.
    pub fn get(&self, index: usize) -> Option<&str> {
        let (start, end) = *self.spans.list.get(..self.spans.count)?.get(index)?;
        self.text.get(start as usize..end as usize)
    }
}

/// Byte ranges in a path; a stack without allocation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spans {
    list: [(u32, u32); PATH_PARAMETERS_MAX],
    count: usize,
}

impl Spans {
    /// False when the stack is full, or the path longer than 4 GiB.
    pub(super) fn push(&mut self, start: usize, end: usize) -> bool {
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else { return false };
        match self.list.get_mut(self.count) {
            Some(slot) => {
                *slot = (start, end);
                self.count += 1;
                true
            }
            None => false,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Forgets all but the first `count`.
    pub(super) fn truncate(&mut self, count: usize) {
        while self.count > count {
            self.count -= 1;
            if let Some(slot) = self.list.get_mut(self.count) {
                *slot = (0, 0);
            }
        }
    }
}
