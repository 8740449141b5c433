//! Writing events, and removing the oldest, inside a transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use crossgate_call::Realm;
use crossgate_store::{Result, Sql, Tx};
use crossgate_wamp::broker::PastEvent;

use super::queue::Entry;
use super::row::{INSERT, Line};
use super::{Bounds, Topic};

/// Events that are looked at together to be removed.
const STEP_MAX: i64 = 256;
/// The most such steps for one topic in one transaction; what is left goes with the next.
const STEPS_MAX: usize = 64;

const OPEN: Sql = Sql::new(
    "INSERT INTO wamp_history_topic (realm, policy, topic, events, bytes) VALUES (?, ?, ?, 0, 0) \
     ON CONFLICT (realm, policy, topic) DO NOTHING",
);
const TOTALS: Sql =
    Sql::new("SELECT id, events, bytes FROM wamp_history_topic WHERE realm = ? AND policy = ? AND topic = ?");
const SET_TOTALS: Sql = Sql::new("UPDATE wamp_history_topic SET events = ?, bytes = ? WHERE id = ?");
const OLDEST: Sql = Sql::new("SELECT seq, at, bytes FROM wamp_history WHERE kept_by = ? ORDER BY seq LIMIT ?");
const REMOVE: Sql = Sql::new("DELETE FROM wamp_history WHERE kept_by = ? AND seq <= ?");
const TOPICS: Sql = Sql::new("SELECT id, policy, topic, events, bytes FROM wamp_history_topic WHERE realm = ?");
const FORGET: Sql = Sql::new("DELETE FROM wamp_history_topic WHERE id = ?");

/// How much the store holds of a topic.
struct Held {
    id: i64,
    events: i64,
    bytes: i64,
}

/// Writes events in their order, and removes of each topic what is beyond its bounds then.
pub(super) async fn append(tx: &mut Tx, realm: &Realm, entries: &[Entry], now_us: i64) -> Result<()> {
    for (topic, events) in by_topic(entries) {
        let key = (realm.as_str(), topic.policy.as_str(), topic.name.as_str());
        tx.execute(OPEN, key).await?;
        let rows = tx.query(TOTALS, key).await?;
        let row = rows.one()?;
        let mut held = Held { id: row.get(0)?, events: row.get(1)?, bytes: row.get(2)? };
        tx.execute_many(INSERT, events.iter().map(|event| Line::new(held.id, event))).await?;
        held.events += events.len() as i64;
        held.bytes += events.iter().map(|event| event.size() as i64).sum::<i64>();
        held.prune(tx, &topic.bounds(), now_us).await?;
    }
    Ok(())
}

fn by_topic(entries: &[Entry]) -> Vec<(&Arc<Topic>, Vec<&PastEvent>)> {
    let mut topics: BTreeMap<_, (&Arc<Topic>, Vec<&PastEvent>)> = BTreeMap::new();
    for (topic, event) in entries {
        let key = (topic.policy.as_str(), topic.name.as_str());
        topics.entry(key).or_insert_with(|| (topic, Vec::new())).1.push(event);
    }
    topics.into_values().collect()
}

/// Removes what is too old of each topic, and everything of topics that are not kept any more.
pub(super) async fn tidy(tx: &mut Tx, realm: &Realm, topics: &[Arc<Topic>], now_us: i64) -> Result<()> {
    let rows = tx.query(TOPICS, (realm.as_str(),)).await?;
    for row in rows.iter() {
        let (policy, name): (&str, &str) = (row.get(1)?, row.get(2)?);
        let mut held = Held { id: row.get(0)?, events: row.get(3)?, bytes: row.get(4)? };
        let kept = topics.iter().find(|topic| topic.policy.as_str() == policy && topic.name == name);
        match kept {
            Some(topic) => held.prune(tx, &topic.bounds(), now_us).await?,
            None => held.forget(tx).await?,
        }
    }
    Ok(())
}

impl Held {
    /// Removes the oldest events until what is left is within the bounds.
    async fn prune(&mut self, tx: &mut Tx, bounds: &Bounds, now_us: i64) -> Result<()> {
        let too_old = bounds.too_old_us(now_us).unwrap_or(i64::MIN);
        let most = |limit: usize| i64::try_from(limit).unwrap_or(i64::MAX);
        let (events_max, bytes_max) = (most(bounds.limits.events_max), most(bounds.limits.bytes_max));
        self.remove(tx, |held, at| held.events > events_max || held.bytes > bytes_max || at < too_old).await?;
        tx.execute(SET_TOTALS, (self.events, self.bytes, self.id)).await.map(drop)
    }

    /// Removes everything, and the topic with its last event.
    async fn forget(&mut self, tx: &mut Tx) -> Result<()> {
        if self.remove(tx, |_, _| true).await? {
            return tx.execute(FORGET, (self.id,)).await.map(drop);
        }
        tx.execute(SET_TOTALS, (self.events, self.bytes, self.id)).await.map(drop)
    }

    /// Removes the oldest while they are to go; says whether none is left.
    async fn remove(&mut self, tx: &mut Tx, goes: impl Fn(&Self, i64) -> bool + Send) -> Result<bool> {
        for _ in 0..STEPS_MAX {
            let rows = tx.query(OLDEST, (self.id, STEP_MAX)).await?;
            let mut last = None;
            for row in rows.iter() {
                if !goes(self, row.get(1)?) {
                    break;
                }
                self.events -= 1;
                self.bytes -= row.get::<i64>(2)?;
                last = Some(row.get::<i64>(0)?);
            }
            if let Some(last) = last {
                tx.execute(REMOVE, (self.id, last)).await?;
            }
            let stayed = rows.iter().next_back().map(|row| row.get::<i64>(0)).transpose()? != last;
            if stayed || rows.is_empty() {
                return Ok(rows.is_empty());
            }
        }
        Ok(false)
    }
}
