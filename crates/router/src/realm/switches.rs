//! The choices that a realm's configuration has.

use crossgate_wamp::uri::Match;
use schemars::JsonSchema;
use serde::Deserialize;

/// Which characters a URI's components may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UriRules {
    /// Anything but white space, `#` and the dot.
    #[default]
    Loose,
    /// Lower-case letters, digits and the underscore.
    Strict,
}

/// Whether request ids may have gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestIds {
    /// Any id opens a request.
    #[default]
    Lenient,
    /// Each id is one more than the one before; a gap ends the session.
    Strict,
}

/// The unit of CALL's `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
pub enum TimeoutUnit {
    /// Milliseconds.
    #[default]
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
}

/// What CANCEL without a mode means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CancelDefault {
    /// The caller is answered at once; the callee learns nothing.
    Skip,
    /// The callee is interrupted, and its answer counts.
    Kill,
    /// The caller is answered at once, and the callee is interrupted.
    #[default]
    KillNoWait,
}

/// Which callees are asked for partial results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartialResults {
    /// Those that can also be interrupted, as the specification wants it.
    #[default]
    Cancelable,
    /// All that announce them.
    Any,
}

/// Who learns who calls and publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disclosure {
    /// Whoever the caller or publisher (`disclose_me`) or the callee (`disclose_caller`) or the authorizer wants it for.
    #[default]
    Asked,
    /// Everybody.
    Always,
    /// Nobody; `disclose_me` is refused.
    Never,
}

/// The reason in the router's answer to GOODBYE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoodbyeReply {
    /// `wamp.close.goodbye_and_out`, the specification's.
    #[default]
    GoodbyeAndOut,
    /// `wamp.close.normal`, Crossbar's.
    Normal,
}

/// The arguments of `wamp.session.on_leave`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnLeave {
    /// Session, authid and authrole.
    #[default]
    Full,
    /// The session.
    Session,
}

/// What is kept of calls between sessions, and of events. Joins, registrations, and calls of the router's own
/// procedures are kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RealmAudit {
    /// All of them.
    All,
    /// What the router refused.
    #[default]
    Refusals,
    /// Nothing; the metrics count them.
    None,
}

/// How a topic stands for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HistoryMatch {
    /// For itself.
    #[default]
    Exact,
    /// For all that begin with it.
    Prefix,
    /// An empty component stands for any.
    Wildcard,
}

impl HistoryMatch {
    pub(crate) const fn policy(self) -> Match {
        match self {
            Self::Exact => Match::Exact,
            Self::Prefix => Match::Prefix,
            Self::Wildcard => Match::Wildcard,
        }
    }
}

/// Where past events are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// In memory, until the program ends.
    #[default]
    Memory,
    /// In the store, where they survive a restart.
    Store,
}
