//! CBOR (RFC 8949): headers, the scanner, and the writing of scalars.

use super::messagepack::{announced, number, slice, text};
use super::{Budget, DEPTH_MAX, WireError};

/// The tags of big whole numbers (RFC 8949 §3.4.3).
pub(super) const TAG_BIG: u64 = 2;
pub(super) const TAG_BIG_NEGATIVE: u64 = 3;

/// The end of a container of unknown length.
pub(crate) const BREAK: u8 = 0xff;

/// Marks of containers of unknown length, above every count that a message can announce.
const OPEN_ARRAY: u32 = u32::MAX;
const OPEN_MAP_KEY: u32 = u32::MAX - 1;
const OPEN_MAP_VALUE: u32 = u32::MAX - 2;

/// What stands before a value. A length that is `None` is not known in advance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Head {
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(u64),
    Float(f64),
    Text(Option<usize>),
    Binary(Option<usize>),
    Array(Option<usize>),
    Map(Option<usize>),
    Tag(u64),
    Break,
}

/// The header at `at`, and where what follows it begins.
pub(super) fn head(bytes: &[u8], at: usize) -> Result<(Head, usize), WireError> {
    let first = *bytes.get(at).ok_or(WireError::short(at))?;
    let info = first & 0x1f;
    let start = at;
    let at = at + 1;
    let (argument, after) = match info {
        0..=23 => (Some(u64::from(info)), at),
        24..=27 => (Some(number(bytes, at, 1 << (info - 24))?), at + (1 << (info - 24))),
        31 => (None, at),
        _ => return Err(WireError::malformed(start, "reserved additional information")),
    };
    let known = || argument.ok_or(WireError::malformed(start, "an indefinite number"));
    let length = argument.map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    let head = match first >> 5 {
        0 => Head::Unsigned(known()?),
        1 => Head::Negative(known()?),
        2 => Head::Binary(length),
        3 => Head::Text(length),
        4 => Head::Array(length),
        5 => Head::Map(length),
        6 => Head::Tag(known()?),
        _ => simple(info, argument, start)?,
    };
    Ok((head, after))
}

/// Major type 7 (RFC 8949 §3.3).
fn simple(info: u8, argument: Option<u64>, start: usize) -> Result<Head, WireError> {
    let value = argument.unwrap_or_default();
    Ok(match info {
        20 => Head::Bool(false),
        21 => Head::Bool(true),
        0..=19 | 22 | 23 => Head::Null,
        24 if value < 32 => return Err(WireError::malformed(start, "a simple value in two bytes")),
        24 => Head::Null,
        25 => Head::Float(half(value as u16)),
        26 => Head::Float(f64::from(f32::from_bits(value as u32))),
        27 => Head::Float(f64::from_bits(value)),
        _ => Head::Break,
    })
}

