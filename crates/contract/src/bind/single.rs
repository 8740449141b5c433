//! Values that one text holds whole: path segments, headers, and query values that are not exploded.

use serde_json::{Map, Value};

use super::parameter::{Style, Unreadable};
use super::text::{Encoding, coerce, decode};
use crate::schema::{Shape, Types};

/// How one text is taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Single<'p> {
    pub(super) name: &'p str,
    pub(super) style: Style,
    pub(super) explode: bool,
    pub(super) dots: bool,
    pub(super) encoding: Encoding,
    pub(super) lenient: bool,
}

impl Single<'_> {
    pub(super) fn read(self, raw: &str, shape: &Shape) -> Result<Value, Unreadable> {
        let kind = Kind::of(shape);
        match self.style {
            Style::Label => {
                let Some(raw) = raw.strip_prefix('.') else {
                    return Err("must begin with a dot (style label)".into());
                };
                let dots = self.explode || (self.dots && !raw.contains(','));
                self.take_apart(raw, if dots { Delimiter::Dot } else { Delimiter::Comma }, kind, shape)
            }
            Style::Matrix => self.matrix(raw, kind, shape),
            Style::SpaceDelimited => self.take_apart(raw, Delimiter::Space, kind, shape),
            Style::PipeDelimited => self.take_apart(raw, Delimiter::Pipe, kind, shape),
            Style::Simple | Style::Form | Style::DeepObject => self.take_apart(raw, Delimiter::Comma, kind, shape),
        }
    }

    fn take_apart(self, raw: &str, delimiter: Delimiter, kind: Kind, shape: &Shape) -> Result<Value, Unreadable> {
        if kind == Kind::Scalar {
            return self.scalar(raw, shape);
        }
        if self.lenient && self.encoding != Encoding::Plain && delimiter == Delimiter::Comma && !raw.contains(',') {
            // Python servers decode first and split then, so that clients may encode the delimiter.
            let decoded = decode(raw, self.encoding, true)?;
            let plain = Self { encoding: Encoding::Plain, ..self };
            return plain.pieces(delimiter.split(&decoded), kind, shape);
        }
        self.pieces(delimiter.split(raw), kind, shape)
    }

    fn pieces(self, pieces: Vec<&str>, kind: Kind, shape: &Shape) -> Result<Value, Unreadable> {
        match kind {
            Kind::Array => self.list(pieces, shape),
            Kind::Object if self.explode => self.exploded(pieces, shape),
            _ => self.alternating(&pieces, shape),
        }
    }

    fn matrix(self, raw: &str, kind: Kind, shape: &Shape) -> Result<Value, Unreadable> {
        let malformed = || Unreadable::from(format!("must be written like ;{}=… (style matrix)", self.name));
        let pieces: Vec<&str> = raw.strip_prefix(';').ok_or_else(malformed)?.split(';').collect();
        if kind == Kind::Object && self.explode {
            return self.exploded(pieces, shape);
        }
        let mut values = Vec::with_capacity(pieces.len());
        for piece in pieces {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            if decode(name, self.encoding, self.lenient)? != self.name {
                return Err(malformed());
            }
            values.push(value);
        }
        match values.as_slice() {
            _ if kind == Kind::Array && self.explode => self.list(values, shape),
            [only] => self.take_apart(only, Delimiter::Comma, kind, shape),
            _ => Err("is given more than once".into()),
        }
    }

    pub(super) fn scalar(self, raw: &str, shape: &Shape) -> Result<Value, Unreadable> {
        Ok(coerce(decode(raw, self.encoding, self.lenient)?, shape, self.lenient))
    }

    /// One empty piece is an empty list: no style can write a list of nothing otherwise.
    pub(super) fn list(self, pieces: Vec<&str>, shape: &Shape) -> Result<Value, Unreadable> {
        if pieces.as_slice() == [""] {
            return Ok(Value::Array(Vec::new()));
        }
        let item = shape.item();
        pieces
            .into_iter()
            .map(|piece| self.scalar(self.trimmed(piece), item))
            .collect::<Result<_, _>>()
            .map(Value::Array)
    }

    /// `R=100`, `G=200`.
    fn exploded(self, pieces: Vec<&str>, shape: &Shape) -> Result<Value, Unreadable> {
        let mut object = Map::new();
        for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
            let Some((name, value)) = self.trimmed(piece).split_once('=') else {
                return Err("must be fields written like name=value".into());
            };
            self.field(name, value, shape, &mut object)?;
        }
        Ok(Value::Object(object))
    }

    /// `R`, `100`, `G`, `200`.
    fn alternating(self, pieces: &[&str], shape: &Shape) -> Result<Value, Unreadable> {
        let mut object = Map::new();
        if pieces == [""] {
            return Ok(Value::Object(object));
        }
        let (couples, rest) = pieces.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("must be names and values in turn".into());
        }
        for [name, value] in couples {
            self.field(self.trimmed(name), self.trimmed(value), shape, &mut object)?;
        }
        Ok(Value::Object(object))
    }

    fn field(self, name: &str, value: &str, shape: &Shape, object: &mut Map<String, Value>) -> Result<(), Unreadable> {
        let name = decode(name, self.encoding, self.lenient)?;
        let value = self.scalar(value, shape.property(&name))?;
        if object.insert(name.into_owned(), value).is_some() && !self.lenient {
            return Err("has a field that is given more than once".into());
        }
        Ok(())
    }

    /// Lists in headers may have blanks around their commas (RFC 9110 §5.6.1).
    fn trimmed(self, piece: &str) -> &str {
        if self.encoding == Encoding::Plain { piece.trim_matches([' ', '\t']) } else { piece }
    }
}

/// What a shape makes of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar,
    Array,
    Object,
}

impl Kind {
    pub(super) fn of(shape: &Shape) -> Self {
        if shape.types.is_array() || (shape.types.has(Types::ARRAY) && shape.types.has(Types::OBJECT)) {
            Self::Array
        } else if shape.types.is_object() {
            Self::Object
        } else {
            Self::Scalar
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Delimiter {
    Comma,
    Dot,
    /// Encoded in any of its ways.
    Space,
    /// As it stands or encoded.
    Pipe,
}

impl Delimiter {
    fn split(self, raw: &str) -> Vec<&str> {
        match self {
            Self::Comma => raw.split(',').collect(),
            Self::Dot => raw.split('.').collect(),
            Self::Space => split_any(raw, &["%20", "+", " "]),
            Self::Pipe => split_any(raw, &["%7C", "%7c", "|"]),
        }
    }
}

fn split_any<'r>(raw: &'r str, delimiters: &[&str]) -> Vec<&'r str> {
    let mut pieces = Vec::new();
    let mut rest = raw;
    loop {
        let next = delimiters.iter().filter_map(|delimiter| Some((rest.find(delimiter)?, delimiter.len()))).min();
        let Some((at, length)) = next else {
            pieces.push(rest);
            return pieces;
        };
        pieces.push(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + length..).unwrap_or_default();
    }
}
