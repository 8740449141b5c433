//! What applications send one another.

use crossgate_wamp::wire::{Format, WireError};
use crossgate_wamp::{Map, Payload, Value};

/// Positional and keyword arguments, of a call, a result, an event or an error.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Arguments {
    /// The positional ones.
    pub args: Vec<Value>,
    /// Those with names.
    pub kwargs: Map,
}

impl Arguments {
    /// None at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { args: Vec::new(), kwargs: Map::new() }
    }

    /// One more positional argument.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// One more argument with a name.
    #[must_use]
    pub fn kwarg(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.kwargs.insert(name, value);
        self
    }

    pub(crate) fn into_payload(self, format: Format) -> Payload {
        Payload::from_values(format, self.args, self.kwargs)
    }

    pub(crate) fn read(payload: &Payload) -> Result<Self, WireError> {
        Ok(Self { args: payload.arg_values()?, kwargs: payload.kwarg_values()? })
    }

    /// The same where nothing better can be done about what cannot be read: an error's arguments.
    pub(crate) fn read_or_none(payload: &Payload) -> Self {
        Self::read(payload).unwrap_or_default()
    }
}

impl<T: Into<Value>> From<T> for Arguments {
    fn from(value: T) -> Self {
        Self::none().arg(value)
    }
}
