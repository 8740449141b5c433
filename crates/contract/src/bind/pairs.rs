//! Names and values: queries, cookies, and URL-encoded forms.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::deep;
use super::parameter::{Found, Notation, Parameter, Place, Style, Unreadable};
use super::single::{Kind, Single};
use super::text::{Encoding, decode, percent_decode};
use crate::contract::Rules;
use crate::error::Errors;
use crate::pointer;
use crate::schema::{Types, closest};

/// The largest number of `name=value` pairs in a query, a form or the cookies.
pub const QUERY_PAIRS_MAX: usize = 1_000;

/// Pairs in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Pairs<'r> {
    pub(super) list: Vec<Pair<'r>>,
    encoding: Option<Encoding>,
}

#[derive(Debug)]
pub(super) struct Pair<'r> {
    /// Decoded.
    pub(super) name: Cow<'r, str>,
    /// Encoded.
    pub(super) raw: &'r str,
    /// Whether a parameter has taken it.
    pub(super) used: bool,
}

impl<'r> Pairs<'r> {
    /// The pairs of a query.
    pub(super) fn query(text: &'r str, lenient: bool, errors: &mut Errors) -> Self {
        Self::urlencoded(text, lenient, "query", errors)
    }

    /// The pairs of `application/x-www-form-urlencoded` text.
    pub(super) fn urlencoded(text: &'r str, lenient: bool, place: &'static str, errors: &mut Errors) -> Self {
        let mut list = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if list.len() == QUERY_PAIRS_MAX {
                errors.push(place, "", format!("must have at most {QUERY_PAIRS_MAX} pairs"));
                break;
            }
            let (name, raw) = pair.split_once('=').unwrap_or((pair, ""));
            match decode(name, Encoding::Form, lenient) {
                Ok(name) => list.push(Pair { name, raw, used: false }),
                Err(detail) => errors.push(place, "", format!("has a name that {detail}")),
            }
        }
        Self { list, encoding: Some(Encoding::Form) }
    }

    /// The pairs of `Cookie` headers (RFC 6265 §4.2.1), for one parameter: an exploded list or object may also stand
    /// in one cookie, its parts separated by `&`.
    pub(super) fn cookies(headers: &[&'r str], parameter: &Parameter) -> Self {
        let exploded = matches!(parameter.notation, Notation::Styled { explode: true, .. })
            && Kind::of(&parameter.shape) != Kind::Scalar;
        let mut list = Vec::new();
        for cookie in headers.iter().flat_map(|header| header.split(';')) {
            let cookie = cookie.trim_matches([' ', '\t']);
            let parts: &mut dyn Iterator<Item = &'r str> =
                if exploded { &mut cookie.split('&') } else { &mut std::iter::once(cookie) };
            for part in parts.take(QUERY_PAIRS_MAX.saturating_sub(list.len())) {
                let Some((name, raw)) = part.split_once('=') else { continue };
                let raw = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
                let name = percent_decode(name, false).unwrap_or(Cow::Borrowed(name));
                list.push(Pair { name, raw, used: false });
            }
        }
        Self { list, encoding: Some(Encoding::Percent) }
    }

    fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or(Encoding::Form)
    }

    /// The values under a name, taken.
    fn take(&mut self, name: &str) -> Vec<&'r str> {
        let of_name = self.list.iter_mut().filter(|pair| pair.name == name);
        of_name
            .map(|pair| {
                pair.used = true;
                pair.raw
            })
            .collect()
    }

    /// Refuses pairs that no parameter has taken.
    pub(super) fn refuse_unused(&self, parameters: &[Parameter], errors: &mut Errors) {
        let known = || parameters.iter().filter(|parameter| parameter.place == Place::Query).map(|p| p.name.as_str());
        for pair in self.list.iter().filter(|pair| !pair.used) {
            let cut = pair.name.chars().take(60).collect::<String>();
            let detail = match closest(&pair.name, known()) {
                Some(meant) => format!("is not a known parameter; did you mean `{meant}`?"),
                None => "is not a known parameter".to_owned(),
            };
            errors.push("query", pointer::join("", &cut), detail);
        }
    }
}

