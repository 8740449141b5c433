//! What text should become: the types, items and properties that a schema suggests, read through `$ref`, `allOf`,
//! `anyOf` and `oneOf`. A shape guides coercion only; the validator judges.

use serde_json::{Map, Value};

use super::resolve;

/// A set of JSON types; empty when the schema does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Types(pub(crate) u8);

impl Types {
    pub(crate) const NULL: u8 = 1;
    pub(crate) const BOOLEAN: u8 = 1 << 1;
    pub(crate) const INTEGER: u8 = 1 << 2;
    pub(crate) const NUMBER: u8 = 1 << 3;
    pub(crate) const STRING: u8 = 1 << 4;
    pub(crate) const ARRAY: u8 = 1 << 5;
    pub(crate) const OBJECT: u8 = 1 << 6;
    const SCALAR: u8 = Self::BOOLEAN | Self::INTEGER | Self::NUMBER | Self::STRING;

    /// Whether the set names the type.
    pub(crate) fn has(self, kind: u8) -> bool {
        self.0 & kind != 0
    }

    /// Whether the set names arrays and no scalar type, so that text must be taken apart.
    pub(crate) fn is_array(self) -> bool {
        self.has(Self::ARRAY) && !self.has(Self::SCALAR)
    }

    /// Whether the set names objects and neither arrays nor scalars.
    pub(crate) fn is_object(self) -> bool {
        self.has(Self::OBJECT) && !self.has(Self::SCALAR | Self::ARRAY)
    }

    /// Whether the set names scalars only.
    pub(crate) fn is_scalar(self) -> bool {
        self.has(Self::SCALAR) && !self.has(Self::ARRAY | Self::OBJECT)
    }

    fn named(name: &str) -> u8 {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => 0,
        }
    }

    fn of(value: &Value) -> u8 {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) if number.is_f64() => Self::NUMBER,
            Value::Number(_) => Self::INTEGER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    pub(crate) types: Types,
    pub(crate) items: Option<Box<Shape>>,
    pub(crate) properties: Vec<(String, Shape)>,
    /// The shape of properties without a name in the schema, where the schema gives one.
    pub(crate) additional: Option<Box<Shape>>,
    /// Whether properties without a name in the schema are refused by it.
    pub(crate) closed: bool,
    /// Whether the text stands for bytes (`format: binary`; in 3.1 a `contentMediaType` without `contentEncoding`).
    pub(crate) binary: bool,
}

impl Shape {
    /// The shape of a property; the empty one when the schema does not name it.
    pub(crate) fn property(&self, name: &str) -> &Shape {
        static UNKNOWN: Shape = Shape {
            types: Types(0),
            items: None,
            properties: Vec::new(),
            additional: None,
            closed: false,
            binary: false,
        };
        let named = self.properties.iter().find(|(known, _)| known == name).map(|(_, shape)| shape);
        named.or(self.additional.as_deref()).unwrap_or(&UNKNOWN)
    }

    /// The shape of an array's items.
    pub(crate) fn item(&self) -> &Shape {
        match &self.items {
            Some(items) => items,
            None => self.property(""),
        }
    }

    fn merge_all(&mut self, other: Shape) {
        let both = self.types.0 & other.types.0;
        let narrowed = self.types.has(Types::NUMBER) && other.types.has(Types::INTEGER)
            || self.types.has(Types::INTEGER) && other.types.has(Types::NUMBER);
        let types = if both != 0 { both } else { self.types.0 | other.types.0 };
        self.types = Types(if narrowed { types | Types::INTEGER } else { types });
        self.merge_rest(other);
    }

    fn merge_any(&mut self, other: Shape) {
        self.types = Types(self.types.0 | other.types.0);
        self.merge_rest(other);
    }

    fn merge_rest(&mut self, other: Shape) {
        self.items = self.items.take().or(other.items);
        self.additional = self.additional.take().or(other.additional);
        self.closed |= other.closed;
        self.binary |= other.binary;
        for (name, shape) in other.properties {
            if !self.properties.iter().any(|(known, _)| *known == name) {
                self.properties.push((name, shape));
            }
        }
    }
}

/// How deep a shape follows items, properties and references. Text formats nest two or three levels at most.
const LEVELS_MAX: usize = 6;
/// How many schemas one shape reads in all: documents with many mutual references stay cheap.
const SCHEMAS_MAX: usize = 2_000;

/// Reads shapes from a document.
pub(crate) struct ShapeReader<'d> {
    root: &'d Value,
    left: usize,
}

impl<'d> ShapeReader<'d> {
    pub(crate) fn new(root: &'d Value) -> Self {
        Self { root, left: SCHEMAS_MAX }
    }

