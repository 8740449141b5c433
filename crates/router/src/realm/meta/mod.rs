//! The meta API: what the router itself answers about sessions, subscriptions and registrations. Its procedures are
//! admitted by the grants like any other.

mod arguments;
mod history;
mod registrations;
mod sessions;
mod subscriptions;

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Outcome, Payload as Input, Result as CallResult};
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{self, Kind};
use crossgate_wamp::uris::procedure as name;
use crossgate_wamp::{Dict, Map, Message, Payload, Value};

use super::call::Who;
use super::dealer::At;
use super::dispatch::OWN_FORMAT;
use super::errors;
use super::outbox::Class;
use super::session::Session;
use super::state::RealmState;
use crate::permit::Permit;
use crate::router::Router;
use arguments::Arguments;

/// How long somebody outside may wait for an answer of the router's own.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The results: positional, or one value in most cases.
type Answer = Result<Vec<Value>, Fault>;

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    error: &'static str,
    words: String,
}

fn fault(error: &'static str, words: impl Into<String>) -> Fault {
    Fault { error, words: words.into() }
}

/// Who asks.
struct Asking<'a> {
    router: &'a Router,
    realm: &'a Arc<RealmState>,
    /// `None`: somebody without a session.
    session: Option<&'a Arc<Session>>,
    permit: &'a Permit,
    who: Who,
}

/// A procedure of the meta API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Procedure {
    Sessions(sessions::Question),
    Subscriptions(subscriptions::Question),
    PastEvents,
    Registrations(registrations::Question),
}

impl Procedure {
    /// The procedure of that name.
    pub(crate) fn parse(procedure: &str) -> Option<Self> {
        use registrations::Question as R;
        use sessions::Question as S;
        use subscriptions::Question as B;
        Some(match procedure {
            name::SESSION_COUNT => Self::Sessions(S::Count),
            name::SESSION_LIST => Self::Sessions(S::List),
            name::SESSION_GET => Self::Sessions(S::Get),
            name::SESSION_KILL => Self::Sessions(S::Kill),
            name::SESSION_KILL_BY_AUTHID => Self::Sessions(S::KillByAuthid),
            name::SESSION_KILL_BY_AUTHROLE => Self::Sessions(S::KillByAuthrole),
            name::SESSION_KILL_ALL => Self::Sessions(S::KillAll),
            name::SESSION_MODIFY_DETAILS => Self::Sessions(S::ModifyDetails),
            name::SESSION_ADD_TESTAMENT => Self::Sessions(S::AddTestament),
            name::SESSION_FLUSH_TESTAMENTS => Self::Sessions(S::FlushTestaments),
            name::SUBSCRIPTION_LIST => Self::Subscriptions(B::List),
            name::SUBSCRIPTION_LOOKUP => Self::Subscriptions(B::Lookup),
            name::SUBSCRIPTION_MATCH => Self::Subscriptions(B::Match),
            name::SUBSCRIPTION_GET => Self::Subscriptions(B::Get),
            name::SUBSCRIPTION_LIST_SUBSCRIBERS => Self::Subscriptions(B::ListSubscribers),
            name::SUBSCRIPTION_COUNT_SUBSCRIBERS => Self::Subscriptions(B::CountSubscribers),
            name::SUBSCRIPTION_GET_EVENTS => Self::PastEvents,
            name::SUBSCRIPTION_REMOVE_SUBSCRIBER => Self::Subscriptions(B::RemoveSubscriber),
            name::REGISTRATION_LIST => Self::Registrations(R::List),
            name::REGISTRATION_LOOKUP => Self::Registrations(R::Lookup),
            name::REGISTRATION_MATCH => Self::Registrations(R::Match),
            name::REGISTRATION_GET => Self::Registrations(R::Get),
            name::REGISTRATION_LIST_CALLEES => Self::Registrations(R::ListCallees),
            name::REGISTRATION_COUNT_CALLEES => Self::Registrations(R::CountCallees),
            name::REGISTRATION_REMOVE_CALLEE => Self::Registrations(R::RemoveCallee),
            _ => return None,
        })
    }
}

