//! Whole numbers beyond 64 bits: the serial number of a certificate has up to 160.
//!
//! JSON writes them as digits and CBOR as tags 2 and 3 (RFC 8949 §3.4.3); MessagePack has none, and gets the digits as text.

/// The largest magnitude in bytes: 4096 bits. The conversion from and to digits takes quadratic time.
pub const BIG_BYTES_MAX: usize = 512;

/// As many digits as [`BIG_BYTES_MAX`] can have.
pub(crate) const BIG_DIGITS_MAX: usize = 1234;

/// A whole number of any size up to [`BIG_BYTES_MAX`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Big {
    negative: bool,
    magnitude: Vec<u8>,
}

impl Big {
    /// The number of this sign and magnitude, whose bytes are most significant first.
    #[must_use]
    pub fn new(negative: bool, mut magnitude: Vec<u8>) -> Self {
        let zeros = magnitude.iter().take_while(|byte| **byte == 0).count();
        magnitude.drain(..zeros);
        Self { negative: negative && !magnitude.is_empty(), magnitude }
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.negative
    }

    /// The magnitude's bytes, most significant first, without leading zeros.
    #[must_use]
    pub fn magnitude(&self) -> &[u8] {
        &self.magnitude
    }

    /// The number, when it is within −2^64 to 2^64 − 1: then it is not big.
    pub(crate) fn small(&self) -> Option<i128> {
        if self.magnitude.len() > 9 {
            return None;
        }
        let magnitude = self.magnitude.iter().fold(0_i128, |sum, byte| sum << 8 | i128::from(*byte));
        let number = if self.negative { -magnitude } else { magnitude };
        (-(1 << 64)..1 << 64).contains(&number).then_some(number)
    }

    /// Reads decimal digits; `None` when there are other characters, none, or too many.
    pub(crate) fn from_digits(negative: bool, digits: &[u8]) -> Option<Self> {
        if digits.is_empty() || digits.len() > BIG_DIGITS_MAX {
            return None;
        }
        // Least significant byte first while it grows.
        let mut bytes: Vec<u8> = Vec::with_capacity(BIG_BYTES_MAX);
        for digit in digits {
            let mut carry = u32::from(digit.checked_sub(b'0').filter(|value| *value < 10)?);
            for byte in &mut bytes {
                carry += u32::from(*byte) * 10;
                *byte = (carry & 0xff) as u8;
                carry >>= 8;
            }
            if carry > 0 {
                bytes.push(carry as u8);
            }
        }
        bytes.reverse();
        (bytes.len() <= BIG_BYTES_MAX).then(|| Self::new(negative, bytes))
    }

    /// The decimal digits, with a sign when it is negative.
    #[must_use]
    pub fn digits(&self) -> String {
        let mut rest = self.magnitude.clone();
        let mut digits = Vec::new();
        while rest.iter().any(|byte| *byte != 0) {
            let mut remainder = 0_u32;
            for byte in &mut rest {
                let value = remainder << 8 | u32::from(*byte);
                *byte = (value / 10) as u8;
                remainder = value % 10;
            }
            digits.push(char::from(b'0' + remainder as u8));
        }
        if digits.is_empty() {
            digits.push('0');
        }
        if self.negative {
            digits.push('-');
        }
        digits.into_iter().rev().collect()
    }

    /// The bytes of CBOR's tag 3 for a negative number, which stands for −1 − n.
    pub(crate) fn below_minus_one(&self) -> Vec<u8> {
        let mut bytes = self.magnitude.clone();
        for byte in bytes.iter_mut().rev() {
            let (less, borrow) = byte.overflowing_sub(1);
            *byte = less;
            if !borrow {
                break;
            }
        }
        Self::new(false, bytes).magnitude
    }

    /// The number −1 − n, from the bytes of CBOR's tag 3.
    pub(crate) fn from_below_minus_one(bytes: &[u8]) -> Self {
        let mut magnitude = Vec::with_capacity(bytes.len() + 1);
        magnitude.push(0);
        magnitude.extend_from_slice(bytes);
        for byte in magnitude.iter_mut().rev() {
            let (more, carry) = byte.overflowing_add(1);
            *byte = more;
            if !carry {
                break;
            }
        }
        Self::new(true, magnitude)
    }
}
