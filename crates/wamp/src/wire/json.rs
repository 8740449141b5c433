//! JSON (RFC 8259): the scanner, and reading and writing of strings and numbers.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Big, Budget, Token, WireError};

/// Whether the message is UTF-8, which every string in it then is.
pub(crate) fn check_utf8(bytes: &[u8]) -> Result<(), WireError> {
    std::str::from_utf8(bytes)
        .map(|_| ())
        .map_err(|error| WireError::malformed(error.valid_up_to(), "text is not UTF-8"))
}

/// The first byte from `at` on that is not white space.
pub(crate) fn space(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
        at += 1;
    }
    at
}

/// The end of the value that begins at `at`, or after white space from there.
pub(super) fn skip(bytes: &[u8], mut at: usize, budget: &mut Budget) -> Result<usize, WireError> {
    // One bit per open level, the innermost lowest: set when it is an object.
    let mut objects = 0_u128;
    let mut depth = 0;
    loop {
        budget.item()?;
        at = space(bytes, at);
        match bytes.get(at) {
            Some(open @ (b'{' | b'[')) => {
                let is_object = *open == b'{';
                budget.level(depth)?;
                objects = objects << 1 | u128::from(is_object);
                depth += 1;
                at = space(bytes, at + 1);
                if bytes.get(at) != Some(&if is_object { b'}' } else { b']' }) {
                    if is_object {
                        at = key(bytes, at, budget)?;
                    }
                    continue;
                }
                at += 1;
                objects >>= 1;
                depth -= 1;
            }
            _ => at = scalar(bytes, at)?,
        }
        loop {
            if depth == 0 {
                return Ok(at);
            }
            at = space(bytes, at);
            let is_object = objects & 1 == 1;
            match bytes.get(at) {
                Some(b',') => {
                    at = space(bytes, at + 1);
                    if is_object {
                        at = key(bytes, at, budget)?;
                    }
                    break;
                }
                Some(b'}') if is_object => {}
                Some(b']') if !is_object => {}
                Some(_) => return Err(WireError::malformed(at, "a comma or the end is due")),
                None => return Err(WireError::short(at)),
            }
            at += 1;
            objects >>= 1;
            depth -= 1;
        }
    }
}

/// The end of a key and its colon.
fn key(bytes: &[u8], at: usize, budget: &mut Budget) -> Result<usize, WireError> {
    budget.item()?;
    let end = space(bytes, string_end(bytes, at)?);
    colon(bytes, end)
}

/// The end of a colon.
pub(super) fn colon(bytes: &[u8], at: usize) -> Result<usize, WireError> {
    match bytes.get(at) {
        Some(b':') => Ok(at + 1),
        Some(_) => Err(WireError::malformed(at, "a colon is due")),
        None => Err(WireError::short(at)),
    }
}

fn scalar(bytes: &[u8], at: usize) -> Result<usize, WireError> {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at),
        Some(b'-' | b'0'..=b'9') => number_end(bytes, at),
        Some(b't') => literal_end(bytes, at, b"true"),
        Some(b'f') => literal_end(bytes, at, b"false"),
        Some(b'n') => literal_end(bytes, at, b"null"),
        Some(_) => Err(WireError::malformed(at, "a value is due")),
        None => Err(WireError::short(at)),
    }
}

pub(super) fn literal_end(bytes: &[u8], at: usize, literal: &'static [u8]) -> Result<usize, WireError> {
    match bytes.get(at..at + literal.len()) {
        Some(found) if found == literal => Ok(at + literal.len()),
        _ => Err(WireError::malformed(at, "a value is due")),
    }
}

/// The end of the string that begins at `at`, after its closing quotation mark.
pub(super) fn string_end(bytes: &[u8], at: usize) -> Result<usize, WireError> {
    if bytes.get(at) != Some(&b'"') {
        return Err(WireError::malformed(at, "a string is due"));
    }
    let mut at = at + 1;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(plain) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) else {
            return Err(WireError::short(bytes.len()));
        };
        at += plain;
        match (rest[plain], rest.get(plain + 1)) {
            (b'"', _) => return Ok(at + 1),
            (b'\\', Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => at += 2,
            (b'\\', Some(b'u')) => {
                unit(bytes, at + 2).ok_or(WireError::malformed(at, "an escape is not four digits"))?;
                at += 6;
            }
            (b'\\', Some(_)) => return Err(WireError::malformed(at, "an unknown escape")),
            (b'\\', None) => return Err(WireError::short(at)),
            _ => return Err(WireError::malformed(at, "a control character in a string")),
        }
    }
}

