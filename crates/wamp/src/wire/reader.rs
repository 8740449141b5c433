//! A value as a stream of tokens, in any of the three formats.

use std::borrow::Cow;

use super::{Big, Budget, Format, Token, WireError, cbor, json, messagepack};

/// Walks through one value. It checks the syntax as it goes, so that unchecked bytes end in an error at worst.
#[derive(Debug)]
pub struct Reader<'a> {
    format: Format,
    bytes: &'a [u8],
    at: usize,
    /// How many containers are open.
    depth: usize,
    /// Of the innermost one. MessagePack and CBOR: how many values are due. JSON: one for an object.
    mark: u32,
    /// Of those around it.
    below: Vec<u32>,
    due: Due,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    /// The value itself, or in JSON the value after a key.
    Value,
    /// JSON: a container has just been opened.
    First,
    /// A value has ended.
    Next,
}

/// What stands next.
enum Step<'a> {
    Value,
    Key(Cow<'a, str>),
    End,
    Done,
}

impl<'a> Reader<'a> {
    /// A reader of the one value that `bytes` hold. Bytes after it are not looked at.
    #[must_use]
    pub const fn new(format: Format, bytes: &'a [u8]) -> Self {
        Self { format, bytes, at: 0, depth: 0, mark: 0, below: Vec::new(), due: Due::Value }
    }

