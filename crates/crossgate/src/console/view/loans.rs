//! The list of loans.

use maud::{Markup, html};

use super::layout::{self, Frame, Section};

/// One loan in the list, its amounts ready to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) start: String,
    pub(crate) initial: String,
    /// The balance as of today; nothing for a loan that has not begun.
    pub(crate) balance: Option<String>,
    /// How many entries were posted.
    pub(crate) entries: Option<u64>,
}

/// One page of the list.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    /// What all rows owe together, when the list is whole.
    pub(crate) total: Option<String>,
    /// Whether this is not the first page.
    pub(crate) later: bool,
    /// Where the next page is.
    pub(crate) next: Option<String>,
}

/// The page.
pub(crate) fn page(frame: &Frame<'_>, list: &List) -> Markup {
    let lead = match list.rows.len() {
        0 => "",
        1 => "One loan, with what it owes today.",
        _ => "Each loan, with what it owes today.",
    };
    let body = html! {
        (layout::heading("Loans", lead, &layout::nothing()))
        @if list.rows.is_empty() {
            (empty(list.later))
        } @else {
            (table(list))
        }
        (pages(list))
    };
    layout::page(frame, Section::Loans, "Loans", &body)
}

fn empty(later: bool) -> Markup {
    html! {
        div class="card empty" {
            @if later {
                p { "There are no more loans." }
            } @else {
                h2 { "No loans yet" }
                p { "Bring them in from files with " code { "crossgate loans import" } "." }
            }
        }
    }
}

fn table(list: &List) -> Markup {
    let counted = list.rows.iter().any(|row| row.entries.is_some());
    html! {
        div class="card flush" {
            table class="cards" {
                thead { tr {
                    th scope="col" { "Loan" }
                    th scope="col" { "Started" }
                    @if counted { th scope="col" class="number" { "Entries" } }
                    th scope="col" class="number" { "Initial amount" }
                    th scope="col" class="number" { "Balance today" }
                } }
                tbody { @for row in &list.rows { (line(row, counted)) } }
                @if let Some(total) = &list.total {
                    tfoot { tr {
                        th scope="row" colspan=(if counted { "4" } else { "3" }) { "Together" }
                        td class="number strong" { (total) }
                    } }
                }
            }
        }
    }
}

fn line(row: &Row, counted: bool) -> Markup {
    html! {
        tr {
            th scope="row" data-label="Loan" { a class="cover" href={ "/loans/" (row.id) } { "Loan " (row.id) } }
            td data-label="Started" { time datetime=(row.start) { (row.start) } }
            @if counted { td class="number" data-label="Entries" { (row.entries.map(|count| count.to_string()).unwrap_or_default()) } }
            td class="number" data-label="Initial amount" { (row.initial) }
            td class="number strong" data-label="Balance today" {
                @match &row.balance { Some(balance) => (balance), None => span class="muted" { "not started" } }
            }
        }
    }
}

fn pages(list: &List) -> Markup {
    html! {
        @if list.later || list.next.is_some() {
            nav class="pages" aria-label="Pages" {
                @if list.later { a class="button secondary" href="/loans" { "First page" } }
                @if let Some(next) = &list.next { a class="button secondary" rel="next" href=(next) { "Next page" } }
            }
        }
    }
}
