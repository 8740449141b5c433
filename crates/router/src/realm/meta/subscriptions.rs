//! `wamp.subscription.*`.

use std::sync::Arc;

use crossgate_wamp::broker::Subscription;
use crossgate_wamp::id::Id;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::{Value, meta};

use super::super::state::Subscriber;
use super::arguments::Arguments;
use super::{Answer, Asking, Fault, fault};

/// The reason that a subscriber who was taken out is told when nobody gave one.
const REMOVED: &str = "wamp.error.unsubscribed";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    List,
    Lookup,
    Match,
    Get,
    ListSubscribers,
    CountSubscribers,
    RemoveSubscriber,
}

impl Asking<'_> {
    pub(super) fn subscriptions(&self, question: Question, arguments: &Arguments) -> Answer {
        let tables = self.realm.tables.load();
        let subscriptions = &tables.subscriptions;
        Ok(vec![match question {
            Question::List => meta::ids_by_policy(subscriptions.iter().map(|found| (found.policy, found.id))).into(),
            Question::Lookup => {
                let found = subscriptions.lookup(arguments.policy()?, arguments.text(0, "topic")?);
                found.map_or(Value::Null, |found| found.id.into())
            }
            Question::Match => {
                let topic = arguments.text(0, "topic")?;
                let ids: Vec<Id> = subscriptions.matching(topic).map(|found| found.id).collect();
                if ids.is_empty() { Value::Null } else { ids.into() }
            }
            Question::Get => meta::subscription_details(&*self.subscription(arguments)?).into(),
            Question::ListSubscribers => self.subscribers(arguments)?.into(),
            Question::CountSubscribers => (self.subscribers(arguments)?.len() as u64).into(),
            Question::RemoveSubscriber => return self.remove_subscriber(arguments),
        }])
    }

    pub(super) fn subscription(&self, arguments: &Arguments) -> Result<Arc<Subscription<Subscriber>>, Fault> {
        let id = arguments.id(0, "subscription")?;
        self.realm.tables.load().subscriptions.get(id).cloned().ok_or_else(no_such)
    }

    /// The sessions that are subscribed; the realm itself, which keeps the history, is none.
    fn subscribers(&self, arguments: &Arguments) -> Result<Vec<Id>, Fault> {
        let subscription = self.subscription(arguments)?;
        Ok(subscription.subscribers.iter().map(|(id, _)| id).filter(|id| *id != self.realm.own_id).collect())
    }

    /// Takes one subscriber out, and tells it.
    fn remove_subscriber(&self, arguments: &Arguments) -> Answer {
        let (subscription, subscriber) = (arguments.id(0, "subscription")?, arguments.id(1, "subscriber")?);
        let reason = arguments.reason(Some(2), REMOVED)?;
        let session = self.realm.session(subscriber).ok_or_else(no_such)?;
        let gone = self.realm.change(|tables| tables.subscriptions.unsubscribe(subscriber, subscription));
        let gone = gone.ok_or_else(no_such)?;
        self.realm.tell_revoked_subscription(&session, subscription, reason);
        self.realm.tell_unsubscribed(subscriber, &gone);
        Ok(Vec::new())
    }
}

fn no_such() -> Fault {
    fault(uri::NO_SUCH_SUBSCRIPTION, "there is no such subscription")
}
