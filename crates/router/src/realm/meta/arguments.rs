//! The arguments of the meta API's procedures.

use crossgate_wamp::id::Id;
use crossgate_wamp::uri::{Match, Rules};
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Map, Payload, Value};

use super::{Fault, fault};

/// Positional and keyword arguments in memory.
pub(super) struct Arguments {
    args: Vec<Value>,
    pub(super) kwargs: Map,
}

impl Arguments {
    pub(super) fn read(payload: &Payload) -> Result<Self, Fault> {
        let unreadable = |_| fault(uri::INVALID_ARGUMENT, "the arguments cannot be read");
        Ok(Self {
            args: payload.arg_values().map_err(unreadable)?,
            kwargs: payload.kwarg_values().map_err(unreadable)?,
        })
    }

    /// The argument at a place, or of a name, when it is there and not null.
    pub(super) fn get(&self, place: usize, name: &str) -> Option<&Value> {
        let value = self.args.get(place).or_else(|| self.kwargs.get(name))?;
        (*value != Value::Null).then_some(value)
    }

    pub(super) fn id(&self, place: usize, name: &str) -> Result<Id, Fault> {
        let id = self.get(place, name).and_then(Value::as_unsigned).and_then(Id::new);
        id.ok_or_else(|| fault(uri::INVALID_ARGUMENT, format!("`{name}` must be an id from 1 to 2^53")))
    }

    pub(super) fn text(&self, place: usize, name: &str) -> Result<&str, Fault> {
        let text = self.get(place, name).and_then(Value::as_text);
        text.ok_or_else(|| fault(uri::INVALID_ARGUMENT, format!("`{name}` must be text")))
    }

    pub(super) fn map(&self, place: usize, name: &str) -> Result<Map, Fault> {
        match self.get(place, name) {
            None => Ok(Map::new()),
            Some(Value::Map(map)) => Ok(map.clone()),
            Some(_) => Err(fault(uri::INVALID_ARGUMENT, format!("`{name}` must be a dictionary"))),
        }
    }

    pub(super) fn list(&self, place: usize, name: &str) -> Result<Vec<Value>, Fault> {
        match self.get(place, name) {
            None => Ok(Vec::new()),
            Some(Value::List(list)) => Ok(list.clone()),
            Some(_) => Err(fault(uri::INVALID_ARGUMENT, format!("`{name}` must be a list"))),
        }
    }

    /// Roles to count or list by; `None` is all.
    pub(super) fn roles(&self) -> Result<Option<Vec<String>>, Fault> {
        let wrong = || fault(uri::INVALID_ARGUMENT, "the roles must be a list of texts");
        let Some(value) = self.get(0, "filter_authroles") else { return Ok(None) };
        let list = value.as_list().ok_or_else(wrong)?;
        let role = |value: &Value| value.as_text().map(str::to_owned).ok_or_else(wrong);
        list.iter().map(role).collect::<Result<_, _>>().map(Some)
    }

    /// `options.match`.
    pub(super) fn policy(&self) -> Result<Match, Fault> {
        let wrong = || fault(uri::INVALID_ARGUMENT, "`match` must be `exact`, `prefix` or `wildcard`");
        match self.map(1, "options")?.get("match") {
            None | Some(Value::Null) => Ok(Match::Exact),
            Some(value) => value.as_text().and_then(Match::parse).ok_or_else(wrong),
        }
    }

    /// A reason for taking something away: a URI. Empty when nobody gave one.
    pub(super) fn reason<'a>(&'a self, place: Option<usize>, default: &'a str) -> Result<&'a str, Fault> {
        let given = self.get(place.unwrap_or(usize::MAX), "reason");
        let Some(value) = given else { return Ok(default) };
        let reason = value.as_text().filter(|reason| Rules::Loose.allow(reason, Match::Exact));
        reason.ok_or_else(|| fault(uri::INVALID_URI, "the reason must be a URI"))
    }
}
