//! `/`: what this is for a stranger, and what is going on for a caller.

use crossgate_call::Kind;
use http::StatusCode;
use serde_json::json;

use super::{Ask, Failed, Pages, calls, loans};
use crate::console::data;
use crate::console::reply::{self, Reply};
use crate::console::view::calls::Filter;
use crate::console::view::home::{self, Api, Loans, Overview, Part};
use crate::console::view::notice::sentence;
use crate::console::visitor::{AUDIT_LIST, LOANS_LIST};

/// Calls shown on the overview.
const RECENT_CALLS: u64 = 8;
/// Loans counted on the overview; the contract's most on one page.
const LOANS_COUNTED: u64 = 200;

impl Pages {
    pub(super) async fn home(&self, ask: &Ask<'_>) -> Result<Reply, Failed> {
        let frame = self.frame(ask);
        let apis = self.apis();
        if ask.visitor.name.is_none() {
            return Ok(reply::page(StatusCode::OK, home::welcome(&frame, &apis)));
        }
        let overview = Overview { loans: self.summed(ask).await, calls: recent(ask).await, apis };
        Ok(reply::page(StatusCode::OK, home::overview(&frame, &overview)))
    }

    fn apis(&self) -> Vec<Api> {
        let api = |book: &crate::console::docs::Book| Api {
            name: book.name.clone(),
            title: book.title.clone(),
            version: book.version.clone(),
            operations: book.operations.len(),
        };
        self.catalog.load().0.iter().map(api).collect()
    }

    async fn summed(&self, ask: &Ask<'_>) -> Part<Loans> {
        if !ask.visitor.may(LOANS_LIST) {
            return Part::NotGranted;
        }
        match ask.fetch::<data::Loans>(LOANS_LIST, json!({"limit": LOANS_COUNTED})).await {
            Ok(found) => {
                let more = if found.next.is_some() { "+" } else { "" };
                Part::Shown(Loans { count: format!("{}{more}", found.loans.len()), total: loans::total(&found, false) })
            }
            Err(failed) => part(&failed),
        }
    }
}

async fn recent(ask: &Ask<'_>) -> Part<Vec<crate::console::view::calls::Row>> {
    if !ask.visitor.may(AUDIT_LIST) {
        return Part::NotGranted;
    }
    match calls::records(ask, &Filter::default(), RECENT_CALLS).await {
        Ok((rows, _)) => Part::Shown(rows),
        Err(failed) => part(&failed),
    }
}

/// One part that cannot be had does not take the page with it.
fn part<T>(failed: &Failed) -> Part<T> {
    match failed.error.kind() {
        Kind::Forbidden | Kind::Unauthenticated | Kind::NoSuchProcedure => Part::NotGranted,
        _ => Part::Failed(sentence(failed.error.public())),
    }
}
