//! JSON Pointers, RFC 6901.

use std::borrow::Cow;

/// `base` with one more token, escaped.
pub(crate) fn join(base: &str, token: &str) -> String {
    let mut pointer = String::with_capacity(base.len() + token.len() + 1);
    pointer.push_str(base);
    push(&mut pointer, token);
    pointer
}

/// Appends a token to a pointer, escaped.
pub(crate) fn push(pointer: &mut String, token: &str) {
    pointer.push('/');
    if !token.contains(['~', '/']) {
        pointer.push_str(token);
        return;
    }
    for character in token.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

/// The pointer without its last token, and that token, unescaped.
pub(crate) fn split_last(pointer: &str) -> Option<(&str, Cow<'_, str>)> {
    let (parent, token) = pointer.rsplit_once('/')?;
    Some((parent, unescape(token)))
}

/// A token as it was before escaping.
pub(crate) fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') { Cow::Owned(token.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(token) }
}

/// Whether `pointer` follows RFC 6901 §3: every `~` is followed by `0` or `1`.
pub(crate) fn is_valid(pointer: &str) -> bool {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return false;
    }
    let mut bytes = pointer.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'~' && !matches!(bytes.next(), Some(b'0' | b'1')) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_from_its_escaped_form() {
        for token in ["", "a", "a/b", "~", "~1", "m~n/o", "é"] {
            let pointer = join("/x", token);
            assert!(is_valid(&pointer), "{pointer}");
            let (parent, back) = split_last(&pointer).unwrap();
            assert_eq!((parent, back.as_ref()), ("/x", token));
        }
    }

    #[test]
    fn a_tilde_must_be_followed_by_zero_or_one() {
        for bad in ["a", "/~", "/~2", "/a~", "#/a"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
