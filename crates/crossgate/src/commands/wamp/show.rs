//! What came from elsewhere, printed. Others chose these texts: on a terminal none of them gets to control it.

use std::io::IsTerminal as _;

use crossgate_client::wamp::Value;
use crossgate_client::{Arguments, WampError};
use serde_json::json;

/// The same text, with control characters spelled out.
pub(in crate::commands) fn harmless(text: &str) -> String {
    let plain = |c: char| !c.is_control() || c == '\n' || c == '\t';
    text.chars().map(|c| if plain(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}

/// Arguments for programs.
pub(super) fn json(arguments: Arguments) -> serde_json::Value {
    let args: Vec<_> = arguments.args.iter().map(Value::to_json).collect();
    json!({"args": args, "kwargs": Value::from(arguments.kwargs).to_json()})
}

/// An error for programs.
pub(super) fn error(error: &WampError) -> serde_json::Value {
    let args: Vec<_> = error.args.iter().map(Value::to_json).collect();
    json!({"error": error.uri, "args": args, "kwargs": Value::from(error.kwargs.clone()).to_json()})
}

/// Arguments for people: the one value as it is, anything more as JSON.
pub(super) fn text(arguments: Arguments) -> String {
    let one = arguments.kwargs.is_empty() && arguments.args.len() == 1;
    let shown = match arguments.args.first() {
        Some(Value::Text(text)) if one => text.clone(),
        Some(value) if one => value.to_json().to_string(),
        None if arguments.kwargs.is_empty() => String::new(),
        None => Value::from(arguments.kwargs).to_json().to_string(),
        Some(_) => json(arguments).to_string(),
    };
    if std::io::stdout().is_terminal() { harmless(&shown) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_controls_the_terminal() {
        assert_eq!(harmless("a\u{1b}[2J\tb\n\u{9b}c"), "a\\u{1b}[2J\tb\n\\u{9b}c");
    }

    #[test]
    fn one_value_stands_alone_and_more_are_json() {
        assert_eq!(text(Arguments::from("joe")), "joe");
        assert_eq!(text(Arguments::from(42_u64)), "42");
        assert_eq!(text(Arguments::none()), "");
        assert_eq!(text(Arguments::none().kwarg("a", 1_u64)), r#"{"a":1}"#);
        assert_eq!(text(Arguments::from(1_u64).arg(2_u64)), r#"{"args":[1,2],"kwargs":{}}"#);
    }
}
