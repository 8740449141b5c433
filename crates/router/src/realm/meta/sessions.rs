//! `wamp.session.*`.

use std::sync::Arc;

use crossgate_identity::Action;
use crossgate_wamp::options::PublishOptions;
use crossgate_wamp::uri::{Match, is_reserved};
use crossgate_wamp::uris::{close, error as uri};
use crossgate_wamp::{Dict, Map, Payload, Text, Value};

use super::super::authorize::Wish;
use super::super::dispatch::OWN_FORMAT;
use super::super::session::Session;
use super::super::state::locked;
use super::super::testament::{Scope, Testament};
use super::arguments::Arguments;
use super::{Answer, Asking, Fault, fault};

/// The most attributes that may be added to a session's details.
const DETAILS_MAX: usize = 64;
/// The most bytes of a session's details, in CBOR.
const DETAILS_BYTES_MAX: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Count,
    List,
    Get,
    Kill,
    KillByAuthid,
    KillByAuthrole,
    KillAll,
    ModifyDetails,
    AddTestament,
    FlushTestaments,
}

impl Asking<'_> {
    pub(super) async fn sessions(&self, question: Question, arguments: &Arguments) -> Answer {
        match question {
            Question::Count => Ok(vec![(self.of_roles(arguments)?.len() as u64).into()]),
            Question::List => {
                let mut ids: Vec<_> = self.of_roles(arguments)?.iter().map(|session| session.id).collect();
                ids.sort_unstable();
                Ok(vec![ids.into()])
            }
            Question::Get => Ok(vec![Value::Map(self.named(arguments)?.details())]),
            Question::Kill => self.kill_one(arguments),
            Question::KillByAuthid => {
                let authid = arguments.text(0, "authid")?;
                let killed = self.kill_all(arguments, |session| &*session.authid == authid)?;
                Ok(vec![killed.iter().map(|session| session.id).collect::<Vec<_>>().into()])
            }
            Question::KillByAuthrole => {
                let authrole = arguments.text(0, "authrole")?;
                let killed = self.kill_all(arguments, |session| &*session.authrole == authrole)?;
                Ok(vec![(killed.len() as u64).into()])
            }
            Question::KillAll => Ok(vec![(self.kill_all(arguments, |_| true)?.len() as u64).into()]),
            Question::ModifyDetails => self.modify(arguments),
            Question::AddTestament => self.add_testament(arguments).await,
            Question::FlushTestaments => {
                let scope = scope(arguments.get(0, "scope"))?;
                let flushed = locked(&self.own_session()?.testaments).flush(scope);
                Ok(vec![(flushed as u64).into()])
            }
        }
    }

    fn of_roles(&self, arguments: &Arguments) -> Result<Vec<Arc<Session>>, Fault> {
        let roles = arguments.roles()?;
        let mut sessions = self.realm.sessions();
        if let Some(roles) = roles {
            sessions.retain(|session| roles.iter().any(|role| **role == *session.authrole));
        }
        Ok(sessions)
    }

    fn named(&self, arguments: &Arguments) -> Result<Arc<Session>, Fault> {
        self.realm.session(arguments.id(0, "session")?).ok_or_else(no_such_session)
    }

    fn own_session(&self) -> Result<&Arc<Session>, Fault> {
        self.session.ok_or_else(|| fault(uri::NO_SUCH_SESSION, "only a WAMP session has testaments"))
    }

    fn is_own(&self, session: &Session) -> bool {
        self.session.is_some_and(|own| own.id == session.id)
    }

    /// Nobody ends itself this way: GOODBYE is for that.
    fn kill_one(&self, arguments: &Arguments) -> Answer {
        let reason = arguments.reason(None, close::KILLED)?;
        let session = self.named(arguments)?;
        let message = arguments.kwargs.get("message").and_then(Value::as_text);
        if self.is_own(&session) || !self.realm.kill(&session, reason, message) {
            return Err(no_such_session());
        }
        Ok(Vec::new())
    }

    fn kill_all(&self, arguments: &Arguments, whom: impl Fn(&Session) -> bool) -> Result<Vec<Arc<Session>>, Fault> {
        let reason = arguments.reason(None, close::KILLED)?;
        let message = arguments.kwargs.get("message").and_then(Value::as_text);
        let mut sessions = self.realm.sessions();
        sessions.retain(|session| !self.is_own(session) && whom(session) && self.realm.kill(session, reason, message));
        sessions.sort_unstable_by_key(|session| session.id);
        Ok(sessions)
    }

    /// Adds to what is told about a session: null takes an attribute away. Who it is and how it is connected
    /// cannot be changed, and nothing is decided by what is added.
    fn modify(&self, arguments: &Arguments) -> Answer {
        const FIXED: [&str; 9] = [
            "session",
            "realm",
            "authid",
            "authrole",
            "authmethod",
            "authprovider",
            "authextra",
            "transport",
            "serializer",
        ];
        let session = self.named(arguments)?;
        let changes = arguments.map(1, "details")?;
        if let Some((key, _)) = changes.iter().find(|(key, _)| FIXED.contains(key)) {
            return Err(fault(uri::INVALID_ARGUMENT, format!("`{key}` cannot be changed")));
        }
        let before = session.details();
        let kept = before.iter().filter(|(key, _)| changes.get(key).is_none());
        let added = changes.iter().filter(|(_, value)| **value != Value::Null);
        let after: Map = kept.chain(added).map(|(key, value)| (key.to_owned(), value.clone())).collect();
        if after.len() > DETAILS_MAX || Dict::from_map(OWN_FORMAT, &after).bytes().len() > DETAILS_BYTES_MAX {
            return Err(fault(uri::INVALID_ARGUMENT, "too many or too large details"));
        }
        session.modify_details(after);
        Ok(Vec::new())
    }

    /// What may not be published now will not be published later.
    async fn add_testament(&self, arguments: &Arguments) -> Answer {
        let session = self.own_session()?;
        let topic = arguments.text(0, "topic")?;
        let rules = self.realm.config.load().rules();
        if !rules.allow(topic, Match::Exact) || is_reserved(topic) {
            return Err(fault(uri::INVALID_URI, format!("nothing can be published to `{topic}`")));
        }
        let (args, kwargs) = (arguments.list(1, "args")?, arguments.map(2, "kwargs")?);
        let options = Dict::from_map(OWN_FORMAT, &arguments.map(usize::MAX, "publish_options")?);
        let wish = Wish { action: Action::Publish, uri: topic, policy: Match::Exact, options: &options };
        if let Err(refused) = self.router.judge(self.realm, session, wish).await {
            return Err(fault(refused.error, refused.words));
        }
        let options = PublishOptions::read(&options)
            .map_err(|error| fault(uri::INVALID_ARGUMENT, format!("publish_options: {error}")))?;
        let scope = scope(arguments.kwargs.get("scope"))?;
        let payload = Payload::from_values(OWN_FORMAT, args, kwargs);
        let testament = Testament { scope, topic: Text::from(topic), options, payload };
        let limits = session.limits;
        let kept = locked(&session.testaments).add(testament, limits.testaments_max, limits.testament_bytes_max);
        if kept { Ok(Vec::new()) } else { Err(fault(uri::TESTAMENT_ERROR, "too many or too large testaments")) }
    }
}

fn no_such_session() -> Fault {
    fault(uri::NO_SUCH_SESSION, "there is no such session")
}

fn scope(value: Option<&Value>) -> Result<Scope, Fault> {
    let Some(value) = value.filter(|value| **value != Value::Null) else { return Ok(Scope::Destroyed) };
    let scope = value.as_text().and_then(Scope::parse);
    scope.ok_or_else(|| fault(uri::TESTAMENT_ERROR, "`scope` must be `destroyed` or `detached`"))
}
