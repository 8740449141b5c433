//! MessagePack: headers, the scanner, and the writing of scalars.
//!
//! Text must be UTF-8: the specification leaves it open, and a router that passed on other bytes would
//! let any publisher break its subscribers' decoders.

use super::{Budget, DEPTH_MAX, WireError};

/// What stands before a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Head {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(usize),
    Binary(usize),
    /// An extension's data; its type is before the data.
    Extension(usize),
    Array(usize),
    Map(usize),
}

/// The header at `at`, and where what follows it begins.
pub(super) fn head(bytes: &[u8], at: usize) -> Result<(Head, usize), WireError> {
    let first = *bytes.get(at).ok_or(WireError::short(at))?;
    let at = at + 1;
    let low = |mask: u8| usize::from(first & mask);
    Ok(match first {
        0x00..=0x7f => (Head::Unsigned(u64::from(first)), at),
        0x80..=0x8f => (Head::Map(low(0x0f)), at),
        0x90..=0x9f => (Head::Array(low(0x0f)), at),
        0xa0..=0xbf => (Head::Text(low(0x1f)), at),
        0xc0 => (Head::Null, at),
        0xc1 => return Err(WireError::malformed(at - 1, "the byte c1 is never used")),
        0xc2 => (Head::Bool(false), at),
        0xc3 => (Head::Bool(true), at),
        0xc4..=0xc6 => (Head::Binary(length(bytes, at, 1 << (first - 0xc4))?), at + (1 << (first - 0xc4))),
        0xc7..=0xc9 => (Head::Extension(length(bytes, at, 1 << (first - 0xc7))?), at + (1 << (first - 0xc7)) + 1),
        0xca => (Head::Float(f64::from(f32::from_bits(number(bytes, at, 4)? as u32))), at + 4),
        0xcb => (Head::Float(f64::from_bits(number(bytes, at, 8)?)), at + 8),
        0xcc..=0xcf => (Head::Unsigned(number(bytes, at, 1 << (first - 0xcc))?), at + (1 << (first - 0xcc))),
        0xd0..=0xd3 => {
            let width = 1 << (first - 0xd0);
            (Head::Signed(sign_extended(number(bytes, at, width)?, width)), at + width)
        }
        0xd4..=0xd8 => (Head::Extension(1 << (first - 0xd4)), at + 1),
        0xd9..=0xdb => (Head::Text(length(bytes, at, 1 << (first - 0xd9))?), at + (1 << (first - 0xd9))),
        0xdc | 0xdd => (Head::Array(length(bytes, at, 2 << (first - 0xdc))?), at + (2 << (first - 0xdc))),
        0xde | 0xdf => (Head::Map(length(bytes, at, 2 << (first - 0xde))?), at + (2 << (first - 0xde))),
        0xe0..=0xff => (Head::Signed(i64::from(first as i8)), at),
    })
}

