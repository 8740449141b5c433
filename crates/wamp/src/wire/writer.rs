//! Writes a stream of tokens in any of the three formats.

use super::{Format, Token, WireError, cbor, json, messagepack};

/// Appends values to a buffer. Headers of arrays and maps are always the smallest: where the number of
/// elements was not known, or was wrong, the header is put right when the container ends.
#[derive(Debug)]
pub struct Writer<'o> {
    format: Format,
    out: &'o mut Vec<u8>,
    top: Open,
    below: Vec<Open>,
}

/// A container that is open; at first the outside of everything.
#[derive(Debug, Clone, Copy)]
struct Open {
    kind: Kind,
    header: usize,
    header_bytes: usize,
    announced: Option<usize>,
    values: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Outside,
    Array,
    Map,
}

const OUTSIDE: Open = Open { kind: Kind::Outside, header: 0, header_bytes: 0, announced: None, values: 0 };

impl<'o> Writer<'o> {
    /// A writer that appends to `out`.
    #[must_use]
    pub const fn new(format: Format, out: &'o mut Vec<u8>) -> Self {
        Self { format, out, top: OUTSIDE, below: Vec::new() }
    }

    /// The format it writes.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// Writes a value that is in the format `from`.
    ///
    /// # Errors
    /// As for [`super::transcode`].
    pub fn transcoded(&mut self, from: Format, bytes: &[u8]) -> Result<(), WireError> {
        self.begin_value();
        if from == self.format {
            self.out.extend_from_slice(bytes);
            return Ok(());
        }
        super::transcode(from, bytes, self.format, self.out)
    }

    /// Writes one token.
    ///
    /// # Errors
    /// [`WireError::Untranslatable`] when a map's key is an array or a map, and the format is JSON.
    pub fn token(&mut self, token: &Token<'_>) -> Result<(), WireError> {
        if matches!(token, Token::End) {
            self.end();
            return Ok(());
        }
        let is_key = self.begin_value();
        if self.format == Format::Json && is_key {
            return self.json_key(token);
        }
        match token {
            Token::Array(elements) => self.open(Kind::Array, *elements),
            Token::Map(pairs) => self.open(Kind::Map, *pairs),
            scalar => match self.format {
                Format::Json => self.json_scalar(scalar),
                Format::MessagePack => self.messagepack_scalar(scalar),
                Format::Cbor => self.cbor_scalar(scalar),
            },
        }
        Ok(())
    }

    /// Begins an array of so many elements.
    pub fn array(&mut self, elements: usize) {
        self.begin_value();
        self.open(Kind::Array, Some(elements));
    }

    /// Begins a map of so many pairs.
    pub fn map(&mut self, pairs: usize) {
        self.begin_value();
        self.open(Kind::Map, Some(pairs));
    }

    /// Writes a whole number.
    pub fn unsigned(&mut self, number: u64) {
        self.begin_value();
        match self.format {
            Format::Json => digits(self.out, number),
            Format::MessagePack => messagepack::write_unsigned(self.out, number),
            Format::Cbor => self.cbor_head(0, number),
        }
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        self.begin_value();
        self.plain_text(text);
    }

    /// Writes true or false.
    pub fn boolean(&mut self, value: bool) {
        self.begin_value();
        self.bool_scalar(value);
    }

    /// Writes what already is `values` values of this format, with their separators.
    pub fn raw(&mut self, bytes: &[u8], values: usize) {
        self.begin_value();
        self.top.values += values.saturating_sub(1);
        self.out.extend_from_slice(bytes);
    }

    /// Ends the innermost array or map.
    pub fn end(&mut self) {
        let open = std::mem::replace(&mut self.top, self.below.pop().unwrap_or(OUTSIDE));
        let count = if open.kind == Kind::Map { open.values / 2 } else { open.values };
        match (self.format, open.kind) {
            (_, Kind::Outside) => {}
            (Format::Json, Kind::Map) => self.out.push(b'}'),
            (Format::Json, Kind::Array) => self.out.push(b']'),
            (..) if open.announced == Some(count) => {}
            (..) => {
                let (header, length) = self.header(open.kind, count);
                let place = open.header..open.header + open.header_bytes;
                self.out.splice(place, header[..length].iter().copied());
            }
        }
    }

    /// Writes the separator before a value and counts it; says whether it is a key.
    fn begin_value(&mut self) -> bool {
        let is_key = self.top.kind == Kind::Map && self.top.values.is_multiple_of(2);
        if self.format == Format::Json && self.top.kind != Kind::Outside {
            if self.top.kind == Kind::Map && !is_key {
                self.out.push(b':');
            } else if self.top.values > 0 {
                self.out.push(b',');
            }
        }
        self.top.values += 1;
        is_key
    }

    fn open(&mut self, kind: Kind, announced: Option<usize>) {
        let header = self.out.len();
        let header_bytes = if self.format == Format::Json {
            self.out.push(if kind == Kind::Map { b'{' } else { b'[' });
            1
        } else {
            let (bytes, length) = self.header(kind, announced.unwrap_or(0));
            self.out.extend_from_slice(&bytes[..length]);
            length
        };
        let announced = announced.or(Some(0));
        let outer = std::mem::replace(&mut self.top, Open { kind, header, header_bytes, announced, values: 0 });
        if outer.kind != Kind::Outside {
            self.below.push(outer);
        }
    }

