//! What a schema demands of a value, in short words.

use maud::{Markup, html};
use serde_json::Value;

use super::example::kind;

/// Bytes of a pattern or an example that are shown.
const SHOWN_MAX: usize = 120;

/// A demand in three parts: words, a value to show as code, words.
type Fact = (&'static str, String, &'static str);

/// Two keywords that bound something, and what they bound.
const BOUNDS: [(&str, &str, &str); 4] = [
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", "characters"),
    ("minItems", "maxItems", "items"),
    ("minProperties", "maxProperties", "members"),
];

/// A keyword and the words before its value.
const LIMITS: [(&str, &str); 4] = [
    ("exclusiveMinimum", "more than"),
    ("exclusiveMaximum", "less than"),
    ("multipleOf", "a multiple of"),
    ("pattern", "matches"),
];

/// A schema's type in words: `string (date)`, `array of integer`.
pub(super) fn type_words(schema: &Value, items: Option<&Value>) -> String {
    let base = match (kind(schema), items) {
        ("array", Some(items)) => format!("array of {}", type_words(items, None)),
        ("", _) if schema.get("oneOf").is_some() => "one of".to_owned(),
        ("", _) if schema.get("anyOf").is_some() => "any of".to_owned(),
        ("", _) if schema.get("allOf").is_some() => "object".to_owned(),
        ("", _) => "any".to_owned(),
        (name, _) => name.to_owned(),
    };
    let format = schema.get("format").and_then(Value::as_str).map(|format| format!(" ({format})")).unwrap_or_default();
    let listed =
        schema.get("type").and_then(Value::as_array).is_some_and(|names| names.iter().any(|name| name == "null"));
    let nullable = schema.get("nullable").and_then(Value::as_bool).unwrap_or(listed);
    format!("{base}{format}{}", if nullable { " or null" } else { "" })
}

/// The rest of what it demands.
fn facts(schema: &Value) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        facts.push(("one of", choices.iter().map(shown).collect::<Vec<_>>().join(", "), ""));
    }
    for (keyword, words) in [("const", "always"), ("default", "default")] {
        facts.extend(schema.get(keyword).map(|value| (words, shown(value), "")));
    }
    facts.extend(BOUNDS.into_iter().filter_map(|bounds| bounded(schema, bounds)));
    for (keyword, words) in LIMITS {
        // OpenAPI 3.0 writes the exclusive ones as flags beside the limit.
        let value = schema.get(keyword).filter(|value| !value.is_boolean());
        facts.extend(value.map(|value| (words, shown(value), "")));
    }
    let flags = [
        ("exclusiveMinimum", "not the minimum itself"),
        ("exclusiveMaximum", "not the maximum itself"),
        ("uniqueItems", "no item twice"),
        ("readOnly", "only in responses"),
        ("writeOnly", "only in requests"),
        ("deprecated", "deprecated"),
    ];
    let set = |keyword: &str| schema.get(keyword).and_then(Value::as_bool) == Some(true);
    facts.extend(flags.into_iter().filter(|(keyword, _)| set(keyword)).map(|(_, words)| (words, String::new(), "")));
    let example = schema.get("example").or_else(|| schema.pointer("/examples/0"));
    facts.extend(example.filter(|value| !value.is_object()).map(|value| ("for example", shown(value), "")));
    facts
}

/// The demands as a line of small notes.
pub(super) fn notes(schema: &Value) -> Markup {
    html! {
        @for (before, value, after) in facts(schema) {
            span class="fact" { (before) @if !value.is_empty() { " " code { (value) } } @if !after.is_empty() { " " (after) } }
        }
    }
}

fn bounded(schema: &Value, (low, high, what): (&str, &str, &'static str)) -> Option<Fact> {
    match (schema.get(low), schema.get(high)) {
        (Some(low), Some(high)) => Some(("", format!("{} to {}", shown(low), shown(high)), what)),
        (Some(low), None) => Some(("at least", shown(low), what)),
        (None, Some(high)) => Some(("at most", shown(high), what)),
        (None, None) => None,
    }
}

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_and_limits_read_as_words() {
        let schema =
            json!({"type": "integer", "format": "int64", "minimum": 1, "nullable": true, "exclusiveMaximum": true});
        assert_eq!(type_words(&schema, None), "integer (int64) or null");
        assert_eq!(facts(&schema), [("at least", "1".to_owned(), ""), ("not the maximum itself", String::new(), "")]);
        assert_eq!(facts(&json!({"minLength": 1, "maxLength": 9})), [("", "1 to 9".to_owned(), "characters")]);
        assert_eq!(type_words(&json!({"type": ["string", "null"]}), None), "string or null");
        assert_eq!(type_words(&json!({"type": "array"}), Some(&json!({"type": "string"}))), "array of string");
        assert_eq!(type_words(&json!(true), None), "any");
        assert!(shown(&json!("é".repeat(500))).ends_with('…'));
    }
}
