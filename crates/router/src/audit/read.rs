//! Looking into the log: the newest records, those behind a place, those that fit a filter.

use crossgate_call::{Error, Field, Result};
use crossgate_store::{Sql, Store, Value};
use jiff::Timestamp;

use super::{Audit, Stored};

/// Records that are looked through at a time, before others get their turn.
const WINDOW: i64 = 4096;
/// Most records in one answer.
const LIMIT_MAX: usize = 10_000;

const BOUNDS: Sql = Sql::new("SELECT min(seq), max(seq) FROM audit");
const AT: Sql = Sql::new("SELECT at FROM audit WHERE seq = ?");

/// Which records to list; every part that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The caller's stable name.
    pub caller: Option<String>,
    /// The procedure's name.
    pub procedure: Option<String>,
    /// How the call ended.
    pub outcome: Option<String>,
    /// The trace, 32 lower-case hex digits.
    pub trace: Option<String>,
    /// Not before this instant.
    pub since: Option<Timestamp>,
    /// Before this instant.
    pub until: Option<Timestamp>,
    /// Only records before this place: the last one's of the page before.
    pub before_seq: Option<i64>,
    /// How many at the most; 0 stands for 100.
    pub limit: usize,
}

/// The limit of a filter that has none.
const LIMIT_DEFAULT: usize = 100;

impl Audit {
    /// Lists records that fit, the newest first. A full page may have another behind it: ask again
    /// with its last record's place as `before_seq`.
    ///
    /// Everything but time is looked for record by record, so a rare caller in a long log takes its
    /// time; give `since`. Records are found by time on the understanding that the clock did
    /// not jump back over thousands of records.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Invalid`] for a limit over 10000; [`crossgate_call::Kind::Unavailable`].
    pub async fn list(&self, filter: Filter) -> Result<Vec<Stored>> {
        let limit = if filter.limit == 0 { LIMIT_DEFAULT } else { filter.limit };
        if limit > LIMIT_MAX {
            let field = Field::new("input", "/limit", format!("at most {LIMIT_MAX}"));
            return Err(Error::invalid("too many records are asked for", vec![field]));
        }
        let store = &self.inner.store;
        let Some((low, end)) = between(store, filter.since, filter.until).await? else { return Ok(Vec::new()) };
        let mut high = filter.before_seq.map_or(end, |before| before.min(end));
        let (conditions, values) = conditions(&filter);
        let sql = format!(
            "SELECT {} FROM audit WHERE seq >= ? AND seq < ?{conditions} ORDER BY seq DESC LIMIT ?",
            Stored::COLUMNS
        );
        let mut found = Vec::new();
        while high > low && found.len() < limit {
            let from = low.max(high - WINDOW);
            let mut params = vec![Value::Int(from), Value::Int(high)];
            params.extend(values.iter().cloned());
            params.push(Value::Int((limit - found.len()) as i64));
            for row in store.read(Sql::assembled(&sql), params).await?.iter() {
                found.push(Stored::from_row(row)?);
            }
            high = from;
            tokio::task::yield_now().await;
        }
        Ok(found)
    }

    /// The newest records, the oldest of them first.
    ///
    /// # Errors
    /// As [`Audit::list`].
    pub async fn tail(&self, count: usize) -> Result<Vec<Stored>> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let mut newest = self.list(Filter { limit: count, ..Filter::default() }).await?;
        newest.reverse();
        Ok(newest)
    }

    /// The records behind a place in the log, in order. Asked again with the last one's place, it follows the log.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Unavailable`].
    pub async fn after(&self, seq: i64, limit: usize) -> Result<Vec<Stored>> {
        Ok(page(&self.inner.store, seq, i64::MAX, limit.min(LIMIT_MAX)).await?)
    }
}

/// Up to `limit` records behind `after` and up to and with `last`, in order.
pub(super) async fn page(store: &Store, after: i64, last: i64, limit: usize) -> crossgate_store::Result<Vec<Stored>> {
    let sql = format!("SELECT {} FROM audit WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", Stored::COLUMNS);
    let rows = store.read(Sql::assembled(&sql), (after, last, limit as i64)).await?;
    rows.iter().map(Stored::from_row).collect()
}

/// The filter's conditions on other things than place and time, and the exact ones on time.
fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut conditions = String::new();
    let mut values = Vec::new();
    let texts = [
        (" AND caller = ?", &filter.caller),
        (" AND procedure = ?", &filter.procedure),
        (" AND outcome = ?", &filter.outcome),
        (" AND trace = ?", &filter.trace),
    ];
    for (condition, text) in texts {
        if let Some(text) = text {
            conditions.push_str(condition);
            values.push(Value::from(text.as_str()));
        }
    }
    for (condition, at) in [(" AND at >= ?", filter.since), (" AND at < ?", filter.until)] {
        if let Some(at) = at {
            conditions.push_str(condition);
            values.push(Value::from(at));
        }
    }
    (conditions, values)
}

/// The places between which records of a time are found, from and before; `None` in an empty log.
///
/// Records are written in the order in which calls ended, give or take a moment and a step of the
/// clock. So their place is found by halving, and a window more is looked through at each end.
pub(super) async fn between(
    store: &Store,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> crossgate_store::Result<Option<(i64, i64)>> {
    let bounds = store.read(BOUNDS, ()).await?;
    let (Some(first), Some(last)) = (bounds.one()?.get::<Option<i64>>(0)?, bounds.one()?.get::<Option<i64>>(1)?) else {
        return Ok(None);
    };
    let low = match since {
        Some(since) => first.max(first_since(store, first, last, since).await? - WINDOW),
        None => first,
    };
    let end = match until {
        Some(until) => (last + 1).min(first_since(store, first, last, until).await? + WINDOW),
        None => last + 1,
    };
    Ok(Some((low, end)))
}

/// The first place from which on records are of `at` or later; `last + 1` when there is none.
pub(super) async fn first_since(store: &Store, first: i64, last: i64, at: Timestamp) -> crossgate_store::Result<i64> {
    let (mut low, mut high) = (first, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        // A record that is missing was removed from the front since we looked, or tampered with.
        let earlier = match store.read(AT, (middle,)).await?.first() {
            Some(row) => row.get::<Timestamp>(0)? < at,
            None => true,
        };
        if earlier {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
