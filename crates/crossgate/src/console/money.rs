//! Amounts of money as people read them. Inside: whole ten-thousandths, never floating point; how many
//! decimals the currency has is seen from the amounts themselves (`423.00`, `423`, `423.005`).

/// Decimals that an amount can have at the most, as in the loans' contract.
const SCALE: usize = 4;
/// What one of the currency is in units.
pub(crate) const ONE: i128 = 10_000;
/// Digits before the point beyond which an amount is shown as it came, and not computed with.
const DIGITS_MAX: usize = 18;

/// Reads a decimal amount such as `423.00` or `-1.5` into ten-thousandths. Anything else gives nothing:
/// the console does not round money.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > DIGITS_MAX || fraction.len() > SCALE || !plain(whole) || !plain(fraction) {
        return None;
    }
    let units: i128 = format!("{whole}{fraction:0<SCALE$}").parse().ok()?;
    Some(if negative { -units } else { units })
}

/// How many decimals an amount is written with.
pub(crate) fn decimals(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len().min(SCALE))
}

/// Writes ten-thousandths with so many decimals and with thousands separators: `12,423.00`. A negative amount
/// has a true minus sign.
pub(crate) fn show(units: i128, decimals: usize) -> String {
    let sign = if units < 0 { "\u{2212}" } else { "" };
    let magnitude = units.unsigned_abs();
    let (whole, fraction) = (magnitude / ONE.unsigned_abs(), magnitude % ONE.unsigned_abs());
    let whole = grouped(&whole.to_string());
    let fraction = format!("{fraction:0SCALE$}");
    match fraction.get(..decimals.min(SCALE)) {
        Some(shown) if !shown.is_empty() => format!("{sign}{whole}.{shown}"),
        _ => format!("{sign}{whole}"),
    }
}

/// Writes an amount that came as text; text that is not an amount is shown as it is.
pub(crate) fn show_text(text: &str) -> String {
    parse(text).map_or_else(|| text.to_owned(), |units| show(units, decimals(text)))
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_or_not_at_all() {
        for (text, units) in [
            ("423.00", Some(4_230_000)),
            ("0.05", Some(500)),
            ("-1.5", Some(-15_000)),
            ("7", Some(70_000)),
            ("1.0050", Some(10_050)),
            ("1.00500", None),
            ("", None),
            (".5", None),
            ("-", None),
            ("1e3", None),
            ("--1", None),
            ("NaN", None),
            ("1234567890123456789", None),
        ] {
            assert_eq!(parse(text), units, "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_with_separators_and_their_own_decimals() {
        for (text, shown) in [
            ("423.00", "423.00"),
            ("1234567.89", "1,234,567.89"),
            ("-0.05", "\u{2212}0.05"),
            ("423", "423"),
            ("1000.005", "1,000.005"),
            ("999999999999999999.9999", "999,999,999,999,999,999.9999"),
            ("<b>", "<b>"),
        ] {
            assert_eq!(show_text(text), shown);
        }
        assert_eq!(show(4_000_000, 0), "400");
    }
}