/// A half-precision number (RFC 8949 appendix D).
fn half(bits: u16) -> f64 {
    let exponent = i32::from(bits >> 10 & 0x1f);
    let mantissa = f64::from(bits & 0x3ff);
    let magnitude = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 if mantissa == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// Walks the chunks of text or binary of unknown length, and gives where it ends.
pub(super) fn chunks<'a>(
    bytes: &'a [u8],
    mut at: usize,
    is_text: bool,
    mut each: impl FnMut(&'a [u8]),
) -> Result<usize, WireError> {
    loop {
        let (chunk, after) = head(bytes, at)?;
        let (data, end) = match chunk {
            Head::Break => return Ok(after),
            // Each chunk is text of its own (RFC 8949 §3.2.3).
            Head::Text(Some(length)) if is_text => {
                text(bytes, after, length).map(|(text, end)| (text.as_bytes(), end))?
            }
            Head::Binary(Some(length)) if !is_text => slice(bytes, after, length)?,
            _ => return Err(WireError::malformed(at, "a chunk of another type")),
        };
        each(data);
        at = end;
    }
}

/// The mark of a container that opens.
pub(super) fn opened(bytes: &[u8], at: usize, head: Head) -> Result<u32, WireError> {
    match head {
        Head::Array(Some(elements)) => announced(bytes, at, elements),
        Head::Map(Some(pairs)) => announced(bytes, at, pairs.saturating_mul(2)),
        Head::Map(None) => Ok(OPEN_MAP_KEY),
        _ => Ok(OPEN_ARRAY),
    }
}

/// The mark after one more value stood in the container; zero when it is full.
pub(super) const fn counted(mark: u32) -> u32 {
    match mark {
        OPEN_ARRAY => OPEN_ARRAY,
        OPEN_MAP_KEY => OPEN_MAP_VALUE,
        OPEN_MAP_VALUE => OPEN_MAP_KEY,
        left => left.saturating_sub(1),
    }
}

/// Whether a break may end the container here.
pub(super) const fn breakable(mark: u32) -> bool {
    matches!(mark, OPEN_ARRAY | OPEN_MAP_KEY)
}

/// The end of the value that begins at `at`.
pub(super) fn skip(bytes: &[u8], at: usize, budget: &mut Budget) -> Result<usize, WireError> {
    // Most fields of a message are scalars or empty, for which no stack is set up.
    let end = match head(bytes, at)? {
        (Head::Unsigned(_) | Head::Null | Head::Bool(_) | Head::Array(Some(0)) | Head::Map(Some(0)), end) => end,
        (Head::Text(Some(length)), from) => text(bytes, from, length)?.1,
        _ => return skip_nested(bytes, at, budget),
    };
    budget.item()?;
    Ok(end)
}

fn skip_nested(bytes: &[u8], mut at: usize, budget: &mut Budget) -> Result<usize, WireError> {
    let mut marks = [0_u32; DEPTH_MAX];
    let mut depth = 0;
    let mut tagged = false;
    loop {
        budget.item()?;
        let (head, after) = head(bytes, at)?;
        let start = at;
        at = after;
        match head {
            Head::Tag(_) => {
                tagged = true;
                continue;
            }
            Head::Break if tagged || depth == 0 || !breakable(marks[depth - 1]) => {
                return Err(WireError::malformed(start, "a break where a value is due"));
            }
            Head::Break => depth -= 1,
            Head::Array(Some(0)) | Head::Map(Some(0)) => {}
            Head::Array(_) | Head::Map(_) => {
                budget.level(depth)?;
                marks[depth] = opened(bytes, at, head)?;
                depth += 1;
                tagged = false;
                continue;
            }
            Head::Text(Some(length)) => at = text(bytes, at, length)?.1,
            Head::Binary(Some(length)) => at = slice(bytes, at, length)?.1,
            Head::Text(None) => at = chunks(bytes, at, true, |_| ())?,
            Head::Binary(None) => at = chunks(bytes, at, false, |_| ())?,
            Head::Null | Head::Bool(_) | Head::Unsigned(_) | Head::Negative(_) | Head::Float(_) => {}
        }
        tagged = false;
        while depth > 0 {
            marks[depth - 1] = counted(marks[depth - 1]);
            if marks[depth - 1] > 0 {
                break;
            }
            depth -= 1;
        }
        if depth == 0 {
            return Ok(at);
        }
    }
}

/// The bytes of a header of major type `major`, of which there are `usize`, in the smallest form.
pub(super) fn write_head(major: u8, argument: u64) -> ([u8; 9], usize) {
    let mut head = [0; 9];
    let bytes = argument.to_be_bytes();
    let (info, width) = match argument {
        0..=23 => (argument as u8, 0),
        24..=0xff => (24, 1),
        0x100..=0xffff => (25, 2),
        0x1_0000..=0xffff_ffff => (26, 4),
        _ => (27, 8),
    };
    head[0] = major << 5 | info;
    head[1..=width].copy_from_slice(&bytes[8 - width..]);
    (head, width + 1)
}