impl Asking<'_> {
    async fn answer(&self, procedure: Procedure, payload: &Payload) -> Answer {
        let arguments = Arguments::read(payload)?;
        match procedure {
            Procedure::Sessions(question) => self.sessions(question, &arguments).await,
            Procedure::PastEvents => self.events(&arguments).await,
            Procedure::Subscriptions(question) => self.subscriptions(question, &arguments),
            Procedure::Registrations(question) => self.registrations(question, &arguments),
        }
    }
}

impl At<'_> {
    /// Answers a session's call of the meta API.
    pub(crate) async fn call_meta(self, request: Id, procedure: Procedure, payload: &Payload, mut permit: Permit) {
        let (router, realm) = (&**self.router, self.realm);
        let who = self.session.who();
        let asking = Asking { router, realm, session: Some(self.session), permit: &permit, who };
        let answer = asking.answer(procedure, payload).await;
        match answer {
            Ok(values) => {
                permit.conclude("ok", None);
                let payload = Payload::from_values(self.session.format, values, Map::new());
                let details = Dict::empty(self.session.format);
                self.session.send(&Message::Result(message::CallResult { request, details, payload }), Class::Rpc);
            }
            Err(fault) => {
                permit.conclude("error", Some(fault.words.clone()));
                self.refuse(Kind::Call, request, fault.error, fault.words);
            }
        }
    }
}

impl Router {
    /// Answers somebody without a session with WAMP's arguments; what went wrong as URI and words.
    pub(crate) async fn meta_values(
        &self,
        realm: &Arc<RealmState>,
        procedure: Procedure,
        permit: &Permit,
        payload: &Payload,
    ) -> Result<Vec<Value>, (&'static str, String)> {
        let caller = permit.caller();
        let role = caller.roles().first().cloned().unwrap_or_else(|| Arc::from("anonymous"));
        let who = Who { session: None, authid: Arc::clone(caller.id()), authrole: role };
        let asking = Asking { router: self, realm, session: None, permit, who };
        asking.answer(procedure, payload).await.map_err(|fault| (fault.error, fault.words))
    }

    /// Answers somebody without a session. The input's entries are keyword arguments; `args` among them are positional.
    pub(crate) async fn answer_meta(
        &self,
        realm: &Arc<RealmState>,
        procedure: Procedure,
        permit: &Permit,
        input: &Input,
    ) -> CallResult<Outcome> {
        match self.meta_values(realm, procedure, permit, &meta_payload(input)?).await {
            Ok(mut values) if values.len() <= 1 => {
                let value = values.pop().unwrap_or(Value::Null).to_json();
                Ok(Outcome::Value(Input::from_value(value)))
            }
            Ok(values) => {
                let value = Value::List(values).to_json();
                Ok(Outcome::Value(Input::from_value(value)))
            }
            Err((error, words)) => {
                let payload = Payload::from_values(OWN_FORMAT, vec![words.into()], Map::new());
                Err(errors::from_wamp(error, &payload))
            }
        }
    }
}

fn meta_payload(input: &Input) -> CallResult<Payload> {
    let invalid = || crossgate_call::Error::invalid("give an object; positional arguments under `args`", Vec::new());
    let value = Value::from_json(input.value()?).map_err(|_| invalid())?;
    let map = match value {
        Value::Null => Map::new(),
        Value::Map(map) => map,
        _ => return Err(invalid()),
    };
    let args = map.get("args").and_then(Value::as_list).map(<[Value]>::to_vec).unwrap_or_default();
    let kwargs = map.iter().filter(|(key, _)| *key != "args");
    let kwargs = kwargs.map(|(key, value)| (key.to_owned(), value.clone())).collect();
    Ok(Payload::from_values(OWN_FORMAT, args, kwargs))
}
