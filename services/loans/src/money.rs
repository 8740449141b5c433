//! Amounts of money: decimals where people and rules meet them, integer minor units in the ledger.

use rust_decimal::Decimal;

/// The largest amount of one entry or one loan, in minor units (9 999 999 999 999.99 of a currency with cents).
pub const AMOUNT_MINOR_MAX: i64 = 999_999_999_999_999;

/// The furthest that a balance may be from zero, in minor units. A hundred times [`AMOUNT_MINOR_MAX`] and far
/// inside 64 bits: a balance and an amount within their limits can be added without overflow.
pub const BALANCE_MINOR_MAX: i64 = 99_999_999_999_999_999;

/// The longest text that is looked at as an amount, in bytes.
const TEXT_BYTES_MAX: usize = 40;

/// How many digits of a currency unit follow the decimal point (ISO 4217 calls them the minor unit): 2 for most
/// currencies, 0 for the yen, 3 for some dinars. A ledger has one, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale(u8);

/// Why a text is not an amount. The sentences are for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAmount {
    /// Not digits with a decimal point.
    #[error("an amount is written in digits with a decimal point, as in 423.00")]
    Grammar,
    /// More decimals than the currency has.
    #[error("an amount has at most {0} decimals")]
    TooPrecise(u8),
    /// Below zero where the kind of entry already says the direction.
    #[error("an amount must not be negative: the type of the entry says whether it is added or taken off")]
    Negative,
    /// Zero where something must change.
    #[error("an amount of zero changes nothing; give one above zero")]
    Zero,
    /// Beyond [`AMOUNT_MINOR_MAX`].
    #[error("an amount is at most {0}")]
    TooLarge(String),
}

impl Scale {
    /// Two decimals, as most currencies have.
    pub const CENTS: Self = Self(2);
    /// The largest number of decimals that a ledger may have.
    pub const DIGITS_MAX: u8 = 4;

    /// A scale of `digits` decimals, up to [`Scale::DIGITS_MAX`].
    pub fn new(digits: u8) -> Option<Self> {
        (digits <= Self::DIGITS_MAX).then_some(Self(digits))
    }

    /// The number of decimals.
    pub fn digits(self) -> u8 {
        self.0
    }

