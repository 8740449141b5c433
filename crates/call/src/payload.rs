//! What a call carries: opaque bytes and their format, decoded only by whoever looks inside.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Error, Field, Result};

/// How a payload's bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JSON, RFC 8259.
    Json,
}

/// A payload. Cloning it is cheap and shares what has been decoded or encoded so far.
///
/// It begins either as bytes (from a peer) or as a value (from a contract's binder or a service);
/// the other form is made on first use and kept.
#[derive(Clone, Debug)]
pub struct Payload {
    format: Format,
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    bytes: OnceLock<Bytes>,
    value: OnceLock<Value>,
}

impl Payload {
    /// Wraps bytes without looking at them.
    pub fn from_bytes(format: Format, bytes: Bytes) -> Self {
        let inner = Inner::default();
        let _ = inner.bytes.set(bytes);
        Self { format, inner: Arc::new(inner) }
    }

    /// Wraps a value without encoding it.
    pub fn from_value(value: Value) -> Self {
        let inner = Inner::default();
        let _ = inner.value.set(value);
        Self { format: Format::Json, inner: Arc::new(inner) }
    }

    /// Encodes a value as JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn encode(value: &impl Serialize) -> serde_json::Result<Self> {
        Ok(Self::from_bytes(Format::Json, serde_json::to_vec(value)?.into()))
    }

    /// The payload that carries nothing: JSON `null`.
    pub fn null() -> Self {
        Self::from_value(Value::Null)
    }

    /// How the bytes are written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The bytes, encoded on first use.
    pub fn bytes(&self) -> Bytes {
        self.inner
            .bytes
            .get_or_init(|| {
                // A `Value` always encodes: its keys are text and its numbers finite.
                let value = self.inner.value.get().unwrap_or(&Value::Null);
                serde_json::to_vec(value).unwrap_or_default().into()
            })
            .clone()
    }

    /// The value, decoded on first use.
    ///
    /// # Errors
    /// [`crate::Kind::Invalid`] when the bytes are not what the format says.
    pub fn value(&self) -> Result<&Value> {
        if let Some(value) = self.inner.value.get() {
            return Ok(value);
        }
        let bytes = self.bytes();
        let value = serde_json::from_slice(&bytes).map_err(undecodable)?;
        Ok(self.inner.value.get_or_init(|| value))
    }

    /// Reads the payload as a type.
    ///
    /// # Errors
    /// [`crate::Kind::Invalid`] when it does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        match (self.inner.value.get(), self.inner.bytes.get()) {
            (Some(value), _) => T::deserialize(value).map_err(undecodable),
            (None, Some(bytes)) => serde_json::from_slice(bytes).map_err(undecodable),
            (None, None) => T::deserialize(&Value::Null).map_err(undecodable),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn undecodable(error: serde_json::Error) -> Error {
    Error::invalid("the input does not have the expected shape", vec![Field::new("input", "", error.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_value_are_two_views_of_one_payload() {
        let payload = Payload::from_value(serde_json::json!({"a": [1, "x"]}));
        let back = Payload::from_bytes(Format::Json, payload.bytes());
        assert_eq!(payload.value().ok(), back.value().ok());
    }

    #[test]
    fn bytes_that_are_no_json_are_invalid_and_do_not_panic() {
        let payload = Payload::from_bytes(Format::Json, Bytes::from_static(b"{\"a\":"));
        assert_eq!(payload.value().unwrap_err().kind(), crate::Kind::Invalid);
        assert_eq!(payload.parse::<String>().unwrap_err().kind(), crate::Kind::Invalid);
    }
}
