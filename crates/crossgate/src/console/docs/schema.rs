//! A schema as nested lists of members with their types, demands and descriptions.

use std::cell::Cell;

use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::facts::{notes, type_words};
use super::prose::prose;
use super::read::{follow, text};

/// Members shown of one schema; more would be no reading matter.
const MEMBERS_MAX: usize = 250;
/// How deep members of members are shown.
const DEPTH_MAX: usize = 8;

/// A schema, written out.
pub(super) fn schema(document: &Value, schema: &Value) -> Markup {
    let walk = Walk { document, left: Cell::new(MEMBERS_MAX) };
    let found = follow(document, schema);
    html! {
        div class="schema" {
            (walk.head(found))
            (walk.members(found, 0))
        }
    }
}

struct Walk<'a> {
    document: &'a Value,
    /// Members that may still be shown.
    left: Cell<usize>,
}

impl Walk<'_> {
    fn head(&self, schema: &Value) -> Markup {
        let items = schema.get("items").map(|items| follow(self.document, items));
        html! {
            span class="type" { (type_words(schema, items)) }
            (notes(schema))
            (prose(&text(schema, "/description")))
        }
    }

    /// What is inside a schema: its properties, its items', its alternatives'.
    fn members(&self, schema: &Value, depth: usize) -> Markup {
        if depth >= DEPTH_MAX || self.left.get() == 0 {
            return html! { p class="muted small" { "…" } };
        }
        html! {
            (self.properties(schema, depth))
            @for part in list(schema, "allOf") { (self.members(follow(self.document, part), depth + 1)) }
            @if let Some(items) = schema.get("items") { (self.members(follow(self.document, items), depth + 1)) }
            @for keyword in ["oneOf", "anyOf"] {
                @for (index, part) in list(schema, keyword).enumerate() {
                    @let part = follow(self.document, part);
                    div class="variant" {
                        span class="muted small" { (if index == 0 { "either" } else { "or" }) " " } (self.head(part))
                        (self.members(part, depth + 1))
                    }
                }
            }
        }
    }

    fn properties(&self, schema: &Value, depth: usize) -> Markup {
        let Some(members) = schema.get("properties").and_then(Value::as_object).filter(|members| !members.is_empty())
        else {
            return PreEscaped(String::new());
        };
        let shown = members.len().min(self.left.get());
        self.left.set(self.left.get() - shown);
        let required = |name: &str| list(schema, "required").any(|known| known == name);
        html! {
            ul {
                @for (name, member) in members.iter().take(shown) {
                    @let member = follow(self.document, member);
                    li {
                        code class="name" { (name) }
                        @if required(name) { span class="needed" { "required" } }
                        (self.head(member))
                        (self.members(member, depth + 1))
                    }
                }
                @if shown < members.len() { li class="muted small" { "…" } }
            }
        }
    }
}

fn list<'v>(schema: &'v Value, keyword: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    schema.get(keyword).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hostile_and_endless_schemas_are_shown_escaped_and_finite() {
        let document = json!({"a": {"type": "object", "required": ["<x>"], "properties": {
            "<x>": {"$ref": "#/a"}, "y": {"allOf": [{"$ref": "#/a"}, {"$ref": "#/a"}]}, "z": {"items": {"$ref": "#/a"}}
        }, "description": "a `<b>` b"}});
        let shown = schema(&document, &json!({"$ref": "#/a"})).into_string();
        assert!(
            shown.contains("<code class=\"name\">&lt;x&gt;</code><span class=\"needed\">required</span>"),
            "{shown}"
        );
        assert!(shown.contains("<p>a <code>&lt;b&gt;</code> b"));
        assert!(shown.len() < 200_000, "{}", shown.len());
        for odd in [json!(null), json!(true), json!([1]), json!({"properties": 3, "allOf": {}, "enum": "x"})] {
            let _ = schema(&odd, &odd);
        }
    }
}
