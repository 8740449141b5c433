//! Discriminators: which value of a property means which schema (OpenAPI 3.0.3 and 3.1 §4.8.25).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::resolve;
use super::translate::Translator;
use crate::pointer::{self, join};

const COMPONENTS: &str = "/components/schemas";

/// The schemas that carry a discriminator themselves and are extended by others with `allOf`.
#[derive(Debug, Default)]
pub(super) struct Hierarchy {
    bases: BTreeMap<String, Base>,
}

#[derive(Debug)]
struct Base {
    property: String,
    /// Value and pointer.
    children: Vec<(String, String)>,
}

impl Hierarchy {
    pub(super) fn read(root: &Value) -> Self {
        let mut hierarchy = Self::default();
        let Some(schemas) = root.pointer(COMPONENTS).and_then(Value::as_object) else { return hierarchy };
        let parents: BTreeMap<String, Vec<String>> =
            schemas.iter().map(|(name, schema)| (pointer::join(COMPONENTS, name), parents(schema))).collect();
        for (name, schema) in schemas {
            let Some(discriminator) = schema.get("discriminator") else { continue };
            if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
                continue;
            }
            let Some(property) = discriminator.get("propertyName").and_then(Value::as_str) else { continue };
            let at = pointer::join(COMPONENTS, name);
            let descendants: Vec<String> =
                parents.keys().filter(|child| descends(child, &at, &parents, 0)).cloned().collect();
            let children = choices(discriminator, &descendants);
            if !children.is_empty() {
                hierarchy.bases.insert(at, Base { property: property.to_owned(), children });
            }
        }
        hierarchy
    }

    pub(super) fn is_base(&self, pointer: &str) -> bool {
        self.bases.contains_key(pointer)
    }

    pub(super) fn property(&self, pointer: &str) -> Option<&str> {
        self.bases.get(pointer).map(|base| base.property.as_str())
    }

    pub(super) fn children(&self, pointer: &str) -> Vec<(String, String)> {
        self.bases.get(pointer).map(|base| base.children.clone()).unwrap_or_default()
    }
}

/// The schemas that a schema extends.
fn parents(schema: &Value) -> Vec<String> {
    let members = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    members
        .filter_map(|member| member.get("$ref").and_then(Value::as_str))
        .filter_map(|reference| resolve(reference).ok())
        .collect()
}

fn descends(child: &str, base: &str, parents: &BTreeMap<String, Vec<String>>, level: usize) -> bool {
    /// How many generations are followed.
    const GENERATIONS_MAX: usize = 8;
    level < GENERATIONS_MAX
        && parents
            .get(child)
            .is_some_and(|of| of.iter().any(|parent| parent == base || descends(parent, base, parents, level + 1)))
}

/// Values and the pointers they mean: the mapping, and for targets that it leaves out their names.
fn choices(discriminator: &Value, targets: &[String]) -> Vec<(String, String)> {
    let mapping = discriminator.get("mapping").and_then(Value::as_object).into_iter().flatten();
    let mut choices: Vec<(String, String)> =
        mapping.filter_map(|(name, target)| Some((name.clone(), mapped(target.as_str()?).ok()?))).collect();
    for target in targets {
        if choices.iter().any(|(_, known)| known == target) {
            continue;
        }
        if let Some((_, name)) = pointer::split_last(target) {
            choices.push((name.into_owned(), target.clone()));
        }
    }
    choices
}

/// A mapping's target: a reference, or the name of a schema.
fn mapped(target: &str) -> Result<String, String> {
    if target.starts_with('#') || target.contains(['/', ':']) {
        resolve(target)
    } else {
        Ok(pointer::join(COMPONENTS, target))
    }
}

impl Translator<'_> {
    /// The schema that chooses among the children of the base at a pointer.
    pub(super) fn dispatch(&mut self, pointer: &str) -> Value {
        let property = self.hierarchy.property(pointer).unwrap_or_default().to_owned();
        let children = self.hierarchy.children(pointer);
        let base = self.reference(pointer, true);
        let mut all_of = vec![base];
        self.choose(&property, &children, &mut all_of);
        json!({ "allOf": all_of })
    }

    /// Adds what makes a discriminator choose: its property is required, must name a schema, and that schema applies.
    pub(super) fn choose(&mut self, property: &str, choices: &[(String, String)], all_of: &mut Vec<Value>) {
        let names: Vec<&String> = choices.iter().map(|(name, _)| name).collect();
        all_of.push(json!({"type": "object", "required": [property], "properties": {property: {"enum": names}}}));
        for (name, target) in choices {
            let then = self.reference(target, true);
            all_of.push(json!({
                "if": {"type": "object", "required": [property], "properties": {property: {"const": name}}},
                "then": then,
            }));
        }
    }

    /// A discriminator beside `oneOf` or `anyOf` chooses among their references instead of trying them all.
    pub(super) fn discriminate(&mut self, pointer: &str, schema: &Map<String, Value>, out: &mut Map<String, Value>) {
        let Some(discriminator) = schema.get("discriminator") else { return };
        let at = join(pointer, "discriminator");
        let Some(property) = discriminator.get("propertyName").and_then(Value::as_str) else {
            self.fault(&at, "`discriminator` needs a `propertyName`");
            return;
        };
        let Some(keyword) = ["oneOf", "anyOf"].into_iter().find(|keyword| schema.contains_key(*keyword)) else {
            self.judge_mapping(&at, discriminator);
            return;
        };
        self.judge_mapping(&at, discriminator);
        let members = schema.get(keyword).and_then(Value::as_array).into_iter().flatten();
        let references: Option<Vec<String>> = members
            .filter(|member| member.get("type").and_then(Value::as_str) != Some("null"))
            .map(|member| member.get("$ref").and_then(Value::as_str).and_then(|target| resolve(target).ok()))
            .collect();
        let Some(references) = references else {
            if !self.compat {
                self.fault(
                    &join(pointer, keyword),
                    format!("`{keyword}` beside a discriminator must list `$ref`s only"),
                );
            }
            return;
        };
        let choices = choices(discriminator, &references);
        let mut chosen = Vec::new();
        self.choose(property, &choices, &mut chosen);
        let has_null = out.remove(keyword).is_some_and(|members| {
            members.as_array().is_some_and(|members| members.iter().any(|member| *member == json!({"type": "null"})))
        });
        if has_null {
            chosen = vec![json!({"anyOf": [{"type": "null"}, {"allOf": chosen}]})];
        }
        match out.get_mut("allOf") {
            Some(Value::Array(all_of)) => all_of.extend(chosen),
            _ => drop(out.insert("allOf".to_owned(), Value::Array(chosen))),
        }
    }

    fn judge_mapping(&mut self, at: &str, discriminator: &Value) {
        let Some(mapping) = discriminator.get("mapping") else { return };
        let at = join(at, "mapping");
        let Some(mapping) = mapping.as_object() else {
            self.fault(&at, "`mapping` must be an object of schema names or references");
            return;
        };
        for (name, target) in mapping {
            let found = target.as_str().ok_or_else(|| "must be text".to_owned()).and_then(|target| {
                let pointer = mapped(target)?;
                if self.document.value.pointer(&pointer).is_some() {
                    Ok(())
                } else {
                    Err("points to nothing in this file".to_owned())
                }
            });
            if let Err(message) = found {
                self.fault(&join(&at, name), format!("`{name}` {message}"));
            }
        }
    }
}
