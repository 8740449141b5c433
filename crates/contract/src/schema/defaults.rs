//! `default` values inside bodies: filled in after validation, wherever an object lacks the property.

use std::collections::HashMap;

use serde_json::Value;

use super::resolve;
use crate::pointer;

/// An index into [`Fills`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FillId(usize);

/// What one schema fills in. Schemas refer to each other by index, so recursive ones are finite.
#[derive(Debug, Default)]
struct Fill {
    defaults: Vec<(String, Value)>,
    properties: Vec<(String, usize)>,
    items: Option<usize>,
    /// `$ref` and `allOf`: more about the same value.
    also: Vec<usize>,
    /// Whether anything here or below is ever filled in.
    useful: bool,
}

/// The plans of all bodies of a contract.
#[derive(Debug, Default)]
pub(crate) struct Fills(Vec<Fill>);

impl Fills {
    /// Fills in. Recursion is as deep as the value, which the reader has bounded, times chains of references,
    /// which the builder has bounded.
    pub(crate) fn apply(&self, id: FillId, value: &mut Value) {
        self.fill(id.0, value);
    }

    fn fill(&self, index: usize, value: &mut Value) {
        let Some(fill) = self.0.get(index).filter(|fill| fill.useful) else { return };
        for also in &fill.also {
            self.fill(*also, value);
        }
        match value {
            Value::Object(object) => {
                for (name, default) in &fill.defaults {
                    if !object.contains_key(name) {
                        object.insert(name.clone(), default.clone());
                    }
                }
                for (name, property) in &fill.properties {
                    if let Some(member) = object.get_mut(name) {
                        self.fill(*property, member);
                    }
                }
            }
            Value::Array(list) => {
                if let Some(items) = fill.items {
                    list.iter_mut().for_each(|item| self.fill(items, item));
                }
            }
            _ => {}
        }
    }
}

/// Collects the plans while a document is loaded.
#[derive(Debug)]
pub(crate) struct FillsBuilder<'d> {
    root: &'d Value,
    fills: Vec<Fill>,
    known: HashMap<String, usize>,
    /// Pointers of properties whose schema has a default, for checking them.
    pub(crate) defaulted: Vec<String>,
}

/// How many schemas may follow each other through `$ref` and `allOf` alone.
const CHAIN_MAX: usize = 16;

impl<'d> FillsBuilder<'d> {
    pub(crate) fn new(root: &'d Value) -> Self {
        Self { root, fills: Vec::new(), known: HashMap::new(), defaulted: Vec::new() }
    }

    /// The plan for values of the schema at a pointer; `None` when it would never do anything.
    pub(crate) fn plan(&mut self, pointer: &str) -> Option<FillId> {
        let index = self.node(pointer, 0)?;
        self.mark_useful();
        self.fills.get(index).filter(|fill| fill.useful).map(|_| FillId(index))
    }

    /// The plans, without circles of `also`: on such a circle filling in would never end.
    pub(crate) fn finish(mut self) -> Fills {
        let mut done = vec![false; self.fills.len()];
        for start in 0..self.fills.len() {
            self.cut_circles(start, &mut Vec::new(), &mut done);
        }
        Fills(self.fills)
    }

    /// Visits each schema once; an edge back onto the way here is cut.
    fn cut_circles(&mut self, index: usize, way: &mut Vec<usize>, done: &mut [bool]) {
        if done.get(index).copied().unwrap_or(true) {
            return;
        }
        way.push(index);
        let mut also = self.fills.get_mut(index).map(|fill| std::mem::take(&mut fill.also)).unwrap_or_default();
        also.retain(|next| !way.contains(next) && way.len() <= CHAIN_MAX);
        for next in &also {
            self.cut_circles(*next, way, done);
        }
        if let Some(fill) = self.fills.get_mut(index) {
            fill.also = also;
        }
        way.pop();
        if let Some(done) = done.get_mut(index) {
            *done = true;
        }
    }

