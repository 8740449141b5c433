//! From an OpenAPI document to what the pages show of it.

use std::collections::HashSet;

use serde_json::Value;

use super::book::{Key, Media, Operation, Parameter, Response};
use super::example;

/// The methods of a path item, in the order that people expect them (OpenAPI 3.1 §4.8.9).
const METHODS: [&str; 8] = ["get", "head", "options", "post", "put", "patch", "delete", "trace"];
/// References followed in a row.
const HOPS_MAX: usize = 16;

/// The text at a pointer, or none.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What a value stands for: itself, or what its `$ref` within the document leads to.
pub(super) fn follow<'a>(document: &'a Value, mut value: &'a Value) -> &'a Value {
    for _ in 0..HOPS_MAX {
        let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        match target.and_then(|pointer| document.pointer(pointer)) {
            Some(found) => value = found,
            None => return value,
        }
    }
    value
}

/// The operations of a document mounted under a prefix.
pub(super) fn operations(document: &Value, prefix: &str) -> Vec<Operation> {
    let mut anchors = HashSet::new();
    let mut operations = Vec::new();
    for (template, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let item = follow(document, item);
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let mut read = operation_of(document, item, operation);
            read.method = method.to_uppercase();
            read.path = format!("{prefix}{template}");
            read.anchor = anchor(operation, method, template, &mut anchors);
            operations.push(read);
        }
    }
    // In the order of the document's tags; operations without one come last, in their own order.
    let order: Vec<String> = tags(document).into_iter().map(|(name, _)| name).collect();
    let place = |operation: &Operation| order.iter().position(|name| Some(name) == operation.tag.as_ref());
    operations.sort_by_key(|operation| place(operation).unwrap_or(usize::MAX));
    operations
}

/// The document's tags in their order: name and description.
pub(super) fn tags(document: &Value) -> Vec<(String, String)> {
    let tags = document.get("tags").and_then(Value::as_array).into_iter().flatten();
    tags.map(|tag| (text(tag, "/name"), text(tag, "/description"))).collect()
}

fn operation_of(document: &Value, item: &Value, operation: &Value) -> Operation {
    let body = follow(document, operation.get("requestBody").unwrap_or(&Value::Null));
    let responses = operation.get("responses").and_then(Value::as_object);
    Operation {
        summary: text(operation, "/summary"),
        description: text(operation, "/description"),
        tag: operation.pointer("/tags/0").and_then(Value::as_str).map(str::to_owned),
        deprecated: flag(operation, "deprecated"),
        secured: secured(document, operation),
        parameters: parameters(document, item, operation),
        body: media(document, body),
        body_required: flag(body, "required"),
        responses: responses
            .into_iter()
            .flatten()
            .map(|(status, response)| response_of(document, status, follow(document, response)))
            .collect(),
        ..Operation::default()
    }
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// An empty requirement among the alternatives means that nothing is needed (OpenAPI 3.1 §4.8.30).
fn secured(document: &Value, operation: &Value) -> bool {
    let alternatives = operation.get("security").or_else(|| document.get("security")).and_then(Value::as_array);
    let open = |alternative: &Value| alternative.as_object().is_some_and(serde_json::Map::is_empty);
    alternatives.is_some_and(|alternatives| !alternatives.is_empty() && !alternatives.iter().any(open))
}

/// The operation's own parameters, and the path's that it does not replace.
fn parameters(document: &Value, item: &Value, operation: &Value) -> Vec<Parameter> {
    let listed = |value: &Value| {
        let list = value.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().map(|parameter| parameter_of(document, follow(document, parameter))).collect::<Vec<_>>()
    };
    let own = listed(operation);
    let replaced = |shared: &Parameter| own.iter().any(|own| own.name == shared.name && own.place == shared.place);
    let mut all: Vec<Parameter> = listed(item).into_iter().filter(|shared| !replaced(shared)).collect();
    all.extend(own);
    all.sort_by_key(|parameter| parameter.place != "path");
    all
}

fn parameter_of(document: &Value, parameter: &Value) -> Parameter {
    let place = text(parameter, "/in");
    let content = parameter.get("content").and_then(Value::as_object).and_then(|content| content.values().next());
    let schema = content.unwrap_or(parameter).get("schema").cloned().unwrap_or(Value::Null);
    let style = match text(parameter, "/style") {
        style if style.is_empty() && matches!(&*place, "query" | "cookie") => "form".to_owned(),
        style if style.is_empty() => "simple".to_owned(),
        style => style,
    };
    let given = example::given(document, content.unwrap_or(parameter));
    Parameter {
        name: text(parameter, "/name"),
        description: text(parameter, "/description"),
        required: flag(parameter, "required"),
        explode: parameter.get("explode").and_then(Value::as_bool).unwrap_or(style == "form"),
        example: example::typed(&given.unwrap_or_else(|| example::of(document, &schema))),
        style,
        schema,
        place,
    }
}

fn response_of(document: &Value, status: &str, response: &Value) -> Response {
    let headers = response.get("headers").and_then(Value::as_object).into_iter().flatten();
    Response {
        status: status.to_owned(),
        description: text(response, "/description"),
        headers: headers.map(|(name, header)| (name.clone(), text(follow(document, header), "/description"))).collect(),
        body: media(document, response),
    }
}

fn media(document: &Value, holder: &Value) -> Vec<Media> {
    let content = holder.get("content").and_then(Value::as_object).into_iter().flatten();
    let read = |(media_type, media): (&String, &Value)| {
        let schema = media.get("schema").cloned().unwrap_or(Value::Null);
        let example = example::given(document, media).unwrap_or_else(|| example::of(document, &schema));
        Media { media_type: media_type.clone(), example: example::body(media_type, &example), schema }
    };
    content.map(read).collect()
}

/// The credentials that a page can put into a header.
pub(super) fn keys(document: &Value) -> Vec<Key> {
    let schemes = document.pointer("/components/securitySchemes").and_then(Value::as_object).into_iter().flatten();
    let mut keys: Vec<Key> = Vec::new();
    for (_, scheme) in schemes {
        let scheme = follow(document, scheme);
        let description = text(scheme, "/description");
        let bearer = text(scheme, "/scheme").eq_ignore_ascii_case("bearer");
        let key = match (&*text(scheme, "/type"), &*text(scheme, "/in")) {
            ("apiKey", "header") => Key { header: text(scheme, "/name"), scheme: "", description },
            ("http", _) if bearer => Key { header: "Authorization".into(), scheme: "Bearer ", description },
            ("oauth2" | "openIdConnect", _) => Key { header: "Authorization".into(), scheme: "Bearer ", description },
            _ => continue,
        };
        if !keys.iter().any(|known| known.header == key.header) {
            keys.push(key);
        }
    }
    keys
}

/// A name for the operation's place on the page: its id, else its method and path, and different from all others.
fn anchor(operation: &Value, method: &str, template: &str, taken: &mut HashSet<String>) -> String {
    let name = operation.get("operationId").and_then(Value::as_str);
    let name = name.map_or_else(|| format!("{method}-{template}"), str::to_owned);
    let clean: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let mut anchor = format!("op-{}", clean.trim_matches('-'));
    while !taken.insert(anchor.clone()) {
        anchor.push_str("-x");
    }
    anchor
}
