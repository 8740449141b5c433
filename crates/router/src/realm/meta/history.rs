//! `wamp.subscription.get_events`: the past events of a subscription, for those who might have received them.

use crossgate_identity::{Action, Match as GrantMatch};
use crossgate_wamp::broker::{HistoryFilter, Subscription};
use crossgate_wamp::id::Id;
use crossgate_wamp::uri::Match;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Map, Value, meta};
use jiff::Timestamp;

use super::super::state::Subscriber;
use super::arguments::Arguments;
use super::{Answer, Asking, Fault, fault};

/// How many events are given when nobody says.
const LIMIT_DEFAULT: usize = 10;
/// The most events of one answer.
const LIMIT_MAX: usize = 10_000;

impl Asking<'_> {
    pub(super) async fn events(&self, arguments: &Arguments) -> Answer {
        let subscription = self.subscription(arguments)?;
        if !self.may_read(&subscription) {
            return Err(fault(uri::NOT_AUTHORIZED, "subscribe to it, or be allowed to, to read its past events"));
        }
        let Some(Subscriber::History(history)) = subscription.subscribers.get(self.realm.own_id) else {
            return Err(fault(uri::HISTORY_UNAVAILABLE, "no events of this subscription are kept"));
        };
        let filter = filter(arguments)?;
        let events = history.events(&filter, &self.who.authid, &self.who.authrole).await;
        let events = events.map_err(|_| fault(uri::HISTORY_UNAVAILABLE, "they cannot be read now; try again later"))?;
        let unreadable = |_| fault(uri::HISTORY_UNAVAILABLE, "an event cannot be read");
        let list: Result<Vec<Map>, Fault> = events
            .iter()
            .map(|event| {
                let at = Timestamp::from_microsecond(event.at_us).unwrap_or(Timestamp::UNIX_EPOCH);
                meta::past_event(subscription.id, event, &format!("{at:.6}")).map_err(unreadable)
            })
            .collect();
        Ok(vec![Value::List(list?.into_iter().map(Value::Map).collect())])
    }

    /// Whoever is subscribed may, and whoever is granted to subscribe.
    fn may_read(&self, subscription: &Subscription<Subscriber>) -> bool {
        let is_subscribed = self.session.is_some_and(|session| subscription.subscribers.get(session.id).is_some());
        let grants = self.router.identity().grants();
        let roles = self.permit.caller().roles();
        let (action, topic) = (Action::Subscribe, subscription.topic.as_str());
        is_subscribed
            || match subscription.policy {
                Match::Exact => grants.permits(roles, action, topic),
                Match::Prefix => grants.permits_pattern(roles, action, topic, GrantMatch::Prefix),
                Match::Wildcard => grants.permits_pattern(roles, action, topic, GrantMatch::Wildcard),
            }
    }
}

fn filter(arguments: &Arguments) -> Result<HistoryFilter, Fault> {
    let limit = match arguments.get(1, "limit") {
        None => LIMIT_DEFAULT,
        Some(value) => {
            let limit = value.as_unsigned().and_then(|limit| usize::try_from(limit).ok());
            limit.ok_or_else(|| fault(uri::INVALID_ARGUMENT, "`limit` must be a whole number"))?.min(LIMIT_MAX)
        }
    };
    let reverse = arguments.kwargs.get("reverse").and_then(Value::as_bool).unwrap_or(false);
    Ok(HistoryFilter {
        limit: Some(limit),
        reverse,
        from_time_us: time(arguments, "from_time")?,
        after_time_us: time(arguments, "after_time")?,
        before_time_us: time(arguments, "before_time")?,
        until_time_us: time(arguments, "until_time")?,
        topic: arguments.kwargs.get("topic").and_then(Value::as_text).map(str::to_owned),
        from_publication: publication(arguments, "from_publication")?,
        after_publication: publication(arguments, "after_publication")?,
        before_publication: publication(arguments, "before_publication")?,
        until_publication: publication(arguments, "until_publication")?,
    })
}

fn time(arguments: &Arguments, name: &'static str) -> Result<Option<i64>, Fault> {
    let Some(value) = arguments.kwargs.get(name).filter(|value| **value != Value::Null) else { return Ok(None) };
    let time = value.as_text().and_then(|text| text.parse::<Timestamp>().ok());
    let time = time.ok_or_else(|| fault(uri::INVALID_ARGUMENT, format!("`{name}` must be a time as in RFC 3339")))?;
    Ok(Some(time.as_microsecond()))
}

fn publication(arguments: &Arguments, name: &'static str) -> Result<Option<Id>, Fault> {
    let Some(value) = arguments.kwargs.get(name).filter(|value| **value != Value::Null) else { return Ok(None) };
    let id = value.as_unsigned().and_then(Id::new);
    id.map(Some).ok_or_else(|| fault(uri::INVALID_ARGUMENT, format!("`{name}` must be a publication's id")))
}
