//! The table of subscriptions.

use std::sync::Arc;

use crate::id::{Id, Sequence};
use crate::table::{Hamt, Patterns, Roster};
use crate::text::Text;
use crate::uri::Match;

/// All who subscribed to one topic or pattern under one policy.
#[derive(Debug, Clone)]
pub struct Subscription<S> {
    /// Its id.
    pub id: Id,
    /// How its topic stands for others.
    pub policy: Match,
    /// Its topic or pattern.
    pub topic: Text,
    /// When it came to be: RFC 3339.
    pub created: Text,
    /// The subscribers, and what the router keeps about each.
    pub subscribers: Roster<S>,
}

/// What a SUBSCRIBE changed.
#[derive(Debug, Clone)]
pub struct Subscribed<S> {
    /// The subscription.
    pub subscription: Arc<Subscription<S>>,
    /// It was made for this.
    pub created: bool,
    /// The session was not subscribed before.
    pub added: bool,
}

/// What an UNSUBSCRIBE or a leaving session changed.
#[derive(Debug, Clone)]
pub struct Unsubscribed<S> {
    /// The subscription as it is now.
    pub subscription: Arc<Subscription<S>>,
    /// Nobody is left, and it is gone.
    pub deleted: bool,
}

/// All subscriptions of a realm. Its clones share its structure: the owner changes its own, readers hold another.
#[derive(Debug, Clone)]
pub struct Subscriptions<S> {
    patterns: Patterns<Id>,
    by_id: Hamt<Id, Arc<Subscription<S>>>,
    by_session: Hamt<Id, Arc<Vec<Id>>>,
    ids: Sequence,
}

impl<S> Default for Subscriptions<S> {
    fn default() -> Self {
        Self {
            patterns: Patterns::default(),
            by_id: Hamt::default(),
            by_session: Hamt::default(),
            ids: Sequence::default(),
        }
    }
}

impl<S: Clone> Subscriptions<S> {
    /// Subscribes a session. A second time changes nothing.
    pub fn subscribe(&mut self, session: Id, handle: S, policy: Match, topic: &str, created: &str) -> Subscribed<S> {
        let known = self.lookup(policy, topic).cloned();
        let is_new = known.is_none();
        let mut subscription = known.unwrap_or_else(|| {
            let id = self.ids.take();
            let (topic, created) = (Text::from(topic), Text::from(created));
            Arc::new(Subscription { id, policy, topic, created, subscribers: Roster::default() })
        });
        let id = subscription.id;
        if self.is_subscribed(session, id) {
            return Subscribed { subscription, created: false, added: false };
        }
        Arc::make_mut(&mut subscription).subscribers.push(session, handle);
        self.by_id.insert(id, Arc::clone(&subscription));
        if is_new {
            self.patterns.insert(policy, topic, id);
        }
        let mut held = self.by_session.get(&session).cloned().unwrap_or_default();
        Arc::make_mut(&mut held).push(id);
        self.by_session.insert(session, held);
        Subscribed { subscription, created: is_new, added: true }
    }

    /// Unsubscribes a session; `None` when it was not subscribed.
    pub fn unsubscribe(&mut self, session: Id, subscription: Id) -> Option<Unsubscribed<S>> {
        let mut held = self.by_session.get(&session).cloned()?;
        let place = held.iter().position(|id| *id == subscription)?;
        Arc::make_mut(&mut held).remove(place);
        if held.is_empty() {
            self.by_session.remove(&session);
        } else {
            self.by_session.insert(session, held);
        }
        self.take_out(session, subscription)
    }

    /// Takes a session out of all its subscriptions, in the order in which it subscribed.
    pub fn leave(&mut self, session: Id) -> Vec<Unsubscribed<S>> {
        let held = self.by_session.remove(&session).unwrap_or_default();
        held.iter().filter_map(|id| self.take_out(session, *id)).collect()
    }

    fn take_out(&mut self, session: Id, id: Id) -> Option<Unsubscribed<S>> {
        let mut subscription = Arc::clone(self.by_id.get(&id)?);
        Arc::make_mut(&mut subscription).subscribers.remove(session)?;
        let deleted = subscription.subscribers.is_empty();
        if deleted {
            self.by_id.remove(&id);
            self.patterns.remove(subscription.policy, &subscription.topic);
        } else {
            self.by_id.insert(id, Arc::clone(&subscription));
        }
        Some(Unsubscribed { subscription, deleted })
    }

    /// Everything that a publication to `topic` goes to: exact, prefixes from the longest on, wildcards.
    pub fn matching<'t>(&'t self, topic: &'t str) -> impl Iterator<Item = &'t Arc<Subscription<S>>> {
        self.patterns.matching(topic).filter_map(|(_, id)| self.by_id.get(id))
    }

    /// The subscription with an id.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Arc<Subscription<S>>> {
        self.by_id.get(&id)
    }

    /// The subscription for a topic and policy.
    #[must_use]
    pub fn lookup(&self, policy: Match, topic: &str) -> Option<&Arc<Subscription<S>>> {
        self.patterns.get(policy, topic).and_then(|id| self.by_id.get(id))
    }

    /// Whether a session is subscribed.
    #[must_use]
    pub fn is_subscribed(&self, session: Id, subscription: Id) -> bool {
        self.of_session(session).contains(&subscription)
    }

    /// What a session is subscribed to, in order.
    #[must_use]
    pub fn of_session(&self, session: Id) -> &[Id] {
        self.by_session.get(&session).map_or(&[], |held| held)
    }

    /// All subscriptions, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Subscription<S>>> {
        self.by_id.iter().map(|(_, subscription)| subscription)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
