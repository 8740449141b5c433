//! The identifier that ties together what belongs to one request.

use std::fmt;
use std::str::FromStr;

/// A W3C trace id: 16 bytes, not all zero, written as 32 lower-case hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace(u128);

impl Trace {
    /// Makes a trace id from random bits. Zero, which the W3C format forbids, becomes one.
    pub fn from_random(bits: u128) -> Self {
        Self(bits.max(1))
    }

    /// The id as a number.
    pub const fn bits(self) -> u128 {
        self.0
    }

    /// Reads the trace id out of a `traceparent` header (W3C Trace Context, version 00).
    pub fn from_traceparent(header: &str) -> Option<Self> {
        let (version, rest) = (header.get(..3)?, header.get(3..)?);
        let well_formed = version != "ff-" && version.ends_with('-') && rest.as_bytes().get(32) == Some(&b'-');
        well_formed.then(|| rest.get(..32)?.parse().ok()).flatten()
    }
}

/// Not 32 lower-case hex digits, or all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a trace id is 32 lower-case hex digits, not all zero")]
pub struct NotATrace;

impl FromStr for Trace {
    type Err = NotATrace;

    fn from_str(text: &str) -> Result<Self, NotATrace> {
        let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match u128::from_str_radix(text, 16) {
            Ok(bits) if hex && bits != 0 => Ok(Self(bits)),
            _ => Err(NotATrace),
        }
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_gives_its_trace_id_and_nonsense_gives_none() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(
            Trace::from_traceparent(good).map(|t| t.to_string()).as_deref(),
            Some("4bf92f3577b34da6a3ce929d0e0e4736")
        );
        for bad in [
            "",
            "00-",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-x",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-x",
            "00-é",
        ] {
            assert_eq!(Trace::from_traceparent(bad), None, "{bad}");
        }
    }
}
