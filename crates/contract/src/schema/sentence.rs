//! What a validator finds, as sentences for people. Values of the caller are never repeated: they may be private.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};

use super::words::{count, list, short, show};

pub(super) const NO_FORM: &str = "does not have any of the allowed forms";

/// Completes "this value …".
pub(super) fn sentence(kind: &Kind) -> String {
    match kind {
        Kind::AdditionalItems { limit } => format!("must have at most {}", count(*limit as u64, "item")),
        Kind::UnevaluatedItems { .. } => "has more items than are described".to_owned(),
        Kind::Constant { expected_value } => format!("must be {}", show(expected_value)),
        Kind::Contains => "must contain the required kind of item".to_owned(),
        Kind::Custom { message, .. } => message.clone(),
        Kind::Enum { options } => match options.as_array().map(Vec::as_slice) {
            Some([only]) => format!("must be {}", show(only)),
            Some(values) => format!("must be one of {}", list(values)),
            None => "must be one of the listed values".to_owned(),
        },
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MaxItems { limit } => format!("must have at most {}", count(*limit, "item")),
        Kind::MinItems { limit } => format!("must have at least {}", count(*limit, "item")),
        Kind::MaxLength { limit } => format!("must be at most {} long", count(*limit, "character")),
        Kind::MinLength { limit: 1 } => "must not be empty".to_owned(),
        Kind::MinLength { limit } => format!("must be at least {} long", count(*limit, "character")),
        Kind::MaxProperties { limit } => format!("must have at most {}", count(*limit, "field")),
        Kind::MinProperties { limit } => format!("must have at least {}", count(*limit, "field")),
        Kind::FalseSchema => "is not allowed".to_owned(),
        Kind::Format { format } if format == "regex" => "must be a regular expression (ECMA-262)".to_owned(),
        Kind::Format { format } => format!("must have the format {}", short(format)),
        Kind::Not { .. } => "has a form that is not allowed".to_owned(),
        Kind::OneOfMultipleValid { .. } => {
            "has more than one of the allowed forms; it must have exactly one".to_owned()
        }
        Kind::Pattern { pattern } => format!("must match the pattern {}", short(pattern)),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => NO_FORM.to_owned(),
        Kind::UniqueItems => "must not have the same item twice".to_owned(),
        kind @ Kind::Type { .. } => must_be(&type_names(kind).unwrap_or_default()),
        _ => "does not fit its schema".to_owned(),
    }
}

pub(super) fn type_names(kind: &Kind) -> Option<Vec<&'static str>> {
    match kind {
        Kind::Type { kind: TypeKind::Single(kind) } => Some(vec![kind.as_str()]),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            Some(kinds.iter().map(jsonschema::JsonType::as_str).collect())
        }
        _ => None,
    }
}

/// `must be an integer or null`.
pub(super) fn must_be(kinds: &[&str]) -> String {
    let mut names: Vec<&str> = Vec::new();
    for kind in kinds {
        let name = match *kind {
            "array" => "an array",
            "boolean" => "true or false",
            "integer" => "an integer",
            "number" => "a number",
            "object" => "an object",
            "string" => "text",
            other => other,
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    // `null` reads best at the end.
    names.sort_by_key(|name| *name == "null");
    format!("must be {}", names.join(" or "))
}
