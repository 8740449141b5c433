//! `/calls`: the audit log.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Ask, Failed, Pages};
use crate::console::data;
use crate::console::reply::{self, Reply};
use crate::console::view::calls::{self, Filter, List, Row};
use crate::console::visitor::AUDIT_LIST;

/// Records on one page.
const PAGE_RECORDS: u64 = 50;

impl Pages {
    pub(super) async fn calls(&self, ask: &Ask<'_>) -> Result<Reply, Failed> {
        let filter = filter(ask);
        let (rows, next) = records(ask, &filter, PAGE_RECORDS).await?;
        let list = List { rows, filter, next };
        Ok(reply::page(StatusCode::OK, calls::page(&self.frame(ask), &list)))
    }
}

fn filter(ask: &Ask<'_>) -> Filter {
    let query = ask.query();
    let text = |name: &str| query.get(name).map(str::to_owned);
    Filter {
        caller: text("caller"),
        procedure: text("procedure"),
        outcome: text("outcome"),
        trace: text("trace").map(|trace| trace.to_ascii_lowercase()),
        before: query.get("before").and_then(|before| before.parse().ok()).filter(|before| *before > 0),
    }
}

/// A page of records, and the next page's cursor.
pub(super) async fn records(ask: &Ask<'_>, filter: &Filter, limit: u64) -> Result<(Vec<Row>, Option<i64>), Failed> {
    let mut input = Map::from_iter([("limit".to_owned(), Value::from(limit))]);
    let texts = [
        ("caller", &filter.caller),
        ("procedure", &filter.procedure),
        ("outcome", &filter.outcome),
        ("trace", &filter.trace),
    ];
    input.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))));
    input.extend(filter.before.map(|before| ("before".to_owned(), before.into())));
    let found: data::Calls = ask.fetch(AUDIT_LIST, Value::Object(input)).await?;
    Ok((found.records.into_iter().map(row).collect(), found.next))
}

fn row(record: data::Record) -> Row {
    let at_shown = match record.at.parse::<Timestamp>() {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_) => record.at.clone(),
    };
    Row {
        seq: record.seq.to_string(),
        at: record.at,
        at_shown,
        caller: record.caller,
        proof: record.proof.replace('_', " "),
        procedure: record.procedure,
        door: record.door,
        source: record.source,
        outcome: record.outcome,
        detail: record.detail,
        duration: duration(record.duration_us),
        trace: record.trace,
        hash: record.hash,
    }
}

/// A duration with three digits at the most, in the unit that fits.
#[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..10_000 => format!("{:.1} ms", us as f64 / 1e3),
        10_000..1_000_000 => format!("{} ms", us / 1_000),
        _ => format!("{:.1} s", us as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn durations_are_short_and_in_a_fitting_unit() {
        let shown = [0, 999, 1_000, 9_940, 12_345, 999_999, 1_500_000].map(super::duration);
        assert_eq!(shown, ["0 µs", "999 µs", "1.0 ms", "9.9 ms", "12 ms", "999 ms", "1.5 s"]);
    }
}
