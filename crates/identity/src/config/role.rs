//! `[identity.roles.NAME]`: grants and rates.

use schemars::JsonSchema;
use serde::Deserialize;

/// What the holders of a role may do.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Role {
    /// What they may do. Nothing else is permitted.
    pub allow: Vec<GrantRule>,
    /// What they may not do, whatever this or another role of theirs allows.
    pub deny: Vec<GrantRule>,
    /// How often all holders together may call; unlimited when absent.
    pub rate: Option<Rate>,
    /// For WAMP sessions: the procedure that decides what neither `allow` nor `deny` decides,
    /// `authorize(details, uri, action, options)`.
    pub authorizer: Option<String>,
}

/// A pattern of URIs (procedures and topics) and what may be done with them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GrantRule {
    /// The URI or pattern: `loans.balance`; `loans.` with `match = "prefix"`; `site..open` with `match = "wildcard"`.
    pub uri: String,
    /// How `uri` is compared.
    pub r#match: Match,
    /// What may be done.
    pub actions: Vec<Action>,
}

impl Default for GrantRule {
    fn default() -> Self {
        Self { uri: String::new(), r#match: Match::Exact, actions: vec![Action::Call] }
    }
}

/// How a URI pattern is compared, as in the WAMP specification ("Pattern-based Subscriptions").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The URI is the pattern.
    #[default]
    Exact,
    /// The URI begins with the pattern, letter by letter; the empty pattern matches every URI.
    Prefix,
    /// The URI has as many components as the pattern, and each is equal or the pattern's is empty.
    Wildcard,
}

/// What a caller may do with a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Call a procedure, over HTTP or WAMP alike.
    Call,
    /// Register a procedure, to answer its calls.
    Register,
    /// Publish to a topic.
    Publish,
    /// Subscribe to a topic.
    Subscribe,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Call, Self::Register, Self::Publish, Self::Subscribe];

    /// The word used in configuration and explanations.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Register => "register",
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
        }
    }
}

/// How often something may happen: a bucket that holds `burst` and is filled at `per_second`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// The lasting rate, per second; `0.5` is one in two seconds.
    pub per_second: f64,
    /// How many may come at once.
    pub burst: u32,
}
