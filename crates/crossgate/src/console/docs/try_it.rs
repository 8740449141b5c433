//! The form that tries an operation, and the same request as a command for people without scripts.
//! `console/explorer.js` sends it: names of `data-` attributes are agreed with that file.

use maud::{Markup, html};
use serde_json::Value;

use super::super::form;
use super::book::{Media, Operation, Parameter};
use super::example::kind;
use super::facts::type_words;
use super::read::follow;

/// The form of one operation, and the place of its answer.
pub(super) fn form(document: &Value, operation: &Operation, origin: &str) -> Markup {
    let statuses: Vec<&str> = operation.responses.iter().map(|response| &*response.status).collect();
    html! {
        form class="try stack" data-try data-method=(operation.method) data-path=(operation.path) data-secured[operation.secured] data-statuses=(statuses.join(" ")) {
            fieldset disabled data-needs-script {
                legend { "Try it" }
                @for parameter in &operation.parameters { (field(document, parameter)) }
                (body(document, operation))
                div class="buttons" {
                    button type="submit" { "Send" }
                    span class="muted small" data-busy hidden { "Sending…" }
                }
            }
            noscript { p class="muted small" { "Sending from this page needs JavaScript. The command below does the same." } }
        }
        div class="answer" data-answer hidden aria-live="polite" {}
        div class="curl" {
            div class="card-head" { h4 { "As a command" } button type="button" class="quiet" data-copy hidden { "Copy" } }
            pre tabindex="0" { code data-curl { (curl(operation, origin)) } }
        }
    }
}

fn field(document: &Value, parameter: &Parameter) -> Markup {
    let schema = follow(document, &parameter.schema);
    let shape = Shape {
        name: &parameter.name,
        place: &parameter.place,
        style: &parameter.style,
        explode: parameter.explode,
        required: parameter.required,
    };
    input(&shape, schema, &parameter.example)
}

/// What the script needs to know of a field.
struct Shape<'a> {
    name: &'a str,
    place: &'a str,
    style: &'a str,
    explode: bool,
    required: bool,
}

fn input(shape: &Shape<'_>, schema: &Value, example: &str) -> Markup {
    let kind = kind(schema);
    let choices: Vec<String> = match schema.get("enum").and_then(Value::as_array) {
        Some(choices) => choices.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None if kind == "boolean" => vec!["true".into(), "false".into()],
        None => Vec::new(),
    };
    let file = shape.place == "form" && schema.get("format").is_some_and(|format| format == "binary");
    // Only what must be there is filled in: an example of an optional filter would filter.
    let (value, hint) = if shape.required { (example, "") } else { ("", example) };
    html! {
        label {
            span { code { (shape.name) } " " span class="muted small" { (shape.place) ", " (type_words(schema, None)) @if shape.required { ", required" } } }
            @if file {
                input type="file" data-field=(shape.name) data-in=(shape.place) required[shape.required];
            } @else if !choices.is_empty() {
                select data-field=(shape.name) data-in=(shape.place) data-type=(kind) required[shape.required] {
                    @if !shape.required { option value="" { "" } }
                    @for choice in &choices { option value=(choice) selected[shape.required && choice == example] { (choice) } }
                }
            } @else if matches!(kind, "array" | "object") {
                textarea rows="2" data-field=(shape.name) data-in=(shape.place) data-type=(kind) data-style=(shape.style) data-explode=(shape.explode) required[shape.required]
                    placeholder=(if kind == "array" { "one value per line" } else { "a JSON object" }) spellcheck="false" { (value) }
            } @else {
                input type=(if schema.get("format").is_some_and(|format| format == "password") { "password" } else { "text" })
                    data-field=(shape.name) data-in=(shape.place) data-type=(kind) data-style=(shape.style) data-explode=(shape.explode)
                    value=(value) placeholder=(hint) required[shape.required] autocomplete="off" autocapitalize="none" spellcheck="false";
            }
        }
    }
}

