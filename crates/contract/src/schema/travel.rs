//! `readOnly` and `writeOnly`: fields that travel one way only.

use serde_json::{Map, Value, json};

use super::keywords::{READ_ONLY, WRITE_ONLY};
use super::translate::Translator;
use super::{Dialect, Direction, resolve};

/// How many references are followed to find out whether a property may travel.
const FOLLOW_MAX: usize = 8;

impl Translator<'_> {
    /// The properties that must not travel in this direction, those of `allOf` members included.
    pub(super) fn refused_properties(&self, schema: &Map<String, Value>, level: usize) -> Vec<String> {
        let own = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let mut names: Vec<String> =
            own.filter(|(_, property)| self.is_refused(property, 0)).map(|(name, _)| name.clone()).collect();
        for member in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            if let Some(member) = self.follow(member).and_then(Value::as_object)
                && level < FOLLOW_MAX
            {
                names.extend(self.refused_properties(member, level + 1));
            }
        }
        names
    }

    fn is_refused(&self, property: &Value, level: usize) -> bool {
        let flag = match self.direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        if level > FOLLOW_MAX {
            return false;
        }
        let beside = property.get("$ref").is_none() || self.dialect == Dialect::V3_1;
        let all_of = property.get("allOf").and_then(Value::as_array).into_iter().flatten();
        (beside && property.get(flag) == Some(&Value::Bool(true)))
            || (property.get("$ref").is_some()
                && self.follow(property).is_some_and(|target| self.is_refused(target, level + 1)))
            || all_of.into_iter().any(|member| self.is_refused(member, level + 1))
    }

    /// The schema itself, or the one that its `$ref` names.
    fn follow<'s>(&'s self, schema: &'s Value) -> Option<&'s Value> {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(reference) => resolve(reference).ok().and_then(|target| self.document.value.pointer(&target)),
            None => Some(schema),
        }
    }

    /// `readOnly` fields are not required in requests, nor `writeOnly` ones in responses; both are refused there.
    pub(super) fn required(&self, schema: &Map<String, Value>, refused: &[String], out: &mut Map<String, Value>) {
        if refused.is_empty() {
            return;
        }
        if let Some(Value::Array(required)) = out.get_mut("required") {
            required.retain(|name| !name.as_str().is_some_and(|name| refused.iter().any(|refused| refused == name)));
        }
        let own = schema.get("properties").and_then(Value::as_object);
        let own: Vec<&String> = refused.iter().filter(|name| own.is_some_and(|own| own.contains_key(*name))).collect();
        if !own.is_empty() {
            let keyword = if self.direction == Direction::Request { READ_ONLY } else { WRITE_ONLY };
            out.insert(keyword.to_owned(), json!(own));
        }
    }
}
