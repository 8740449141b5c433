//! Dynamic authorization as pure functions: what an authorizer is given, what it may answer, and what is
//! said when it fails.

use crossgate_wamp::id::Id;
use crossgate_wamp::{Map, Value};

use super::step::WampWelcome;
use crate::config::Action;

/// A session as authorizers and meta events see it.
#[derive(Clone, Copy, Debug)]
pub struct WampSession<'a> {
    /// Its id.
    pub session: Id,
    /// As whom it joined.
    pub welcome: &'a WampWelcome,
    /// [`super::WampTransport::details`].
    pub transport: &'a Map,
    /// The serializer's name.
    pub serializer: &'a str,
}

impl WampSession<'_> {
    /// The `details` of an authorizer's arguments.
    #[must_use]
    pub fn authorizer_details(&self) -> Map {
        let welcome = self.welcome;
        Map::new()
            .with("session", self.session)
            .with("authid", &*welcome.authid)
            .with("authrole", &*welcome.authrole)
            .with("authmethod", welcome.authmethod)
            .with("authprovider", welcome.authprovider)
            .with("authextra", welcome.authextra.clone())
            .with("transport", self.transport.clone())
    }

    /// The one argument of `wamp.session.on_join`, and the result of `wamp.session.get`.
    #[must_use]
    pub fn join_details(&self) -> Map {
        let realm = Map::new().with("realm", self.welcome.caller.realm().as_str());
        let mut details =
            self.authorizer_details().iter().fold(realm, |map, (key, value)| map.with(key, value.clone()));
        details.insert("serializer", self.serializer);
        for absent in ["resumed", "resumable", "resume_token"] {
            details.insert(absent, Value::Null);
        }
        details
    }
}

/// The positional arguments of `authorize(details, uri, action, options)`. `options` are the message's.
#[must_use]
pub fn wamp_authorizer_args(session: &WampSession<'_>, uri: &str, action: Action, options: Map) -> [Value; 4] {
    [session.authorizer_details().into(), uri.into(), action.as_str().into(), options.into()]
}

/// What an authorizer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WampVerdict {
    /// Whether it may.
    pub allow: bool,
    /// Whether the answer counts for the role from now on.
    pub cache: bool,
    /// Whether the other side learns who called or published; the message decides when absent.
    pub disclose: Option<bool>,
}

impl WampVerdict {
    /// Reads an authorizer's answer: a boolean, or a dictionary with `allow` and perhaps `cache`, `disclose`
    /// and `validate`.
    ///
    /// # Errors
    /// What is wrong with the answer. Then the request is refused with `wamp.error.authorization_failed`
    /// and [`wamp_authorization_failed`]'s words.
    pub fn read(answer: &Value) -> Result<Self, String> {
        let map = match answer {
            Value::Bool(allow) => return Ok(Self { allow: *allow, cache: false, disclose: None }),
            Value::Map(map) => map,
            other => {
                return Err(format!("the authorizer answered with {}, not a boolean or a dictionary", kind(other)));
            }
        };
        let mut verdict = Self { allow: false, cache: false, disclose: None };
        let mut decided = false;
        for (key, value) in map.iter() {
            match (key, value) {
                ("allow", Value::Bool(allow)) => (verdict.allow, decided) = (*allow, true),
                ("cache", Value::Bool(cache)) => verdict.cache = *cache,
                ("disclose", Value::Bool(disclose)) => verdict.disclose = Some(*disclose),
                ("validate", Value::Null) => {}
                ("validate", Value::Map(_)) => {
                    return Err("the authorizer wants the payload validated, which this router does not do".into());
                }
                ("allow" | "cache" | "disclose" | "validate", other) => {
                    return Err(format!("the authorizer's `{key}` is {}", kind(other)));
                }
                _ => return Err("the authorizer's answer has an unknown attribute".into()),
            }
        }
        if decided { Ok(verdict) } else { Err("the authorizer's answer has no `allow`".into()) }
    }
}

/// What somebody is told whose request could not be judged, with `wamp.error.authorization_failed`.
#[must_use]
pub fn wamp_authorization_failed(uri: &str, action: Action, why: &str) -> String {
    format!("failed to authorize session for {} '{uri}': {why}", doing(action))
}

/// What somebody is told whose request was refused, with `wamp.error.not_authorized`.
#[must_use]
pub fn wamp_not_authorized(uri: &str, action: Action) -> String {
    let what = match action {
        Action::Call => "call procedure",
        Action::Register => "register procedure",
        Action::Publish => "publish to topic",
        Action::Subscribe => "subscribe to topic",
    };
    format!("session not authorized to {what} '{uri}'")
}

const fn doing(action: Action) -> &'static str {
    match action {
        Action::Call => "calling procedure",
        Action::Register => "registering procedure",
        Action::Publish => "publishing to topic",
        Action::Subscribe => "subscribing to topic",
    }
}

/// A value's type in words.
pub(super) const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Integer(_) | Value::Big(_) | Value::Float(_) => "a number",
        Value::Text(_) => "text",
        Value::Binary(_) => "binary data",
        Value::List(_) => "a list",
        Value::Map(_) => "a dictionary",
    }
}
