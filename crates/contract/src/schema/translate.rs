//! From OpenAPI's schemas to JSON Schema 2020-12.
//!
//! Every schema that is asked for or referred to becomes a definition `d0`, `d1`, … of one document, so that
//! references, recursive ones too, are plain. Faults are collected with their places on the way.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::check::{malformations, pattern_compiles};
use super::discriminator::Hierarchy;
use super::keywords::{FORMAT, OCTETS};
use super::words::closest;
use super::{Dialect, Direction, resolve};
use crate::document::Document;
use crate::fault::Fault;
use crate::formats::Format;
use crate::pointer::join;

/// Keywords whose value is a schema.
const SCHEMA: &[&str] = &[
    "items",
    "additionalProperties",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
const SCHEMAS: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value is an object of schemas.
const SCHEMA_MAP: &[&str] = &["properties", "patternProperties", "dependentSchemas"];
/// Keywords that are taken over as they stand.
const PLAIN: &[&str] = &[
    "type",
    "enum",
    "const",
    "required",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "dependentRequired",
];
/// Keywords that describe and do not constrain; and those that are handled by name.
const SILENT: &[&str] = &[
    "title",
    "description",
    "default",
    "example",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "nullable",
    "xml",
    "externalDocs",
    "discriminator",
    "format",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "$comment",
    "$defs",
    "definitions",
    "$ref",
];
/// Keywords that change what references mean. They would need more than a document of plain pointers.
const REFUSED: &[&str] =
    &["$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$vocabulary", "id"];
const NO_PATTERN: &str = "a pattern must be an ECMA-262 expression without look-around and back-references";
/// The dialects that `$schema` may name.
const DIALECTS: &[&str] =
    &["https://json-schema.org/draft/2020-12/schema", "https://spec.openapis.org/oas/3.1/dialect/base"];

/// Whether a dialect's name is one that is spoken here.
pub(crate) fn is_known_dialect(name: &str) -> bool {
    DIALECTS.contains(&name.trim_end_matches('#'))
}

/// Translates for one direction.
pub(super) struct Translator<'d> {
    pub(super) document: &'d Document,
    pub(super) dialect: Dialect,
    pub(super) compat: bool,
    pub(super) direction: Direction,
    pub(super) hierarchy: Hierarchy,
    /// The pointer, and whether what it names is to be dispatched on by a discriminator.
    wanted: Vec<(String, bool)>,
    index: HashMap<(String, bool), usize>,
    done: Vec<Value>,
    faults: Vec<Fault>,
}

