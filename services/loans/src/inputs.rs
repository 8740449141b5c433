//! What the procedures are given.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};

use crate::Error;

/// A loan's number, as a caller writes it: an integer or digits in a text, leading zeros or not. A number that
/// is too large for any loan is a number all the same, of a loan that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LoanId {
    /// A number that a loan may have.
    Possible(i64),
    /// A number that no loan has.
    Beyond(String),
}

impl LoanId {
    /// The number, if a loan may have it.
    pub(crate) fn possible(&self) -> Result<i64, Error> {
        match self {
            Self::Possible(id) => Ok(*id),
            Self::Beyond(shown) => Err(Error::UnknownLoan(shown.clone())),
        }
    }
}

/// How much of a number that is too large is repeated in the answer, in characters.
const SHOWN_MAX: usize = 40;

impl<'de> Deserialize<'de> for LoanId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = LoanId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a loan's number")
            }

            fn visit_i64<E: de::Error>(self, id: i64) -> Result<LoanId, E> {
                if id < 0 { Err(E::custom("a loan's number is not negative")) } else { Ok(LoanId::Possible(id)) }
            }

            fn visit_u64<E: de::Error>(self, id: u64) -> Result<LoanId, E> {
                Ok(i64::try_from(id).map_or_else(|_| LoanId::Beyond(id.to_string()), LoanId::Possible))
            }

            /// JSON readers give an integer beyond 64 bits as a floating-point number.
            fn visit_f64<E: de::Error>(self, id: f64) -> Result<LoanId, E> {
                const BEYOND_64_BITS: f64 = 1.8e19;
                if id >= BEYOND_64_BITS {
                    Ok(LoanId::Beyond(format!("{id:.0}").chars().take(SHOWN_MAX).collect()))
                } else {
                    Err(E::custom("a loan's number is a whole number"))
                }
            }

            fn visit_str<E: de::Error>(self, id: &str) -> Result<LoanId, E> {
                if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(E::custom("a loan's number is written in digits"));
                }
                let shown = || LoanId::Beyond(id.trim_start_matches('0').chars().take(SHOWN_MAX).collect());
                Ok(id.parse().map_or_else(|_| shown(), LoanId::Possible))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Balance {
    pub(crate) loan_id: LoanId,
    pub(crate) date: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct One {
    pub(crate) loan_id: LoanId,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OneEntry {
    pub(crate) loan_id: LoanId,
    pub(crate) seq: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct List {
    pub(crate) limit: Option<u32>,
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub(crate) loan_id: LoanId,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    pub(crate) limit: Option<u32>,
    pub(crate) cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Post {
    pub(crate) loan_id: LoanId,
    #[serde(rename = "Idempotency-Key", alias = "idempotency_key")]
    pub(crate) idempotency_key: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) effective_on: String,
    pub(crate) amount: String,
    pub(crate) note: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Reverse {
    pub(crate) loan_id: LoanId,
    pub(crate) seq: i64,
    #[serde(rename = "Idempotency-Key", alias = "idempotency_key")]
    pub(crate) idempotency_key: String,
    pub(crate) effective_on: Option<String>,
    pub(crate) note: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_loans_number_may_have_leading_zeros_and_any_size() {
        for (written, id) in [(json!(1), 1), (json!("1"), 1), (json!("0001"), 1), (json!(i64::MAX), i64::MAX)] {
            assert_eq!(serde_json::from_value::<LoanId>(written).unwrap(), LoanId::Possible(id));
        }
        for beyond in [json!(u64::MAX), json!("9223372036854775808"), json!(1e20), json!("9".repeat(4_000))] {
            let id: LoanId = serde_json::from_value(beyond).unwrap();
            assert!(matches!(id.possible(), Err(Error::UnknownLoan(shown)) if shown.len() <= SHOWN_MAX));
        }
        for nonsense in [json!(-1), json!("-1"), json!("x"), json!(""), json!(1.5), json!(null), json!([1])] {
            assert!(serde_json::from_value::<LoanId>(nonsense).is_err());
        }
    }
}