    fn header(&self, kind: Kind, count: usize) -> ([u8; 9], usize) {
        let is_map = kind == Kind::Map;
        if self.format == Format::Cbor {
            return cbor::write_head(if is_map { 5 } else { 4 }, count as u64);
        }
        let lengths = if is_map { messagepack::Lengths::Map } else { messagepack::Lengths::Array };
        let (short, length) = messagepack::write_length(lengths, count);
        let mut header = [0; 9];
        header[..5].copy_from_slice(&short);
        (header, length)
    }

    fn plain_text(&mut self, text: &str) {
        match self.format {
            Format::Json => json::write_text(self.out, text),
            Format::MessagePack => {
                let (header, length) = messagepack::write_length(messagepack::Lengths::Text, text.len());
                self.out.extend_from_slice(&header[..length]);
                self.out.extend_from_slice(text.as_bytes());
            }
            Format::Cbor => {
                self.cbor_head(3, text.len() as u64);
                self.out.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn bool_scalar(&mut self, value: bool) {
        match (self.format, value) {
            (Format::Json, true) => self.out.extend_from_slice(b"true"),
            (Format::Json, false) => self.out.extend_from_slice(b"false"),
            (Format::MessagePack, value) => self.out.push(0xc2 | u8::from(value)),
            (Format::Cbor, value) => self.out.push(0xf4 | u8::from(value)),
        }
    }

    fn cbor_head(&mut self, major: u8, argument: u64) {
        let (head, length) = cbor::write_head(major, argument);
        self.out.extend_from_slice(&head[..length]);
    }

    fn json_key(&mut self, token: &Token<'_>) -> Result<(), WireError> {
        match token {
            Token::Text(text) => json::write_text(self.out, text),
            Token::Binary(data) => json::write_text(self.out, &json::binary_text(data)),
            Token::Array(_) | Token::Map(_) => {
                return Err(WireError::Untranslatable("a key is an array or a map"));
            }
            scalar => {
                self.out.push(b'"');
                self.json_scalar(scalar);
                self.out.push(b'"');
            }
        }
        Ok(())
    }

    fn json_scalar(&mut self, token: &Token<'_>) {
        match token {
            Token::Bool(value) => self.bool_scalar(*value),
            Token::Unsigned(number) => digits(self.out, *number),
            Token::Negative(below) => self.out.extend_from_slice((-1 - i128::from(*below)).to_string().as_bytes()),
            Token::Big(big) => self.out.extend_from_slice(big.digits().as_bytes()),
            Token::Float(number) => self.out.extend_from_slice(json::float_text(*number).as_bytes()),
            Token::Text(text) => json::write_text(self.out, text),
            Token::Binary(data) => json::write_text(self.out, &json::binary_text(data)),
            Token::Null | Token::Array(_) | Token::Map(_) | Token::End => self.out.extend_from_slice(b"null"),
        }
    }

    fn messagepack_scalar(&mut self, token: &Token<'_>) {
        match token {
            Token::Bool(value) => self.bool_scalar(*value),
            Token::Unsigned(number) => messagepack::write_unsigned(self.out, *number),
            Token::Negative(below) => match i64::try_from(*below) {
                Ok(below) => messagepack::write_negative(self.out, -1 - below),
                Err(_) => self.plain_text(&(-1 - i128::from(*below)).to_string()),
            },
            Token::Big(big) => self.plain_text(&big.digits()),
            Token::Float(number) => {
                self.out.push(0xcb);
                self.out.extend_from_slice(&number.to_be_bytes());
            }
            Token::Text(text) => self.plain_text(text),
            Token::Binary(data) => {
                let (header, length) = messagepack::write_length(messagepack::Lengths::Binary, data.len());
                self.out.extend_from_slice(&header[..length]);
                self.out.extend_from_slice(data);
            }
            Token::Null | Token::Array(_) | Token::Map(_) | Token::End => self.out.push(0xc0),
        }
    }

    fn cbor_scalar(&mut self, token: &Token<'_>) {
        match token {
            Token::Bool(value) => self.bool_scalar(*value),
            Token::Unsigned(number) => self.cbor_head(0, *number),
            Token::Negative(below) => self.cbor_head(1, *below),
            Token::Big(big) => {
                let (tag, bytes) = if big.is_negative() {
                    (cbor::TAG_BIG_NEGATIVE, big.below_minus_one())
                } else {
                    (cbor::TAG_BIG, big.magnitude().to_vec())
                };
                self.cbor_head(6, tag);
                self.cbor_head(2, bytes.len() as u64);
                self.out.extend_from_slice(&bytes);
            }
            Token::Float(number) => {
                self.out.push(0xfb);
                self.out.extend_from_slice(&number.to_be_bytes());
            }
            Token::Text(text) => self.plain_text(text),
            Token::Binary(data) => {
                self.cbor_head(2, data.len() as u64);
                self.out.extend_from_slice(data);
            }
            Token::Null | Token::Array(_) | Token::Map(_) | Token::End => self.out.push(0xf6),
        }
    }
}

/// Appends the decimal digits of a number.
fn digits(out: &mut Vec<u8>, mut number: u64) {
    let mut text = [0; 20];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}