/// The big-endian number of `width` bytes at `at`.
pub(super) fn number(bytes: &[u8], at: usize, width: usize) -> Result<u64, WireError> {
    let field = bytes.get(at..at + width).ok_or(WireError::short(at))?;
    Ok(field.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

fn length(bytes: &[u8], at: usize, width: usize) -> Result<usize, WireError> {
    number(bytes, at, width).map(|number| number as usize)
}

const fn sign_extended(number: u64, width: usize) -> i64 {
    let shift = 64 - 8 * width as u32;
    ((number << shift) as i64) >> shift
}

/// `length` bytes from `at`, and where they end.
pub(super) fn slice(bytes: &[u8], at: usize, length: usize) -> Result<(&[u8], usize), WireError> {
    let end = at.checked_add(length).ok_or(WireError::short(at))?;
    Ok((bytes.get(at..end).ok_or(WireError::short(at))?, end))
}

/// The same, as text.
pub(super) fn text(bytes: &[u8], at: usize, length: usize) -> Result<(&str, usize), WireError> {
    let (slice, end) = slice(bytes, at, length)?;
    let text = std::str::from_utf8(slice).map_err(|_| WireError::malformed(at, "text is not UTF-8"))?;
    Ok((text, end))
}

/// How many values a header announces, which cannot be more than bytes are left: each has one at least.
pub(super) fn announced(bytes: &[u8], at: usize, values: usize) -> Result<u32, WireError> {
    if values > bytes.len().saturating_sub(at) {
        return Err(WireError::short(bytes.len()));
    }
    u32::try_from(values).map_err(|_| WireError::short(at))
}

/// The end of the value that begins at `at`.
pub(super) fn skip(bytes: &[u8], at: usize, budget: &mut Budget) -> Result<usize, WireError> {
    // Most fields of a message are scalars or empty, for which no stack is set up.
    let end = match head(bytes, at)? {
        (Head::Unsigned(_) | Head::Null | Head::Bool(_) | Head::Array(0) | Head::Map(0), end) => end,
        (Head::Text(length), from) => text(bytes, from, length)?.1,
        _ => return skip_nested(bytes, at, budget),
    };
    budget.item()?;
    Ok(end)
}

fn skip_nested(bytes: &[u8], mut at: usize, budget: &mut Budget) -> Result<usize, WireError> {
    let mut left = [0_u32; DEPTH_MAX];
    let mut depth = 0;
    loop {
        budget.item()?;
        let (head, after) = head(bytes, at)?;
        at = after;
        match head {
            Head::Null | Head::Bool(_) | Head::Unsigned(_) | Head::Signed(_) | Head::Float(_) => {}
            Head::Text(length) => at = text(bytes, at, length)?.1,
            Head::Binary(length) | Head::Extension(length) => at = slice(bytes, at, length)?.1,
            Head::Array(0) | Head::Map(0) => {}
            Head::Array(_) | Head::Map(_) => {
                let values = match head {
                    Head::Map(pairs) => pairs.saturating_mul(2),
                    Head::Array(elements) => elements,
                    _ => 0,
                };
                budget.level(depth)?;
                left[depth] = announced(bytes, at, values)?;
                depth += 1;
                continue;
            }
        }
        while depth > 0 {
            left[depth - 1] -= 1;
            if left[depth - 1] > 0 {
                break;
            }
            depth -= 1;
        }
        if depth == 0 {
            return Ok(at);
        }
    }
}

/// The header of text, binary, an array or a map, in its smallest form.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lengths {
    Text,
    Binary,
    Array,
    Map,
}

/// The bytes of a header, of which there are `usize`.
pub(super) fn write_length(kind: Lengths, length: usize) -> ([u8; 5], usize) {
    let fixed = match kind {
        Lengths::Text if length < 32 => Some(0xa0),
        Lengths::Array if length < 16 => Some(0x90),
        Lengths::Map if length < 16 => Some(0x80),
        _ => None,
    };
    if let Some(base) = fixed {
        return ([base | length as u8, 0, 0, 0, 0], 1);
    }
    let [byte, short, long] = match kind {
        Lengths::Text => [Some(0xd9), Some(0xda), Some(0xdb)],
        Lengths::Binary => [Some(0xc4), Some(0xc5), Some(0xc6)],
        Lengths::Array => [None, Some(0xdc), Some(0xdd)],
        Lengths::Map => [None, Some(0xde), Some(0xdf)],
    };
    let number = (length as u32).to_be_bytes();
    match (byte, short, long) {
        (Some(code), ..) if length <= 0xff => ([code, number[3], 0, 0, 0], 2),
        (_, Some(code), _) if length <= 0xffff => ([code, number[2], number[3], 0, 0], 3),
        (.., code) => ([code.unwrap_or(0xdd), number[0], number[1], number[2], number[3]], 5),
    }
}

/// Writes a whole number in its smallest form.
pub(super) fn write_unsigned(out: &mut Vec<u8>, number: u64) {
    let bytes = number.to_be_bytes();
    match number {
        0..=0x7f => out.push(number as u8),
        0x80..=0xff => out.extend_from_slice(&[0xcc, bytes[7]]),
        0x100..=0xffff => out.extend_from_slice(&[0xcd, bytes[6], bytes[7]]),
        0x1_0000..=0xffff_ffff => {
            out.push(0xce);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(0xcf);
            out.extend_from_slice(&bytes);
        }
    }
}

/// Writes a negative whole number in its smallest form.
pub(super) fn write_negative(out: &mut Vec<u8>, number: i64) {
    let bytes = number.to_be_bytes();
    match number {
        -32.. => out.push(bytes[7]),
        -128.. => out.extend_from_slice(&[0xd0, bytes[7]]),
        -0x8000.. => out.extend_from_slice(&[0xd1, bytes[6], bytes[7]]),
        -0x8000_0000.. => {
            out.push(0xd2);
            out.extend_from_slice(&bytes[4..]);
        }
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&bytes);
        }
    }
}
