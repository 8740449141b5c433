//! Options and details as they stood on the wire, read only when somebody asks.

use std::borrow::Cow;

use bytes::Bytes;

use crate::id::Id;
use crate::value::{Map, Value};
use crate::wire::{Format, Reader, Token, WireError, Writer};

/// How many sessions, names or features a list in a dictionary may hold.
pub const LIST_ITEMS_MAX: usize = 65_536;

/// An attribute that the protocol defines has a value of another type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}` must be {expected}")]
pub struct OptionError {
    /// The attribute.
    pub key: &'static str,
    /// What belongs there.
    pub expected: &'static str,
}

impl OptionError {
    pub(crate) const fn new(key: &'static str, expected: &'static str) -> Self {
        Self { key, expected }
    }
}

/// A dictionary in the format of the message that it came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dict {
    format: Format,
    bytes: Bytes,
}

impl Dict {
    /// The empty dictionary.
    #[must_use]
    pub const fn empty(format: Format) -> Self {
        let bytes: &'static [u8] = match format {
            Format::Json => b"{}",
            Format::MessagePack => &[0x80],
            Format::Cbor => &[0xa0],
        };
        Self { format, bytes: Bytes::from_static(bytes) }
    }

    /// The dictionary with these entries.
    #[must_use]
    pub fn from_map(format: Format, map: &Map) -> Self {
        if map.is_empty() {
            return Self::empty(format);
        }
        let mut out = Vec::new();
        Value::Map(map.clone()).write(format, &mut out);
        Self { format, bytes: out.into() }
    }

    /// What was checked to be a dictionary.
    pub(crate) const fn checked(format: Format, bytes: Bytes) -> Self {
        Self { format, bytes }
    }

    /// Its format.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Its bytes.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Whether nothing is in it; `false` also where finding out would take reading.
    #[must_use]
    pub fn is_plainly_empty(&self) -> bool {
        self.bytes == Self::empty(self.format).bytes
    }

    /// All of it in memory.
    ///
    /// # Errors
    /// A key is an array or a map, or a number has too many digits.
    pub fn to_map(&self) -> Result<Map, WireError> {
        match Value::read(self.format, &self.bytes)? {
            Value::Map(map) => Ok(map),
            _ => Ok(Map::new()),
        }
    }

    /// The same dictionary in another format.
    ///
    /// # Errors
    /// It holds what the other format cannot say.
    pub fn to_format(&self, format: Format) -> Result<Self, WireError> {
        if format == self.format {
            return Ok(self.clone());
        }
        let mut out = Vec::with_capacity(self.bytes.len() * 2);
        crate::wire::transcode(self.format, &self.bytes, format, &mut out)?;
        Ok(Self { format, bytes: out.into() })
    }

    /// Shows every attribute that is not null. Attributes that are named by something else than text are not shown.
    pub(crate) fn each(
        &self,
        see: &mut dyn FnMut(&str, Item<'_>) -> Result<(), OptionError>,
    ) -> Result<(), OptionError> {
        if self.is_plainly_empty() {
            return Ok(());
        }
        Item { format: self.format, bytes: &self.bytes }.each("details", see)
    }
}

/// One value inside a dictionary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    format: Format,
    bytes: &'a [u8],
}

