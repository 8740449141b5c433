//! Small words for sentences: short renderings of values, and near misses.

use serde_json::Value;

/// The longest text of a contract or a request that a sentence repeats, in characters.
const QUOTE_CHARS_MAX: usize = 60;
/// How many of an `enum`'s values a sentence lists.
const LISTED_MAX: usize = 20;

/// Text, cut where it is long.
pub(super) fn short(text: &str) -> String {
    match text.char_indices().nth(QUOTE_CHARS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}

/// A contract's value: text bare, anything else as JSON.
pub(super) fn show(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => short(text),
        other => short(&other.to_string()),
    }
}

/// `A, B, C` or the first of many.
pub(super) fn list(values: &[Value]) -> String {
    let mut text = values.iter().take(LISTED_MAX).map(show).collect::<Vec<_>>().join(", ");
    if values.len() > LISTED_MAX {
        text.push_str(&format!(" and {} more", values.len() - LISTED_MAX));
    }
    text
}

/// `1 item`, `2 items`.
pub(super) fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

/// The name among `known` that was probably meant.
pub(crate) fn closest<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    /// Beyond this length nobody mistypes a name by a letter or two; and the comparison is quadratic.
    const NAME_CHARS_MAX: usize = 64;
    if name.len() > NAME_CHARS_MAX {
        return None;
    }
    let tolerated = match name.chars().count() {
        0 | 1 => 0,
        2..=4 => 1,
        _ => 2,
    };
    let meant = fold(name);
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= NAME_CHARS_MAX)
        .map(|candidate| (fold(candidate), candidate))
        .filter(|(folded, _)| folded.len().abs_diff(meant.len()) <= tolerated)
        .map(|(folded, candidate)| (distance(&meant, &folded), candidate))
        .filter(|(distance, _)| *distance <= tolerated)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Case and word separators are the commonest slips.
fn fold(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '_' | '-')).flat_map(char::to_lowercase).collect()
}

/// Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut previous: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let cost = usize::from(from != to);
            let mut best = (previous[j] + cost).min(previous[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i - 1] == *to && *from == b[j - 1] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut previous, row);
    }
    previous.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_suggested_and_far_ones_are_not() {
        let known = ["date_of_birth", "sample_id", "id", "callback"];
        for (name, expected) in [
            ("date_of_brith", Some("date_of_birth")),
            ("dateOfBirth", Some("date_of_birth")),
            ("sampleid", Some("sample_id")),
            ("di", Some("id")),
            ("colour", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest(name, known), expected, "{name}");
        }
        assert_eq!(closest(&"x".repeat(100_000), known), None);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(short(&"é".repeat(61)).chars().count(), 61);
        assert_eq!(short("abc"), "abc");
    }
}