/// The UTF-16 unit of four hexadecimal digits.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |sum, digit| {
        let value = char::from(*digit).to_digit(16)?;
        Some(sum << 4 | value as u16)
    })
}

/// The end of the number that begins at `at` (RFC 8259 §6).
pub(super) fn number_end(bytes: &[u8], at: usize) -> Result<usize, WireError> {
    let digits = |mut at: usize| {
        let from = at;
        while matches!(bytes.get(at), Some(b'0'..=b'9')) {
            at += 1;
        }
        if at > from { Ok(at) } else { Err(WireError::malformed(at, "a digit is due")) }
    };
    let start = at + usize::from(bytes.get(at) == Some(&b'-'));
    let mut at = digits(start)?;
    if bytes.get(start) == Some(&b'0') && at > start + 1 {
        return Err(WireError::malformed(start, "a number begins with a zero"));
    }
    if bytes.get(at) == Some(&b'.') {
        at = digits(at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = digits(at)?;
    }
    Ok(at)
}

/// What a number means: whole numbers stay whole, whatever their size.
pub(super) fn number(literal: &[u8], at: usize) -> Result<Token<'static>, WireError> {
    let text = std::str::from_utf8(literal).map_err(|_| WireError::malformed(at, "text is not UTF-8"))?;
    if literal.iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) || text == "-0" {
        // Beyond the largest double is infinity, as everywhere else that reads JSON into doubles.
        return text.parse().map(Token::Float).map_err(|_| WireError::malformed(at, "not a number"));
    }
    if let Ok(small) = text.parse::<i128>() {
        return Ok(Token::integer(small));
    }
    let (negative, digits) = literal.strip_prefix(b"-").map_or((false, literal), |digits| (true, digits));
    Big::from_digits(negative, digits).map(Token::Big).ok_or(WireError::Untranslatable("a number has too many digits"))
}

/// The text of a string whose quotation marks are left out. Half of a surrogate pair becomes U+FFFD.
pub(super) fn unescape(inner: &[u8], at: usize) -> Result<Cow<'_, str>, WireError> {
    let text = std::str::from_utf8(inner).map_err(|_| WireError::malformed(at, "text is not UTF-8"))?;
    if !inner.contains(&b'\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(inner.len());
    let mut rest = text;
    while let Some(position) = rest.find('\\') {
        out.push_str(&rest[..position]);
        let escape = rest.as_bytes().get(position + 1).copied().unwrap_or_default();
        let mut used = position + 2;
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (character, units) = character(&rest.as_bytes()[position..]);
                out.push(character);
                used = position + 6 * units;
            }
            other => out.push(char::from(other)),
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character of the escapes that `bytes` begin with, and how many of them it took.
fn character(bytes: &[u8]) -> (char, usize) {
    let first = unit(bytes, 2).unwrap_or(0xfffd);
    let second = bytes.get(6..8).filter(|escape| escape == b"\\u").and_then(|_| unit(bytes, 8));
    let mut units = std::iter::once(first).chain(second);
    match char::decode_utf16(&mut units).next() {
        Some(Ok(character)) => (character, character.len_utf16()),
        _ => (char::REPLACEMENT_CHARACTER, 1),
    }
}

/// What a string that is a value means: text, or binary when it is a NUL and base64.
pub(super) fn text_or_binary(text: Cow<'_, str>) -> Token<'_> {
    match text.strip_prefix('\0').map(|data| STANDARD.decode(data)) {
        Some(Ok(data)) => Token::Binary(Cow::Owned(data)),
        _ => Token::Text(text),
    }
}

/// Writes a string.
pub(super) fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(position) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        out.extend_from_slice(&rest[..position]);
        match rest[position] {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            control => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(DIGITS[usize::from(control >> 4)]);
                out.push(DIGITS[usize::from(control & 15)]);
            }
        }
        rest = &rest[position + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// The text that binary data becomes.
pub(crate) fn binary_text(data: &[u8]) -> String {
    let mut text = String::with_capacity(1 + data.len().div_ceil(3) * 4);
    text.push('\0');
    STANDARD.encode_string(data, &mut text);
    text
}

/// The text of a double: `null` for what JSON cannot say (RFC 8949 §6.1).
pub(super) fn float_text(number: f64) -> String {
    if number.is_finite() { format!("{number:?}") } else { "null".to_owned() }
}
