//! `/loans`: the list.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{Ask, Failed, Pages};
use crate::console::data;
use crate::console::form::link;
use crate::console::money;
use crate::console::reply::{self, Reply};
use crate::console::view::loans::{self, List, Row};
use crate::console::visitor::LOANS_LIST;

/// Loans on one page.
const PAGE_LOANS: u64 = 100;

impl Pages {
    pub(super) async fn loans(&self, ask: &Ask<'_>) -> Result<Reply, Failed> {
        let query = ask.query();
        let mut input = Map::from_iter([("limit".to_owned(), PAGE_LOANS.into())]);
        input.extend(query.get("cursor").map(|cursor| ("cursor".to_owned(), cursor.into())));
        let found: data::Loans = ask.fetch(LOANS_LIST, Value::Object(input)).await?;
        let later = query.get("cursor").is_some();
        let list = List {
            total: total(&found, later),
            rows: found.loans.into_iter().map(row).collect(),
            later,
            next: found.next.map(|cursor| link("/loans", &[("cursor", Some(&cursor))])),
        };
        Ok(reply::page(StatusCode::OK, loans::page(&self.frame(ask), &list)))
    }
}

/// What all loans owe together: only where all are in view, and all amounts are amounts.
pub(super) fn total(found: &data::Loans, later: bool) -> Option<String> {
    if later || found.next.is_some() || found.loans.len() < 2 {
        return None;
    }
    let owed = || found.loans.iter().filter_map(|loan| loan.balance.as_deref());
    let sum: i128 = owed().map(money::parse).sum::<Option<i128>>()?;
    Some(money::show(sum, owed().map(money::decimals).max().unwrap_or(0)))
}

fn row(loan: data::Loan) -> Row {
    Row {
        id: loan.id.to_string(),
        initial: money::show_text(&loan.initial),
        balance: loan.balance.as_deref().map(money::show_text),
        start: loan.start_on,
        entries: Some(loan.entries),
    }
}
