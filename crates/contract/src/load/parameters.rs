//! Parameters and headers.

use std::collections::BTreeMap;

use http::HeaderName;

use super::Loader;
use super::cursor::At;
use crate::bind::parameter::{Notation, Parameter, Place, Style};
use crate::media::{Content, Range};
use crate::pointer;
use crate::route::Template;
use crate::schema::{CheckId, Dialect, Direction, Shape, closest};

const PARAMETER: &[&str] = &[
    "$ref",
    "name",
    "in",
    "description",
    "required",
    "deprecated",
    "allowEmptyValue",
    "style",
    "explode",
    "allowReserved",
    "schema",
    "example",
    "examples",
    "content",
];
/// OpenAPI 3.0.3 §4.7.12.1: described elsewhere in the document, and ignored as parameters.
const IGNORED_HEADERS: &[&str] = &["accept", "content-type", "authorization"];

impl<'d> Loader<'d> {
    /// The path's parameters and the operation's, which take the place of the path's.
    pub(super) fn parameters(
        &mut self,
        item: &At<'d>,
        operation: &At<'d>,
        template: &str,
        parsed: &Template,
    ) -> Vec<Parameter> {
        let mut found: BTreeMap<(String, String), Parameter> = BTreeMap::new();
        let mut order = Vec::new();
        for owner in [item, operation] {
            let Some(list) = owner.get("parameters") else { continue };
            let mut here = Vec::new();
            for at in self.items(&list, "`parameters`") {
                let Some((place, name, at)) = self.parameter_head(at) else { continue };
                if place == Place::Header && IGNORED_HEADERS.iter().any(|ignored| name.eq_ignore_ascii_case(ignored)) {
                    continue;
                }
                let folded = if place == Place::Header { name.to_ascii_lowercase() } else { name.clone() };
                let key = (place.as_str().to_owned(), folded);
                if here.contains(&key) {
                    self.fault(
                        &at.pointer,
                        format!("parameter `{name}` in {} is described twice here", place.as_str()),
                    );
                    continue;
                }
                here.push(key.clone());
                if let Some(parameter) = self.parameter(&at, place, &name, template, parsed)
                    && found.insert(key.clone(), parameter).is_none()
                {
                    order.push(key);
                }
            }
        }
        let parameters: Vec<Parameter> = order.iter().filter_map(|key| found.remove(key)).collect();
        for name in &parsed.names {
            if !parameters.iter().any(|parameter| parameter.place == Place::Path && parameter.name == *name) {
                self.fault(
                    &operation.pointer,
                    format!("path `{template}` has `{{{name}}}` and no path parameter describes it"),
                );
            }
        }
        parameters
    }

    fn parameter_head(&mut self, at: At<'d>) -> Option<(Place, String, At<'d>)> {
        let at = self.follow(at)?;
        if !at.value.is_object() {
            self.fault(&at.pointer, "a parameter must be an object");
            return None;
        }
        self.known(&at, "a parameter", PARAMETER);
        let name = self.text(&at, "name");
        let place = self.text(&at, "in");
        let (Some(name), Some(place)) = (name, place) else {
            self.fault(&at.pointer, "a parameter needs `name` and `in`");
            return None;
        };
        match Place::parse(place) {
            Some(place) => Some((place, name.to_owned(), at)),
            None => {
                let hint = closest(place, ["path", "query", "header", "cookie"])
                    .map(|meant| format!("; did you mean `{meant}`?"));
                let message = format!("`in` must be path, query, header or cookie{}", hint.unwrap_or_default());
                self.fault(&at.pointer_to("in"), message);
                None
            }
        }
    }

    fn parameter(
        &mut self,
        at: &At<'d>,
        place: Place,
        name: &str,
        template: &str,
        parsed: &Template,
    ) -> Option<Parameter> {
        let required = self.flag(at, "required", place == Place::Path && self.options.compat);
        let index = parsed.names.iter().position(|known| known == name);
        if place == Place::Path {
            if !required {
                self.fault(&at.pointer, format!("path parameter `{name}` must say `required: true`"));
            }
            if index.is_none() {
                self.fault(&at.pointer, format!("path `{template}` has no `{{{name}}}` for this parameter"));
            }
        }
        let header = match place {
            Place::Header => match HeaderName::from_bytes(name.as_bytes()) {
                Ok(header) => Some(header),
                Err(_) => {
                    self.fault(&at.pointer_to("name"), format!("`{name}` is not a header name"));
                    return None;
                }
            },
            _ => None,
        };
        let allow_empty = self.flag(at, "allowEmptyValue", false);
        if allow_empty && place != Place::Query && !self.options.compat {
            self.fault(&at.pointer_to("allowEmptyValue"), "`allowEmptyValue` is for query parameters only");
        }
        self.flag(at, "allowReserved", false);
        let (notation, shape, check) = self.value(at, place)?;
        let default = at.get("schema").and_then(|schema| self.default(schema));
        if let (Some(default), Some(check)) = (&default, check) {
            self.defaults.push((default.pointer.clone(), check));
        }
        Some(Parameter {
            name: name.to_owned(),
            pointer: pointer::join("", name),
            place,
            required,
            allow_empty,
            notation,
            shape,
            check,
            default: default.map(|default| default.value.clone()),
            index: index.unwrap_or_default(),
            header,
        })
    }

