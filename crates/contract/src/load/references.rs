//! `$ref`s outside of schemas, and a look at all references in the document, used or not.

use serde_json::Value;

use super::Loader;
use super::cursor::At;
use crate::pointer;
use crate::schema::resolve;

/// How many references may follow each other.
const REFERENCES_MAX: usize = 16;
/// Members whose values are data: a `$ref` in them is only text.
const DATA: &[&str] = &["example", "default", "enum", "const", "value"];

impl<'d> Loader<'d> {
    /// What a place refers to, or the place itself.
    pub(super) fn follow(&mut self, at: At<'d>) -> Option<At<'d>> {
        let start = at.pointer.clone();
        let mut at = at;
        for _ in 0..REFERENCES_MAX {
            let Some(reference) = at.value.get("$ref") else { return Some(at) };
            at = self.target(&at.pointer_to("$ref"), reference)?;
        }
        self.fault(&start, format!("refers on and on: more than {REFERENCES_MAX} references in a row"));
        None
    }

    fn target(&mut self, at: &str, reference: &Value) -> Option<At<'d>> {
        let Some(reference) = reference.as_str() else {
            self.fault(at, "`$ref` must be text");
            return None;
        };
        let pointer = match resolve(reference) {
            Ok(pointer) => pointer,
            Err(message) => {
                self.fault(at, message);
                return None;
            }
        };
        match self.document.value.pointer(&pointer) {
            Some(value) => Some(At { pointer, value }),
            None => {
                self.fault(at, format!("`{reference}` points to nothing in this file"));
                None
            }
        }
    }

    /// Checks every reference in the document.
    pub(super) fn references(&mut self) {
        let mut left: Vec<At<'d>> = vec![self.root()];
        while let Some(at) = left.pop() {
            match at.value {
                Value::Object(members) => {
                    if let Some(reference) = members.get("$ref").filter(|reference| reference.is_string()) {
                        self.target(&at.pointer_to("$ref"), reference);
                    }
                    // A property, a parameter or a schema may well be called `example`; then it holds no data.
                    let named = is_map_of_names(&at.pointer);
                    for (key, member) in members {
                        // `examples` is a map of objects that may be references, or in a schema a list of data.
                        let data = DATA.contains(&key.as_str()) || (key == "examples" && member.is_array());
                        if !key.starts_with("x-") && (named || !data) {
                            left.extend(at.get(key));
                        }
                    }
                }
                Value::Array(items) => left.extend((0..items.len()).filter_map(|index| at.get(&index.to_string()))),
                _ => {}
            }
        }
    }
}

fn is_map_of_names(pointer: &str) -> bool {
    let last = pointer::split_last(pointer).map(|(_, last)| last.into_owned()).unwrap_or_default();
    ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "schemas", "parameters", "examples"]
        .contains(&last.as_str())
}
