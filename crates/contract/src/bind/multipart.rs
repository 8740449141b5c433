//! `multipart/form-data` bodies: RFC 7578, read whole from memory.

use serde_json::{Map, Value};

use super::body::{Accepted, base64};
use super::json;
use super::single::Kind;
use super::text::coerce;
use crate::contract::Rules;
use crate::error::{Errors, FieldError};
use crate::media::{Content, MediaType, Range, disposition};
use crate::pointer;
use crate::schema::Shape;

/// The largest number of parts in a `multipart/form-data` body.
pub const PARTS_MAX: usize = 100;
/// The largest head of one part in bytes.
const PART_HEAD_BYTES_MAX: usize = 8 << 10;
/// RFC 2046 §5.1.1.
const BOUNDARY_BYTES_MAX: usize = 70;

#[derive(Debug)]
struct Part<'b> {
    name: String,
    media_type: Option<MediaType>,
    data: &'b [u8],
}

/// Reads the parts into an object: JSON parts and text parts as values, bytes as base64.
pub(super) fn read(
    body: &[u8],
    media_type: &MediaType,
    accepted: &Accepted,
    rules: Rules,
    errors: &mut Errors,
) -> Value {
    let boundary = media_type.boundary.as_deref().unwrap_or_default();
    let mut object = Map::new();
    let parts = match parts(body, boundary) {
        Ok(parts) => parts,
        Err(detail) => {
            errors.push("body", "", detail);
            return Value::Object(object);
        }
    };
    for part in parts {
        let ranges = accepted.fields.iter().find(|field| field.parameter.name == part.name);
        let ranges = ranges.map_or(&[][..], |field| &field.ranges);
        let field = accepted.shape.property(&part.name);
        let is_list = Kind::of(field) == Kind::Array && !part.is_json();
        match part.value(if is_list { field.item() } else { field }, ranges, rules) {
            Err(problems) => problems.into_iter().for_each(|problem| errors.add(problem)),
            Ok(value) if is_list => match object.entry(part.name).or_insert_with(|| Value::Array(Vec::new())) {
                Value::Array(list) => list.push(value),
                other => *other = value,
            },
            Ok(value) => {
                let pointer = pointer::join("", &part.name);
                if object.insert(part.name, value).is_some() {
                    errors.push("body", pointer, "is given more than once");
                }
            }
        }
    }
    Value::Object(object)
}

impl Part<'_> {
    fn is_json(&self) -> bool {
        self.media_type.as_ref().is_some_and(|media_type| Content::of(media_type.essence()) == Content::Json)
    }

    fn value(&self, shape: &Shape, ranges: &[Range], rules: Rules) -> Result<Value, Vec<FieldError>> {
        let pointer = pointer::join("", &self.name);
        let wrong = |detail: String| vec![FieldError::new("body", pointer.clone(), detail)];
        if let Some(media_type) = &self.media_type
            && !ranges.is_empty()
            && !ranges.iter().any(|range| range.precision(media_type.essence()) > 0)
        {
            return Err(wrong("has a media type that is not accepted for this part".to_owned()));
        }
        if shape.binary {
            return Ok(base64(self.data));
        }
        let by_shape = if Kind::of(shape) == Kind::Scalar { Content::Text } else { Content::Json };
        let content = match &self.media_type {
            // Browsers and clients label fields as text that are meant as JSON.
            Some(media_type) if Content::of(media_type.essence()) != Content::Text => Content::of(media_type.essence()),
            _ => by_shape,
        };
        match content {
            Content::Json => json::parse(self.data, rules.json).map_err(|problems| {
                let under =
                    |problem: FieldError| FieldError { pointer: format!("{pointer}{}", problem.pointer), ..problem };
                problems.into_iter().map(under).collect()
            }),
            Content::Text => match std::str::from_utf8(self.data) {
                Ok(text) => Ok(coerce(text.into(), shape, rules.compat)),
                Err(_) => Err(wrong("must be UTF-8 text".to_owned())),
            },
            _ => Ok(base64(self.data)),
        }
    }
}

