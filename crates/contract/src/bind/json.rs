//! JSON text into a value, with what `serde_json` alone does not say: duplicate keys with their
//! pointers, a depth limit, and integers that would silently lose digits.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::{FIELD_ERRORS_MAX, FieldError};
use crate::options::Options;
use crate::pointer;

/// How many bytes of pointers are kept until it is known which of them name something wrong. A pointer is as long as
/// the keys on its way: without a bound, one long key over many numbers would be copied once for each.
const POINTER_BYTES_MAX: usize = 64 << 10;

/// What the reader refuses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How deeply arrays and objects may nest.
    pub(crate) depth_max: usize,
    /// Accept repeated keys; the last value wins.
    pub(crate) duplicate_keys: bool,
    /// Accept integers beyond 64 bits, rounded to a double.
    pub(crate) wide_integers: bool,
}

/// One reason why text is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) position: (u32, u32),
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

/// Reads a body.
///
/// # Errors
/// One entry per duplicate key and wide integer; or one for text that is not JSON at all.
pub(crate) fn parse(bytes: &[u8], limits: Limits) -> Result<Value, Vec<FieldError>> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text),
        Err(error) => {
            let detail = format!("must be UTF-8 text; the byte at offset {} is not", error.valid_up_to());
            return Err(vec![FieldError::new("body", "", detail)]);
        }
    };
    read(text, limits).map_err(|refusals| {
        refusals.into_iter().map(|refusal| FieldError::new("body", refusal.pointer, refusal.detail)).collect()
    })
}

/// Reads one document for which the first reason is enough.
pub(crate) fn parse_str(text: &str, limits: Limits) -> Result<Value, Refusal> {
    read(text, limits).map_err(|mut refusals| refusals.swap_remove(0))
}

/// The list of refusals is never empty.
fn read(text: &str, limits: Limits) -> Result<Value, Vec<Refusal>> {
    let mut state = State { limits, ..State::default() };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let outcome = Seed { state: &mut state, depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match outcome {
        Err(error) => Err(vec![state.refusal(&error)]),
        Ok(value) => {
            state.judge_wide(text);
            if state.refusals.is_empty() { Ok(value) } else { Err(state.refusals) }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    limits: Limits,
    /// The pointer of the value being read; grown and cut, so that reading allocates nothing for it.
    pointer: String,
    refusals: Vec<Refusal>,
    /// Where a double stands that may have been an integer of more than 64 bits; none once there is no room.
    wide: Vec<Option<String>>,
    /// The bytes of pointers that are kept.
    kept: usize,
    too_deep: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: Options::DEPTH_CEILING, duplicate_keys: false, wide_integers: false }
    }
}

impl State {
    fn refusal(&self, error: &serde_json::Error) -> Refusal {
        let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).max(1);
        let position = (clamp(error.line()), clamp(error.column()));
        if self.too_deep {
            let detail = format!("must not nest more than {} levels deep", self.limits.depth_max);
            return Refusal { position, pointer: self.pointer.clone(), detail };
        }
        let said = error.to_string();
        let reason = said.split(" at line ").next().unwrap_or_default();
        let detail = format!("must be valid JSON: {reason} at line {}, column {}", position.0, position.1);
        Refusal { position, pointer: String::new(), detail }
    }

    /// `serde_json` rounds an integer beyond 64 bits to a double. Such doubles were noted in the order of
    /// the text; the same numbers are found again in the text, and judged by how they were written.
    fn judge_wide(&mut self, text: &str) {
        if self.limits.wide_integers || self.wide.is_empty() {
            return;
        }
        let wide = std::mem::take(&mut self.wide);
        let written = Numbers { rest: text }.filter(|token| token.parse().is_ok_and(may_be_wide_integer));
        let integers = wide.into_iter().zip(written).filter(|(_, token)| !token.contains(['.', 'e', 'E']));
        for (pointer, _) in integers.take(FIELD_ERRORS_MAX) {
            let detail = match pointer {
                Some(_) => "is an integer beyond 64 bits; send it as text to keep all its digits",
                None => "holds an integer beyond 64 bits; send it as text to keep all its digits",
            };
            let pointer = pointer.unwrap_or_default();
            self.refusals.push(Refusal { position: (1, 1), pointer, detail: detail.to_owned() });
        }
    }

    /// A copy of the pointer, while there is room.
    fn keep_pointer(&mut self) -> Option<String> {
        self.kept = self.kept.saturating_add(self.pointer.len());
        (self.kept <= POINTER_BYTES_MAX).then(|| self.pointer.clone())
    }
}

fn may_be_wide_integer(number: f64) -> bool {
    number.abs() >= 9.2e18 && number.fract() == 0.0
}

/// The number tokens of valid JSON text, in order.
struct Numbers<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Numbers<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let bytes = self.rest.as_bytes();
        let mut offset = 0;
        let mut quoted = false;
        while let Some(&byte) = bytes.get(offset) {
            match byte {
                b'\\' if quoted => offset += 1,
                b'"' => quoted = !quoted,
                b'-' | b'0'..=b'9' if !quoted => {
                    let token = self.rest.get(offset..)?;
                    let length = token.find(|c: char| !"+-.eE0123456789".contains(c)).unwrap_or(token.len());
                    self.rest = token.get(length..).unwrap_or_default();
                    return token.get(..length);
                }
                _ => {}
            }
            offset += 1;
        }
        None
    }
}

