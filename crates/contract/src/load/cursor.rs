//! A place in a document.

use serde_json::Value;

use crate::pointer;

/// A value and its pointer.
#[derive(Clone, Debug)]
pub(super) struct At<'d> {
    pub(super) pointer: String,
    pub(super) value: &'d Value,
}

impl<'d> At<'d> {
    /// The member of an object, or (by its number) the item of a list.
    pub(super) fn get(&self, key: &str) -> Option<At<'d>> {
        let value = match self.value {
            Value::Array(items) => items.get(key.parse::<usize>().ok()?)?,
            other => other.get(key)?,
        };
        Some(At { pointer: self.pointer_to(key), value })
    }

    pub(super) fn pointer_to(&self, key: &str) -> String {
        pointer::join(&self.pointer, key)
    }

    /// The last token of the pointer: the key under which the value stands.
    pub(super) fn key(&self) -> String {
        pointer::split_last(&self.pointer).map(|(_, key)| key.into_owned()).unwrap_or_default()
    }
}