fn body(document: &Value, operation: &Operation) -> Markup {
    html! {
        @if operation.body.len() > 1 {
            label { span { "Media type of the body" }
                select data-media { @for media in &operation.body { option value=(media.media_type) { (media.media_type) } } }
            }
        }
        @for (index, media) in operation.body.iter().enumerate() {
            div class="stack" data-body=(media.media_type) hidden[index > 0] { (one_body(document, operation, media)) }
        }
    }
}

fn one_body(document: &Value, operation: &Operation, media: &Media) -> Markup {
    let schema = follow(document, &media.schema);
    let members = schema.get("properties").and_then(Value::as_object).filter(|_| is_form(&media.media_type));
    let example: Value = serde_json::from_str(&media.example).unwrap_or_default();
    let required = |name: &str| {
        schema.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|known| known == name))
    };
    html! {
        @if let Some(members) = members {
            @for (name, member) in members {
                @let shape = Shape { name, place: "form", style: "form", explode: true, required: operation.body_required && required(name) };
                (input(&shape, follow(document, member), &example.get(name).map(super::example::typed).unwrap_or_default()))
            }
        } @else {
            label { span { "Body " span class="muted small" { (media.media_type) @if operation.body_required { ", required" } } }
                textarea class="code" data-text rows=(media.example.lines().count().clamp(3, 16)) spellcheck="false" required[operation.body_required] { (media.example) }
            }
        }
    }
}

fn is_form(media_type: &str) -> bool {
    media_type.starts_with("application/x-www-form-urlencoded") || media_type.starts_with("multipart/form-data")
}

/// The request with the contract's example values, as a command for a POSIX shell.
fn curl(operation: &Operation, origin: &str) -> String {
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    for parameter in operation.parameters.iter().filter(|parameter| parameter.required) {
        let value = form::encode(&parameter.example);
        match &*parameter.place {
            "path" => path = path.replace(&format!("{{{}}}", parameter.name), &value),
            "query" => query.push((parameter.name.as_str(), Some(parameter.example.as_str()))),
            "header" => headers.push(format!("{}: {}", parameter.name, parameter.example)),
            _ => {}
        }
    }
    let mut command =
        format!("curl {}{}", flag(&operation.method), quoted(&format!("{origin}{}", form::link(&path, &query))));
    if operation.secured {
        command.push_str(" \\\n  -H \"Authorization: Bearer $TOKEN\"");
    }
    let body = operation.body.first().filter(|_| operation.body_required);
    headers.extend(body.map(|media| format!("Content-Type: {}", media.media_type)));
    for header in &headers {
        command.push_str(&format!(" \\\n  -H {}", quoted(header)));
    }
    if let Some(media) = body {
        command.push_str(&format!(" \\\n  --data-raw {}", quoted(&media.example)));
    }
    command
}

/// What makes the command use a method that is not its default.
fn flag(method: &str) -> String {
    match method {
        "GET" => String::new(),
        "HEAD" => "--head ".to_owned(),
        _ => format!("-X {method} "),
    }
}

/// A word for a POSIX shell (XCU §2.2.2): nothing inside single quotes means anything.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use serde_json::json;

    #[test]
    fn the_command_cannot_be_broken_out_of() {
        let document = json!({"paths": {"/x/{id}": {"post": {
            "security": [{"bearer": []}],
            "parameters": [
                {"in": "path", "name": "id", "required": true, "schema": {"type": "string"}, "example": "a'/b c"},
                {"in": "query", "name": "q", "required": true, "schema": {"type": "string"}, "example": "$(rm)"},
                {"in": "query", "name": "optional", "schema": {"type": "string"}, "example": "no"}
            ],
            "requestBody": {"required": true, "content": {"application/json": {"example": {"a": "it's"}}}}
        }}}});
        let operations = read::operations(&document, "/p");
        let command = curl(&operations[0], "https://h:1");
        assert_eq!(
            command,
            "curl -X POST 'https://h:1/p/x/a%27%2Fb%20c?q=%24%28rm%29' \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  \
             -H 'Content-Type: application/json' \\\n  --data-raw '{\n  \"a\": \"it'\\''s\"\n}'"
        );
    }
}
