//! The formats that are enforced: what each accepts is written here and nowhere else.
//!
//! A format that is not in [`Format::parse`]'s list says nothing about a value, as JSON Schema has it.

mod net;
mod text;
mod time;
mod uri;

use serde_json::{Number, Value};

/// A format that is enforced. `password` and `binary` constrain nothing; `regex` is left to the schema engine, which
/// owns the translation from ECMA-262.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Date,
    Time,
    DateTime,
    Duration,
    Uri,
    UriReference,
    Uuid,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Byte,
    JsonPointer,
    Int32,
    Int64,
    Float,
    Double,
}

impl Format {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "date" => Self::Date,
            "time" => Self::Time,
            "date-time" => Self::DateTime,
            "duration" => Self::Duration,
            "uri" => Self::Uri,
            "uri-reference" => Self::UriReference,
            "uuid" => Self::Uuid,
            "email" => Self::Email,
            "hostname" => Self::Hostname,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "byte" => Self::Byte,
            "json-pointer" => Self::JsonPointer,
            "int32" => Self::Int32,
            "int64" => Self::Int64,
            "float" => Self::Float,
            "double" => Self::Double,
            _ => return None,
        })
    }

    /// Whether a value has the format. A value of another type than the format is about has it (JSON Schema
    /// Validation §7.1).
    pub(crate) fn accepts(self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.accepts_text(text),
            Value::Number(number) => self.accepts_number(number),
            _ => true,
        }
    }

    fn accepts_text(self, text: &str) -> bool {
        match self {
            Self::Date => time::is_date(text),
            Self::Time => time::is_time(text),
            Self::DateTime => time::is_date_time(text),
            Self::Duration => time::is_duration(text),
            Self::Uri => uri::is_uri(text),
            Self::UriReference => uri::is_uri_reference(text),
            Self::Uuid => text::is_uuid(text),
            Self::Email => net::is_email(text),
            Self::Hostname => net::is_hostname(text),
            Self::Ipv4 => net::is_ipv4(text),
            Self::Ipv6 => net::is_ipv6(text),
            Self::Byte => text::is_base64(text),
            Self::JsonPointer => crate::pointer::is_valid(text),
            Self::Int32 | Self::Int64 | Self::Float | Self::Double => true,
        }
    }

    fn accepts_number(self, number: &Number) -> bool {
        match self {
            Self::Int32 => integral(number).is_some_and(|value| i32::try_from(value).is_ok()),
            Self::Int64 => integral(number).is_some_and(|value| i64::try_from(value).is_ok()),
            Self::Float => number.as_f64().is_some_and(|value| value.abs() <= f64::from(f32::MAX)),
            _ => true,
        }
    }

    /// Completes "this value must be …".
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Date => "must be a date such as 2024-02-29",
            Self::Time => "must be a time with offset such as 13:45:00Z",
            Self::DateTime => "must be a date and time with offset such as 2024-02-29T13:45:00Z",
            Self::Duration => "must be a duration such as P1DT12H",
            Self::Uri => "must be an absolute URI such as https://example.com/a",
            Self::UriReference => "must be a URI or a relative reference",
            Self::Uuid => "must be a UUID such as 123e4567-e89b-12d3-a456-426614174000",
            Self::Email => "must be an e-mail address such as name@example.com",
            Self::Hostname => "must be a host name such as www.example.com",
            Self::Ipv4 => "must be an IPv4 address such as 192.0.2.1",
            Self::Ipv6 => "must be an IPv6 address such as 2001:db8::1",
            Self::Byte => "must be base64 with padding (RFC 4648 section 4)",
            Self::JsonPointer => "must be a JSON Pointer such as /a/0",
            Self::Int32 => "must be an integer between -2147483648 and 2147483647",
            Self::Int64 => "must be an integer of 64 bits",
            Self::Float => "must be a number that fits single precision",
            Self::Double => "must be a number that fits double precision",
        }
    }
}

/// The number as an integer: `3` and `3.0`, not `3.5` nor a double that has lost digits.
fn integral(number: &Number) -> Option<i128> {
    if let Some(value) = number.as_i128() {
        return Some(value);
    }
    /// The largest magnitude up to which every integer is a double of its own.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let value = number.as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "integral and within 2^53")]
    (value.fract() == 0.0 && value.abs() <= EXACT_MAX).then_some(value as i128)
}
