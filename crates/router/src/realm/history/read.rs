//! Finding past events in the store.

use crossgate_call::Realm;
use crossgate_store::{Result, Sql, Store, Value};
use crossgate_wamp::broker::{HistoryFilter, PastEvent};
use crossgate_wamp::id::Id;

use super::row::{COLUMNS, read};
use super::{Answer, Topic};

/// Events that are looked at together, before others get their turn.
const PAGE: i64 = 256;
/// The most bytes of events that are read together, unless one alone has more.
const CHUNK_BYTES_MAX: i64 = 4 << 20;

const TOPIC: Sql = Sql::new("SELECT id FROM wamp_history_topic WHERE realm = ? AND policy = ? AND topic = ?");
const PLACE: Sql =
    Sql::new("SELECT seq FROM wamp_history WHERE kept_by = ? AND publication = ? ORDER BY seq DESC LIMIT 1");

/// Places in the history: from the first and before the last.
#[derive(Clone, Copy)]
struct Range {
    from: i64,
    before: i64,
}

/// The events within the bounds that a principal may see. A publication that is not (or no longer) kept bounds to nothing.
pub(super) async fn events(
    store: &Store,
    realm: &Realm,
    topic: &Topic,
    filter: &HistoryFilter,
    (authid, authrole): (&str, &str),
    too_old_us: Option<i64>,
) -> Result<Vec<PastEvent>> {
    let known = store.read(TOPIC, (realm.as_str(), topic.policy.as_str(), topic.name.as_str())).await?;
    let Some(kept_by) = known.first().map(|row| row.get::<i64>(0)).transpose()? else { return Ok(Vec::new()) };
    let Some(mut range) = range(store, kept_by, filter).await? else { return Ok(Vec::new()) };
    let search = Search::new(kept_by, filter, too_old_us);
    let limit = filter.limit.unwrap_or(usize::MAX);
    let mut answer = Answer::default();
    if limit == 0 {
        return Ok(answer.events);
    }
    while let Some(chunk) = search.chunk(store, range).await? {
        for event in search.load(store, chunk).await? {
            let is_visible = event.audience.admits_principal(authid, authrole);
            if is_visible && (!answer.take(event) || answer.events.len() >= limit) {
                return Ok(answer.events);
            }
        }
        range =
            if filter.reverse { Range { before: chunk.from, ..range } } else { Range { from: chunk.before, ..range } };
        tokio::task::yield_now().await;
    }
    Ok(answer.events)
}

async fn range(store: &Store, kept_by: i64, filter: &HistoryFilter) -> Result<Option<Range>> {
    let mut range = Range { from: 0, before: i64::MAX };
    for (bound, offset) in [(filter.from_publication, 0), (filter.after_publication, 1)] {
        let Some(publication) = bound else { continue };
        let Some(place) = place(store, kept_by, publication).await? else { return Ok(None) };
        range.from = range.from.max(place + offset);
    }
    for (bound, offset) in [(filter.before_publication, 0), (filter.until_publication, 1)] {
        let Some(publication) = bound else { continue };
        let Some(place) = place(store, kept_by, publication).await? else { return Ok(None) };
        range.before = range.before.min(place + offset);
    }
    Ok(Some(range))
}

async fn place(store: &Store, kept_by: i64, publication: Id) -> Result<Option<i64>> {
    let rows = store.read(PLACE, (kept_by, publication.get().cast_signed())).await?;
    rows.first().map(|row| row.get(0)).transpose()
}

/// The statements of one question, and the values that do not change from page to page.
struct Search {
    kept_by: i64,
    sizes: String,
    whole: String,
    values: Vec<Value>,
    reverse: bool,
}

impl Search {
    fn new(kept_by: i64, filter: &HistoryFilter, too_old_us: Option<i64>) -> Self {
        let mut conditions = String::new();
        let mut values = Vec::new();
        for (condition, time) in [
            (" AND at >= ?", filter.from_time_us),
            (" AND at >= ?", too_old_us),
            (" AND at > ?", filter.after_time_us),
            (" AND at < ?", filter.before_time_us),
            (" AND at <= ?", filter.until_time_us),
        ] {
            if let Some(time) = time {
                conditions.push_str(condition);
                values.push(Value::Int(time));
            }
        }
        if let Some(topic) = &filter.topic {
            conditions.push_str(" AND topic = ?");
            values.push(Value::from(topic.as_str()));
        }
        let order = if filter.reverse { "DESC" } else { "ASC" };
        let select = |columns: &str| {
            format!(
                "SELECT {columns} FROM wamp_history WHERE kept_by = ? AND seq >= ? AND seq < ?{conditions} \
                 ORDER BY seq {order} LIMIT ?"
            )
        };
        Self { kept_by, sizes: select("seq, bytes"), whole: select(COLUMNS), values, reverse: filter.reverse }
    }

    fn values(&self, range: Range) -> Vec<Value> {
        let mut values = vec![Value::Int(self.kept_by), Value::Int(range.from), Value::Int(range.before)];
        values.extend(self.values.iter().cloned());
        values.push(Value::Int(PAGE));
        values
    }

    /// The next events that can be read together; `None` when there are no more.
    async fn chunk(&self, store: &Store, range: Range) -> Result<Option<Range>> {
        let rows = store.read(Sql::assembled(&self.sizes), self.values(range)).await?;
        let (mut first, mut last, mut bytes) = (None, 0, 0);
        for row in rows.iter() {
            bytes += row.get::<i64>(1)?;
            if first.is_some() && bytes > CHUNK_BYTES_MAX {
                break;
            }
            last = row.get(0)?;
            first.get_or_insert(last);
        }
        let Some(first) = first else { return Ok(None) };
        let (from, until) = if self.reverse { (last, first) } else { (first, last) };
        Ok(Some(Range { from, before: until + 1 }))
    }

    async fn load(&self, store: &Store, chunk: Range) -> Result<Vec<PastEvent>> {
        let rows = store.read(Sql::assembled(&self.whole), self.values(chunk)).await?;
        rows.iter().map(read).collect()
    }
}