    /// The next token; `None` when the value is complete.
    ///
    /// # Errors
    /// The bytes are not of the format, or nest too deep.
    #[expect(clippy::should_implement_trait, reason = "a fallible step, not an iterator")]
    pub fn next(&mut self) -> Result<Option<Token<'a>>, WireError> {
        match self.step()? {
            Step::Done => Ok(None),
            Step::End => Ok(Some(Token::End)),
            Step::Key(key) => Ok(Some(Token::Text(key))),
            Step::Value => match self.format {
                Format::Json => self.json_value(),
                Format::MessagePack => self.messagepack_value(),
                Format::Cbor => self.cbor_value(),
            }
            .map(Some),
        }
    }

    /// The bytes of the next value as a whole, which is then passed over; `None` at the end of a container.
    /// In a JSON object the key must have been read before.
    ///
    /// # Errors
    /// As for [`Self::next`].
    pub fn raw(&mut self) -> Result<Option<&'a [u8]>, WireError> {
        match self.step()? {
            Step::Done | Step::End => Ok(None),
            Step::Key(_) => Err(WireError::malformed(self.at, "a value is due")),
            Step::Value => {
                let start = self.at;
                self.at = self.format.skip(self.bytes, start, &mut Budget::checked())?;
                Ok(self.bytes.get(start..self.at))
            }
        }
    }

    fn step(&mut self) -> Result<Step<'a>, WireError> {
        match self.format {
            Format::Json => self.json_step(),
            Format::MessagePack | Format::Cbor => Ok(self.counted_step()),
        }
    }

    fn counted_step(&mut self) -> Step<'a> {
        if self.depth == 0 {
            let step = if self.due == Due::Value { Step::Value } else { Step::Done };
            self.due = Due::Next;
            return step;
        }
        let is_break =
            self.format == Format::Cbor && cbor::breakable(self.mark) && self.bytes.get(self.at) == Some(&cbor::BREAK);
        if self.mark == 0 || is_break {
            self.at += usize::from(is_break);
            self.close();
            return Step::End;
        }
        self.mark = cbor::counted(self.mark);
        Step::Value
    }

    fn json_step(&mut self) -> Result<Step<'a>, WireError> {
        self.at = json::space(self.bytes, self.at);
        if self.due == Due::Value {
            self.due = Due::Next;
            return Ok(Step::Value);
        }
        if self.depth == 0 {
            return Ok(Step::Done);
        }
        let is_object = self.mark == 1;
        let byte = self.bytes.get(self.at);
        if byte == Some(&if is_object { b'}' } else { b']' }) {
            self.at += 1;
            self.close();
            return Ok(Step::End);
        }
        if self.due == Due::Next {
            if byte != Some(&b',') {
                return Err(WireError::malformed(self.at, "a comma or the end is due"));
            }
            self.at = json::space(self.bytes, self.at + 1);
        }
        if !is_object {
            self.due = Due::Next;
            return Ok(Step::Value);
        }
        let end = json::string_end(self.bytes, self.at)?;
        let key = json::unescape(&self.bytes[self.at + 1..end - 1], self.at)?;
        self.at = json::space(self.bytes, json::colon(self.bytes, json::space(self.bytes, end))?);
        self.due = Due::Value;
        Ok(Step::Key(key))
    }

    fn open(&mut self, mark: u32) -> Result<(), WireError> {
        Budget::checked().level(self.depth)?;
        if self.depth > 0 {
            self.below.push(self.mark);
        }
        self.mark = mark;
        self.depth += 1;
        self.due = Due::First;
        Ok(())
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.mark = self.below.pop().unwrap_or_default();
        self.due = Due::Next;
    }

    fn json_value(&mut self) -> Result<Token<'a>, WireError> {
        let start = self.at;
        let (end, token) = match self.bytes.get(start) {
            Some(b'{') => {
                self.at += 1;
                return self.open(1).map(|()| Token::Map(None));
            }
            Some(b'[') => {
                self.at += 1;
                return self.open(0).map(|()| Token::Array(None));
            }
            Some(b'"') => {
                let end = json::string_end(self.bytes, start)?;
                (end, json::text_or_binary(json::unescape(&self.bytes[start + 1..end - 1], start)?))
            }
            Some(b't') => (json::literal_end(self.bytes, start, b"true")?, Token::Bool(true)),
            Some(b'f') => (json::literal_end(self.bytes, start, b"false")?, Token::Bool(false)),
            Some(b'n') => (json::literal_end(self.bytes, start, b"null")?, Token::Null),
            _ => {
                let end = json::number_end(self.bytes, start)?;
                (end, json::number(&self.bytes[start..end], start)?)
            }
        };
        self.at = end;
        Ok(token)
    }

    fn messagepack_value(&mut self) -> Result<Token<'a>, WireError> {
        use messagepack::Head;
        let (head, at) = messagepack::head(self.bytes, self.at)?;
        self.at = at;
        Ok(match head {
            Head::Null => Token::Null,
            Head::Bool(value) => Token::Bool(value),
            Head::Unsigned(number) => Token::Unsigned(number),
            Head::Signed(number) => Token::integer(i128::from(number)),
            Head::Float(number) => Token::Float(number),
            Head::Text(length) => self.text(length)?,
            // The number of an extension's type has no place elsewhere: its data goes on.
            Head::Binary(length) | Head::Extension(length) => self.binary(length)?,
            Head::Array(elements) => {
                self.open(messagepack::announced(self.bytes, at, elements)?)?;
                Token::Array(Some(elements))
            }
            Head::Map(pairs) => {
                self.open(messagepack::announced(self.bytes, at, pairs.saturating_mul(2))?)?;
                Token::Map(Some(pairs))
            }
        })
    }

    fn cbor_value(&mut self) -> Result<Token<'a>, WireError> {
        use cbor::Head;
        let mut tag = None;
        loop {
            let start = self.at;
            let (head, at) = cbor::head(self.bytes, start)?;
            self.at = at;
            return Ok(match head {
                Head::Tag(number) => {
                    tag = Some(number);
                    continue;
                }
                Head::Null => Token::Null,
                Head::Bool(value) => Token::Bool(value),
                Head::Unsigned(number) => Token::Unsigned(number),
                Head::Negative(number) => Token::Negative(number),
                Head::Float(number) => Token::Float(number),
                Head::Text(Some(length)) => self.text(length)?,
                Head::Text(None) => self.text_chunks()?,
                Head::Binary(length) => {
                    let data = match length {
                        Some(length) => self.binary(length)?,
                        None => self.binary_chunks()?,
                    };
                    big(tag, data)?
                }
                Head::Array(elements) => {
                    self.open(cbor::opened(self.bytes, at, head)?)?;
                    Token::Array(elements)
                }
                Head::Map(pairs) => {
                    self.open(cbor::opened(self.bytes, at, head)?)?;
                    Token::Map(pairs)
                }
                Head::Break => return Err(WireError::malformed(start, "a break where a value is due")),
            });
        }
    }

    fn text(&mut self, length: usize) -> Result<Token<'a>, WireError> {
        let (text, end) = messagepack::text(self.bytes, self.at, length)?;
        self.at = end;
        Ok(Token::Text(Cow::Borrowed(text)))
    }

    fn binary(&mut self, length: usize) -> Result<Token<'a>, WireError> {
        let (data, end) = messagepack::slice(self.bytes, self.at, length)?;
        self.at = end;
        Ok(Token::Binary(Cow::Borrowed(data)))
    }

    fn text_chunks(&mut self) -> Result<Token<'a>, WireError> {
        let mut text = String::new();
        // Each chunk was checked to be text.
        self.at = cbor::chunks(self.bytes, self.at, true, |chunk| text.push_str(&String::from_utf8_lossy(chunk)))?;
        Ok(Token::Text(Cow::Owned(text)))
    }

    fn binary_chunks(&mut self) -> Result<Token<'a>, WireError> {
        let mut data = Vec::new();
        self.at = cbor::chunks(self.bytes, self.at, false, |chunk| data.extend_from_slice(chunk))?;
        Ok(Token::Binary(Cow::Owned(data)))
    }
}

/// A big number, when the tag before the binary says so.
fn big(tag: Option<u64>, data: Token<'_>) -> Result<Token<'_>, WireError> {
    let (Some(tag @ (cbor::TAG_BIG | cbor::TAG_BIG_NEGATIVE)), Token::Binary(bytes)) = (tag, &data) else {
        return Ok(data);
    };
    if bytes.len() > super::BIG_BYTES_MAX {
        return Err(WireError::Untranslatable("a number has too many digits"));
    }
    let big = if tag == cbor::TAG_BIG { Big::new(false, bytes.to_vec()) } else { Big::from_below_minus_one(bytes) };
    Ok(big.small().map_or(Token::Big(big), Token::integer))
}