    /// Reads an amount, signed, in minor units. Nothing is rounded: more decimals than the scale are refused,
    /// trailing zeros too, since `1.000` is a thousand to half of its writers.
    ///
    /// # Errors
    /// [`NotAnAmount`].
    pub fn parse(self, text: &str) -> Result<i64, NotAnAmount> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() > TEXT_BYTES_MAX || !digits(whole) || !digits(fraction) {
            return Err(NotAnAmount::Grammar);
        }
        if unsigned.contains('.') && fraction.len() > usize::from(self.0) {
            return Err(NotAnAmount::TooPrecise(self.0));
        }
        Decimal::from_str_exact(text).ok().and_then(|amount| self.minor(amount)).ok_or_else(|| self.too_large())
    }

    /// Reads an amount that is not below zero, in minor units.
    ///
    /// # Errors
    /// [`NotAnAmount`].
    pub fn parse_unsigned(self, text: &str) -> Result<i64, NotAnAmount> {
        match self.parse(text)? {
            minor if minor < 0 => Err(NotAnAmount::Negative),
            minor => Ok(minor),
        }
    }

    /// A decimal as minor units; `None` when it has more decimals than the scale or is beyond [`AMOUNT_MINOR_MAX`].
    pub fn minor(self, amount: Decimal) -> Option<i64> {
        let mut scaled = amount;
        scaled.rescale(u32::from(self.0));
        let minor = i64::try_from(scaled.mantissa()).ok()?;
        let exact = scaled == amount && scaled.scale() == u32::from(self.0);
        (exact && (-AMOUNT_MINOR_MAX..=AMOUNT_MINOR_MAX).contains(&minor)).then_some(minor)
    }

    /// Minor units as a decimal of this scale.
    pub fn decimal(self, minor: i64) -> Decimal {
        Decimal::new(minor, u32::from(self.0))
    }

    /// Minor units as text, always with all decimals of the scale: `"423.00"`.
    pub fn show(self, minor: i64) -> String {
        self.decimal(minor).to_string()
    }

    fn too_large(self) -> NotAnAmount {
        NotAnAmount::TooLarge(self.show(AMOUNT_MINOR_MAX))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CENTS: Scale = Scale::CENTS;

    #[test]
    fn an_amount_is_read_exactly_or_refused_with_the_reason() {
        for (text, minor) in [
            ("423.00", 42_300),
            ("423", 42_300),
            ("423.5", 42_350),
            ("0", 0),
            ("-0.00", 0),
            ("007.10", 710),
            ("-12.34", -1_234),
            ("9999999999999.99", AMOUNT_MINOR_MAX),
            ("0000000000000000000000000000000000001.00", 100),
        ] {
            assert_eq!(CENTS.parse(text), Ok(minor), "{text}");
        }
        for text in
            ["", "-", ".", "1.", ".5", "+1", "1e3", "1_000", "1,000.00", "NaN", "inf", "1.0.0", "--1", " 1", "１"]
        {
            assert_eq!(CENTS.parse(text), Err(NotAnAmount::Grammar), "{text}");
        }
        for text in ["1.005", "1.000", "0.001"] {
            assert_eq!(CENTS.parse(text), Err(NotAnAmount::TooPrecise(2)), "{text}");
        }
        for text in ["10000000000000.00", "99999999999999999999999999999999999", "-10000000000000"] {
            assert_eq!(CENTS.parse(text), Err(NotAnAmount::TooLarge("9999999999999.99".into())), "{text}");
        }
        assert_eq!(CENTS.parse(&"1".repeat(TEXT_BYTES_MAX + 1)), Err(NotAnAmount::Grammar));
        assert_eq!(CENTS.parse_unsigned("-0.01"), Err(NotAnAmount::Negative));
    }

    #[test]
    fn an_answer_always_has_all_decimals_of_its_scale() {
        for (digits, minor, text) in [
            (2, 42_300, "423.00"),
            (2, 0, "0.00"),
            (2, -1_200, "-12.00"),
            (2, 5, "0.05"),
            (0, 423, "423"),
            (3, 7, "0.007"),
        ] {
            assert_eq!(Scale(digits).show(minor), text);
        }
    }

    #[test]
    fn a_scale_beyond_the_limit_does_not_exist() {
        assert_eq!(Scale::new(Scale::DIGITS_MAX).map(Scale::digits), Some(Scale::DIGITS_MAX));
        assert_eq!(Scale::new(Scale::DIGITS_MAX + 1), None);
    }

    #[test]
    fn a_decimal_that_does_not_fit_the_scale_is_not_rounded() {
        assert_eq!(CENTS.minor(Decimal::new(1_005, 3)), None);
        assert_eq!(CENTS.minor(Decimal::new(1_000, 3)), Some(100));
        assert_eq!(CENTS.minor(Decimal::MAX), None);
    }

    proptest! {
        #[test]
        fn every_amount_is_read_back_from_its_text(
            digits in 0..=Scale::DIGITS_MAX,
            minor in -AMOUNT_MINOR_MAX..=AMOUNT_MINOR_MAX,
        ) {
            let scale = Scale(digits);
            prop_assert_eq!(scale.parse(&scale.show(minor)), Ok(minor));
        }
    }

    #[test]
    fn any_text_is_an_amount_within_the_limit_or_refused() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(minor) = CENTS.parse(&text) {
                assert!((-AMOUNT_MINOR_MAX..=AMOUNT_MINOR_MAX).contains(&minor));
                assert_eq!(CENTS.parse(&CENTS.show(minor)), Ok(minor));
            }
        });
    }
}
