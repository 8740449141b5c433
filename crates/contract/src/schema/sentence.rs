//! From a validator's findings to sentences for people. Values of the caller are never repeated: they may be private.

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde_json::Value;

use super::check::holder;
use super::keywords::{READ_ONLY, WRITE_ONLY};
use super::words::{closest, count, list, short, show};
use crate::error::Errors;
use crate::pointer;

/// Writes sentences about one value.
pub(super) struct Explainer<'e> {
    /// The translated document, for the names that a schema knows.
    pub(super) source: &'e Value,
    pub(super) place: &'static str,
    /// The pointer of the value.
    pub(super) prefix: &'e str,
}

impl Explainer<'_> {
    pub(super) fn explain(&self, error: &ValidationError<'_>, errors: &mut Errors) {
        match error.kind() {
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                for name in unexpected {
                    let detail = match self.suggestion(error, name) {
                        Some(known) => format!("is not a known field; did you mean `{known}`?"),
                        None => "is not a known field".to_owned(),
                    };
                    self.push_under(error, name, detail, errors);
                }
            }
            Kind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                self.push_under(error, name, "is required".to_owned(), errors);
            }
            Kind::Custom { keyword, message } if keyword == READ_ONLY => {
                self.push_under(error, message, "is set by the server; leave it out".to_owned(), errors);
            }
            Kind::Custom { keyword, message } if keyword == WRITE_ONLY => {
                self.push_under(error, message, "is write-only and must not be sent back".to_owned(), errors);
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => self.explain_branches(error, context, errors),
            Kind::PropertyNames { error: inner } => {
                let name = inner.instance().as_str().unwrap_or_default();
                let detail = format!("is a field whose name {}", sentence(inner.kind()));
                self.push_under(error, name, detail, errors);
            }
            kind => errors.push(self.place, self.pointer(error), sentence(kind)),
        }
    }

    fn pointer(&self, error: &ValidationError<'_>) -> String {
        format!("{}{}", self.prefix, error.instance_path().as_str())
    }

    fn push_under(&self, error: &ValidationError<'_>, name: &str, detail: String, errors: &mut Errors) {
        let mut pointer = self.pointer(error);
        pointer::push(&mut pointer, &short(name));
        errors.push(self.place, pointer, detail);
    }

    /// The known name that was probably meant. Names that the object already holds were not meant.
    fn suggestion(&self, error: &ValidationError<'_>, name: &str) -> Option<String> {
        let location = error.absolute_keyword_location()?;
        let properties = holder(self.source, location.as_str())?.get("properties")?.as_object()?;
        let said = error.instance().as_object();
        let free =
            properties.keys().map(String::as_str).filter(|known| !said.is_some_and(|said| said.contains_key(*known)));
        closest(name, free).map(short)
    }

    /// `anyOf` and `oneOf`: what the caller probably meant is the branch that has the right type and the fewest errors.
    fn explain_branches(
        &self,
        error: &ValidationError<'_>,
        branches: &[Vec<ValidationError<'static>>],
        errors: &mut Errors,
    ) {
        let root = error.instance_path().as_str();
        let of_other_type = |branch: &&Vec<ValidationError<'static>>| {
            branch.iter().any(|inner| {
                inner.instance_path().as_str() == root && matches!(inner.kind(), Kind::Type { .. } | Kind::FalseSchema)
            })
        };
        let near: Vec<&Vec<ValidationError<'static>>> =
            branches.iter().filter(|branch| !branch.is_empty() && !of_other_type(branch)).collect();
        match near.as_slice() {
            [] => {
                let kinds = branches.iter().flatten().filter(|inner| inner.instance_path().as_str() == root);
                let kinds: Vec<&str> = kinds.filter_map(|inner| type_names(inner.kind())).flatten().collect();
                let detail = if kinds.is_empty() { NO_FORM.to_owned() } else { must_be(&kinds) };
                errors.push(self.place, self.pointer(error), detail);
            }
            [only] => only.iter().for_each(|inner| self.explain(inner, errors)),
            several => {
                if let Some(values) = united_values(several, root) {
                    errors.push(self.place, self.pointer(error), format!("must be one of {}", list(&values)));
                    return;
                }
                errors.push(self.place, self.pointer(error), format!("{NO_FORM}; the closest is explained here"));
                if let Some(closest) = several.iter().min_by_key(|branch| branch.len()) {
                    closest.iter().for_each(|inner| self.explain(inner, errors));
                }
            }
        }
    }
}

const NO_FORM: &str = "does not have any of the allowed forms";

/// Where every branch is a list of values, the union of the lists.
fn united_values(branches: &[&Vec<ValidationError<'static>>], root: &str) -> Option<Vec<Value>> {
    let mut values = Vec::new();
    for branch in branches {
        let [inner] = branch.as_slice() else { return None };
        if inner.instance_path().as_str() != root {
            return None;
        }
        match inner.kind() {
            Kind::Enum { options } => values.extend(options.as_array()?.iter().cloned()),
            Kind::Constant { expected_value } => values.push(expected_value.as_ref().clone()),
            _ => return None,
        }
    }
    Some(values)
}

/// Completes "this value …".
fn sentence(kind: &Kind) -> String {
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
        Kind::UniqueItems => "must not have the same item twice".to_owned(),
        kind @ Kind::Type { .. } => must_be(&type_names(kind).unwrap_or_default()),
        _ => "does not fit its schema".to_owned(),
    }
}

fn type_names(kind: &Kind) -> Option<Vec<&'static str>> {
    match kind {
        Kind::Type { kind: TypeKind::Single(kind) } => Some(vec![kind.as_str()]),
        Kind::Type { kind: TypeKind::Multiple(kinds) } => {
            Some(kinds.iter().map(jsonschema::JsonType::as_str).collect())
        }
        _ => None,
    }
}

/// `must be an integer or null`.
fn must_be(kinds: &[&str]) -> String {
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
