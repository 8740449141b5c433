//! What applications send one another: positional and keyword arguments, as bytes.

use bytes::Bytes;

use crate::value::{Map, Value};
use crate::wire::{Budget, Format, Limits, Reader, Token, WireError, Writer, space};

/// The arguments of a message, in the format in which they came, never taken apart on the way through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    format: Format,
    /// Arguments, and keyword arguments after them, as they stood in the message, separator and all.
    tail: Bytes,
    values: u8,
}

impl Payload {
    /// No arguments.
    #[must_use]
    pub const fn empty(format: Format) -> Self {
        Self { format, tail: Bytes::new(), values: 0 }
    }

    /// What was checked: `values` values in `tail`.
    pub(crate) const fn checked(format: Format, tail: Bytes, values: u8) -> Self {
        Self { format, tail, values }
    }

    /// Arguments that are made here. Empty keyword arguments are left out, and so are empty arguments before none.
    #[must_use]
    pub fn from_values(format: Format, args: Vec<Value>, kwargs: Map) -> Self {
        if args.is_empty() && kwargs.is_empty() {
            return Self::empty(format);
        }
        let mut tail = Vec::new();
        Value::List(args).write(format, &mut tail);
        let values = 1 + u8::from(!kwargs.is_empty());
        if values == 2 {
            if format == Format::Json {
                tail.push(b',');
            }
            Value::Map(kwargs).write(format, &mut tail);
        }
        Self { format, tail: tail.into(), values }
    }

    /// Arguments that are encoded already: an array and a map.
    ///
    /// # Errors
    /// They are not exactly that.
    pub fn from_encoded(
        format: Format,
        args: &[u8],
        kwargs: Option<&[u8]>,
        limits: &Limits,
    ) -> Result<Self, WireError> {
        format.check(args, limits)?;
        let mut tail = args.to_vec();
        if let Some(kwargs) = kwargs {
            format.check(kwargs, limits)?;
            if format == Format::Json {
                tail.push(b',');
            }
            tail.extend_from_slice(kwargs);
        }
        let payload = Self { format, tail: tail.into(), values: 1 + u8::from(kwargs.is_some()) };
        payload.check_kinds()?;
        Ok(payload)
    }

    /// One binary in place of the arguments, which the router does not look into (Autobahn's payload transparency).
    #[must_use]
    pub fn transparent(format: Format, data: &[u8]) -> Self {
        let mut tail = Vec::with_capacity(data.len() + 8);
        Value::Binary(data.to_vec()).write(format, &mut tail);
        Self { format, tail: tail.into(), values: 1 }
    }

    /// Their format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Whether the message had none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// How many fields of the message they take: none, one or two.
    #[must_use]
    pub const fn fields(&self) -> usize {
        self.values as usize
    }

    /// Their size in bytes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.tail.len()
    }

    /// The bytes of the positional arguments, or of the one binary in their place.
    #[must_use]
    pub fn args(&self) -> Option<&[u8]> {
        self.split().0
    }

    /// The bytes of the keyword arguments.
    #[must_use]
    pub fn kwargs(&self) -> Option<&[u8]> {
        self.split().1
    }

    fn split(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        match self.values {
            0 => (None, None),
            1 => (Some(&self.tail), None),
            _ => {
                let end = self.format.skip(&self.tail, 0, &mut Budget::checked()).unwrap_or(self.tail.len());
                let mut rest = end;
                if self.format == Format::Json {
                    rest = space(&self.tail, rest);
                    rest = space(&self.tail, rest + 1);
                }
                (self.tail.get(..end), self.tail.get(rest..))
            }
        }
    }

    /// The binary in place of the arguments, when it is that.
    #[must_use]
    pub fn transparent_data(&self) -> Option<Vec<u8>> {
        match self.args().map(|args| Reader::new(self.format, args).next()) {
            Some(Ok(Some(Token::Binary(data)))) => Some(data.into_owned()),
            _ => None,
        }
    }

    /// The positional arguments in memory; none when there is a binary in their place.
    ///
    /// # Errors
    /// They hold what memory does not: a key that is an array or a map, or too long a number.
    pub fn arg_values(&self) -> Result<Vec<Value>, WireError> {
        match self.args().map(|args| Value::read(self.format, args)).transpose()? {
            Some(Value::List(list)) => Ok(list),
            _ => Ok(Vec::new()),
        }
    }

    /// The keyword arguments in memory.
    ///
    /// # Errors
    /// As for [`Self::arg_values`].
    pub fn kwarg_values(&self) -> Result<Map, WireError> {
        match self.kwargs().map(|kwargs| Value::read(self.format, kwargs)).transpose()? {
            Some(Value::Map(map)) => Ok(map),
            _ => Ok(Map::new()),
        }
    }

    /// The same arguments in another format; the same bytes in their own. To be done once per format, and shared.
    ///
    /// # Errors
    /// They hold what the other format cannot say: see [`crate::wire::transcode`].
    pub fn to_format(&self, format: Format) -> Result<Self, WireError> {
        if format == self.format || self.is_empty() {
            return Ok(Self { format, ..self.clone() });
        }
        let mut tail = Vec::with_capacity(self.tail.len() * 3 / 2);
        let (args, kwargs) = self.split();
        for (index, bytes) in args.into_iter().chain(kwargs).enumerate() {
            if index > 0 && format == Format::Json {
                tail.push(b',');
            }
            crate::wire::transcode(self.format, bytes, format, &mut tail)?;
        }
        Ok(Self { format, tail: tail.into(), values: self.values })
    }

    /// Writes the arguments as the last fields of a message.
    pub(crate) fn write(&self, writer: &mut Writer<'_>) -> Result<(), WireError> {
        if self.is_empty() {
            return Ok(());
        }
        if self.format == writer.format() {
            writer.raw(&self.tail, self.fields());
            return Ok(());
        }
        let (args, kwargs) = self.split();
        args.into_iter().chain(kwargs).try_for_each(|bytes| writer.transcoded(self.format, bytes))
    }

    /// Whether the fields are an array and a map, or one binary.
    pub(crate) fn check_kinds(&self) -> Result<(), WireError> {
        fn first(format: Format, bytes: Option<&[u8]>) -> Result<Option<Token<'_>>, WireError> {
            bytes.map_or(Ok(None), |bytes| Reader::new(format, bytes).next())
        }
        let (args, kwargs) = self.split();
        match (first(self.format, args)?, first(self.format, kwargs)?) {
            (None | Some(Token::Array(_)), None | Some(Token::Map(_))) | (Some(Token::Binary(_)), None) => Ok(()),
            (Some(Token::Array(_)), _) => Err(WireError::malformed(0, "the keyword arguments are not a dictionary")),
            _ => Err(WireError::malformed(0, "the arguments are neither a list nor one binary")),
        }
    }
}
