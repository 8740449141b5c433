//! `application/x-www-form-urlencoded` (WHATWG URL §5): what query strings and the console's forms are written in.

/// Pairs read from one form; the rest is ignored.
const PAIRS_MAX: usize = 64;
/// Bytes of one form or query; a longer one reads as empty.
pub(crate) const FORM_BYTES_MAX: usize = 16 * 1024;

/// The fields of a form, in order.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query string or a form's body. Never fails: what cannot be read is replaced or left out.
    pub(crate) fn parse(text: &[u8]) -> Self {
        if text.len() > FORM_BYTES_MAX {
            return Self::default();
        }
        let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).take(PAIRS_MAX);
        Self(pairs.map(pair).collect())
    }

    /// The first field of that name, as it was sent.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The first field of that name without surrounding blanks; nothing when it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }
}

fn pair(text: &[u8]) -> (String, String) {
    match text.iter().position(|byte| *byte == b'=') {
        Some(at) => (decode(&text[..at]), decode(&text[at + 1..])),
        None => (decode(text), String::new()),
    }
}

fn decode(text: &[u8]) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(nibble(*high) << 4 | nibble(*low));
                rest = after;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(*byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn nibble(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        _ => (hex | 0x20) - b'a' + 10,
    }
}

/// Percent-encodes everything but RFC 3986's unreserved characters: right in a path segment and in a query alike.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Writes a path with a query of the pairs that have a value.
pub(crate) fn link(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let query: Vec<String> = pairs
        .iter()
        .filter_map(|(name, value)| value.map(|value| format!("{}={}", encode(name), encode(value))))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_reads_back_the_same() {
        for hostile in ["a&b=c", "ä €", "100%", "+ +", "\"<script>'", "\n\0"] {
            let link = link("/x", &[("k", Some(hostile)), ("none", None)]);
            let query = link.strip_prefix("/x?").expect("a query");
            assert!(!query.contains("none"), "{query}");
            assert_eq!(Fields::parse(query.as_bytes()).raw("k"), Some(hostile));
        }
    }

    #[test]
    fn broken_escapes_and_oversize_forms_are_read_without_failing() {
        let fields = Fields::parse(b"a=%&b=%4&c=%zz&&=x&d&e=%ff&f=+y+");
        assert_eq!(fields.raw("a"), Some("%"));
        assert_eq!(fields.raw("b"), Some("%4"));
        assert_eq!(fields.raw("c"), Some("%zz"));
        assert_eq!(fields.raw("d"), Some(""));
        assert_eq!(fields.raw("e"), Some("\u{fffd}"));
        assert_eq!(fields.get("f"), Some("y"));
        assert_eq!(fields.get("d"), None);
        assert!(Fields::parse(&vec![b'a'; FORM_BYTES_MAX + 1]).0.is_empty());
        assert_eq!(Fields::parse("a=1&".repeat(500).as_bytes()).0.len(), PAIRS_MAX);
    }
}
