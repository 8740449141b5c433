//! Calls and publications by those who speak HTTP, with WAMP's arguments and WAMP's answers.

use std::sync::Arc;

use crossgate_call::{Caller, Error, Outcome};
use crossgate_identity::Action;
use crossgate_wamp::options::PublishOptions;
use crossgate_wamp::uri::Match;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::wire::Limits;
use crossgate_wamp::{Dict, Map, Payload, Text, Value};
use serde_json::Value as Json;

use super::authorize::{Refused, Wish};
use super::broker::Publication;
use super::call::Answer;
use super::dealer::At;
use super::dispatch::OWN_FORMAT;
use super::errors;
use super::guest::{FORMAT, Guest};
use super::local::{LocalCall, outcome_to_payload, payload_to_object};
use super::random;
use crate::permit::Origin;
use crate::router::{Check, Router};
use crate::table::Target;

/// What audit records and sessions say of who comes over the bridge.
const FRAMING: &str = "http";

/// WAMP's arguments, as JSON has them.
#[derive(Clone, Debug, Default)]
pub struct Arguments {
    /// Positional.
    pub args: Vec<Json>,
    /// By name.
    pub kwargs: serde_json::Map<String, Json>,
}

/// An error as WAMP has it: of a callee, or the router's own.
#[derive(Clone, Debug)]
pub struct WampError {
    /// Its URI.
    pub error: String,
    /// What it says.
    pub arguments: Arguments,
}

impl Router {
    /// Calls a procedure in somebody's name, as a session of theirs would: the same grants and authorizers, the same limits, the
    /// same record. The answer comes within the procedure's own deadline.
    ///
    /// # Errors
    /// What the callee answers, or why it was not asked.
    pub async fn bridge_call(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        origin: Origin,
        procedure: &str,
        arguments: &Arguments,
    ) -> Result<Arguments, WampError> {
        let Guest { realm, session, .. } = self.guest(caller, origin, FRAMING)?;
        if !realm.config.load().rules().allow(procedure, Match::Exact) {
            return Err(fault(uri::INVALID_URI, "that is no procedure's URI"));
        }
        let payload = arguments.payload()?;
        let options = Dict::empty(FORMAT);
        let wish = Wish { action: Action::Call, uri: procedure, policy: Match::Exact, options: &options };
        self.judge(&realm, &session, wish).await?;
        let mut permit = self.enter(caller, procedure, origin, Some(&realm), Check::Permitted).await?;
        match &permit.target {
            Target::Row(_) => {
                let outcome = match payload_to_object(&payload) {
                    Ok(input) => self.call(permit, input).await?,
                    Err(error) => {
                        permit.refuse(&error).await;
                        return Err(error.into());
                    }
                };
                answered(outcome)
            }
            Target::Meta(meta) => {
                let answer = self.meta_values(&realm, *meta, &permit, &payload).await;
                match answer {
                    Ok(values) => {
                        permit.conclude("ok", None);
                        Arguments::read(&Payload::from_values(FORMAT, values, Map::new()))
                    }
                    Err((error, words)) => {
                        permit.conclude("error", Some(words.clone()));
                        Err(fault(error, &words))
                    }
                }
            }
            Target::Remote(_) => {
                let timeout = permit.deadline().saturating_duration_since(realm.clock.instant());
                let local = LocalCall { caller, procedure, payload, timeout, repeatable: false };
                match realm.call_local(local).await {
                    Answer::Result { payload, .. } => {
                        permit.conclude("ok", None);
                        Arguments::read(&payload)
                    }
                    Answer::Error { error, payload, .. } => {
                        permit.conclude("error", Some(error.as_str().to_owned()));
                        Err(WampError { error: error.as_str().to_owned(), arguments: Arguments::read(&payload)? })
                    }
                }
            }
        }
    }

