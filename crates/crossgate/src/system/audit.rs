//! `audit.list`: the newest records first, a page at a time.

use std::sync::Arc;

use crossgate_call::{Call, Outcome, Result};
use crossgate_router::audit::Filter;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::System;

/// The records of a page, when the caller does not say.
const PAGE_DEFAULT: usize = 50;
/// The most that a page holds.
const PAGE_MAX: usize = 500;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    caller: Option<String>,
    procedure: Option<String>,
    outcome: Option<String>,
    trace: Option<String>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    before: Option<i64>,
    limit: Option<usize>,
}

pub(super) async fn list(system: Arc<System>, _: Call, wanted: Wanted) -> Result<Outcome> {
    let limit = wanted.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    let filter = Filter {
        caller: wanted.caller,
        procedure: wanted.procedure,
        outcome: wanted.outcome,
        trace: wanted.trace,
        since: wanted.since,
        until: wanted.until,
        before_seq: wanted.before,
        limit,
    };
    let records = system.router()?.audit().list(filter).await?;
    // A full page may have another behind it; the page after the last is empty, which does no harm.
    let next = (records.len() == limit).then(|| records.last().map(|record| record.seq)).flatten();
    Outcome::value(&json!({"records": records, "next": next}))
}
