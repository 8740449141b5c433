//! `anyOf` and `oneOf`: which branch was probably meant, and what is wrong with the value as seen from there.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

use super::explain::{Explainer, Here};
use super::levels::CHECK;
use super::sentence::{NO_FORM, must_be, type_names};
use super::words::list;
use crate::error::Errors;

/// How many references and combinations are seen through.
const THROUGH_MAX: usize = 8;

/// What fails in a branch.
enum Failure {
    /// The value has another type; these would do.
    Type(Vec<&'static str>),
    /// The value is none of these.
    Values(Vec<Value>),
    /// The field at this path is none of these: it probably tells the branches apart.
    Tag(String, Vec<Value>),
    Other,
}

/// A branch, and what fails in it.
struct Branch<'b> {
    errors: &'b [ValidationError<'static>],
    failures: Vec<Failure>,
}

impl Branch<'_> {
    fn is_of_other_type(&self) -> bool {
        self.failures.iter().any(|failure| matches!(failure, Failure::Type(_)))
    }

    fn tag(&self) -> Option<(&str, &[Value])> {
        self.failures.iter().find_map(|failure| match failure {
            Failure::Tag(path, values) => Some((path.as_str(), values.as_slice())),
            _ => None,
        })
    }

    /// The branch's values, when it is nothing but a list of values.
    fn values(&self) -> Option<&[Value]> {
        match self.failures.as_slice() {
            [Failure::Values(values)] => Some(values),
            _ => None,
        }
    }
}

impl Explainer<'_> {
    /// Explains why no branch fits: what was probably meant is the branch of the right type, with the right tag, and
    /// with the fewest failures.
    pub(super) fn choice(&mut self, here: Here<'_>, branches: &[Vec<ValidationError<'static>>], errors: &mut Errors) {
        let branch = |errors: &'_ Vec<ValidationError<'static>>| self.failures(errors, here.value, 0);
        let branches: Vec<Branch<'_>> =
            branches.iter().map(|errors| Branch { failures: branch(errors), errors }).collect();
        let near: Vec<&Branch<'_>> = branches.iter().filter(|branch| !branch.is_of_other_type()).collect();
        if near.is_empty() {
            errors.push(self.place, here.pointer, types(&branches));
            return;
        }
        if let Some(values) = near.iter().map(|branch| branch.values()).collect::<Option<Vec<_>>>() {
            errors.push(self.place, here.pointer, format!("must be one of {}", list(&values.concat())));
            return;
        }
        let rightly_tagged: Vec<&Branch<'_>> = near.iter().copied().filter(|branch| branch.tag().is_none()).collect();
        if rightly_tagged.is_empty()
            && let Some((path, values)) = common_tag(&near)
        {
            errors.push(self.place, format!("{}{path}", here.pointer), format!("must be one of {}", list(&values)));
            return;
        }
        let candidates = if rightly_tagged.is_empty() { near } else { rightly_tagged };
        if candidates.len() > 1 {
            errors.push(self.place, here.pointer, format!("{NO_FORM}; the closest is explained here"));
        }
        if let Some(closest) = candidates.into_iter().min_by_key(|branch| branch.failures.len()) {
            closest.errors.iter().for_each(|error| self.one(here, error, errors));
        }
    }

    /// What fails, seen through references and combinations at the same place.
    fn failures(&self, errors: &[ValidationError<'_>], value: &Value, level: usize) -> Vec<Failure> {
        let mut failures = Vec::new();
        for error in errors {
            let path = error.instance_path().as_str();
            if path.is_empty() {
                match error.kind() {
                    Kind::Custom { keyword, message } if keyword == CHECK => {
                        failures.extend(self.failures_of(message, value, level));
                    }
                    Kind::FalseSchema => failures.push(Failure::Type(Vec::new())),
                    kind @ Kind::Type { .. } => failures.push(Failure::Type(type_names(kind).unwrap_or_default())),
                    kind => failures.push(values(kind).map_or(Failure::Other, Failure::Values)),
                }
            } else {
                failures.push(self.tag(error, path, value, level).unwrap_or(Failure::Other));
            }
        }
        failures
    }

    fn failures_of(&self, at: &str, value: &Value, level: usize) -> Vec<Failure> {
        let validator = if level < THROUGH_MAX { self.explanations.level(at) } else { None };
        match validator {
            Some(validator) => {
                let errors: Vec<ValidationError<'_>> = validator.iter_errors(value).collect();
                self.failures(&errors, value, level + 1)
            }
            None => vec![Failure::Other],
        }
    }

    /// A field of the value that is none of a list of values.
    fn tag(&self, error: &ValidationError<'_>, path: &str, value: &Value, level: usize) -> Option<Failure> {
        if path.matches('/').count() != 1 {
            return None;
        }
        let allowed = match error.kind() {
            Kind::Custom { keyword, message } if keyword == CHECK => {
                match self.failures_of(message, value.pointer(path)?, level).as_slice() {
                    [Failure::Values(values)] => values.clone(),
                    _ => return None,
                }
            }
            kind => values(kind)?,
        };
        Some(Failure::Tag(path.to_owned(), allowed))
    }
}

fn values(kind: &Kind) -> Option<Vec<Value>> {
    match kind {
        Kind::Enum { options } => options.as_array().cloned(),
        Kind::Constant { expected_value } => Some(vec![expected_value.as_ref().clone()]),
        _ => None,
    }
}

fn types(branches: &[Branch<'_>]) -> String {
    let kinds = branches.iter().flat_map(|branch| &branch.failures).filter_map(|failure| match failure {
        Failure::Type(kinds) => Some(kinds.as_slice()),
        _ => None,
    });
    let kinds: Vec<&str> = kinds.flatten().copied().collect();
    if kinds.is_empty() { NO_FORM.to_owned() } else { must_be(&kinds) }
}

/// The field that tells all branches apart, and all its values.
fn common_tag<'b>(branches: &[&'b Branch<'_>]) -> Option<(&'b str, Vec<Value>)> {
    let tags = branches.iter().map(|branch| branch.tag()).collect::<Option<Vec<_>>>()?;
    let (path, _) = *tags.first()?;
    let mut values: Vec<Value> = Vec::new();
    for (other, allowed) in tags {
        if other != path {
            return None;
        }
        values.extend(allowed.iter().filter(|value| !values.contains(value)).cloned().collect::<Vec<_>>());
    }
    Some((path, values))
}
