//! The functions behind the table's rows.

use std::sync::Arc;

use crossgate_call::{Call, Error, Field, Outcome, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::Logbook;
use crate::append::Under;
use crate::entry::{Kind, Level, Report, fingerprint};
use crate::read::Filter;

/// The most entries of one batch.
pub const BATCH_MAX: usize = 500;
/// The most entries of a page, and how many when nobody says.
const PAGE_MAX: u32 = 500;
const PAGE_DEFAULT: u32 = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct Append {
    entries: Vec<Report>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    realm: Option<String>,
    authid: Option<String>,
    fingerprint: Option<String>,
    level: Option<String>,
    kind: Option<String>,
    text: Option<String>,
    present: Option<bool>,
    cursor: Option<i64>,
    limit: Option<u32>,
    #[serde(rename = "Last-Event-ID", alias = "last_event_id")]
    last_event_id: Option<String>,
}

pub(crate) async fn append(logbook: Arc<Logbook>, call: Call, input: Append) -> Result<Outcome> {
    if input.entries.len() > BATCH_MAX {
        return Err(refused("entries", format!("a batch has {BATCH_MAX} entries at the most")));
    }
    // The realm is the caller's own: nobody reports of another one.
    let under = Under { realm: call.caller.realm().as_str().to_owned(), reporter: call.caller.id().to_string() };
    Outcome::value(&logbook.append(input.entries, under).await?)
}

pub(crate) async fn search(logbook: Arc<Logbook>, _: Call, wanted: Wanted) -> Result<Outcome> {
    let (before, limit) = (wanted.cursor.unwrap_or(i64::MAX), limit(wanted.limit)?);
    let page = logbook.before(&wanted.filter()?, before, limit).await?;
    Outcome::value(&json!({"entries": page.entries, "next": page.next}))
}

pub(crate) async fn presence(logbook: Arc<Logbook>, _: Call, wanted: Wanted) -> Result<Outcome> {
    let (before, limit) = (wanted.cursor.unwrap_or(i64::MAX), limit(wanted.limit)?);
    let present = wanted.present.unwrap_or_default();
    let stays = logbook.stays(&wanted.filter()?, present, before, limit).await?;
    let full = stays.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = stays.last().filter(|_| full).map(|stay| stay.seq);
    Outcome::value(&json!({"sessions": stays, "next": next}))
}

pub(crate) async fn tail(logbook: Arc<Logbook>, call: Call, wanted: Wanted) -> Result<Outcome> {
    let after = match wanted.last_event_id.as_deref() {
        None | Some("") => None,
        Some(id) => {
            let id = id.parse::<i64>().ok().filter(|id| *id >= 0);
            Some(id.ok_or_else(|| refused("Last-Event-ID", "is the id of an event of this stream"))?)
        }
    };
    let filter = wanted.filter()?;
    Ok(Outcome::Stream(logbook.tail(&call, filter, after).await?))
}

impl Wanted {
    fn filter(self) -> Result<Filter> {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let fingerprint = given(self.fingerprint).map(|written| {
            fingerprint(&written)
                .ok_or_else(|| refused("fingerprint", "a fingerprint is 40 (SHA-1) or 64 (SHA-256) hex digits"))
        });
        let level = given(self.level)
            .map(|word| Level::from_word(&word).ok_or_else(|| refused("level", "use debug, info, warn or error")));
        let kind = given(self.kind)
            .map(|word| Kind::from_word(&word).ok_or_else(|| refused("kind", "use log, join, leave or meta")));
        Ok(Filter {
            since: self.since,
            until: self.until,
            realm: given(self.realm),
            authid: given(self.authid),
            fingerprint: fingerprint.transpose()?,
            level: level.transpose()?,
            kind: kind.transpose()?,
            text: given(self.text),
        })
    }
}

fn limit(asked: Option<u32>) -> Result<u32> {
    match asked.unwrap_or(PAGE_DEFAULT) {
        limit if (1..=PAGE_MAX).contains(&limit) => Ok(limit),
        _ => Err(refused("limit", format!("a page has 1 to {PAGE_MAX} items"))),
    }
}

fn refused(name: &'static str, detail: impl Into<String>) -> Error {
    let detail = detail.into();
    let field = Field::new("input", format!("/{name}"), detail.clone());
    Error::invalid(format!("the {name} does not fit: {detail}"), vec![field])
}
