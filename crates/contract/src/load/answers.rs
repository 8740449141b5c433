//! Responses.

use super::Loader;
use super::cursor::At;
use crate::media::Range;
use crate::response::{Answer, AnswerContent, StatusKey};
use crate::schema::Direction;

const RESPONSE: &[&str] = &["$ref", "summary", "description", "headers", "content", "links"];

impl<'d> Loader<'d> {
    pub(super) fn answers(&mut self, operation: &At<'d>) -> Vec<Answer> {
        let Some(responses) = operation.get("responses") else {
            if !self.options.compat {
                self.fault(&operation.pointer, "`responses` is required");
            }
            return Vec::new();
        };
        let entries = self.entries(&responses, "`responses`");
        if entries.is_empty() && !self.options.compat {
            self.fault(&responses.pointer, "`responses` must describe at least one status");
        }
        let mut answers = Vec::new();
        for entry in entries {
            match StatusKey::parse(&entry.key()) {
                Some(status) => answers.extend(self.answer(entry, status)),
                None => {
                    let message = format!("`{}` must be a status such as 200 or 4XX, or `default`", entry.key());
                    self.fault(&entry.pointer, message);
                }
            }
        }
        answers
    }

    fn answer(&mut self, at: At<'d>, status: StatusKey) -> Option<Answer> {
        let at = self.follow(at)?;
        self.known(&at, "a response", RESPONSE);
        if !self.options.compat && at.value.get("description").is_none() {
            self.fault(&at.pointer, "a response needs a `description`");
        }
        let mut content = Vec::new();
        if let Some(map) = at.get("content") {
            for media in self.entries(&map, "`content`") {
                let Some(range) = Range::parse(&media.key()) else {
                    self.fault(&media.pointer, format!("`{}` is not a media type", media.key()));
                    continue;
                };
                let schema = media.get("schema");
                let shape = schema.as_ref().map(|schema| self.shapes.read(&schema.pointer)).unwrap_or_default();
                let check = schema.map(|schema| self.schemas.root(&schema.pointer, Direction::Response));
                content.push(AnswerContent { range, check, shape });
            }
        }
        let mut headers = Vec::new();
        if let Some(map) = at.get("headers") {
            for header in self.entries(&map, "`headers`") {
                let name = header.key();
                if let Some(header) = self.follow(header) {
                    headers.extend(self.header(&header, &name));
                }
            }
        }
        Some(Answer { status, content, headers })
    }
}