/// Takes a body apart.
///
/// # Errors
/// A sentence about the body.
fn parts<'b>(body: &'b [u8], boundary: &str) -> Result<Vec<Part<'b>>, String> {
    if boundary.is_empty() || boundary.len() > BOUNDARY_BYTES_MAX {
        return Err(format!("needs a boundary of 1 to {BOUNDARY_BYTES_MAX} bytes in its media type"));
    }
    let unfinished = || "must end with its closing boundary".to_owned();
    let delimiter = format!("\r\n--{boundary}");
    let delimiter = delimiter.as_bytes();
    // The first boundary may begin the body, without a line before it.
    let mut rest = match delimiter.get(2..).and_then(|opening| body.strip_prefix(opening)) {
        Some(rest) => rest,
        None => split_at(body, delimiter).ok_or_else(unfinished)?.1,
    };
    let mut parts = Vec::new();
    loop {
        if rest.starts_with(b"--") {
            return Ok(parts);
        }
        let Some((padding, after)) = split_at(rest, b"\r\n") else { return Err(unfinished()) };
        if !padding.iter().all(|byte| matches!(byte, b' ' | b'\t')) {
            return Err("has text after a boundary".to_owned());
        }
        if parts.len() == PARTS_MAX {
            return Err(format!("must have at most {PARTS_MAX} parts"));
        }
        // Without headers the head is an empty line.
        let (head, content) = match after.strip_prefix(b"\r\n") {
            Some(content) => (&[][..], content),
            None => {
                let window = after.get(..PART_HEAD_BYTES_MAX).unwrap_or(after);
                let (head, _) = split_at(window, b"\r\n\r\n")
                    .ok_or_else(|| format!("has a part whose head does not end within {PART_HEAD_BYTES_MAX} bytes"))?;
                (head, after.get(head.len() + 4..).unwrap_or_default())
            }
        };
        let (data, next) = split_content(content, delimiter).ok_or_else(unfinished)?;
        parts.push(part(head, data)?);
        rest = next;
    }
}

/// The content before a delimiter; a part may be empty, its delimiter's line break then being the one after the head.
fn split_content<'b>(content: &'b [u8], delimiter: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    if let Some(rest) = delimiter.get(2..).and_then(|opening| content.strip_prefix(opening)) {
        return Some((&[], rest));
    }
    split_at(content, delimiter)
}

fn part<'b>(head: &[u8], data: &'b [u8]) -> Result<Part<'b>, String> {
    let head = std::str::from_utf8(head).map_err(|_| "has a part whose head is not UTF-8 text".to_owned())?;
    let mut name = None;
    let mut media_type = None;
    for line in head.split("\r\n").filter(|line| !line.is_empty()) {
        let (key, value) = line.split_once(':').ok_or_else(|| "has a part with a malformed header".to_owned())?;
        let value = value.trim_matches([' ', '\t']);
        if key.eq_ignore_ascii_case("content-disposition") {
            let parsed = disposition(value).filter(|(kind, _)| kind == "form-data");
            name = parsed.and_then(|(_, pairs)| pairs.into_iter().find(|(key, _)| key == "name")).map(|(_, name)| name);
        } else if key.eq_ignore_ascii_case("content-type") {
            media_type = MediaType::parse(value);
        } else if key.eq_ignore_ascii_case("content-transfer-encoding")
            && !["binary", "7bit", "8bit"].iter().any(|plain| value.eq_ignore_ascii_case(plain))
        {
            // RFC 7578 §4.7 deprecates the others.
            return Err("has a part with a transfer encoding; send its bytes as they are".to_owned());
        }
    }
    match name {
        Some(name) => Ok(Part { name, media_type, data }),
        None => Err("has a part without `Content-Disposition: form-data; name=…`".to_owned()),
    }
}

/// What stands before and after the first occurrence.
fn split_at<'b>(bytes: &'b [u8], separator: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let first = *separator.first()?;
    let mut from = 0;
    while let Some(offset) = bytes.get(from..)?.iter().position(|byte| *byte == first) {
        let at = from + offset;
        let tail = bytes.get(at..)?;
        if let Some(after) = tail.strip_prefix(separator) {
            return Some((bytes.get(..at)?, after));
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Vec<(String, String)>, String> {
        parts(body.as_bytes(), "B").map(|parts| {
            parts.iter().map(|part| (part.name.clone(), String::from_utf8_lossy(part.data).into_owned())).collect()
        })
    }

    #[test]
    fn parts_are_found_between_boundaries() {
        let body = "preamble\r\n--B \t\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n\
                    --B\r\ncontent-disposition: form-data; filename=\"f\"; name=b\r\nContent-Type: image/png\r\n\r\n\r\n--B--\r\nepilogue";
        assert_eq!(read(body).unwrap(), [("a".into(), "1\r\n--x".into()), ("b".into(), String::new())]);
        assert_eq!(read("--B--").unwrap(), []);
    }

    #[test]
    fn what_is_cut_or_malformed_is_refused() {
        for bad in [
            "",
            "--B",
            "--B\r\n",
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1",
            "--B\r\n\r\n1\r\n--B--",
            "--B\r\nContent-Disposition: attachment; name=a\r\n\r\n1\r\n--B--",
            "--Bx\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--",
            "--B\r\nnonsense\r\n\r\n1\r\n--B--",
            "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\n1\r\n--B--",
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        let part = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n";
        assert!(read(&format!("{}--B--", part.repeat(PARTS_MAX))).is_ok());
        assert!(read(&format!("{}--B--", part.repeat(PARTS_MAX + 1))).is_err());
        let long = "x".repeat(PART_HEAD_BYTES_MAX);
        assert!(read(&format!("--B\r\nX: {long}\r\n\r\n1\r\n--B--")).is_err());
    }
}