    fn node(&mut self, pointer: &str, chain: usize) -> Option<usize> {
        if chain > CHAIN_MAX {
            return None;
        }
        if let Some(index) = self.known.get(pointer) {
            return Some(*index);
        }
        let schema = self.root.pointer(pointer)?.as_object()?;
        let index = self.fills.len();
        self.known.insert(pointer.to_owned(), index);
        self.fills.push(Fill::default());
        let mut fill = Fill::default();
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| resolve(reference).ok()) {
            fill.also.extend(self.node(&target, chain + 1));
        }
        let all_of = schema.get("allOf").and_then(Value::as_array).map_or(0, Vec::len);
        for member in 0..all_of {
            let at = format!("{}/{member}", pointer::join(pointer, "allOf"));
            fill.also.extend(self.node(&at, chain + 1));
        }
        if schema.contains_key("items") {
            fill.items = self.node(&pointer::join(pointer, "items"), 0);
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            for (name, property) in properties {
                let at = pointer::join(&pointer::join(pointer, "properties"), name);
                // A field that the server sets has no default on the way in.
                let read_only = property.get("readOnly") == Some(&Value::Bool(true));
                if let Some(default) = property.get("default").filter(|_| !read_only) {
                    fill.defaults.push((name.clone(), default.clone()));
                    self.defaulted.push(at.clone());
                }
                fill.properties.extend(self.node(&at, 0).map(|node| (name.clone(), node)));
            }
        }
        if let Some(slot) = self.fills.get_mut(index) {
            *slot = fill;
        }
        Some(index)
    }

    /// Spreads usefulness from defaults to whatever leads to them, until nothing changes.
    fn mark_useful(&mut self) {
        loop {
            let useful: Vec<bool> = self.fills.iter().map(|fill| fill.useful).collect();
            let leads = |index: &usize| useful.get(*index).copied().unwrap_or(false);
            let mut changed = false;
            for fill in self.fills.iter_mut().filter(|fill| !fill.useful) {
                fill.useful = !fill.defaults.is_empty()
                    || fill.also.iter().any(leads)
                    || fill.items.iter().any(leads)
                    || fill.properties.iter().any(|(_, index)| leads(index));
                changed |= fill.useful;
            }
            if !changed {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn defaults_are_filled_in_at_every_depth_and_recursion_ends() {
        let root = json!({"tree": {
            "allOf": [{"properties": {"colour": {"default": "red"}}}],
            "properties": {"children": {"items": {"$ref": "#/tree"}}, "size": {"default": 3, "readOnly": true}}
        }, "plain": {"properties": {"a": {"$ref": "#/plain"}}}});
        let mut builder = FillsBuilder::new(&root);
        let tree = builder.plan("/tree").unwrap();
        assert_eq!(builder.plan("/plain"), None);
        assert_eq!(builder.defaulted, ["/tree/allOf/0/properties/colour"]);
        let fills = builder.finish();
        let mut value = json!({"children": [{}, {"colour": "blue", "children": [{}]}]});
        fills.apply(tree, &mut value);
        let expected = json!({"colour": "red", "children": [
            {"colour": "red"}, {"colour": "blue", "children": [{"colour": "red"}]}]});
        assert_eq!(value, expected);
    }

    #[test]
    fn a_schema_that_refers_to_itself_alone_fills_nothing() {
        let root = json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/a"}});
        assert_eq!(FillsBuilder::new(&root).plan("/a"), None);
        let root = json!({"a": {
            "properties": {"x": {"default": 1}, "y": {"$ref": "#/b"}}, "allOf": [{"$ref": "#/b"}, {"$ref": "#/a"}]
        }, "b": {"allOf": [{"$ref": "#/a"}]}});
        let mut builder = FillsBuilder::new(&root);
        let a = builder.plan("/a").unwrap();
        let b = builder.plan("/b").unwrap();
        let fills = builder.finish();
        let mut value = json!({"y": {}});
        fills.apply(a, &mut value);
        assert_eq!(value["x"], 1);
        fills.apply(b, &mut value);
    }
}
