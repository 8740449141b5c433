//! Arguments as they are typed.

use anyhow::{Context as _, bail};
use crossgate_client::Arguments;
use crossgate_client::wamp::{Map, Value};
use serde_json::Value as Json;

/// Arguments of a call or an event.
#[derive(Debug, clap::Args)]
pub(super) struct Values {
    /// Positional arguments, each of them JSON. What is not JSON is text: `joe` is "joe", `42` a number, '"42"' text.
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    args: Vec<String>,
    /// All keyword arguments, as a JSON object.
    #[arg(long, value_name = "JSON")]
    kwargs: Option<String>,
    /// One keyword argument, its value read like ARG; may be given several times.
    #[arg(long = "kwarg", short = 'k', value_name = "KEY=VALUE")]
    pairs: Vec<String>,
}

impl Values {
    pub(super) fn read(&self) -> anyhow::Result<Arguments> {
        let args = self.args.iter().map(|arg| value(arg)).collect::<anyhow::Result<_>>()?;
        let mut kwargs = match &self.kwargs {
            None => Map::new(),
            Some(text) => {
                let json: Json = serde_json::from_str(text).context("--kwargs is not JSON")?;
                match Value::from_json(&json).context("--kwargs")? {
                    Value::Map(map) => map,
                    _ => bail!("--kwargs is not a JSON object"),
                }
            }
        };
        for pair in &self.pairs {
            let (key, text) = pair.split_once('=').with_context(|| format!("--kwarg {pair}: write KEY=VALUE"))?;
            kwargs.insert(key, value(text)?);
        }
        Ok(Arguments { args, kwargs })
    }
}

fn value(text: &str) -> anyhow::Result<Value> {
    match serde_json::from_str::<Json>(text) {
        Ok(json) => Value::from_json(&json).with_context(|| format!("`{text}`")),
        Err(_) => Ok(Value::from(text)),
    }
}

/// What a program printed: JSON if it is that, else text without its last line end.
pub(super) fn printed(text: &str) -> Value {
    let text = text.strip_suffix('\n').unwrap_or(text);
    value(text).unwrap_or_else(|_| Value::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(args: &[&str], kwargs: Option<&str>, pairs: &[&str]) -> anyhow::Result<Arguments> {
        let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        Values { args: own(args), kwargs: kwargs.map(str::to_owned), pairs: own(pairs) }.read()
    }

    #[test]
    fn what_is_json_is_json_and_the_rest_is_text() {
        let arguments =
            read(&["42", "joe", "\"42\"", "[1]", "null", ""], Some(r#"{"a":1}"#), &["b=x", "a=2=2"]).unwrap();
        let shown: Vec<Json> = arguments.args.iter().map(Value::to_json).collect();
        assert_eq!(Json::from(shown), serde_json::json!([42, "joe", "42", [1], null, ""]));
        assert_eq!(Value::from(arguments.kwargs).to_json(), serde_json::json!({"a": "2=2", "b": "x"}));
    }

    #[test]
    fn keyword_arguments_that_are_none_are_refused() {
        assert!(read(&[], Some("[1]"), &[]).is_err());
        assert!(read(&[], Some("{"), &[]).is_err());
        assert!(read(&[], None, &["a"]).is_err());
    }

    #[test]
    fn a_commands_output_is_json_or_text() {
        assert_eq!(printed("{\"a\": [1]}\n").to_json(), serde_json::json!({"a": [1]}));
        assert_eq!(printed("two\nlines\n").to_json(), serde_json::json!("two\nlines"));
        assert_eq!(printed("").to_json(), serde_json::json!(""));
    }
}