impl Parameter {
    /// Finds the parameter among pairs. `siblings` are all parameters of the place: an exploded object must not take
    /// what is theirs.
    pub(super) fn in_pairs(&self, pairs: &mut Pairs<'_>, siblings: &[Parameter], rules: Rules) -> Found {
        let Notation::Styled { style, explode, dots } = self.notation else {
            return self.in_one_pair(pairs, rules);
        };
        let encoding = pairs.encoding();
        let single = Single { name: &self.name, style, explode, dots, encoding, lenient: rules.compat };
        match (style, Kind::of(&self.shape)) {
            (Style::DeepObject, _) => deep::read(&self.name, &self.shape, pairs, single),
            (Style::Form, Kind::Object) if explode => self.in_fields(pairs, siblings, single),
            (_, Kind::Array) if explode => match pairs.take(&self.name) {
                values if values.is_empty() => Ok(None),
                values => single.list(values, &self.shape).map(Some),
            },
            (_, Kind::Scalar) if explode && self.shape.types.has(Types::ARRAY) => {
                let values = pairs.take(&self.name);
                match values.as_slice() {
                    [] => Ok(None),
                    [only] => single.scalar(only, &self.shape).map(Some),
                    _ => single.list(values, &self.shape).map(Some),
                }
            }
            _ => self.in_one_pair(pairs, rules),
        }
    }

    /// A parameter that must stand there at most once.
    fn in_one_pair(&self, pairs: &mut Pairs<'_>, rules: Rules) -> Found {
        let encoding = pairs.encoding();
        let raw = match pairs.take(&self.name).as_slice() {
            [] => return Ok(None),
            [only] => *only,
            [.., last] if rules.compat => *last,
            _ => return Err("is given more than once".into()),
        };
        if raw.is_empty() && self.allow_empty {
            let text = self.shape.types.has(Types::STRING) || self.shape.types.0 == 0;
            return Ok(Some(if text { Value::String(String::new()) } else { Value::Null }));
        }
        self.read_single(raw, encoding, rules).map(Some)
    }

    /// An exploded object: its fields stand beside the other parameters.
    fn in_fields(&self, pairs: &mut Pairs<'_>, siblings: &[Parameter], single: Single<'_>) -> Found {
        let mut object = Map::new();
        let theirs =
            |name: &str| siblings.iter().any(|sibling| sibling.place == self.place && sibling.claims(name, self));
        for index in 0..pairs.list.len() {
            let Some(pair) = pairs.list.get(index) else { break };
            let named = self.shape.properties.iter().any(|(name, _)| *name == pair.name);
            let open = self.shape.additional.is_some() && !theirs(&pair.name);
            if pair.used || !(named || open) {
                continue;
            }
            let name = pair.name.clone().into_owned();
            let field = self.shape.property(&name);
            let values = pairs.take(&name);
            let value = match values.as_slice() {
                _ if Kind::of(field) == Kind::Array => single.list(values, field)?,
                [only] => single.scalar(only, field)?,
                [.., last] if single.lenient => single.scalar(last, field)?,
                _ => {
                    let detail = "is given more than once".to_owned();
                    return Err(Unreadable { pointer: pointer::join("", &name), detail });
                }
            };
            object.insert(name, value);
        }
        Ok(if object.is_empty() { None } else { Some(Value::Object(object)) })
    }

    /// Whether a name in the query belongs to this parameter and not to `other`.
    fn claims(&self, name: &str, other: &Parameter) -> bool {
        if std::ptr::eq(self, other) {
            return false;
        }
        match self.notation {
            Notation::Styled { style: Style::DeepObject, .. } => {
                name.strip_prefix(self.name.as_str()).is_some_and(|rest| rest.starts_with('['))
            }
            Notation::Styled { style: Style::Form, explode: true, .. } if Kind::of(&self.shape) == Kind::Object => {
                self.shape.properties.iter().any(|(known, _)| known == name)
            }
            _ => self.name == name,
        }
    }
}