    /// The shape of the schema at a pointer.
    pub(crate) fn read(&mut self, pointer: &str) -> Shape {
        self.left = SCHEMAS_MAX;
        self.root.pointer(pointer).map(|schema| self.shape(schema, 0)).unwrap_or_default()
    }

    fn shape(&mut self, schema: &Value, level: usize) -> Shape {
        let Some(schema) = schema.as_object() else { return Shape::default() };
        if level > LEVELS_MAX || self.left == 0 {
            return Shape::default();
        }
        self.left -= 1;
        let mut shape = self.own(schema, level);
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|reference| resolve(reference).ok())
            && let Some(target) = self.root.pointer(&target)
        {
            let target = self.shape(target, level + 1);
            shape.merge_all(target);
        }
        for member in members(schema, "allOf") {
            let member = self.shape(member, level + 1);
            shape.merge_all(member);
        }
        for keyword in ["anyOf", "oneOf"] {
            let mut any = Shape::default();
            for member in members(schema, keyword) {
                let mut member = self.shape(member, level + 1);
                if member.types.0 == 0 && member.properties.is_empty() {
                    member.types.0 |= shape.types.0;
                }
                any.merge_any(member);
            }
            // A branch may leave fields open that another closes.
            any.closed = false;
            shape.merge_all(any);
        }
        if schema.get("nullable") == Some(&Value::Bool(true)) {
            shape.types.0 |= Types::NULL;
        }
        shape
    }

    fn own(&mut self, schema: &Map<String, Value>, level: usize) -> Shape {
        let mut shape = Shape { types: own_types(schema), ..Shape::default() };
        let is = |keyword: &str, text: &str| schema.get(keyword).and_then(Value::as_str) == Some(text);
        shape.binary = is("format", "binary")
            || (schema.contains_key("contentMediaType") && !schema.contains_key("contentEncoding"));
        if let Some(items) = schema.get("items") {
            shape.items = Some(Box::new(self.shape(items, level + 1)));
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            shape.properties =
                properties.iter().map(|(name, property)| (name.clone(), self.shape(property, level + 1))).collect();
        }
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => shape.closed = true,
            Some(additional) => shape.additional = Some(Box::new(self.shape(additional, level + 1))),
            None => {}
        }
        shape
    }
}

fn own_types(schema: &Map<String, Value>) -> Types {
    let mut types = match schema.get("type") {
        Some(Value::String(name)) => Types::named(name),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).fold(0, |set, name| set | Types::named(name))
        }
        _ => {
            let values = schema.get("enum").and_then(Value::as_array).into_iter().flatten().chain(schema.get("const"));
            values.fold(0, |set, value| set | Types::of(value))
        }
    };
    if types == 0 {
        let has = |keyword: &str| schema.contains_key(keyword);
        if has("properties") || has("additionalProperties") {
            types = Types::OBJECT;
        } else if has("items") || has("prefixItems") {
            types = Types::ARRAY;
        }
    }
    Types(types)
}

fn members<'s>(schema: &'s Map<String, Value>, keyword: &str) -> impl Iterator<Item = &'s Value> {
    schema.get(keyword).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(schema: &Value) -> Shape {
        let root =
            json!({"s": schema, "id": {"type": "integer"}, "node": {"properties": {"next": {"$ref": "#/node"}}}});
        ShapeReader::new(&root).read("/s")
    }

    #[test]
    fn types_are_read_through_references_and_combinations() {
        for (schema, expected) in [
            (json!({"type": "integer"}), Types::INTEGER),
            (json!({"type": ["integer", "null"]}), Types::INTEGER | Types::NULL),
            (json!({"type": "integer", "nullable": true}), Types::INTEGER | Types::NULL),
            (json!({"$ref": "#/id"}), Types::INTEGER),
            (json!({"allOf": [{"$ref": "#/id"}, {"minimum": 1}]}), Types::INTEGER),
            (json!({"allOf": [{"type": "number"}, {"type": "integer"}]}), Types::NUMBER | Types::INTEGER),
            (json!({"oneOf": [{"type": "integer"}, {"type": "boolean"}]}), Types::INTEGER | Types::BOOLEAN),
            (json!({"type": "integer", "anyOf": [{"minimum": 5}, {"maximum": 1}]}), Types::INTEGER),
            (json!({"enum": [1, 2]}), Types::INTEGER),
            (json!({"const": "a"}), Types::STRING),
            (json!({"items": {}}), Types::ARRAY),
            (json!({}), 0),
            (json!(true), 0),
        ] {
            assert_eq!(read(&schema).types.0, expected, "{schema}");
        }
    }

    #[test]
    fn a_recursive_schema_has_a_bounded_shape() {
        let shape = read(&json!({"$ref": "#/node"}));
        assert!(shape.property("next").property("next").types.has(Types::OBJECT));
    }
}
