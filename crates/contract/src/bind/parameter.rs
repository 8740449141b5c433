//! One parameter: where it comes from, how it is written, what it becomes.

use http::{HeaderMap, HeaderName};
use serde_json::Value;

use super::json::{self, Limits};
use super::pairs::Pairs;
use super::single::{Kind, Single};
use super::text::{Encoding, decode};
use crate::contract::Rules;
use crate::route::PathParams;
use crate::schema::{CheckId, Shape};

/// Where a parameter comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
    Header,
    Cookie,
}

impl Place {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Path, Self::Query, Self::Header, Self::Cookie].into_iter().find(|place| place.as_str() == name)
    }
}

/// How a value that is not a single text is written (OpenAPI 3.0.3 §4.7.12.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Simple,
    Label,
    Matrix,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
}

impl Style {
    pub(crate) const ALL: &[(&str, Style)] = &[
        ("simple", Self::Simple),
        ("label", Self::Label),
        ("matrix", Self::Matrix),
        ("form", Self::Form),
        ("spaceDelimited", Self::SpaceDelimited),
        ("pipeDelimited", Self::PipeDelimited),
        ("deepObject", Self::DeepObject),
    ];

    /// Whether the style may be used in a place.
    pub(crate) fn fits(self, place: Place) -> bool {
        match self {
            Self::Simple => matches!(place, Place::Path | Place::Header),
            Self::Label | Self::Matrix => place == Place::Path,
            Self::Form => matches!(place, Place::Query | Place::Cookie),
            Self::SpaceDelimited | Self::PipeDelimited | Self::DeepObject => place == Place::Query,
        }
    }

    pub(crate) fn default_for(place: Place) -> Self {
        match place {
            Place::Path | Place::Header => Self::Simple,
            Place::Query | Place::Cookie => Self::Form,
        }
    }
}

/// How a parameter's text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Styled {
        style: Style,
        explode: bool,
        /// `label` without `explode` separates by dots where there is no comma: OpenAPI 3.0.0–3.0.3 and 3.1.0 show it
        /// so; RFC 6570 and the later versions separate by commas only.
        dots: bool,
    },
    /// `content: application/json`.
    Json,
}

/// A parameter, or a field of a form.
#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    /// The name as a JSON Pointer.
    pub(crate) pointer: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) allow_empty: bool,
    pub(crate) notation: Notation,
    pub(crate) shape: Shape,
    pub(crate) check: Option<CheckId>,
    pub(crate) default: Option<Value>,
    /// Which of the path's parameters it is.
    pub(crate) index: usize,
    /// The name as a header's, for headers.
    pub(crate) header: Option<HeaderName>,
}

/// Text that cannot be read at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    /// Below the parameter.
    pub(crate) pointer: String,
    pub(crate) detail: String,
}

impl<T: Into<String>> From<T> for Unreadable {
    fn from(detail: T) -> Self {
        Self { pointer: String::new(), detail: detail.into() }
    }
}

/// What was found: nothing, a value, or something unreadable.
pub(crate) type Found = Result<Option<Value>, Unreadable>;

impl Parameter {
    pub(crate) fn in_path(&self, path: &PathParams, rules: Rules) -> Found {
        match path.get(self.index) {
            Some(raw) => self.read_single(raw, Encoding::Percent, rules).map(Some),
            None => Ok(None),
        }
    }

    pub(crate) fn in_headers(&self, headers: &HeaderMap, rules: Rules) -> Found {
        let Some(name) = &self.header else { return Ok(None) };
        let mut lines = headers.get_all(name).iter().map(|value| std::str::from_utf8(value.as_bytes()));
        let Some(first) = lines.next() else { return Ok(None) };
        let Ok(first) = first else { return Err("must be UTF-8 text".into()) };
        let mut joined = std::borrow::Cow::Borrowed(first);
        // Several lines are one list (RFC 9110 §5.3), and what is no list cannot have several.
        for line in lines {
            if self.takes_one_line() {
                return Err("stands twice in the request; send it once".into());
            }
            let Ok(line) = line else { return Err("must be UTF-8 text".into()) };
            let all = joined.to_mut();
            all.push_str(", ");
            all.push_str(line);
        }
        self.read_single(joined.trim_matches([' ', '\t']), Encoding::Plain, rules).map(Some)
    }

    fn takes_one_line(&self) -> bool {
        match self.notation {
            Notation::Json => true,
            Notation::Styled { .. } => Kind::of(&self.shape) == Kind::Scalar,
        }
    }

    pub(crate) fn in_cookies(&self, cookies: &[&str], siblings: &[Parameter], rules: Rules) -> Found {
        let mut pairs = Pairs::cookies(cookies, self);
        self.in_pairs(&mut pairs, siblings, rules)
    }

    /// A value that one text holds whole.
    pub(super) fn read_single(&self, raw: &str, encoding: Encoding, rules: Rules) -> Result<Value, Unreadable> {
        match self.notation {
            Notation::Json => self.read_json(raw, encoding, rules),
            Notation::Styled { style, explode, dots } => {
                let single = Single { name: &self.name, style, explode, dots, encoding, lenient: rules.compat };
                single.read(raw, &self.shape)
            }
        }
    }

    pub(super) fn read_json(&self, raw: &str, encoding: Encoding, rules: Rules) -> Result<Value, Unreadable> {
        let text = decode(raw, encoding, rules.compat)?;
        let limits = Limits { duplicate_keys: rules.json.duplicate_keys, ..rules.json };
        json::parse_str(&text, limits)
            .map_err(|refusal| Unreadable { pointer: refusal.pointer, detail: refusal.detail })
    }
}
