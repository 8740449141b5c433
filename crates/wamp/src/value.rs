//! A value in memory: for dictionaries and payloads that the router itself reads or makes. What it only
//! forwards stays bytes.

use std::borrow::Cow;

use crate::wire::{Big, Format, Reader, Token, WireError, Writer};

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number from −2^64 to 2^64 − 1.
    Integer(i128),
    /// A whole number beyond those.
    Big(Big),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// A list.
    List(Vec<Value>),
    /// A dictionary.
    Map(Map),
}

/// A dictionary that keeps its order. A key that stands twice on the wire counts the last time, as in
/// the languages that most clients are written in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map(Vec<(String, Value)>);

impl Map {
    /// An empty dictionary.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many keys it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Puts a value under a key, in place of the one before.
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, place)) => *place = value,
            None => self.0.push((key, value)),
        }
    }

    /// The same, in a chain.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.insert(key, value);
        self
    }

    /// The same when there is a value; otherwise nothing changes.
    #[must_use]
    pub fn with_some(self, key: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    /// Keys and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Last one wins, in linear time: positions are looked up only where there is a second one.
    fn from_pairs(mut pairs: Vec<(String, Value)>) -> Self {
        let mut seen = std::collections::HashSet::with_capacity(pairs.len());
        let keep: Vec<bool> = pairs.iter().rev().map(|(key, _)| seen.insert(key.as_str())).collect();
        let distinct = seen.len();
        drop(seen);
        if distinct < pairs.len() {
            let mut keep = keep.into_iter().rev();
            pairs.retain(|_| keep.next().unwrap_or(true));
        }
        // Some are kept for as long as a session lasts.
        pairs.shrink_to_fit();
        Self(pairs)
    }
}

impl FromIterator<(String, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        Self::from_pairs(pairs.into_iter().collect())
    }
}

/// A container that is not complete yet.
enum Open {
    List(Vec<Value>),
    Map(Vec<(String, Value)>, Option<String>),
}

impl Value {
    /// Reads the one value that `bytes` hold.
    ///
    /// # Errors
    /// The bytes are not of the format, or a key is an array or a map.
    pub fn read(format: Format, bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(format, bytes);
        let mut open: Vec<Open> = Vec::new();
        while let Some(token) = reader.next()? {
            let value = match token {
                Token::Array(_) | Token::Map(_) if expects_key(&open) => {
                    return Err(WireError::Untranslatable("a key is an array or a map"));
                }
                Token::Array(_) => {
                    open.push(Open::List(Vec::new()));
                    continue;
                }
                Token::Map(_) => {
                    open.push(Open::Map(Vec::new(), None));
                    continue;
                }
                Token::End => match open.pop() {
                    Some(Open::List(list)) => Self::List(list),
                    Some(Open::Map(pairs, _)) => Self::Map(Map::from_pairs(pairs)),
                    None => Self::Null,
                },
                scalar => Self::scalar(scalar),
            };
            match open.last_mut() {
                None => return Ok(value),
                Some(Open::List(list)) => list.push(value),
                Some(Open::Map(pairs, key)) => match key.take() {
                    None => *key = Some(value.into_key()),
                    Some(key) => pairs.push((key, value)),
                },
            }
        }
        Err(WireError::malformed(bytes.len(), "a value is due"))
    }

    fn scalar(token: Token<'_>) -> Self {
        match token {
            Token::Bool(value) => Self::Bool(value),
            Token::Unsigned(number) => Self::Integer(i128::from(number)),
            Token::Negative(below) => Self::Integer(-1 - i128::from(below)),
            Token::Big(big) => Self::Big(big),
            Token::Float(number) => Self::Float(number),
            Token::Text(text) => Self::Text(text.into_owned()),
            Token::Binary(data) => Self::Binary(data.into_owned()),
            Token::Null | Token::Array(_) | Token::Map(_) | Token::End => Self::Null,
        }
    }

