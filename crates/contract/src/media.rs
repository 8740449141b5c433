//! Media types: RFC 9110 §8.3.1.

/// A media type of a message: `type/subtype` in lower case, and the parameters that matter here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MediaType {
    essence: String,
    charset: Option<String>,
    pub(crate) boundary: Option<String>,
}

impl MediaType {
    /// `None` for text that is not a media type.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (essence, mut rest) = match text.split_once(';') {
            Some((essence, rest)) => (essence, rest),
            None => (text, ""),
        };
        let essence = essence.trim_matches([' ', '\t']).to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if !is_token(kind) || !is_token(subtype) {
            return None;
        }
        let mut media_type = Self { essence, ..Self::default() };
        while !rest.is_empty() {
            let (name, value, after) = parameter(rest)?;
            rest = after;
            match name.as_str() {
                "charset" => media_type.charset = Some(value.to_ascii_lowercase()),
                "boundary" => media_type.boundary = Some(value),
                _ => {}
            }
        }
        Some(media_type)
    }

    pub(crate) fn essence(&self) -> &str {
        &self.essence
    }

    /// Whether text in it is UTF-8 (or its subset ASCII), as far as it says.
    pub(crate) fn is_utf8(&self) -> bool {
        self.charset.as_deref().is_none_or(|charset| matches!(charset, "utf-8" | "utf8" | "us-ascii" | "ascii"))
    }
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Name in lower case, value, and what follows.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let text = text.trim_start_matches([' ', '\t', ';']);
    if text.is_empty() {
        return Some((String::new(), String::new(), ""));
    }
    let (name, after) = text.split_once('=')?;
    let name = name.trim_matches([' ', '\t']).to_ascii_lowercase();
    if !is_token(&name) {
        return None;
    }
    let Some(quoted) = after.strip_prefix('"') else {
        let (value, rest) = after.split_once(';').unwrap_or((after, ""));
        return Some((name, value.trim_matches([' ', '\t']).to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((name, value, quoted.get(index + 1..).unwrap_or_default())),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// The parameters of a header such as `Content-Disposition: form-data; name="a"`: the first word, and pairs.
pub(crate) fn disposition(text: &str) -> Option<(String, Vec<(String, String)>)> {
    let (kind, mut rest) = text.split_once(';').unwrap_or((text, ""));
    let mut pairs = Vec::new();
    while !rest.is_empty() {
        let (name, value, after) = parameter(rest)?;
        rest = after;
        pairs.push((name, value));
    }
    Some((kind.trim_matches([' ', '\t']).to_ascii_lowercase(), pairs))
}

/// How content of a media type is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// `application/json`, `*+json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data`.
    Multipart,
    /// `text/*`.
    Text,
    /// Anything else.
    Bytes,
}

impl Content {
    pub(crate) fn of(essence: &str) -> Self {
        match essence.split_once('/') {
            Some((_, subtype)) if subtype == "json" || subtype.ends_with("+json") => Self::Json,
            Some(("text", _)) => Self::Text,
            _ if essence == "application/x-www-form-urlencoded" => Self::Form,
            _ if essence == "multipart/form-data" => Self::Multipart,
            _ => Self::Bytes,
        }
    }
}

/// A key of a `content` map: a media type or a range of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range(String);

impl Range {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        MediaType::parse(text).map(|media_type| Self(media_type.essence))
    }

    /// How precisely the range names a media type: 3 by itself, 2 by its type, 1 as anything; 0 not at all.
    pub(crate) fn precision(&self, essence: &str) -> u8 {
        if self.0 == essence {
            return 3;
        }
        if self.0 == "*/*" {
            return 1;
        }
        let same = |(range, subtype): (&str, &str)| {
            subtype == "*" && essence.split_once('/').is_some_and(|(kind, _)| kind == range)
        };
        if self.0.split_once('/').is_some_and(same) { 2 } else { 0 }
    }

    /// The content that the range names alone; `None` when it depends on the media type sent.
    pub(crate) fn content(&self) -> Option<Content> {
        (!self.0.contains('*') || self.0 == "text/*").then(|| Content::of(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_read_with_their_parameters() {
        let parsed = MediaType::parse("Multipart/Form-Data; charset=UTF-8 ; boundary=\"a;\\\"b\"").unwrap();
        assert_eq!((parsed.essence(), parsed.boundary.as_deref()), ("multipart/form-data", Some("a;\"b")));
        assert!(parsed.is_utf8());
        assert!(MediaType::parse("application/json;").is_some());
        assert!(!MediaType::parse("text/plain; charset=latin1").unwrap().is_utf8());
        for bad in ["", "json", "a/", "/b", "a b/c", "a/b; x", "a/b; x=\"y"] {
            assert_eq!(MediaType::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_most_precise_range_is_known() {
        for (range, essence, precision) in [
            ("application/json", "application/json", 3),
            ("application/*", "application/json", 2),
            ("*/*", "application/json", 1),
            ("text/*", "application/json", 0),
            ("application/json; v=1", "application/json", 3),
        ] {
            assert_eq!(Range::parse(range).unwrap().precision(essence), precision, "{range}");
        }
    }

    #[test]
    fn what_a_media_type_holds_is_known() {
        assert_eq!(Content::of("application/vnd.a+json"), Content::Json);
        assert_eq!(Content::of("text/csv"), Content::Text);
        assert_eq!(Content::of("image/png"), Content::Bytes);
        assert_eq!(Content::of("text/json"), Content::Json);
    }
}
