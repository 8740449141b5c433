//! JSON into a value, and a second pass over the (by then valid) text for the places.

use serde_json::Value;

use super::{DOCUMENT_DEPTH_MAX, Position, Positions};
use crate::bind::json::{self, Limits};
use crate::pointer;

pub(super) fn parse(text: &str) -> Result<(Value, Positions), (Position, String)> {
    let limits = Limits { depth_max: DOCUMENT_DEPTH_MAX, duplicate_keys: true, wide_integers: true };
    let value = json::parse_str(text, limits).map_err(|error| (error.position, error.detail))?;
    let mut scan = Scan { text, offset: 0, line: 1, line_start: 0, positions: Positions::new(), duplicate: None };
    scan.value(&mut String::new());
    match scan.duplicate {
        Some((position, key)) => Err((position, format!("key `{key}` stands here twice"))),
        None => Ok((value, scan.positions)),
    }
}

/// Walks valid JSON. Should the text be something else after all, the walk ends early; it never fails.
struct Scan<'t> {
    text: &'t str,
    offset: usize,
    line: u32,
    line_start: usize,
    positions: Positions,
    duplicate: Option<(Position, String)>,
}

impl Scan<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.text.as_bytes().get(self.offset) {
            match byte {
                b'\n' => {
                    self.line += 1;
                    self.line_start = self.offset + 1;
                }
                b' ' | b'\t' | b'\r' | b',' | b':' => {}
                other => return Some(other),
            }
            self.offset += 1;
        }
        None
    }

    fn here(&self) -> Position {
        let column = self.text.get(self.line_start..self.offset).map_or(0, |before| before.chars().count());
        (self.line, u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1))
    }

    /// Recursion is bounded: the text was parsed within [`DOCUMENT_DEPTH_MAX`] before.
    fn value(&mut self, pointer: &mut String) {
        let Some(first) = self.peek() else { return };
        // A member already stands where its key stands.
        if !self.positions.contains_key(pointer.as_str()) {
            let here = self.here();
            self.positions.insert(pointer.clone(), here);
        }
        match first {
            b'{' => self.object(pointer),
            b'[' => self.array(pointer),
            b'"' => drop(self.string()),
            _ => {
                while self.text.as_bytes().get(self.offset).is_some_and(|byte| !b",]} \t\r\n".contains(byte)) {
                    self.offset += 1;
                }
            }
        }
    }

    fn object(&mut self, pointer: &mut String) {
        self.offset += 1;
        while self.peek() == Some(b'"') {
            let here = self.here();
            let key = self.string();
            let length = pointer.len();
            pointer::push(pointer, &key);
            if self.positions.insert(pointer.clone(), here).is_some() && self.duplicate.is_none() {
                self.duplicate = Some((here, key));
            }
            self.value(pointer);
            pointer.truncate(length);
        }
        self.offset += 1;
    }

    fn array(&mut self, pointer: &mut String) {
        self.offset += 1;
        let mut index = 0_usize;
        while let Some(byte) = self.peek() {
            if byte == b']' {
                break;
            }
            let before = self.offset;
            let length = pointer.len();
            pointer::push(pointer, &index.to_string());
            self.value(pointer);
            pointer.truncate(length);
            index += 1;
            if self.offset == before {
                return;
            }
        }
        self.offset += 1;
    }

    fn string(&mut self) -> String {
        let start = self.offset;
        self.offset += 1;
        while let Some(&byte) = self.text.as_bytes().get(self.offset) {
            self.offset += match byte {
                b'\\' => 2,
                _ => 1,
            };
            if byte == b'"' {
                break;
            }
        }
        self.text.get(start..self.offset).and_then(|quoted| serde_json::from_str(quoted).ok()).unwrap_or_default()
    }
}