    fn into_key(self) -> String {
        match self {
            Self::Text(text) => text,
            other => {
                let mut out = Vec::new();
                other.write(Format::Json, &mut out);
                String::from_utf8_lossy(&out).trim_matches('"').to_owned()
            }
        }
    }

    /// Appends the value in a format.
    pub fn write(&self, format: Format, out: &mut Vec<u8>) {
        /// What is left to write of the open containers.
        enum Rest<'v> {
            List(std::slice::Iter<'v, Value>),
            Map(std::slice::Iter<'v, (String, Value)>),
        }
        let mut writer = Writer::new(format, out);
        let mut open: Vec<Rest<'_>> = Vec::new();
        let mut next = Some(self);
        loop {
            match next.take() {
                Some(Self::List(list)) => {
                    writer.array(list.len());
                    open.push(Rest::List(list.iter()));
                }
                Some(Self::Map(map)) => {
                    writer.map(map.0.len());
                    open.push(Rest::Map(map.0.iter()));
                }
                // A scalar can always be written.
                Some(scalar) => drop(writer.token(&scalar.token())),
                None => {}
            }
            next = match open.last_mut() {
                None => return,
                Some(Rest::List(list)) => list.next(),
                Some(Rest::Map(pairs)) => pairs.next().map(|(key, value)| {
                    writer.text(key);
                    value
                }),
            };
            if next.is_none() {
                writer.end();
                open.pop();
            }
        }
    }

    fn token(&self) -> Token<'_> {
        match self {
            Self::Bool(value) => Token::Bool(*value),
            Self::Integer(number) => Token::integer(*number),
            Self::Big(big) => Token::Big(big.clone()),
            Self::Float(number) => Token::Float(*number),
            Self::Text(text) => Token::Text(Cow::Borrowed(text)),
            Self::Binary(data) => Token::Binary(Cow::Borrowed(data)),
            Self::Null | Self::List(_) | Self::Map(_) => Token::Null,
        }
    }

    /// The value as JSON: binary data as `"\0"` and base64, infinity and what is not a number as null, whole numbers
    /// beyond 64 bits as their digits in text.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Integer(number) => match (u64::try_from(*number), i64::try_from(*number)) {
                (Ok(unsigned), _) => unsigned.into(),
                (_, Ok(signed)) => signed.into(),
                _ => number.to_string().into(),
            },
            Self::Big(big) => big.digits().into(),
            Self::Float(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Binary(data) => crate::wire::binary_text(data).into(),
            // As deep as the value is, which was bounded when it was read.
            Self::List(list) => list.iter().map(Self::to_json).collect(),
            Self::Map(map) => map.iter().map(|(key, value)| (key.to_owned(), value.to_json())).collect(),
        }
    }

    /// The value of JSON, in which text may be binary data.
    ///
    /// # Errors
    /// It nests too deep.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, WireError> {
        Self::read(Format::Json, json.to_string().as_bytes())
    }

    /// Text, when it is that.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A whole number from 0 on, when it is that.
    #[must_use]
    pub fn as_unsigned(&self) -> Option<u64> {
        match self {
            Self::Integer(number) => u64::try_from(*number).ok(),
            Self::Float(number) => crate::dict::integral(*number),
            _ => None,
        }
    }

    /// True or false, when it is that.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// A dictionary, when it is that.
    #[must_use]
    pub const fn as_map(&self) -> Option<&Map> {
        if let Self::Map(map) = self { Some(map) } else { None }
    }

    /// A list, when it is that.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }
}

/// Whether the innermost container is a map that waits for a key.
fn expects_key(open: &[Open]) -> bool {
    matches!(open.last(), Some(Open::Map(_, None)))
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i128::from(number))
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(i128::from(number))
    }
}
impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}
impl From<crate::id::Id> for Value {
    fn from(id: crate::id::Id) -> Self {
        Self::from(id.get())
    }
}
impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}
impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}
