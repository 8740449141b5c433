//! URI patterns (WAMP, "Pattern-based Subscriptions"): exact, prefix, wildcard.

use crate::config::Match;

/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 512;

/// One pattern, checked when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// That very URI.
    Exact(Box<str>),
    /// Every URI that begins with it, letter by letter.
    Prefix(Box<str>),
    /// As many components, of which some are given.
    Wildcard(Wildcard),
}

/// Components, of which the empty ones stand for any one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wildcard(Box<[Box<str>]>);

impl Wildcard {
    pub(crate) fn matches(&self, uri: &str) -> bool {
        let mut components = uri.split('.');
        self.0.iter().all(|wanted| {
            components.next().is_some_and(|have| !have.is_empty() && (wanted.is_empty() || **wanted == *have))
        }) && components.next().is_none()
    }

    /// The letters that every matching URI begins with.
    fn stem(&self) -> String {
        let mut stem = String::new();
        for component in self.0.iter().take_while(|component| !component.is_empty()) {
            stem.push_str(component);
            stem.push('.');
        }
        if self.0.iter().all(|component| !component.is_empty()) {
            stem.pop();
        }
        stem
    }
}

impl Pattern {
    /// Reads a pattern of a rule.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind its name.
    pub fn parse(text: &str, kind: Match) -> Result<Self, String> {
        if text.len() > PATTERN_BYTES_MAX {
            return Err(format!("is longer than {PATTERN_BYTES_MAX} bytes"));
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '#' || c == '*') {
            return Err("a URI has no spaces, `#` or `*`; use `match = \"prefix\"` or `match = \"wildcard\"`".into());
        }
        let empty_component = text.split('.').any(str::is_empty);
        match kind {
            Match::Exact if empty_component => {
                Err("has an empty component; for a pattern, write `match = \"prefix\"` or `match = \"wildcard\"`"
                    .into())
            }
            Match::Exact => Ok(Self::Exact(text.into())),
            Match::Prefix => {
                let body = text.strip_suffix('.').unwrap_or(text);
                if !text.is_empty() && body.split('.').any(str::is_empty) {
                    return Err("has an empty component inside; prefixes have none".into());
                }
                Ok(Self::Prefix(text.into()))
            }
            Match::Wildcard if text.is_empty() => {
                Err("is empty; `match = \"prefix\"` with an empty `uri` is every URI".into())
            }
            Match::Wildcard if !empty_component => {
                Err("has no empty component, which is what a wildcard is: `a..c`".into())
            }
            Match::Wildcard => Ok(Self::Wildcard(Wildcard(text.split('.').map(Into::into).collect()))),
        }
    }

    /// Reads what a client asks for: there a wildcard need not have an empty component, and then stands for one URI.
    ///
    /// # Errors
    /// What is wrong with it, to be put behind its name.
    pub fn requested(text: &str, kind: Match) -> Result<Self, String> {
        let stands_for_one = kind == Match::Wildcard && !text.split('.').any(str::is_empty);
        Self::parse(text, if stands_for_one { Match::Exact } else { kind })
    }

    /// Whether it matches a URI.
    #[must_use]
    pub fn matches(&self, uri: &str) -> bool {
        match self {
            Self::Exact(exact) => **exact == *uri,
            Self::Prefix(prefix) => uri.starts_with(&**prefix),
            Self::Wildcard(wildcard) => wildcard.matches(uri),
        }
    }

