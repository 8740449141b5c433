//! The common language of the three formats.

use std::borrow::Cow;

use super::Big;

/// One step through a value. A map gives key, value, key, value …; every array and map gives [`Token::End`].
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    /// `null`; CBOR's `undefined` and its unassigned simple values too (RFC 8949 §6.1).
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number from 0 to 2^64 − 1.
    Unsigned(u64),
    /// The whole number −1 − n: down to −2^64.
    Negative(u64),
    /// A whole number beyond those.
    Big(Big),
    /// A number with a fraction or an exponent; may be infinite or not a number.
    Float(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// Bytes.
    Binary(Cow<'a, [u8]>),
    /// An array begins, with so many elements when that is known.
    Array(Option<usize>),
    /// A map begins, with so many pairs when that is known.
    Map(Option<usize>),
    /// The innermost open array or map ends.
    End,
}

impl Token<'_> {
    /// The smallest token for a whole number.
    #[must_use]
    pub fn integer(number: i128) -> Self {
        if let Ok(unsigned) = u64::try_from(number) {
            Token::Unsigned(unsigned)
        } else if let Ok(below) = u64::try_from(-1 - number) {
            Token::Negative(below)
        } else {
            Token::Big(Big::new(number < 0, number.unsigned_abs().to_be_bytes().to_vec()))
        }
    }
}
