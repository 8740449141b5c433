//! Values to try and to expect: those that the document gives, else ones made up from the schema.

use serde_json::{Map, Value, json};

use super::read::follow;

/// How deep a made-up value goes; deeper is left out, which also ends schemas that contain themselves.
const DEPTH_MAX: usize = 6;

/// The example that a parameter, a media type or a schema gives.
pub(super) fn given(document: &Value, holder: &Value) -> Option<Value> {
    if let Some(example) = holder.get("example") {
        return Some(example.clone());
    }
    match holder.get("examples") {
        Some(Value::Object(named)) => follow(document, named.values().next()?).get("value").cloned(),
        Some(Value::Array(listed)) => listed.first().cloned(),
        _ => None,
    }
}

/// A value that a schema describes.
pub(super) fn of(document: &Value, schema: &Value) -> Value {
    made(document, schema, 0)
}

fn made(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = follow(document, schema);
    if let Some(example) = given(document, schema) {
        return example;
    }
    let fixed = schema.get("default").or_else(|| schema.get("const")).or_else(|| schema.pointer("/enum/0"));
    if let Some(value) = fixed {
        return value.clone();
    }
    if depth >= DEPTH_MAX {
        return Value::Null;
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        return merged(document, schema, parts, depth);
    }
    let choice = schema.pointer("/oneOf/0").or_else(|| schema.pointer("/anyOf/0"));
    match (kind(schema), choice) {
        (_, Some(choice)) => made(document, choice, depth + 1),
        ("object", _) => properties(document, schema, depth),
        ("array", _) => match schema.get("items") {
            Some(items) => json!([made(document, items, depth + 1)]),
            None => json!([]),
        },
        ("string", _) => string(schema),
        ("integer" | "number", _) => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        ("boolean", _) => json!(true),
        _ => Value::Null,
    }
}

/// The first type that is not null; `object` when properties say so (OpenAPI 3.1 allows lists of types).
pub(super) fn kind(schema: &Value) -> &str {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    named.unwrap_or(if schema.get("properties").is_some() { "object" } else { "" })
}

fn merged(document: &Value, schema: &Value, parts: &[Value], depth: usize) -> Value {
    let mut whole = match properties(document, schema, depth) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    for part in parts {
        match made(document, part, depth + 1) {
            Value::Object(members) => whole.extend(members),
            other if parts.len() == 1 => return other,
            _ => {}
        }
    }
    Value::Object(whole)
}

fn properties(document: &Value, schema: &Value, depth: usize) -> Value {
    let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    Value::Object(members.map(|(name, member)| (name.clone(), made(document, member, depth + 1))).collect())
}

fn string(schema: &Value) -> Value {
    let text = match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
        "date" => "2020-10-31",
        "date-time" => "2020-10-31T12:00:00Z",
        "uuid" => "7f8e1a2c-3b4d-4e5f-8a9b-0c1d2e3f4a5b",
        "email" => "somebody@example.org",
        "uri" | "url" | "uri-reference" => "https://example.org/",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "aGVsbG8=",
        _ => "text",
    };
    text.into()
}

/// A value as somebody would type it into a field: bare text, and JSON for what has structure.
pub(super) fn typed(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) if items.iter().all(|item| !item.is_array() && !item.is_object()) => {
            items.iter().map(typed).collect::<Vec<_>>().join("\n")
        }
        other => other.to_string(),
    }
}

/// A value as a body of a media type.
pub(super) fn body(media_type: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if !is_json(media_type) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

/// Whether a media type is JSON, by itself or by its structured suffix (RFC 6839 §3.1).
pub(super) fn is_json(media_type: &str) -> bool {
    let bare = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    bare == "application/json" || bare.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let document = json!({"s": {"type": "object", "properties": {
            "child": {"$ref": "#/s"}, "list": {"type": "array", "items": {"$ref": "#/s"}}, "name": {"type": "string"}
        }}, "loop": {"$ref": "#/loop"}});
        let value = of(&document, &json!({"$ref": "#/s"}));
        assert_eq!(value["child"]["name"], "text");
        assert_eq!(of(&document, &json!({"$ref": "#/loop"})), Value::Null);
    }

    #[test]
    fn what_the_document_gives_comes_before_what_is_made_up() {
        let none = Value::Null;
        assert_eq!(of(&none, &json!({"type": "string", "enum": ["b", "a"]})), "b");
        assert_eq!(of(&none, &json!({"type": ["null", "integer"], "minimum": 7})), 7);
        assert_eq!(of(&none, &json!({"type": "string", "examples": ["x"], "default": "y"})), "x");
        let all = json!({"allOf": [{"properties": {"a": {"const": 1}}}, {"properties": {"b": {"const": 2}}}]});
        assert_eq!(of(&none, &all), json!({"a": 1, "b": 2}));
        assert_eq!(typed(&json!(["a", 2])), "a\n2");
        assert_eq!(body("application/problem+json", &json!("423.00")), "\"423.00\"");
        assert_eq!(body("text/plain", &json!("423.00")), "423.00");
    }
}
