//! The messages of calls: CALL, CANCEL, YIELD and ERROR.

use std::sync::Arc;

use crossgate_call::Kind as ErrorKind;
use crossgate_identity::Action;
use crossgate_wamp::dealer::CallKey;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{self, Kind};
use crossgate_wamp::options::{CallOptions, CancelOptions, YieldOptions};
use crossgate_wamp::uri::Match;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Dict, Message, Payload, Text};

use super::authorize::{Refused, Wish};
use super::call::{Answer, From, InFlight, NewCall};
use super::dispatch::Continued;
use super::errors;
use super::local::{outcome_to_payload, payload_to_object};
use super::outbox::Class;
use super::session::{Request, Session};
use super::state::RealmState;
use super::switches::Disclosure;
use crate::permit::Permit;
use crate::router::{Check, Router};
use crate::table::Target;

/// The client broke the protocol: its session ends with ABORT and these words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Breach(pub(crate) String);

/// One session in its realm.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) router: &'a Arc<Router>,
    pub(crate) realm: &'a Arc<RealmState>,
    pub(crate) session: &'a Arc<Session>,
}

impl At<'_> {
    /// Answers a request with ERROR.
    pub(crate) fn refuse(&self, request_kind: Kind, request: Id, error: &'static str, words: impl Into<String>) {
        let format = self.session.format;
        let payload = Payload::from_values(format, vec![words.into().into()], crossgate_wamp::Map::new());
        self.error(request_kind, request, Text::from_static(error), payload);
    }

    pub(crate) fn error(&self, request_kind: Kind, request: Id, error: Text, payload: Payload) {
        let details = Dict::empty(self.session.format);
        let error = message::Error { request_kind, request, details, error, payload };
        self.session.send(&Message::Error(error), Class::Rpc);
    }

    pub(crate) fn refused(&self, request_kind: Kind, request: Id, refused: &Refused) {
        let payload = Payload::from_values(self.session.format, refused.args(), crossgate_wamp::Map::new());
        self.error(request_kind, request, Text::from_static(refused.error), payload);
    }

    /// CALL.
    pub(crate) async fn call(self, call: message::Call) -> Result<(), Breach> {
        let request = call.request;
        let options = match CallOptions::read(&call.options) {
            Ok(options) => options,
            Err(error) => {
                self.refuse(Kind::Call, request, uri::INVALID_ARGUMENT, error.to_string());
                return Ok(());
            }
        };
        match self.session.request(request, options.progress) {
            Request::New => {}
            Request::Late => return Ok(()),
            Request::Continues(active) => {
                return match active.proceed(options.progress, call.payload) {
                    Continued::Taken => Ok(()),
                    Continued::Violation => Err(Breach(format!("CALL {request} is on its way already"))),
                };
            }
            Request::TooMany => {
                let words = "this session waits for as many calls as it may";
                self.refuse(Kind::Call, request, errors::TOO_MANY, words);
                return Ok(());
            }
        }
        if let Some((error, words)) = self.call_fault(&call, &options)? {
            self.refuse(Kind::Call, request, error, words);
            return Ok(());
        }
        self.admit_call(call, options).await;
        Ok(())
    }

    /// What is wrong with a call before anybody is asked about it.
    fn call_fault(
        &self,
        call: &message::Call,
        options: &CallOptions,
    ) -> Result<Option<(&'static str, &'static str)>, Breach> {
        let config = self.realm.config.load();
        let caller = self.session.features.caller.unwrap_or_default();
        if options.progress && !caller.progressive_call_invocations {
            return Err(Breach("arguments in parts by a caller that did not announce them".into()));
        }
        if options.passthru.is_passthru() && !caller.payload_passthru_mode {
            return Err(Breach("a payload in passthru mode by a caller that did not announce it".into()));
        }
        if !config.rules().allow(&call.procedure, Match::Exact) {
            return Ok(Some((uri::INVALID_URI, "that is no procedure's URI")));
        }
        if options.disclose_me == Some(true) && config.disclosure == Disclosure::Never {
            return Ok(Some((uri::DISCLOSE_ME_DISALLOWED, "this realm discloses nobody")));
        }
        Ok(None)
    }

    async fn admit_call(self, call: message::Call, options: CallOptions) {
        let request = call.request;
        let wish = Wish { action: Action::Call, uri: &call.procedure, policy: Match::Exact, options: &call.options };
        let granted = match self.router.judge(self.realm, self.session, wish).await {
            Ok(granted) => granted,
            Err(refused) => return self.refused(Kind::Call, request, &refused),
        };
        let disclose = granted.disclose.or(options.disclose_me);
        let origin = self.router.origin(self.session);
        let (caller, procedure) = (&self.session.caller, &call.procedure);
        let entered = self.router.enter(caller, procedure, origin, Some(self.realm), Check::Permitted).await;
        match entered {
            Err(error) => {
                let (uri, payload) = errors::to_wamp(&error, self.session.format);
                self.error(Kind::Call, request, uri, payload);
            }
            Ok(permit) => match &permit.target {
                Target::Remote(_) => self.call_remote(call, options, disclose == Some(true), permit),
                Target::Meta(_) | Target::Row(_) if options.progress => {
                    drop(permit);
                    let words = "the router's own procedures take no arguments in parts";
                    self.refuse(Kind::Call, request, uri::FEATURE_NOT_SUPPORTED, words);
                }
                Target::Meta(procedure) => {
                    let procedure = *procedure;
                    Box::pin(self.call_meta(request, procedure, &call.payload, permit)).await;
                }
                Target::Row(_) => self.call_built_in(call, options, permit),
            },
        }
    }

    fn new_call(
        self,
        call: message::Call,
        options: CallOptions,
        discloses: bool,
        permit: Option<Permit>,
    ) -> Arc<InFlight> {
        InFlight::new(NewCall {
            realm: Arc::clone(self.realm),
            key: CallKey { caller: self.session.id, request: call.request },
            procedure: call.procedure,
            from: From::Session(Arc::clone(self.session)),
            timeout: self.realm.config.load().call_timeout(options.timeout),
            options,
            payload: call.payload,
            who: self.session.who(),
            discloses,
            trustlevel: self.session.trustlevel,
            permit,
        })
    }

    fn call_remote(self, call: message::Call, options: CallOptions, discloses: bool, permit: Permit) {
        let request = call.request;
        let call = self.new_call(call, options, discloses, Some(permit));
        if self.session.remember_call(request, &call) {
            call.start();
        }
    }

    /// A procedure of the program's own answers, in a task of its own; cancelation ends the task.
    fn call_built_in(self, call: message::Call, options: CallOptions, permit: Permit) {
        let request = call.request;
        let format = self.session.format;
        let input = payload_to_object(&call.payload);
        let call = self.new_call(call, options, false, None);
        if !self.session.remember_call(request, &call) {
            return;
        }
        let router = Arc::clone(self.router);
        let (running, timeout) = (Arc::clone(&call), call.timeout);
        let task = async move {
            let run = async {
                match input {
                    Ok(input) => router.call(permit, input).await,
                    Err(error) => {
                        permit.refuse(&error).await;
                        Err(error)
                    }
                }
            };
            let result = match timeout {
                None => run.await,
                Some(timeout) => match tokio::time::timeout(timeout, run).await {
                    Ok(result) => result,
                    Err(_) => Err(crossgate_call::Error::new(ErrorKind::Deadline, "the call's timeout passed")),
                },
            };
            let details = Dict::empty(format);
            let answer = match result.and_then(|outcome| outcome_to_payload(outcome, format)) {
                Ok(payload) => Answer::Result { details, payload },
                Err(error) => {
                    let (error, payload) = errors::to_wamp(&error, format);
                    Answer::Error { details, error, payload }
                }
            };
            running.finish(&mut running.lock(), answer);
        };
        call.run(task);
    }

    /// CANCEL. A call that has been answered is canceled in vain.
    pub(crate) fn cancel(self, request: Id, options: &Dict) {
        let mode = match CancelOptions::read(options) {
            Ok(options) => options.mode,
            Err(error) => return self.refuse(Kind::Call, request, uri::INVALID_ARGUMENT, error.to_string()),
        };
        if let Some(call) = self.session.call(request) {
            call.cancel(mode.unwrap_or_else(|| self.realm.config.load().default_cancel()));
        }
    }

    /// YIELD.
    pub(crate) fn yielded(self, answer: message::Yield) -> Result<(), Breach> {
        let options = match YieldOptions::read(&answer.options) {
            Ok(options) => options,
            Err(error) => return Err(Breach(format!("YIELD: {error}"))),
        };
        let unknown = |()| Breach(format!("YIELD for invocation {}, which was never made", answer.request));
        let Some(entry) = self.session.invocation(answer.request, !options.progress).map_err(unknown)? else {
            return Ok(());
        };
        if options.progress {
            entry.call.progressed(self.session, answer.request, &options, answer.payload);
            return Ok(());
        }
        let details = options.to_dict(self.session.format);
        let result = Answer::Result { details, payload: answer.payload };
        entry.call.answered(self.session, answer.request, result, false);
        self.freed(&entry);
        Ok(())
    }

    /// ERROR for an invocation.
    pub(crate) fn failed(self, error: message::Error) -> Result<(), Breach> {
        let unknown = |()| Breach(format!("ERROR for invocation {}, which was never made", error.request));
        let Some(entry) = self.session.invocation(error.request, true).map_err(unknown)? else { return Ok(()) };
        let unavailable = error.error == uri::UNAVAILABLE;
        // Of its details only what belongs to the payload goes on.
        let passthru = YieldOptions::read(&error.details).map(|options| options.passthru).unwrap_or_default();
        let details = YieldOptions { progress: false, passthru }.to_dict(self.session.format);
        let answer = Answer::Error { details, error: error.error, payload: error.payload };
        entry.call.answered(self.session, error.request, answer, unavailable);
        self.freed(&entry);
        Ok(())
    }

    fn freed(self, entry: &super::session::Invocation) {
        if entry.holds_place {
            self.realm.release(&entry.member);
        }
    }
}