struct Seed<'s> {
    state: &'s mut State,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Seed<'_> {
    fn deeper<E: serde::de::Error>(&mut self) -> Result<usize, E> {
        let depth_max = self.state.limits.depth_max.min(Options::DEPTH_CEILING);
        if self.depth >= depth_max {
            self.state.too_deep = true;
            return Err(E::custom("nested too deeply"));
        }
        Ok(self.depth + 1)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        if may_be_wide_integer(value) {
            let pointer = self.state.keep_pointer();
            self.state.wide.push(pointer);
        }
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        let length = self.state.pointer.len();
        loop {
            // Only now is the index text needed by anyone; it costs no allocation.
            pointer_index(&mut self.state.pointer, list.len());
            let item = access.next_element_seed(Seed { state: &mut *self.state, depth })?;
            self.state.pointer.truncate(length);
            match item {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut object = Map::new();
        let mut repeated: HashSet<String> = HashSet::new();
        let length = self.state.pointer.len();
        while let Some(key) = access.next_key::<String>()? {
            pointer::push(&mut self.state.pointer, &key);
            let value = access.next_value_seed(Seed { state: &mut *self.state, depth })?;
            if object.insert(key.clone(), value).is_some()
                && !self.state.limits.duplicate_keys
                && self.state.refusals.len() <= FIELD_ERRORS_MAX
                && repeated.insert(key)
            {
                let pointer = self.state.keep_pointer().unwrap_or_default();
                let detail = "stands twice in this object; say it once".to_owned();
                self.state.refusals.push(Refusal { position: (1, 1), pointer, detail });
            }
            self.state.pointer.truncate(length);
        }
        if depth == 0 {
            return Err(A::Error::custom("nested too deeply"));
        }
        Ok(Value::Object(object))
    }
}

fn pointer_index(pointer: &mut String, index: usize) {
    use fmt::Write as _;
    // Writing to a `String` cannot fail.
    let _ = write!(pointer, "/{index}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(text: &str) -> Vec<(String, String)> {
        let errors = parse(text.as_bytes(), Limits::default()).unwrap_err();
        errors.into_iter().map(|error| (error.pointer, error.detail)).collect()
    }

    #[test]
    fn every_duplicate_key_is_named_by_its_pointer() {
        let found = refused(r#"{"a": 1, "b": [{"c": 1, "c": 2, "c": 3}], "a": {"x/y": 0, "x/y": 1}}"#);
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/b/0/c", "/a/x~1y", "/a"]);
    }

    #[test]
    fn duplicate_keys_may_be_allowed_and_the_last_one_wins() {
        let limits = Limits { duplicate_keys: true, ..Limits::default() };
        assert_eq!(parse(br#"{"a": 1, "a": 2}"#, limits).unwrap(), json!({"a": 2}));
    }

    #[test]
    fn integers_beyond_64_bits_are_refused_where_they_stand() {
        let found = refused(
            r#"{"s": "99999999999999999999", "e": 1e30, "n": [1, -99999999999999999999], "m": 18446744073709551616}"#,
        );
        let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/n/1", "/m"]);
        for fine in ["18446744073709551615", "-9223372036854775808", "1e30", "99999999999999999999.0"] {
            assert!(parse(fine.as_bytes(), Limits::default()).is_ok(), "{fine}");
        }
        assert!(parse(b"1e999", Limits::default()).is_err());
    }

    #[test]
    fn a_long_key_over_many_numbers_is_not_copied_for_each() {
        let key = "k".repeat(POINTER_BYTES_MAX / 4);
        let numbers = vec!["1e19"; 10_000].join(",");
        let mut state = State::default();
        let text = format!("{{\"{key}\": [{numbers}]}}");
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        Seed { state: &mut state, depth: 0 }.deserialize(&mut deserializer).unwrap();
        assert_eq!(state.wide.len(), 10_000);
        let copied: usize = state.wide.iter().flatten().map(String::len).sum();
        assert!(copied <= POINTER_BYTES_MAX, "{copied} bytes");
        // Those without a pointer are judged all the same.
        let wide = numbers.replace("1e19", "10000000000000000000000");
        let found = refused(&format!("{{\"{key}\": [{wide}]}}"));
        assert_eq!(found.len(), FIELD_ERRORS_MAX);
        assert_eq!(found.last().unwrap().0, "");
        let objects = vec![r#"{"a": 1, "a": 1, "b": 1, "b": 1}"#; 1_000].join(",");
        let found = refused(&format!("{{\"{key}\": [{objects}]}}"));
        assert!(found.iter().map(|(pointer, _)| pointer.len()).sum::<usize>() <= POINTER_BYTES_MAX);
    }

    #[test]
    fn depth_is_limited_and_the_place_is_named() {
        let limits = Limits { depth_max: 2, ..Limits::default() };
        assert!(parse(b"[[1]]", limits).is_ok());
        let errors = parse(br#"{"a": [{}]}"#, limits).unwrap_err();
        assert_eq!(
            (errors[0].pointer.as_str(), errors[0].detail.as_str()),
            ("/a/0", "must not nest more than 2 levels deep")
        );
        let bomb = "[".repeat(1_000_000);
        assert!(parse(bomb.as_bytes(), Limits { depth_max: usize::MAX, ..limits }).is_err());
    }

    #[test]
    fn what_is_not_json_says_where() {
        assert!(refused("{\"a\": nope}")[0].1.contains("line 1, column"));
        for bad in ["", "{", "nul", "NaN", "[1,]", "'a'", "\"\\ud800\"", "1 2", "01", "{\"a\" 1}"] {
            assert!(parse(bad.as_bytes(), Limits::default()).is_err(), "{bad}");
        }
        assert!(parse(b"\"\xff\"", Limits::default()).unwrap_err()[0].detail.contains("offset 1"));
    }

    #[test]
    fn a_byte_order_mark_is_ignored() {
        assert_eq!(parse("\u{feff}[1]".as_bytes(), Limits::default()).unwrap(), json!([1]));
    }
}
