//! A contract file as a value, and where in the file each part of it stands.

mod json;
mod yaml;

use std::collections::HashMap;

use serde_json::Value;

use crate::fault::Fault;
use crate::pointer;

/// The largest contract file in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// How deeply a contract file may nest.
pub(crate) const DOCUMENT_DEPTH_MAX: usize = 100;

/// Line and column, each counted from 1.
pub(crate) type Position = (u32, u32);

/// Where each value stands, by its JSON Pointer. An object's member stands where its key stands.
pub(crate) type Positions = HashMap<String, Position>;

/// A parsed file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: String,
    pub(crate) value: Value,
    positions: Positions,
}

impl Document {
    /// Reads YAML 1.2 or JSON. A file called `*.json` must be JSON; any other may be either.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Fault> {
        let fault = |(line, column): Position, message: String| Fault { file: file.to_owned(), line, column, message };
        if text.len() > DOCUMENT_BYTES_MAX {
            return Err(fault((1, 1), format!("is longer than {DOCUMENT_BYTES_MAX} bytes")));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let is_json = file.ends_with(".json");
        if is_json || text.trim_start().starts_with('{') {
            match json::parse(text) {
                Ok((value, positions)) => return Ok(Self { file: file.to_owned(), value, positions }),
                Err((position, message)) if is_json => return Err(fault(position, message)),
                Err(_) => {}
            }
        }
        let (value, positions) = yaml::parse(text).map_err(|(position, message)| fault(position, message))?;
        Ok(Self { file: file.to_owned(), value, positions })
    }

    /// A fault at the place of `pointer`, or of the nearest of its parents that is known.
    pub(crate) fn fault(&self, pointer: &str, message: impl Into<String>) -> Fault {
        let (line, column) = self.position(pointer);
        Fault { file: self.file.clone(), line, column, message: message.into() }
    }

    pub(crate) fn position(&self, pointer: &str) -> Position {
        let mut pointer = pointer;
        loop {
            if let Some(position) = self.positions.get(pointer) {
                return *position;
            }
            match pointer::split_last(pointer) {
                Some((parent, _)) => pointer = parent,
                None => return (1, 1),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: &str = "openapi: 3.0.3\npaths:\n  /a/{b}:\n    get:\n      parameters:\n        - name: b\n          in: path\n        - {name: c, in: query}\n      responses:\n        200:\n          description: yes\n";

    #[test]
    fn a_yaml_file_knows_the_line_of_every_member_and_item() {
        let document = Document::parse("x.yaml", YAML).unwrap();
        assert_eq!(document.value["paths"]["/a/{b}"]["get"]["responses"]["200"]["description"], "yes");
        for (pointer, line) in [
            ("/openapi", 1),
            ("/paths/~1a~1{b}", 3),
            ("/paths/~1a~1{b}/get/parameters/0", 6),
            ("/paths/~1a~1{b}/get/parameters/0/in", 7),
            ("/paths/~1a~1{b}/get/parameters/1/in", 8),
            ("/paths/~1a~1{b}/get/responses/200", 10),
            ("/paths/~1a~1{b}/get/responses/404", 9),
        ] {
            assert_eq!(document.position(pointer).0, line, "{pointer}");
        }
    }

    #[test]
    fn a_json_file_knows_the_line_of_every_member_and_item() {
        let text = "{\n  \"a\": [\n    1,\n    {\"b\\u0041/~\": \"x\\\"}{\"}\n  ],\n\t\"c\": null\n}";
        let document = Document::parse("x.json", text).unwrap();
        for (pointer, position) in
            [("/a", (2, 3)), ("/a/0", (3, 5)), ("/a/1", (4, 5)), ("/a/1/bA~1~0", (4, 6)), ("/c", (6, 2))]
        {
            assert_eq!(document.position(pointer), position, "{pointer}");
        }
    }

    #[test]
    fn json_syntax_is_read_in_a_yaml_file_too() {
        let document = Document::parse("x.yaml", "{\"a\": [1, 2.5, \"\\ud83d\\ude00\"]}").unwrap();
        assert_eq!(document.value, serde_json::json!({"a": [1, 2.5, "😀"]}));
        let flow = Document::parse("x.yaml", "{a: [1, b]}").unwrap();
        assert_eq!(flow.value, serde_json::json!({"a": [1, "b"]}));
    }

    #[test]
    fn what_cannot_be_read_is_a_fault_with_its_line() {
        for (file, text, line) in [
            ("x.yaml", "a: 1\nb: [1\n", 2),
            ("x.yaml", "a: 1\nb: 2\na: 3\n", 3),
            ("x.json", "{\n\"a\": 1,\n\"a\": 2}", 3),
            ("x.json", "{\n\"a\": }", 2),
        ] {
            let fault = Document::parse(file, text).unwrap_err();
            assert!(fault.line >= line && fault.line <= line + 1, "{text:?} gave {fault}");
        }
    }

    #[test]
    fn words_stay_words_as_in_yaml_1_2() {
        let document = Document::parse("x.yaml", "a: yes\nb: 2020-01-31\nc: 007\nd: 1_000\ne: true\nf: 1.5\n").unwrap();
        let expected =
            serde_json::json!({"a": "yes", "b": "2020-01-31", "c": "007", "d": "1_000", "e": true, "f": 1.5});
        assert_eq!(document.value, expected);
    }

    #[test]
    fn anchors_are_followed_and_bombs_are_not() {
        let document = Document::parse("x.yaml", "a: &x {k: 1}\nb: *x\n").unwrap();
        assert_eq!(document.value["b"]["k"], 1);
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..9 {
            let previous = level - 1;
            let refs = vec![format!("*a{previous}"); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{refs}]\n"));
        }
        assert!(Document::parse("x.yaml", &bomb).is_err());
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        assert!(Document::parse("x.yaml", &deep).is_err());
        assert!(Document::parse("x.json", &deep).is_err());
    }
}
