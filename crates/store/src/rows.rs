//! An answer: rows of values, read by column number and type.

use jiff::Timestamp;

use crate::{Error, Result, Value};

/// The rows that a query found, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    width: usize,
    values: Vec<Value>,
}

impl Rows {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, values: Vec::new() }
    }

    pub(crate) fn push(&mut self, value: Value) {
        self.values.push(value);
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The rows in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Row<'_>> + ExactSizeIterator {
        // `chunks_exact` refuses a width of 0; a statement without columns has no values either.
        self.values.chunks_exact(self.width.max(1)).map(|values| Row { values })
    }

    /// The first row, if there is one.
    pub fn first(&self) -> Option<Row<'_>> {
        self.iter().next()
    }

    /// The one row of a query that always finds exactly one: a count, a sum, a `RETURNING`.
    ///
    /// # Errors
    /// [`Error::Other`] when there are none or several.
    pub fn one(&self) -> Result<Row<'_>> {
        match (self.first(), self.len()) {
            (Some(row), 1) => Ok(row),
            (_, found) => Err(Error::other(format!("one row was expected, and {found} were found"))),
        }
    }
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    values: &'a [Value],
}

impl<'a> Row<'a> {
    /// The value of a column, counted from 0, as a type: `i64`, `bool`, `&str`, `String`, `&[u8]`,
    /// `Vec<u8>`, [`Timestamp`], and `Option` of each.
    ///
    /// # Errors
    /// [`Error::Other`] when there is no such column or its value is of another type.
    pub fn get<T: FromValue<'a>>(&self, column: usize) -> Result<T> {
        let value = self.value(column)?;
        T::from_value(value)
            .ok_or_else(|| Error::other(format!("column {column} holds {}, and not {}", value.kind(), T::EXPECTED)))
    }

    /// The value of a column as it is.
    ///
    /// # Errors
    /// [`Error::Other`] when there is no such column.
    pub fn value(&self, column: usize) -> Result<&'a Value> {
        self.values
            .get(column)
            .ok_or_else(|| Error::other(format!("there is no column {column}: the row has {}", self.values.len())))
    }

    /// All values.
    pub fn values(&self) -> &'a [Value] {
        self.values
    }
}

/// A type that a column can be read as.
pub trait FromValue<'a>: Sized {
    /// What the type wants, in a word for messages.
    const EXPECTED: &'static str;
    /// The value as this type, or `None` when it is of another kind.
    fn from_value(value: &'a Value) -> Option<Self>;
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

macro_rules! from_value {
    ($($type:ty, $expected:literal, $pattern:pat => $value:expr;)+) => {$(
        impl<'a> FromValue<'a> for $type {
            const EXPECTED: &'static str = $expected;

            fn from_value(value: &'a Value) -> Option<Self> {
                match value {
                    $pattern => $value,
                    _ => None,
                }
            }
        }
    )+};
}
from_value! {
    i64, "an integer", Value::Int(int) => Some(*int);
    i32, "an integer of 32 bits", Value::Int(int) => i32::try_from(*int).ok();
    u32, "an unsigned integer of 32 bits", Value::Int(int) => u32::try_from(*int).ok();
    u16, "an unsigned integer of 16 bits", Value::Int(int) => u16::try_from(*int).ok();
    u64, "an unsigned integer", Value::Int(int) => u64::try_from(*int).ok();
    bool, "0 or 1", Value::Int(int @ (0 | 1)) => Some(*int == 1);
    Timestamp, "a time in microseconds", Value::Int(int) => Timestamp::from_microsecond(*int).ok();
    &'a str, "text", Value::Text(text) => Some(text.as_str());
    String, "text", Value::Text(text) => Some(text.clone());
    &'a [u8], "bytes", Value::Blob(bytes) => Some(bytes.as_slice());
    Vec<u8>, "bytes", Value::Blob(bytes) => Some(bytes.clone());
}

impl FromValue<'_> for Value {
    const EXPECTED: &'static str = "any value";

    fn from_value(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl<'a, const N: usize> FromValue<'a> for [u8; N] {
    const EXPECTED: &'static str = "bytes of a fixed length";

    fn from_value(value: &'a Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}