    /// Whether every URI that `other` matches is matched by this one. May say no where the answer is
    /// yes; never the other way round.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::Exact(uri)) => self.matches(uri),
            (Self::Prefix(mine), Self::Prefix(theirs)) => theirs.starts_with(&**mine),
            (Self::Prefix(mine), Self::Wildcard(theirs)) => theirs.stem().starts_with(&**mine),
            (Self::Wildcard(mine), Self::Wildcard(theirs)) => {
                mine.0.len() == theirs.0.len() && mine.0.iter().zip(&theirs.0).all(|(a, b)| a.is_empty() || a == b)
            }
            (Self::Exact(_), _) | (Self::Wildcard(_), Self::Prefix(_)) => false,
        }
    }

    /// Whether some URI may be matched by both. May say yes where the answer is no; never the other
    /// way round.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exact(uri), pattern) | (pattern, Self::Exact(uri)) => pattern.matches(uri),
            (Self::Prefix(a), Self::Prefix(b)) => a.starts_with(&**b) || b.starts_with(&**a),
            (Self::Prefix(prefix), Self::Wildcard(wildcard)) | (Self::Wildcard(wildcard), Self::Prefix(prefix)) => {
                let stem = wildcard.stem();
                stem.starts_with(&**prefix) || prefix.starts_with(&stem)
            }
            (Self::Wildcard(a), Self::Wildcard(b)) => {
                a.0.len() == b.0.len() && a.0.iter().zip(&b.0).all(|(a, b)| a.is_empty() || b.is_empty() || a == b)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, kind: Match) -> Pattern {
        Pattern::parse(text, kind).unwrap()
    }

    #[test]
    fn patterns_match_as_the_specification_says() {
        for (text, kind, uri, expected) in [
            ("loans.balance", Match::Exact, "loans.balance", true),
            ("loans.balance", Match::Exact, "loans.balance.x", false),
            ("loans.", Match::Prefix, "loans.balance", true),
            ("loans.", Match::Prefix, "loansharks.hire", false),
            ("loans", Match::Prefix, "loansharks.hire", true),
            ("", Match::Prefix, "anything.at.all", true),
            ("a..c", Match::Wildcard, "a.b.c", true),
            ("a..c", Match::Wildcard, "a..c", false),
            ("a..c", Match::Wildcard, "a.b.b.c", false),
            ("a..c", Match::Wildcard, "a.b", false),
            ("a.", Match::Wildcard, "a.b", true),
            ("a.", Match::Wildcard, "a", false),
            ("a.", Match::Wildcard, "a.", false),
            (".b", Match::Wildcard, "a.b", true),
            ("..", Match::Wildcard, "x.y.z", true),
        ] {
            assert_eq!(pattern(text, kind).matches(uri), expected, "{text} {kind:?} {uri}");
        }
    }

    #[test]
    fn patterns_that_would_surprise_are_refused() {
        for (text, kind) in [
            ("", Match::Exact),
            ("a..c", Match::Exact),
            ("a.*", Match::Exact),
            ("a b", Match::Prefix),
            ("a..b", Match::Prefix),
            (".", Match::Prefix),
            ("a.b", Match::Wildcard),
            ("", Match::Wildcard),
        ] {
            assert!(Pattern::parse(text, kind).is_err(), "{text} {kind:?}");
        }
        assert!(Pattern::parse(&"a".repeat(PATTERN_BYTES_MAX + 1), Match::Exact).is_err());
    }

    /// Every sequence of up to three of the words, joined by dots.
    fn sequences(words: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = words.iter().map(ToString::to_string).collect();
        let mut last = all.clone();
        for _ in 0..2 {
            last = last.iter().flat_map(|front| words.iter().map(move |word| format!("{front}.{word}"))).collect();
            all.extend(last.iter().cloned());
        }
        all
    }

    #[test]
    fn covering_and_overlapping_are_what_they_say_for_every_pair_of_small_patterns() {
        let uris = sequences(&["a", "b", "ab"]);
        let texts = sequences(&["a", "ab", ""]);
        let kinds = [Match::Exact, Match::Prefix, Match::Wildcard];
        let patterns: Vec<(Pattern, Vec<bool>)> = texts
            .iter()
            .flat_map(|text| kinds.iter().filter_map(|kind| Pattern::parse(text, *kind).ok()))
            .map(|pattern| (pattern.clone(), uris.iter().map(|uri| pattern.matches(uri)).collect()))
            .collect();
        let (mut covering, mut disjoint) = (0, 0);
        for (first, of_first) in &patterns {
            for (second, of_second) in &patterns {
                let pairs = || of_first.iter().zip(of_second);
                if first.covers(second) {
                    covering += 1;
                    assert!(pairs().all(|(first, second)| *first || !*second), "{first:?} covers {second:?}");
                }
                if !first.overlaps(second) {
                    disjoint += 1;
                    assert!(!pairs().any(|(first, second)| *first && *second), "{first:?} overlaps {second:?}");
                }
                assert_eq!(first.overlaps(second), second.overlaps(first), "{first:?} {second:?}");
            }
        }
        assert!(covering > patterns.len() && disjoint > patterns.len(), "neither answer is always the careful one");
    }
}
