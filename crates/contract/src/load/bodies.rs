//! Request bodies.

use super::Loader;
use super::cursor::At;
use crate::bind::body::{Accepted, Body, Field};
use crate::media::{Content, Range};
use crate::schema::{Direction, Shape};

const REQUEST_BODY: &[&str] = &["$ref", "description", "content", "required"];
const MEDIA_TYPE: &[&str] = &["schema", "example", "examples", "encoding"];
const ENCODING: &[&str] = &["contentType", "headers", "style", "explode", "allowReserved"];

impl<'d> Loader<'d> {
    pub(super) fn body(&mut self, at: At<'d>) -> Option<Body> {
        let at = self.follow(at)?;
        self.known(&at, "a request body", REQUEST_BODY);
        let Some(content) = at.get("content") else {
            self.fault(&at.pointer, "a request body needs `content`");
            return None;
        };
        let required = self.flag(&at, "required", false);
        let media = self.entries(&content, "`content`");
        if media.is_empty() {
            self.fault(&content.pointer, "`content` must have a media type");
        }
        let faults = self.faults.len();
        let mut accepted = Vec::new();
        let mut expected = Vec::new();
        for media in &media {
            if let Some(found) = self.accepted(media) {
                expected.push(media.key());
                accepted.push(found);
            }
        }
        if accepted.is_empty() && !media.is_empty() && self.faults.len() == faults {
            let message =
                "none of these media types can be read: only JSON, forms, text, and bytes without an object schema";
            self.fault(&content.pointer, message);
        }
        Some(Body { required, accepted, expected })
    }

    /// `None` for a media type that has a structure which is not read here, such as XML with an object schema.
    fn accepted(&mut self, at: &At<'d>) -> Option<Accepted> {
        self.known(at, "a media type", MEDIA_TYPE);
        let Some(range) = Range::parse(&at.key()) else {
            self.fault(&at.pointer, format!("`{}` is not a media type", at.key()));
            return None;
        };
        let Some(schema) = at.get("schema") else {
            return Some(Accepted { range, check: None, fill: None, shape: Shape::default(), fields: Vec::new() });
        };
        let shape = self.shapes.read(&schema.pointer);
        if range.content() == Some(Content::Bytes) && shape.types.0 != 0 && !shape.types.is_scalar() {
            return None;
        }
        let fields = match range.content() {
            Some(Content::Form | Content::Multipart) => self.fields(at, &shape),
            _ => Vec::new(),
        };
        let check = self.schemas.root(&schema.pointer, Direction::Request);
        let before = self.fills.defaulted.len();
        let fill = self.fills.plan(&schema.pointer);
        let defaulted: Vec<String> = self.fills.defaulted.iter().skip(before).cloned().collect();
        for property in defaulted {
            let check = self.schemas.root(&property, Direction::Request);
            self.defaults.push((crate::pointer::join(&property, "default"), check));
        }
        Some(Accepted { range, check: Some(check), fill, shape, fields })
    }

    fn fields(&mut self, at: &At<'d>, shape: &Shape) -> Vec<Field> {
        let encodings = at.get("encoding");
        for encoding in encodings.as_ref().map(|at| self.entries(at, "`encoding`")).unwrap_or_default() {
            self.known(&encoding, "an encoding", ENCODING);
            if !shape.properties.iter().any(|(name, _)| *name == encoding.key()) && !self.options.compat {
                self.fault(&encoding.pointer, format!("`{}` is not a property of the form's schema", encoding.key()));
            }
        }
        let mut fields = Vec::new();
        for (name, shape) in &shape.properties {
            let encoding = encodings.as_ref().and_then(|encodings| encodings.get(name));
            let content_type = encoding.as_ref().and_then(|encoding| self.text(encoding, "contentType"));
            let ranges =
                content_type.map(|list| list.split(',').filter_map(Range::parse).collect()).unwrap_or_default();
            let parameter = self.field(name, shape.clone(), encoding.as_ref());
            fields.push(Field { parameter, ranges });
        }
        fields
    }
}
