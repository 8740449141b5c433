//! Text from a URL, a header or a form: decoding it, and making of it the value that a schema expects.

use std::borrow::Cow;

use serde_json::{Number, Value};

use crate::schema::{Shape, Types};

/// How text was encoded where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Percent-encoded (RFC 3986 §2.1): paths and cookies.
    Percent,
    /// Percent-encoded, `+` is a space (`application/x-www-form-urlencoded`): queries and forms.
    Form,
    /// As it stands: headers.
    Plain,
}

/// Decodes text; what is badly encoded is an error, or with `lenient` kept as it stands.
pub(crate) fn decode(raw: &str, encoding: Encoding, lenient: bool) -> Result<Cow<'_, str>, &'static str> {
    let plus = match encoding {
        Encoding::Plain => return Ok(Cow::Borrowed(raw)),
        Encoding::Percent => false,
        Encoding::Form => true,
    };
    match percent_decode(raw, plus) {
        Some(text) => Ok(text),
        None if lenient => Ok(if plus { Cow::Owned(raw.replace('+', " ")) } else { Cow::Borrowed(raw) }),
        None => Err("must be percent-encoded UTF-8"),
    }
}

/// Text out of a path or a query; with `plus`, `+` is a blank. `None` for an incomplete `%` sequence or bytes that are not UTF-8.
pub fn percent_decode(raw: &str, plus: bool) -> Option<Cow<'_, str>> {
    if !raw.bytes().any(|byte| byte == b'%' || (plus && byte == b'+')) {
        return Some(Cow::Borrowed(raw));
    }
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => hex(bytes.next()?)? << 4 | hex(bytes.next()?)?,
            b'+' if plus => b' ',
            other => other,
        });
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Makes of text the value that a schema's types suggest. Text that suits none of them stays text,
/// for the validator to refuse.
pub(crate) fn coerce(text: Cow<'_, str>, shape: &Shape, lenient: bool) -> Value {
    let types = shape.types;
    if types.has(Types::INTEGER)
        && let Some(number) = integer(&text, lenient)
    {
        return Value::Number(number);
    }
    if types.has(Types::NUMBER)
        && let Some(number) = number(&text, lenient)
    {
        return Value::Number(number);
    }
    if types.has(Types::BOOLEAN) {
        match text.as_ref() {
            "true" => return Value::Bool(true),
            "false" => return Value::Bool(false),
            other if lenient && other.eq_ignore_ascii_case("true") => return Value::Bool(true),
            other if lenient && other.eq_ignore_ascii_case("false") => return Value::Bool(false),
            _ => {}
        }
    }
    if types.has(Types::NULL) && !types.has(Types::STRING) && matches!(text.as_ref(), "" | "null") {
        return Value::Null;
    }
    Value::String(text.into_owned())
}

/// An integer as JSON writes it. Beyond 64 bits there is none: the text stays, and is refused.
fn integer(text: &str, lenient: bool) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let digits = if lenient { text.strip_prefix('+').unwrap_or(digits) } else { digits };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if !lenient && digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    if let Ok(number) = text.parse::<i64>() {
        return Some(number.into());
    }
    text.parse::<u64>().ok().map(Number::from)
}

/// A number as JSON writes it (RFC 8259 §6), within the range of a double.
fn number(text: &str, lenient: bool) -> Option<Number> {
    if let Some(integer) = integer(text, lenient) {
        return Some(integer);
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let unsigned = if lenient { text.strip_prefix('+').unwrap_or(unsigned) } else { unsigned };
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole_fits = digits(whole) && (lenient || whole == "0" || !whole.starts_with('0'));
    let exponent_fits = exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    if !whole_fits || !fraction.is_none_or(digits) || !exponent_fits {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn made(text: &str, types: u8, lenient: bool) -> Value {
        let shape = Shape { types: Types(types), ..Shape::default() };
        coerce(Cow::Borrowed(text), &shape, lenient)
    }

    #[test]
    fn text_becomes_what_the_types_suggest_or_stays_text() {
        const N: u8 = Types::NUMBER;
        const I: u8 = Types::INTEGER;
        const B: u8 = Types::BOOLEAN;
        const S: u8 = Types::STRING;
        for (text, types, expected) in [
            ("5", I, json!(5)),
            ("-5", I, json!(-5)),
            ("18446744073709551615", I, json!(u64::MAX)),
            ("18446744073709551616", I, json!("18446744073709551616")),
            ("5", S, json!("5")),
            ("5", I | S, json!(5)),
            ("x", I | S, json!("x")),
            ("+5", I, json!("+5")),
            ("05", I, json!("05")),
            ("5.0", I, json!("5.0")),
            ("", I, json!("")),
            ("-", I, json!("-")),
            ("1.5", N, json!(1.5)),
            ("5", N, json!(5)),
            ("1e3", N, json!(1000.0)),
            ("-1.5E-2", N, json!(-0.015)),
            (".5", N, json!(".5")),
            ("5.", N, json!("5.")),
            ("NaN", N, json!("NaN")),
            ("inf", N, json!("inf")),
            ("1e999", N, json!("1e999")),
            ("1_000", N, json!("1_000")),
            ("true", B, json!(true)),
            ("True", B, json!("True")),
            ("1", B, json!("1")),
            ("null", I | Types::NULL, json!(null)),
            ("", I | Types::NULL, json!(null)),
            ("null", S | Types::NULL, json!("null")),
        ] {
            assert_eq!(made(text, types, false), expected, "{text} as {types:#b}");
        }
        for (text, types, expected) in [
            ("+5", I, json!(5)),
            ("007", I, json!(7)),
            ("-007", I, json!(-7)),
            ("TRUE", B, json!(true)),
            ("+1.5", N, json!(1.5)),
            ("+-5", I, json!("+-5")),
        ] {
            assert_eq!(made(text, types, true), expected, "{text} leniently");
        }
    }

    #[test]
    fn percent_sequences_are_decoded_strictly() {
        assert_eq!(percent_decode("a%20b+c", false).as_deref(), Some("a b+c"));
        assert_eq!(percent_decode("a%20b+c", true).as_deref(), Some("a b c"));
        assert_eq!(percent_decode("%C3%a9", false).as_deref(), Some("é"));
        for bad in ["%", "%4", "%zz", "%ff", "%+1"] {
            assert_eq!(percent_decode(bad, false), None, "{bad}");
            assert!(decode(bad, Encoding::Percent, false).is_err());
            assert!(decode(bad, Encoding::Percent, true).is_ok());
        }
    }
}
