//! Whether an answer is one that the contract describes.

use http::HeaderMap;
use serde_json::Value;

use crate::bind::json::{self, Limits};
use crate::bind::parameter::Parameter;
use crate::bind::text::coerce;
use crate::contract::Operation;
use crate::error::{Errors, FieldError};
use crate::media::{Content, MediaType, Range};
use crate::options::Options;
use crate::schema::{CheckId, Shape};

/// One entry of `responses`.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusKey,
    pub(crate) content: Vec<AnswerContent>,
    /// Headers, as parameters: required ones must be there, and those there must fit.
    pub(crate) headers: Vec<Parameter>,
}

/// A key of `responses`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusKey {
    Exact(u16),
    /// `4XX` is `Class(4)`.
    Class(u16),
    Default,
}

/// One media type of an answer.
#[derive(Debug)]
pub(crate) struct AnswerContent {
    pub(crate) range: Range,
    pub(crate) check: Option<CheckId>,
    pub(crate) shape: Shape,
}

impl StatusKey {
    pub(crate) fn parse(key: &str) -> Option<Self> {
        if key == "default" {
            return Some(Self::Default);
        }
        let class = key.chars().next().and_then(|first| first.to_digit(10)).filter(|class| (1..=5).contains(class))?;
        if key.len() != 3 {
            return None;
        }
        if key.ends_with("XX") {
            return u16::try_from(class).ok().map(Self::Class);
        }
        key.parse().ok().filter(|_| key.bytes().all(|byte| byte.is_ascii_digit())).map(Self::Exact)
    }
}

impl Answer {
    /// The status, when the entry is for one alone.
    pub(crate) fn exact(&self) -> Option<u16> {
        match self.status {
            StatusKey::Exact(status) => Some(status),
            _ => None,
        }
    }
}

impl Operation {
    /// Judges an answer: its status must be documented (itself, by its class, or by `default`), its media type too,
    /// and its body must fit the schema. A field that is `writeOnly` must not be in it.
    ///
    /// # Errors
    /// Every place that does not fit; `place` is `status`, `header` or `body`.
    pub fn check_response(&self, status: u16, media_type: Option<&str>, body: &[u8]) -> Result<(), Vec<FieldError>> {
        let mut errors = Errors::default();
        match self.answer(status) {
            Some(answer) => self.check_content(answer, media_type, body, &mut errors),
            None => errors.push("status", "", format!("is {status}, which the contract does not describe")),
        }
        errors.into_result()
    }

    /// Judges an answer's headers: those that the contract requires must be there, and those that it describes must fit.
    ///
    /// # Errors
    /// Every header that does not fit.
    pub fn check_response_headers(&self, status: u16, headers: &HeaderMap) -> Result<(), Vec<FieldError>> {
        let mut errors = Errors::default();
        for header in self.answer(status).into_iter().flat_map(|answer| &answer.headers) {
            match header.in_headers(headers, self.rules) {
                Ok(None) if header.required => errors.push("header", header.pointer.clone(), "is required"),
                Ok(None) => {}
                Ok(Some(value)) => {
                    if let Some(check) = header.check {
                        self.checks.judge(check, &value, "header", &header.pointer, &mut errors);
                    }
                }
                Err(unreadable) => errors.push("header", header.pointer.clone(), unreadable.detail),
            }
        }
        errors.into_result()
    }

    fn answer(&self, status: u16) -> Option<&Answer> {
        let by = |key: StatusKey| self.answers.iter().find(|answer| answer.status == key);
        by(StatusKey::Exact(status)).or_else(|| by(StatusKey::Class(status / 100))).or_else(|| by(StatusKey::Default))
    }

    fn check_content(&self, answer: &Answer, media_type: Option<&str>, body: &[u8], errors: &mut Errors) {
        if answer.content.is_empty() {
            if !body.is_empty() {
                errors.push("body", "", "must be empty: the contract describes no content for this status");
            }
            return;
        }
        let Some(media_type) = media_type.and_then(MediaType::parse) else {
            errors.push("header", "/content-type", "must name a media type");
            return;
        };
        let essence = media_type.essence();
        let best = answer.content.iter().max_by_key(|content| content.range.precision(essence));
        let Some(content) = best.filter(|content| content.range.precision(essence) > 0) else {
            errors.push(
                "header",
                "/content-type",
                "is a media type that the contract does not describe for this status",
            );
            return;
        };
        if let (Some(value), Some(check)) = (self.response_value(essence, &content.shape, body, errors), content.check)
        {
            self.checks.judge(check, &value, "body", "", errors);
        }
    }

    /// The body as a value, where its media type says how; bytes and forms are not looked into.
    fn response_value(&self, essence: &str, shape: &Shape, body: &[u8], errors: &mut Errors) -> Option<Value> {
        match Content::of(essence) {
            Content::Json => {
                let limits = Limits { depth_max: Options::DEPTH_CEILING, duplicate_keys: false, wide_integers: true };
                match json::parse(body, limits) {
                    Ok(value) => Some(value),
                    Err(problems) => {
                        problems.into_iter().for_each(|problem| errors.add(problem));
                        None
                    }
                }
            }
            Content::Text => match std::str::from_utf8(body) {
                Ok(text) => Some(coerce(text.into(), shape, self.rules.compat)),
                Err(_) => {
                    errors.push("body", "", "must be UTF-8 text");
                    None
                }
            },
            Content::Form | Content::Multipart | Content::Bytes => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_keys_are_numbers_classes_or_default() {
        assert_eq!(StatusKey::parse("200"), Some(StatusKey::Exact(200)));
        assert_eq!(StatusKey::parse("4XX"), Some(StatusKey::Class(4)));
        assert_eq!(StatusKey::parse("default"), Some(StatusKey::Default));
        for bad in ["", "20", "2000", "4xx", "6XX", "099", "+20", "2é", "ok"] {
            assert_eq!(StatusKey::parse(bad), None, "{bad}");
        }
    }
}