impl<'a> Item<'a> {
    fn token(self) -> Option<Token<'a>> {
        Reader::new(self.format, self.bytes).next().ok().flatten()
    }

    pub(crate) fn boolean(self, key: &'static str) -> Result<bool, OptionError> {
        match self.token() {
            Some(Token::Bool(value)) => Ok(value),
            _ => Err(OptionError::new(key, "true or false")),
        }
    }

    pub(crate) fn unsigned(self, key: &'static str) -> Result<u64, OptionError> {
        self.token().as_ref().and_then(unsigned).ok_or(OptionError::new(key, "a whole number from 0 on"))
    }

    pub(crate) fn id(self, key: &'static str) -> Result<Id, OptionError> {
        self.token().as_ref().and_then(unsigned).and_then(Id::new).ok_or(OptionError::new(key, "an id from 1 to 2^53"))
    }

    pub(crate) fn text(self, key: &'static str) -> Result<Cow<'a, str>, OptionError> {
        match self.token() {
            Some(Token::Text(text)) => Ok(text),
            _ => Err(OptionError::new(key, "text")),
        }
    }

    pub(crate) fn string(self, key: &'static str) -> Result<Option<String>, OptionError> {
        self.text(key).map(|text| Some(text.into_owned()))
    }

    /// A list whose elements are all what `element` finds them to be.
    fn list<T>(self, error: OptionError, element: impl Fn(Token<'a>) -> Option<T>) -> Result<Vec<T>, OptionError> {
        let mut reader = Reader::new(self.format, self.bytes);
        let mut next = || reader.next().ok().flatten();
        let mut list = Vec::new();
        if !matches!(next(), Some(Token::Array(_))) {
            return Err(error);
        }
        loop {
            match next() {
                Some(Token::End) => return Ok(list),
                Some(token) if list.len() < LIST_ITEMS_MAX => list.push(element(token).ok_or(error.clone())?),
                _ => return Err(error),
            }
        }
    }

    pub(crate) fn ids(self, key: &'static str) -> Result<Option<Vec<Id>>, OptionError> {
        let error = OptionError::new(key, "a list of ids");
        self.list(error, |token| unsigned(&token).and_then(Id::new)).map(Some)
    }

    pub(crate) fn texts(self, key: &'static str) -> Result<Vec<String>, OptionError> {
        let error = OptionError::new(key, "a list of texts");
        self.list(error, |token| if let Token::Text(text) = token { Some(text.into_owned()) } else { None })
    }

    /// The value in memory.
    pub(crate) fn value(self, key: &'static str) -> Result<Value, OptionError> {
        Value::read(self.format, self.bytes).map_err(|_| OptionError::new(key, "readable"))
    }

    /// Shows every attribute of a dictionary that is not null.
    pub(crate) fn each(
        self,
        key: &'static str,
        see: &mut dyn FnMut(&str, Item<'_>) -> Result<(), OptionError>,
    ) -> Result<(), OptionError> {
        let error = || OptionError::new(key, "a dictionary");
        let mut reader = Reader::new(self.format, self.bytes);
        if !matches!(reader.next(), Ok(Some(Token::Map(_)))) {
            return Err(error());
        }
        loop {
            match reader.next().map_err(|_| error())? {
                Some(Token::End) | None => return Ok(()),
                Some(Token::Array(_) | Token::Map(_)) => return Err(error()),
                Some(Token::Text(name)) => {
                    let bytes = reader.raw().map_err(|_| error())?.ok_or_else(error)?;
                    let item = Item { format: self.format, bytes };
                    if item.token() != Some(Token::Null) {
                        see(&name, item)?;
                    }
                }
                Some(_) => {
                    reader.raw().map_err(|_| error())?;
                }
            }
        }
    }
}

/// A whole number from 0 on. Some clients write those beyond 2^32 as doubles.
pub(crate) fn unsigned(token: &Token<'_>) -> Option<u64> {
    match token {
        Token::Unsigned(number) => Some(*number),
        Token::Float(number) => integral(*number),
        _ => None,
    }
}

/// The whole number that a double is, up to 2^53.
pub(crate) fn integral(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (0.0..=crate::id::ID_MAX as f64).contains(&number);
    fits.then_some(number as u64)
}

/// Writes a dictionary attribute by attribute.
pub(crate) struct DictWriter<'o> {
    writer: Writer<'o>,
}

impl<'o> DictWriter<'o> {
    /// The dictionary that `fill` writes.
    pub(crate) fn build(format: Format, fill: impl FnOnce(&mut DictWriter<'_>)) -> Dict {
        let mut out = Vec::new();
        let mut writer = DictWriter { writer: Writer::new(format, &mut out) };
        writer.writer.map(0);
        fill(&mut writer);
        writer.writer.end();
        Dict { format, bytes: out.into() }
    }

    /// A flag, which is left out when it is not set.
    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        if value {
            self.boolean(key, Some(true));
        }
    }

    pub(crate) fn boolean(&mut self, key: &str, value: Option<bool>) {
        if let Some(value) = value {
            self.writer.text(key);
            self.writer.boolean(value);
        }
    }

    pub(crate) fn text(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.writer.text(key);
            self.writer.text(value);
        }
    }

    pub(crate) fn unsigned(&mut self, key: &str, value: Option<u64>) {
        if let Some(value) = value {
            self.writer.text(key);
            self.writer.unsigned(value);
        }
    }

    pub(crate) fn id(&mut self, key: &str, value: Option<Id>) {
        self.unsigned(key, value.map(Id::get));
    }

    pub(crate) fn ids(&mut self, key: &str, value: Option<&[Id]>) {
        if let Some(ids) = value {
            self.writer.text(key);
            self.writer.array(ids.len());
            ids.iter().for_each(|id| self.writer.unsigned(id.get()));
            self.writer.end();
        }
    }

    pub(crate) fn texts(&mut self, key: &str, value: Option<&[String]>) {
        if let Some(texts) = value {
            self.writer.text(key);
            self.writer.array(texts.len());
            texts.iter().for_each(|text| self.writer.text(text));
            self.writer.end();
        }
    }

    pub(crate) fn value(&mut self, key: &str, value: Option<&Value>) {
        if let Some(value) = value {
            self.writer.text(key);
            let mut bytes = Vec::new();
            value.write(self.writer.format(), &mut bytes);
            self.writer.raw(&bytes, 1);
        }
    }

    /// A dictionary inside.
    pub(crate) fn map(&mut self, key: &str, fill: impl FnOnce(&mut Self)) {
        self.writer.text(key);
        self.writer.map(0);
        fill(self);
        self.writer.end();
    }
}
