//! `/logbook`: what log daemons reported, and who joined and left.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{Ask, Failed, Pages};
use crate::console::data;
use crate::console::reply::{self, Reply};
use crate::console::view::logs::{self, Filter, List};
use crate::console::visitor::{LOGBOOK_PRESENCE, LOGBOOK_SEARCH, LOGBOOK_TAIL};

/// Entries on one page.
const PAGE_ENTRIES: u64 = 100;
/// Sessions of the timeline.
const STAYS: u64 = 20;

impl Pages {
    pub(super) async fn logs(&self, ask: &Ask<'_>) -> Result<Reply, Failed> {
        let query = ask.query();
        let text = |name: &str| query.get(name).map(str::to_owned);
        let filter = Filter {
            realm: text("realm"),
            authid: text("authid"),
            fingerprint: text("fingerprint"),
            level: text("level"),
            kind: text("kind"),
            text: text("text"),
            cursor: query.get("cursor").and_then(|cursor| cursor.parse().ok()).filter(|cursor| *cursor > 0),
        };
        let mut input = input(&filter.pairs()[..6], PAGE_ENTRIES);
        input.extend(filter.cursor.map(|cursor| ("cursor".to_owned(), cursor.into())));
        let found: data::Logs = ask.fetch(LOGBOOK_SEARCH, Value::Object(input)).await?;
        let stays = if ask.visitor.may(LOGBOOK_PRESENCE) {
            let whose = self::input(&filter.pairs()[..3], STAYS);
            let found: data::Stays = ask.fetch(LOGBOOK_PRESENCE, Value::Object(whose)).await?;
            Some(found.sessions)
        } else {
            None
        };
        let now = self.clock.now();
        let live = ask.visitor.may(LOGBOOK_TAIL);
        let list = List { entries: found.entries, next: found.next, stays, filter, now, live };
        Ok(reply::page(StatusCode::OK, logs::page(&self.frame(ask), &list)))
    }
}

fn input(pairs: &[(&'static str, Option<String>)], limit: u64) -> Map<String, Value> {
    let mut input = Map::from_iter([("limit".to_owned(), Value::from(limit))]);
    input.extend(pairs.iter().filter_map(|(name, text)| Some(((*name).to_owned(), text.clone()?.into()))));
    input
}
