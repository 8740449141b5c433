//! Our own keywords in translated schemas: what JSON Schema cannot say, or not in our words.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonschema::{Keyword, ValidationError, ValidationOptions};
use serde_json::Value;

use crate::formats::Format;

/// The value is a format's name.
pub(super) const FORMAT: &str = "x-crossgate-format";
/// The value is a list of names that a request's object must not hold.
pub(super) const READ_ONLY: &str = "x-crossgate-read-only";
/// The value is a list of names that a response's object must not hold.
pub(super) const WRITE_ONLY: &str = "x-crossgate-write-only";
/// The value is `[least, most]` octets behind base64 text.
pub(super) const OCTETS: &str = "x-crossgate-octets";

pub(super) fn register(options: ValidationOptions<'_>) -> ValidationOptions<'_> {
    options
        .with_keyword(FORMAT, |_, value, _| match value.as_str().and_then(Format::parse) {
            Some(format) => Ok(Box::new(format)),
            None => Err(ValidationError::custom("is not a format that is enforced")),
        })
        .with_keyword(READ_ONLY, |_, value, _| Ok(Box::new(Absent(names(value)))))
        .with_keyword(WRITE_ONLY, |_, value, _| Ok(Box::new(Absent(names(value)))))
        .with_keyword(OCTETS, |_, value, _| {
            let bound = |index: usize, missing: u64| value.get(index).and_then(Value::as_u64).unwrap_or(missing);
            Ok(Box::new(Octets(bound(0, 0)..=bound(1, u64::MAX))))
        })
}

fn names(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

impl<'i> Keyword<'i> for Format {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.accepts(instance) { Ok(()) } else { Err(ValidationError::custom(self.sentence())) }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.accepts(instance)
    }
}

struct Absent(Vec<String>);

impl<'i> Keyword<'i> for Absent {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match self.iter_errors(instance).next() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        instance.as_object().is_none_or(|object| !self.0.iter().any(|name| object.contains_key(name)))
    }

    /// The message is the field's name: the sentence needs it for the pointer.
    fn iter_errors(&self, instance: &'i Value) -> Box<dyn Iterator<Item = ValidationError<'i>> + 'i> {
        let Some(object) = instance.as_object() else { return Box::new(std::iter::empty()) };
        let found: Vec<String> = self.0.iter().filter(|name| object.contains_key(name.as_str())).cloned().collect();
        Box::new(found.into_iter().map(|name| -> ValidationError<'i> { ValidationError::custom(name) }))
    }
}

struct Octets(RangeInclusive<u64>);

impl Octets {
    fn fits(&self, instance: &Value) -> bool {
        let Some(text) = instance.as_str() else { return true };
        let octets = STANDARD.decode(text).map_or(text.len(), |bytes| bytes.len());
        self.0.contains(&(octets as u64))
    }
}

impl<'i> Keyword<'i> for Octets {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if self.fits(instance) {
            return Ok(());
        }
        let (least, most) = (self.0.start(), self.0.end());
        Err(ValidationError::custom(match *most {
            u64::MAX => format!("must be at least {least} bytes long"),
            most => format!("must be between {least} and {most} bytes long"),
        }))
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        self.fits(instance)
    }
}
