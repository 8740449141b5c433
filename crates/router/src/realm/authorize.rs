//! Whether a session may: by the grants, or by the authorizer of its role, whose decisions can be remembered.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossgate_identity::{
    Action, Match as GrantMatch, WampAuthorizer, WampRule, WampVerdict, wamp_authorization_failed,
    wamp_authorizer_args, wamp_not_authorized,
};
use crossgate_wamp::uri::{Match, matches};
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Dict, Value};

use super::local::{About, Question};
use super::session::Session;
use super::state::{RealmState, locked};
use super::switches::RealmAudit;
use crate::permit::Origin;
use crate::router::Router;

/// What a session asks for.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) action: Action,
    pub(crate) uri: &'a str,
    pub(crate) policy: Match,
    pub(crate) options: &'a Dict,
}

/// It may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Granted {
    /// Whether the other side learns who it is; `None`: as the message says.
    pub(crate) disclose: Option<bool>,
}

/// It may not, or nobody could say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) error: &'static str,
    pub(crate) words: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    authorizer: Arc<str>,
    role: Arc<str>,
    action: u8,
    policy: Match,
    uri: Box<str>,
}

/// The remembered decisions of a realm's authorizers: bounded in time and number, and forgotten on a reload.
#[derive(Default)]
pub(crate) struct Decisions(Mutex<Remembered>);

#[derive(Default)]
struct Remembered {
    verdicts: HashMap<Key, (WampVerdict, Instant)>,
    /// In the order in which they were made: the oldest go first.
    order: VecDeque<Key>,
}

impl Decisions {
    fn find(&self, key: &Key, now: Instant) -> Option<WampVerdict> {
        let remembered = locked(&self.0);
        remembered.verdicts.get(key).filter(|(_, until)| *until > now).map(|(verdict, _)| *verdict)
    }

    fn remember(&self, key: Key, verdict: WampVerdict, until: Instant, entries_max: usize) {
        let mut remembered = locked(&self.0);
        if entries_max == 0 {
            return;
        }
        while remembered.order.len() >= entries_max {
            let Some(oldest) = remembered.order.pop_front() else { break };
            remembered.verdicts.remove(&oldest);
        }
        if remembered.verdicts.insert(key.clone(), (verdict, until)).is_none() {
            remembered.order.push_back(key);
        }
    }

    /// Forgets everything.
    pub(crate) fn purge(&self) -> usize {
        let mut remembered = locked(&self.0);
        remembered.order.clear();
        std::mem::take(&mut remembered.verdicts).len()
    }
}

impl Router {
    /// Decides whether a session may do something. Refusals are recorded as the realm wants it.
    pub(crate) async fn judge(
        &self,
        realm: &Arc<RealmState>,
        session: &Session,
        wish: Wish<'_>,
    ) -> Result<Granted, Refused> {
        let kind = match wish.policy {
            Match::Exact => GrantMatch::Exact,
            Match::Prefix => GrantMatch::Prefix,
            Match::Wildcard => GrantMatch::Wildcard,
        };
        let roles = session.caller.roles();
        let verdict = match self.identity().wamp_rule(&realm.name, roles, wish.action, wish.uri, kind) {
            WampRule::Permit => Ok(Granted { disclose: None }),
            WampRule::Refuse => Err(refused(wish)),
            WampRule::Ask(authorizer) => Box::pin(self.judge_by_authorizer(realm, session, &authorizer, wish)).await,
        };
        // The realm's policy is for what sessions do; who comes from elsewhere is recorded in any case.
        let audit = if session.door == "wamp" { realm.config.load().audit } else { RealmAudit::All };
        match &verdict {
            Ok(_) if audit != RealmAudit::All => {}
            // These are recorded when they are done.
            Ok(_) if matches!(wish.action, Action::Call | Action::Register) => {}
            Ok(_) => Box::pin(self.record(session, wish, "ok", None)).await?,
            Err(_) if audit == RealmAudit::None => {}
            Err(refused) => Box::pin(self.record(session, wish, "forbidden", Some(refused.words.clone()))).await?,
        }
        verdict
    }

    async fn judge_by_authorizer(
        &self,
        realm: &Arc<RealmState>,
        session: &Session,
        authorizer: &WampAuthorizer,
        wish: Wish<'_>,
    ) -> Result<Granted, Refused> {
        // An authorizer is not asked about itself: neither who may call it, nor who may answer in its place.
        if matches(wish.policy, wish.uri, &authorizer.procedure) && wish.action != Action::Subscribe {
            return Err(refused(wish));
        }
        let key = Key {
            authorizer: Arc::clone(&authorizer.procedure),
            role: Arc::clone(&authorizer.role),
            action: wish.action as u8,
            policy: wish.policy,
            uri: wish.uri.into(),
        };
        let now = realm.clock.instant();
        let verdict = match realm.decisions.find(&key, now) {
            Some(verdict) => verdict,
            None => {
                let verdict = self.ask_authorizer(realm, session, authorizer, wish).await.map_err(|why| Refused {
                    error: uri::AUTHORIZATION_FAILED,
                    words: wamp_authorization_failed(wish.uri, wish.action, &why),
                })?;
                if verdict.cache && authorizer.cache_ttl > Duration::ZERO {
                    let entries_max = usize::try_from(authorizer.cache_entries_max).unwrap_or(usize::MAX);
                    realm.decisions.remember(key, verdict, now + authorizer.cache_ttl, entries_max);
                }
                verdict
            }
        };
        if verdict.allow { Ok(Granted { disclose: verdict.disclose }) } else { Err(refused(wish)) }
    }

    async fn ask_authorizer(
        &self,
        realm: &Arc<RealmState>,
        session: &Session,
        authorizer: &WampAuthorizer,
        wish: Wish<'_>,
    ) -> Result<WampVerdict, String> {
        let options = wish.options.to_map().map_err(|error| error.to_string())?;
        let args = session.seen(|seen| wamp_authorizer_args(seen, wish.uri, wish.action, options));
        let origin = Origin { door: "service", source: None, trace: session.trace() };
        let question = Question {
            caller: &authorizer.caller,
            procedure: &authorizer.procedure,
            args: args.to_vec(),
            timeout: authorizer.timeout,
            origin,
            about: About::Doing,
        };
        let answer = self.ask(realm, question).await.map_err(|denied| denied.message.unwrap_or(denied.uri))?;
        WampVerdict::read(&answer)
    }

    /// What cannot be recorded is not done.
    async fn record(
        &self,
        session: &Session,
        wish: Wish<'_>,
        outcome: &'static str,
        words: Option<String>,
    ) -> Result<(), Refused> {
        let verb: &'static str = match wish.action {
            Action::Call => "wamp.call",
            Action::Register => "wamp.register",
            Action::Publish => "wamp.publish",
            Action::Subscribe => "wamp.subscribe",
        };
        let origin = self.origin(session);
        let noted = match words {
            Some(words) => self.note_refusal(&session.caller, (verb, origin), outcome, (wish.uri, words)).await,
            None => self.note(&session.caller, verb, origin, outcome, Some(wish.uri.to_owned())).await,
        };
        noted.map_err(|full| Refused { error: uri::UNAVAILABLE, words: full.public().to_owned() })
    }
}

fn refused(wish: Wish<'_>) -> Refused {
    Refused { error: uri::NOT_AUTHORIZED, words: wamp_not_authorized(wish.uri, wish.action) }
}

impl Refused {
    /// The arguments of ERROR.
    pub(crate) fn args(&self) -> Vec<Value> {
        vec![Value::from(self.words.as_str())]
    }
}
