//! URIs, patterns and realm names: which are valid, which are reserved, which match.
//!
//! The rules are those of the WAMP specification, "Strict URIs" and "Loose URIs", for each
//! match policy: an empty component is a wildcard, and a prefix may end with a dot.

use std::fmt;

/// The longest URI in bytes. The specification names no limit; everything that is kept has one here.
pub const URI_BYTES_MAX: usize = 2048;

/// The most components of a wildcard pattern: the tables go one level deep for each.
pub const WILDCARD_COMPONENTS_MAX: usize = 128;

/// The longest realm name in bytes.
pub const REALM_BYTES_MAX: usize = 255;

/// The shortest realm name in bytes.
const REALM_BYTES_MIN: usize = 3;

/// How a URI given in SUBSCRIBE or REGISTER stands for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Match {
    /// Stands for itself.
    #[default]
    Exact,
    /// Stands for everything that begins with it, byte by byte: `a.b` also for `a.bc`.
    Prefix,
    /// An empty component stands for any one component; the number of components is equal.
    Wildcard,
}

impl Match {
    /// All policies, in the order in which a dealer asks them.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Prefix, Self::Wildcard];

    /// Reads the option's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }

    /// The option's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Wildcard => "wildcard",
        }
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which characters a component may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rules {
    /// Anything but white space, `#` and the dot.
    #[default]
    Loose,
    /// Digits, lower-case letters of ASCII and the underscore.
    Strict,
}

impl Rules {
    /// Whether `uri` may be published to, called, subscribed to or registered under `policy`.
    #[must_use]
    pub fn allow(self, uri: &str, policy: Match) -> bool {
        if uri.len() > URI_BYTES_MAX || !uri.chars().all(|c| c == '.' || self.allows(c)) {
            return false;
        }
        match policy {
            Match::Exact => uri.split('.').all(|component| !component.is_empty()),
            Match::Prefix => {
                let body = uri.strip_suffix('.').unwrap_or(uri);
                uri.is_empty() || body.split('.').all(|component| !component.is_empty())
            }
            Match::Wildcard => uri.split('.').count() <= WILDCARD_COMPONENTS_MAX,
        }
    }

    fn allows(self, c: char) -> bool {
        match self {
            Self::Loose => c != '#' && !c.is_whitespace(),
            Self::Strict => matches!(c, '0'..='9' | 'a'..='z' | '_'),
        }
    }
}

/// Whether the first component is `wamp`: such URIs belong to the router.
#[must_use]
pub fn is_reserved(uri: &str) -> bool {
    uri.strip_prefix("wamp").is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether `name` can be a realm: a letter, then letters, digits, `_`, `-`, `@` and dots, 3 to 255 in all;
/// or a blockchain address, `0x` and 40 hexadecimal digits, which existing clients use as well.
#[must_use]
pub fn is_realm(name: &str) -> bool {
    let bytes = name.as_bytes();
    if let Some(address) = name.strip_prefix("0x") {
        return address.len() == 40 && address.bytes().all(|b| b.is_ascii_hexdigit());
    }
    (REALM_BYTES_MIN..=REALM_BYTES_MAX).contains(&bytes.len())
        && bytes[0].is_ascii_alphabetic()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'@' | b'.'))
}

/// Whether `pattern` under `policy` stands for `uri`. The tables answer the same question for many
/// patterns at once; this is its definition.
#[must_use]
pub fn matches(policy: Match, pattern: &str, uri: &str) -> bool {
    match policy {
        Match::Exact => pattern == uri,
        Match::Prefix => uri.starts_with(pattern),
        Match::Wildcard => {
            let mut components = uri.split('.');
            pattern.split('.').all(|part| components.next().is_some_and(|c| part.is_empty() || part == c))
                && components.next().is_none()
        }
    }
}