impl<'d> Translator<'d> {
    pub(super) fn new(document: &'d Document, dialect: Dialect, compat: bool, direction: Direction) -> Self {
        Self {
            document,
            dialect,
            compat,
            direction,
            hierarchy: Hierarchy::read(&document.value),
            wanted: Vec::new(),
            index: HashMap::new(),
            done: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// The number of the definition for the schema at a pointer. A schema that children extend with `allOf` and choose
    /// among with a discriminator is dispatched on, except where `extended` says that a child speaks of it.
    pub(super) fn definition(&mut self, pointer: &str, extended: bool) -> usize {
        let key = (pointer.to_owned(), !extended && self.hierarchy.is_base(pointer));
        if let Some(index) = self.index.get(&key) {
            return *index;
        }
        let index = self.wanted.len();
        self.wanted.push(key.clone());
        self.index.insert(key, index);
        index
    }

    pub(super) fn reference(&mut self, pointer: &str, extended: bool) -> Value {
        json!({ "$ref": format!("#/$defs/d{}", self.definition(pointer, extended)) })
    }

    /// Translates everything wanted, and what that wants in turn.
    pub(super) fn run(&mut self) -> Vec<Fault> {
        while let Some((pointer, dispatch)) = self.wanted.get(self.done.len()).cloned() {
            let document = self.document;
            let schema = if dispatch {
                self.dispatch(&pointer)
            } else {
                match document.value.pointer(&pointer) {
                    Some(schema) => {
                        let schema = self.schema(&pointer, schema, &[], false);
                        self.check_meta(&pointer, &schema);
                        schema
                    }
                    None => Value::Bool(true),
                }
            };
            self.done.push(schema);
        }
        std::mem::take(&mut self.faults)
    }

    /// The translated document.
    pub(super) fn source(&self) -> Value {
        let definitions: Map<String, Value> =
            self.done.iter().enumerate().map(|(index, schema)| (format!("d{index}"), schema.clone())).collect();
        json!({ "$defs": definitions })
    }

    pub(super) fn fault(&mut self, pointer: &str, message: impl Into<String>) {
        self.faults.push(self.document.fault(pointer, message));
    }

    fn check_meta(&mut self, pointer: &str, schema: &Value) {
        for (inner, detail) in malformations(schema) {
            let keyword = inner.rsplit('/').next().unwrap_or_default();
            let named = if keyword.is_empty() { "schema".to_owned() } else { format!("`{keyword}`") };
            self.fault(&format!("{pointer}{inner}"), format!("{named} {detail}"));
        }
    }

    /// Translates one schema. `refused` are names that an enclosing `allOf` knows to be refused in this direction.
    /// Recursion is as deep as the document, which its reader has bounded.
    pub(super) fn schema(&mut self, pointer: &str, schema: &Value, refused: &[String], extends: bool) -> Value {
        let schema = match schema {
            Value::Bool(_) if self.dialect == Dialect::V3_1 => return schema.clone(),
            Value::Object(schema) => schema,
            _ => {
                self.fault(pointer, "a schema must be an object");
                return Value::Bool(true);
            }
        };
        self.judge_names(pointer, schema);
        let mut out = Map::new();
        if let Some(reference) = schema.get("$ref") {
            if let Some(target) = self.target(pointer, reference)
                && let Value::Object(reference) = self.reference(&target, extends)
            {
                out = reference;
            }
            if self.dialect == Dialect::V3_0 {
                // What stands beside a reference has no meaning in 3.0.
                return Value::Object(out);
            }
        }
        let mut refused = refused.to_vec();
        refused.extend(self.refused_properties(schema, 0));
        for (keyword, value) in schema {
            self.keyword(&join(pointer, keyword), keyword, value, &refused, &mut out);
        }
        self.required(schema, &refused, &mut out);
        self.numbers_and_formats(pointer, schema, &mut out);
        self.discriminate(pointer, schema, &mut out);
        self.nullable(pointer, schema, out)
    }

    fn keyword(&mut self, at: &str, keyword: &str, value: &Value, refused: &[String], out: &mut Map<String, Value>) {
        let translated = if SCHEMA.contains(&keyword) {
            match value {
                Value::Bool(_) if keyword == "additionalProperties" => value.clone(),
                _ => self.schema(at, value, &[], false),
            }
        } else if SCHEMAS.contains(&keyword) {
            let Some(members) = value.as_array() else {
                self.fault(at, format!("`{keyword}` must be a list of schemas"));
                return;
            };
            let all_of = keyword == "allOf";
            let down: &[String] = if all_of { refused } else { &[] };
            let each = |(index, member)| self.schema(&format!("{at}/{index}"), member, down, all_of);
            Value::Array(members.iter().enumerate().map(each).collect())
        } else if SCHEMA_MAP.contains(&keyword) {
            let Some(members) = value.as_object() else {
                self.fault(at, format!("`{keyword}` must be an object of schemas"));
                return;
            };
            if keyword == "patternProperties" {
                self.judge_patterns(at, members);
            }
            let each =
                |(name, member): (&String, &Value)| (name.clone(), self.schema(&join(at, name), member, &[], false));
            Value::Object(members.iter().map(each).collect())
        } else if PLAIN.contains(&keyword) {
            if keyword == "pattern"
                && let Some(pattern) = value.as_str()
                && !pattern_compiles(pattern)
            {
                self.fault(at, NO_PATTERN);
                return;
            }
            value.clone()
        } else {
            return;
        };
        out.insert(keyword.to_owned(), translated);
    }

    fn judge_patterns(&mut self, at: &str, members: &Map<String, Value>) {
        for pattern in members.keys().filter(|pattern| !pattern_compiles(pattern)) {
            self.fault(&join(at, pattern), NO_PATTERN);
        }
    }

    /// Names that mean something else than they seem, or nothing where something was probably meant.
    fn judge_names(&mut self, pointer: &str, schema: &Map<String, Value>) {
        for (name, value) in schema {
            let name = name.as_str();
            let at = join(pointer, name);
            if REFUSED.contains(&name) && (name != "id" || value.is_string()) {
                self.fault(&at, format!("`{name}` is not supported; refer to schemas with `$ref: '#/…'`"));
            } else if name == "$schema" {
                if !value.as_str().is_some_and(is_known_dialect) {
                    self.fault(&at, "`$schema` must be JSON Schema 2020-12 or the OpenAPI 3.1 dialect");
                }
            } else if !self.compat && !name.starts_with("x-") {
                let known = || [SCHEMA, SCHEMAS, SCHEMA_MAP, PLAIN, SILENT].into_iter().flatten().copied();
                if !known().any(|known| known == name)
                    && let Some(meant) = closest(name, known())
                {
                    self.fault(&at, format!("`{name}` is not a known keyword; did you mean `{meant}`?"));
                }
            }
        }
    }

    /// The pointer that a `$ref` names, when there is something there.
    fn target(&mut self, pointer: &str, reference: &Value) -> Option<String> {
        let at = join(pointer, "$ref");
        let Some(reference) = reference.as_str() else {
            self.fault(&at, "`$ref` must be text");
            return None;
        };
        match resolve(reference) {
            Ok(target) if self.document.value.pointer(&target).is_some() => Some(target),
            Ok(_) => {
                self.fault(&at, format!("`{reference}` points to nothing in this file"));
                None
            }
            Err(message) => {
                self.fault(&at, message);
                None
            }
        }
    }

    fn numbers_and_formats(&mut self, pointer: &str, schema: &Map<String, Value>, out: &mut Map<String, Value>) {
        if self.dialect == Dialect::V3_0 {
            exclusive_bound("exclusiveMinimum", "minimum", out);
            exclusive_bound("exclusiveMaximum", "maximum", out);
            if !self.compat && !schema.get("type").is_none_or(|kind| kind.is_string() && kind != "null") {
                self.fault(
                    &join(pointer, "type"),
                    "`type` must be one type in OpenAPI 3.0; say `nullable: true` for null",
                );
            }
        }
        let format = schema.get("format").and_then(Value::as_str);
        let bytes = format == Some("binary")
            || (schema.contains_key("contentMediaType") && !schema.contains_key("contentEncoding"));
        if bytes {
            // Bytes are handed over as base64; what the schema says about lengths is about the bytes.
            let least = out.remove("minLength").and_then(|least| least.as_u64());
            let most = out.remove("maxLength").and_then(|most| most.as_u64());
            out.remove("pattern");
            if least.is_some() || most.is_some() {
                out.insert(OCTETS.to_owned(), json!([least.unwrap_or(0), most.unwrap_or(u64::MAX)]));
            }
        }
        if let Some(format) = format.filter(|_| !self.compat) {
            if Format::parse(format).is_some() {
                out.insert(FORMAT.to_owned(), json!(format));
            } else if format == "regex" {
                out.insert("format".to_owned(), json!(format));
            }
        }
    }

    /// `nullable: true` admits null whatever else the schema says, `enum` included: authors mean it so.
    fn nullable(&mut self, pointer: &str, schema: &Map<String, Value>, mut out: Map<String, Value>) -> Value {
        match schema.get("nullable") {
            Some(Value::Bool(true)) if self.dialect == Dialect::V3_0 => {}
            Some(Value::Bool(_)) | None => return Value::Object(out),
            Some(_) => {
                self.fault(&join(pointer, "nullable"), "`nullable` must be true or false");
                return Value::Object(out);
            }
        }
        let combined = SCHEMAS.iter().chain(["not"].iter()).any(|keyword| out.contains_key(*keyword));
        if combined {
            return json!({ "anyOf": [{"type": "null"}, out] });
        }
        if let Some(kind) = out.get_mut("type").filter(|kind| kind.is_string()) {
            *kind = json!([kind.take(), "null"]);
        }
        if let Some(Value::Array(values)) = out.get_mut("enum")
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
        Value::Object(out)
    }
}

/// OpenAPI 3.0: a flag that makes the bound beside it exclusive. 2020-12: a bound.
fn exclusive_bound(flag: &str, bound: &str, out: &mut Map<String, Value>) {
    match out.get(flag) {
        Some(Value::Bool(true)) => match out.remove(bound) {
            Some(limit) => drop(out.insert(flag.to_owned(), limit)),
            None => drop(out.remove(flag)),
        },
        Some(Value::Bool(false)) => drop(out.remove(flag)),
        _ => {}
    }
}