    /// A schema's default. What stands beside a reference counts in 3.1 only.
    fn default(&mut self, schema: At<'d>) -> Option<At<'d>> {
        let beside = schema.get("default");
        match beside {
            Some(default) if self.dialect == Dialect::V3_1 || schema.get("$ref").is_none() => Some(default),
            _ => self.follow(schema).and_then(|target| target.get("default")),
        }
    }

    /// How a parameter's or a header's text is read and judged: by `schema` or by `content`.
    fn value(&mut self, at: &At<'d>, place: Place) -> Option<(Notation, Shape, Option<CheckId>)> {
        match (at.get("schema"), at.get("content")) {
            (Some(schema), None) => {
                let shape = self.shapes.read(&schema.pointer);
                let notation = self.style(at, place, &shape);
                Some((notation, shape, Some(self.schemas.root(&schema.pointer, Direction::Request))))
            }
            (None, Some(content)) => {
                let media = self.entries(&content, "`content`");
                let [media] = media.as_slice() else {
                    self.fault(&content.pointer, "`content` of a parameter must have exactly one media type");
                    return None;
                };
                let range = Range::parse(&media.key()).and_then(|range| range.content());
                let notation = match range {
                    Some(Content::Json) => Notation::Json,
                    Some(Content::Text) => {
                        Notation::Styled { style: Style::default_for(place), explode: false, dots: false }
                    }
                    _ => {
                        self.fault(&media.pointer, "`content` of a parameter must be JSON or text");
                        return None;
                    }
                };
                let schema = media.get("schema");
                let check = schema.as_ref().map(|schema| self.schemas.root(&schema.pointer, Direction::Request));
                Some((notation, Shape::default(), check))
            }
            (Some(_), Some(_)) => {
                self.fault(&at.pointer, "has both `schema` and `content`; keep one");
                None
            }
            (None, None) if self.options.compat => {
                let notation = Notation::Styled { style: Style::default_for(place), explode: false, dots: false };
                Some((notation, Shape::default(), None))
            }
            (None, None) => {
                self.fault(&at.pointer, "needs a `schema` or `content`");
                None
            }
        }
    }

    fn style(&mut self, at: &At<'d>, place: Place, shape: &Shape) -> Notation {
        let mut style = Style::default_for(place);
        if let Some(name) = self.text(at, "style") {
            let known = Style::ALL.iter().find(|(known, _)| *known == name).map(|(_, style)| *style);
            match known.filter(|style| style.fits(place)) {
                Some(known) => style = known,
                None => {
                    let fitting = Style::ALL.iter().filter(|(_, style)| style.fits(place)).map(|(name, _)| *name);
                    let fitting = fitting.collect::<Vec<_>>().join(", ");
                    let message =
                        format!("`style: {name}` is not for a parameter in {}; use {fitting}", place.as_str());
                    self.fault(&at.pointer_to("style"), message);
                }
            }
        }
        let explode = self.flag(at, "explode", style == Style::Form);
        let types = shape.types;
        let wants = match style {
            Style::DeepObject if types.is_scalar() || types.is_array() => Some("an object"),
            Style::SpaceDelimited | Style::PipeDelimited if types.is_scalar() => Some("an array or an object"),
            Style::SpaceDelimited | Style::PipeDelimited if explode && types.is_object() => {
                Some("`explode: false` for an object")
            }
            _ => None,
        };
        if let Some(wants) = wants.filter(|_| !self.options.compat) {
            let name = Style::ALL.iter().find(|(_, known)| *known == style).map_or("", |(name, _)| *name);
            self.fault(&at.pointer, format!("`style: {name}` needs {wants}"));
        }
        Notation::Styled { style, explode, dots: self.label_dots }
    }

    /// A field of a form, from the form's schema and its `encoding`.
    pub(super) fn field(&mut self, name: &str, shape: Shape, encoding: Option<&At<'d>>) -> Parameter {
        let styled = encoding.is_some_and(|encoding| encoding.value.get("style").is_some());
        let notation = match encoding {
            Some(encoding) if styled || encoding.value.get("explode").is_some() => {
                self.style(encoding, Place::Query, &shape)
            }
            Some(encoding) if names_json(encoding) => Notation::Json,
            // OpenAPI 3.0.3 §4.7.15.1.1: an object's default content type is JSON.
            _ if shape.types.is_object() => Notation::Json,
            _ => Notation::Styled { style: Style::Form, explode: true, dots: false },
        };
        Parameter {
            name: name.to_owned(),
            pointer: pointer::join("", name),
            place: Place::Query,
            required: false,
            allow_empty: false,
            notation,
            shape,
            check: None,
            default: None,
            index: 0,
            header: None,
        }
    }

    /// A header of an answer: a parameter without `name` and `in`, always in style simple.
    pub(super) fn header(&mut self, at: &At<'d>, name: &str) -> Option<Parameter> {
        if IGNORED_HEADERS.iter().any(|ignored| name.eq_ignore_ascii_case(ignored)) {
            return None;
        }
        let Ok(header) = HeaderName::from_bytes(name.as_bytes()) else {
            self.fault(&at.pointer, format!("`{name}` is not a header name"));
            return None;
        };
        let required = self.flag(at, "required", false);
        let schema = at.get("schema");
        let shape = schema.as_ref().map(|schema| self.shapes.read(&schema.pointer)).unwrap_or_default();
        let check = schema.as_ref().map(|schema| self.schemas.root(&schema.pointer, Direction::Response));
        let notation = self.style(at, Place::Header, &shape);
        Some(Parameter {
            name: name.to_owned(),
            pointer: pointer::join("", name),
            place: Place::Header,
            required,
            allow_empty: false,
            notation,
            shape,
            check,
            default: None,
            index: 0,
            header: Some(header),
        })
    }
}

fn names_json(encoding: &At<'_>) -> bool {
    let content_type = encoding.value.get("contentType").and_then(serde_json::Value::as_str);
    content_type.and_then(Range::parse).and_then(|range| range.content()) == Some(Content::Json)
}
