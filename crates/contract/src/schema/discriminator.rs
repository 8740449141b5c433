//! Discriminators: which value of a property means which schema (OpenAPI 3.0.3 and 3.1 §4.8.25).

use std::collections::BTreeMap;

use serde_json::Value;

use super::resolve;
use crate::pointer;

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
pub(super) fn choices(discriminator: &Value, targets: &[String]) -> Vec<(String, String)> {
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
pub(super) fn mapped(target: &str) -> Result<String, String> {
    if target.starts_with('#') || target.contains(['/', ':']) {
        resolve(target)
    } else {
        Ok(pointer::join(COMPONENTS, target))
    }
}