    /// Publishes in somebody's name; gives the publication's id. `options` are PUBLISH.Options, without a payload's own attributes.
    ///
    /// # Errors
    /// Why it was not published.
    pub async fn bridge_publish(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        origin: Origin,
        topic: &str,
        arguments: &Arguments,
        options: &serde_json::Map<String, Json>,
    ) -> Result<u64, WampError> {
        let Guest { realm, session, .. } = self.guest(caller, origin, FRAMING)?;
        let at = At { router: self, realm: &realm, session: &session };
        let unfit = |error: String| fault(uri::INVALID_ARGUMENT, &error);
        let options = match Value::from_json(&Json::Object(options.clone())) {
            Ok(Value::Map(map)) => Dict::from_map(FORMAT, &map),
            Ok(_) | Err(_) => return Err(unfit("`options` cannot be passed on".into())),
        };
        let read = PublishOptions::read(&options).map_err(|error| unfit(error.to_string()))?;
        if read.passthru.is_passthru() {
            return Err(unfit("a payload in passthru mode does not come over the bridge".into()));
        }
        if let Some((error, words)) = at.publish_fault(topic, &read) {
            return Err(fault(error, &words));
        }
        let payload = arguments.payload()?;
        let wish = Wish { action: Action::Publish, uri: topic, policy: Match::Exact, options: &options };
        let granted = self.judge(&realm, &session, wish).await?;
        let topic = Text::from(topic);
        let publication = Publication {
            id: random::publication(),
            topic: &topic,
            options: &read,
            payload: &payload,
            publisher: Some(session.who()),
            discloses: granted.disclose.or(read.disclose_me) == Some(true),
            trustlevel: session.trustlevel,
        };
        realm.publish(&publication);
        Ok(publication.id.get())
    }
}

/// What the program itself answered.
fn answered(outcome: Outcome) -> Result<Arguments, WampError> {
    Arguments::read(&outcome_to_payload(outcome, OWN_FORMAT)?)
}

impl Arguments {
    fn payload(&self) -> Result<Payload, WampError> {
        if self.args.is_empty() && self.kwargs.is_empty() {
            return Ok(Payload::empty(FORMAT));
        }
        // Values always encode: their keys are text and their numbers finite.
        let args = serde_json::to_vec(&self.args).unwrap_or_default();
        let kwargs = (!self.kwargs.is_empty()).then(|| serde_json::to_vec(&self.kwargs).unwrap_or_default());
        Payload::from_encoded(FORMAT, &args, kwargs.as_deref(), &Limits::default())
            .map_err(|error| fault(uri::INVALID_ARGUMENT, &format!("the arguments cannot be passed on: {error}")))
    }

    /// Binaries become text by WAMP's own rule for JSON.
    fn read(payload: &Payload) -> Result<Self, WampError> {
        let unreadable = || fault(uri::INVALID_PAYLOAD, "the answer cannot be written as JSON");
        let payload = payload.to_format(FORMAT).map_err(|_| unreadable())?;
        let args = payload.args().map_or_else(|| Ok(Vec::new()), serde_json::from_slice);
        let kwargs = payload.kwargs().map_or_else(|| Ok(serde_json::Map::new()), serde_json::from_slice);
        match (args, kwargs) {
            (Ok(args), Ok(kwargs)) => Ok(Self { args, kwargs }),
            _ => Err(unreadable()),
        }
    }
}

fn fault(error: &str, words: &str) -> WampError {
    let arguments = Arguments { args: vec![words.into()], kwargs: serde_json::Map::new() };
    WampError { error: error.to_owned(), arguments }
}

impl From<Refused> for WampError {
    fn from(refused: Refused) -> Self {
        fault(refused.error, &refused.words)
    }
}

impl From<Error> for WampError {
    fn from(error: Error) -> Self {
        let (uri, payload) = errors::to_wamp(&error, FORMAT);
        let arguments = Arguments::read(&payload).unwrap_or_default();
        Self { error: uri.as_str().to_owned(), arguments }
    }
}

/// A refusal for somebody who speaks no WAMP.
pub(super) fn refusal(refused: &Refused) -> Error {
    let payload = Payload::from_values(OWN_FORMAT, refused.args(), Map::new());
    errors::from_wamp(refused.error, &payload)
}
