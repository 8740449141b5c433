//! One loan: its balance over time as a chart, its balance at a date, and its entries.

use maud::{Markup, html};

use super::chart::{Frame, NARROW, WIDE};
use super::chart_svg::{self, Picture};
use super::layout::{self, Section};

/// One entry, its amounts ready to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) date: String,
    /// The ledger's word: `payment`, `fee`, `interest`.
    pub(crate) kind: String,
    /// What is special about it: back-dated, reversed, a note.
    pub(crate) remarks: Vec<String>,
    /// With its sign: what it did to the balance.
    pub(crate) effect: String,
    pub(crate) balance: String,
}

/// What the date form found.
#[derive(Clone, Debug)]
pub(crate) enum AtDate {
    /// No date was asked for.
    NotAsked,
    /// What was owed at the end of that day.
    Owed { date: String, balance: String },
    /// Why there is no answer for what was typed.
    Refused { date: String, reason: String },
}

/// Which of a loan's entries are not listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// All are listed.
    None,
    /// So many earlier ones are not.
    Earlier(usize),
    /// The history was too long to be read to its end: later ones are missing.
    Later,
}

/// Everything that the page shows.
#[derive(Clone, Debug)]
pub(crate) struct Loan {
    pub(crate) id: String,
    pub(crate) start: String,
    pub(crate) initial: String,
    pub(crate) balance: Option<String>,
    pub(crate) today: String,
    /// In time order; the page shows the latest first.
    pub(crate) entries: Vec<Entry>,
    /// How many entries there are before those listed, when not all are; nothing when even that is not known.
    pub(crate) hidden: Hidden,
    pub(crate) picture: Picture,
    pub(crate) at: AtDate,
}

/// The page.
pub(crate) fn page(frame: &layout::Frame<'_>, loan: &Loan) -> Markup {
    let title = format!("Loan {}", loan.id);
    let body = html! {
        nav class="crumbs" aria-label="Breadcrumb" { a href="/loans" { "Loans" } span aria-hidden="true" { "/" } span aria-current="page" { (title) } }
        (layout::heading(&title, "", &layout::nothing()))
        (facts(loan))
        div class="split" {
            section class="card chart-card" aria-labelledby="over-time" {
                div class="card-head" { h2 id="over-time" { "Balance over time" } (legend(loan)) }
                (chart_svg::chart(&loan.picture))
                @if loan.picture.points.is_empty() { p class="muted" { "There is nothing to draw." } }
                p class="muted small no-print" { "The same figures are in the " a href="#entries" { "table of entries" } "." }
            }
            (at_date(loan))
        }
        (entries(loan))
    };
    layout::page(frame, Section::Loans, &title, &body)
}

fn facts(loan: &Loan) -> Markup {
    html! {
        dl class="tiles" {
            div { dt { "Balance today" } dd class="figure" { (loan.balance.as_deref().unwrap_or("not started")) } }
            div { dt { "Initial amount" } dd class="figure" { (loan.initial) } }
            div { dt { "Started" } dd class="figure" { time datetime=(loan.start) { (loan.start) } } }
            div { dt { "Entries" } dd class="figure" { (count(loan)) } }
        }
    }
}

fn count(loan: &Loan) -> String {
    match loan.hidden {
        Hidden::None => loan.entries.len().to_string(),
        Hidden::Earlier(more) => (loan.entries.len() + more).to_string(),
        Hidden::Later => format!("over {}", loan.entries.len()),
    }
}

fn legend(loan: &Loan) -> Markup {
    let known = [("payment", "Payment"), ("fee", "Fee"), ("interest", "Interest"), ("other", "Other")];
    let present = |class: &str| loan.picture.notes.iter().any(|(note, _)| *note == class);
    // Where a chart marks no single changes, there is nothing to explain.
    let marked = |frame: Frame| loan.picture.points.len() <= frame.dots_max;
    html! {
        @if marked(WIDE) { ul class={ "legend" @if !marked(NARROW) { " wide-only" } } {
            @for (class, label) in known.iter().filter(|(class, _)| present(class)) {
                li { svg class="key" viewBox="0 0 10 10" width="10" height="10" aria-hidden="true" { circle class={ "dot " (class) } cx="5" cy="5" r="4" {} } (label) }
            }
        } }
    }
}

fn at_date(loan: &Loan) -> Markup {
    let asked = match &loan.at {
        AtDate::NotAsked => &loan.today,
        AtDate::Owed { date, .. } | AtDate::Refused { date, .. } => date,
    };
    html! {
        section class="card" aria-labelledby="at-date" {
            h2 id="at-date" { "Balance at a date" }
            form method="get" action={ "/loans/" (loan.id) } class="stack" {
                label { "Date"
                    input type="date" name="date" value=(asked) min=(loan.start) required aria-describedby="answer";
                }
                button type="submit" { "Show balance" }
            }
            div id="answer" class="answer" role="status" {
                @match &loan.at {
                    AtDate::NotAsked => p class="muted small" { "What was owed at the end of that day, with everything posted up to and on it." },
                    AtDate::Owed { date, balance } => {
                        p class="muted" { "At the end of " time datetime=(date) { (date) } @if *date > loan.today { ", if nothing more is posted" } }
                        p class="figure large" { (balance) }
                    },
                    AtDate::Refused { reason, .. } => p class="alert" { (reason) },
                }
            }
        }
    }
}

fn entries(loan: &Loan) -> Markup {
    html! {
        section id="entries" class="card flush" aria-labelledby="entries-head" {
            div class="card-head padded" { h2 id="entries-head" { "Entries" } span class="muted small" { "latest first" } }
            @match loan.hidden {
                Hidden::None => {},
                Hidden::Earlier(more) => p class="padded muted" { "Only the latest are listed; there are " (more) " earlier ones." },
                Hidden::Later => p class="padded alert" { "This history is too long for a page; its latest entries are missing here." },
            }
            table class="plain" {
                thead { tr {
                    th scope="col" { "Date" }
                    th scope="col" { "Kind" }
                    th scope="col" class="number" { "Amount" }
                    th scope="col" class="number" { "Balance" }
                } }
                tbody {
                    @for entry in loan.entries.iter().rev() {
                        tr {
                            td { time datetime=(entry.date) { (entry.date) } }
                            td {
                                span class={ "kind " (class(&entry.kind)) } { (entry.kind) } " " span class="muted small" { "#" (entry.seq) }
                                @for remark in &entry.remarks { div class="sub wraps" { (remark) } }
                            }
                            td class="number" { (entry.effect) }
                            td class="number strong" { (entry.balance) }
                        }
                    }
                    @if loan.hidden == Hidden::None { tr class="opening" {
                        td { time datetime=(loan.start) { (loan.start) } }
                        td { "initial amount" }
                        td class="number" { (loan.initial) }
                        td class="number strong" { (loan.initial) }
                    } }
                }
            }
        }
    }
}

/// The style sheet's class of a kind of entry.
pub(crate) fn class(kind: &str) -> &'static str {
    match kind {
        "payment" => "payment",
        "fee" => "fee",
        "interest" => "interest",
        _ => "other",
    }
}
