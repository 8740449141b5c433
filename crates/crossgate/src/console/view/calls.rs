//! The recent calls, from the audit log.

use maud::{Markup, html};

use super::super::form::link;
use super::layout::{self, Frame, Section};

/// Outcomes that the filter offers: success, each kind of failure, and callers that went away.
const OUTCOMES: [&str; 13] = [
    "ok",
    "unauthenticated",
    "forbidden",
    "no_such_procedure",
    "not_found",
    "invalid",
    "conflict",
    "too_large",
    "too_many",
    "unavailable",
    "deadline",
    "internal",
    "abandoned",
];
/// Digits of a trace that are shown; the link carries all of them.
const TRACE_SHOWN: usize = 8;

/// One recorded call, ready to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) seq: String,
    /// RFC 3339, to the microsecond.
    pub(crate) at: String,
    /// Day and time to the second.
    pub(crate) at_shown: String,
    pub(crate) caller: String,
    pub(crate) proof: String,
    pub(crate) procedure: String,
    pub(crate) door: String,
    pub(crate) source: Option<String>,
    pub(crate) outcome: String,
    pub(crate) detail: Option<String>,
    pub(crate) duration: String,
    pub(crate) trace: String,
    pub(crate) hash: String,
}

/// What the visitor filters by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) caller: Option<String>,
    pub(crate) procedure: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) trace: Option<String>,
    /// The cursor: only records before this one.
    pub(crate) before: Option<i64>,
}

impl Filter {
    /// The page's address with these filters and another cursor.
    pub(crate) fn address(&self, before: Option<i64>) -> String {
        let before = before.map(|seq| seq.to_string());
        let pairs = [
            ("caller", self.caller.as_deref()),
            ("procedure", self.procedure.as_deref()),
            ("outcome", self.outcome.as_deref()),
            ("trace", self.trace.as_deref()),
            ("before", before.as_deref()),
        ];
        link("/calls", &pairs)
    }

    fn is_set(&self) -> bool {
        self.caller.is_some() || self.procedure.is_some() || self.outcome.is_some() || self.trace.is_some()
    }
}

/// One page of records.
#[derive(Clone, Debug, Default)]
pub(crate) struct List {
    pub(crate) rows: Vec<Row>,
    pub(crate) filter: Filter,
    /// The next page's cursor.
    pub(crate) next: Option<i64>,
}

/// The page.
pub(crate) fn page(frame: &Frame<'_>, list: &List) -> Markup {
    let live = html! {
        // Shown by the script, which alone can make it work.
        button type="button" class="secondary" data-live-toggle hidden aria-pressed="false" { span class="dot-live" aria-hidden="true" {} "Live" }
    };
    let body = html! {
        (layout::heading("Calls", "Who called what, when, and how it ended. From the audit log, newest first.", &live))
        (filters(&list.filter))
        div data-live {
            @if list.rows.is_empty() { (empty(&list.filter)) } @else { (table(&list.rows)) }
            (pages(list))
        }
    };
    layout::page(frame, Section::Calls, "Calls", &body)
}

fn filters(filter: &Filter) -> Markup {
    let text = |name: &str, label: &str, value: &Option<String>| {
        html! { label { (label) input name=(name) value=(value.as_deref().unwrap_or_default()) autocapitalize="none" autocomplete="off" spellcheck="false" maxlength="200"; } }
    };
    html! {
        form method="get" action="/calls" class="card filters" role="search" aria-label="Filter calls" {
            (text("caller", "Caller", &filter.caller))
            (text("procedure", "Procedure", &filter.procedure))
            label { "Outcome"
                select name="outcome" {
                    option value="" { "any" }
                    @for outcome in OUTCOMES {
                        option value=(outcome) selected[filter.outcome.as_deref() == Some(outcome)] { (spoken(outcome)) }
                    }
                }
            }
            (text("trace", "Trace", &filter.trace))
            div class="buttons" {
                button type="submit" { "Filter" }
                @if filter.is_set() { a class="button secondary" href="/calls" { "Clear" } }
            }
        }
    }
}

fn empty(filter: &Filter) -> Markup {
    html! {
        div class="card empty" {
            h2 { "No calls to show" }
            p { @if filter.is_set() || filter.before.is_some() { "Nothing in the audit log fits these filters." } @else { "Nothing has been recorded yet." } }
        }
    }
}

/// The table of calls; the overview shows it too.
pub(crate) fn table(rows: &[Row]) -> Markup {
    html! {
        div class="card flush" {
            table class="cards calls" {
                thead { tr {
                    th scope="col" { "Time" }
                    th scope="col" { "Caller" }
                    th scope="col" { "Procedure" }
                    th scope="col" { "Outcome" }
                    th scope="col" class="number" { "Took" }
                    th scope="col" { "Trace" }
                    th scope="col" class="number" { "Record" }
                } }
                tbody { @for row in rows { (line(row)) } }
            }
        }
    }
}

fn line(row: &Row) -> Markup {
    let only = |name: &str, value: &str| link("/calls", &[(name, Some(value))]);
    let trace = row.trace.get(..TRACE_SHOWN).unwrap_or(&row.trace);
    html! {
        tr {
            td data-label="Time" { time datetime=(row.at) title=(row.at) { @for part in row.at_shown.split(' ') { span { (part) } " " } } }
            td data-label="Caller" {
                div { a href=(only("caller", &row.caller)) { (row.caller) }
                    div class="sub" { (row.proof) @if let Some(source) = &row.source { " · " (source) } } }
            }
            td data-label="Procedure" { div { a href=(only("procedure", &row.procedure)) { (row.procedure) } div class="sub" { (row.door) } } }
            td data-label="Outcome" {
                div { span class={ "badge " (tone(&row.outcome)) } { (spoken(&row.outcome)) }
                    @if let Some(detail) = &row.detail { div class="sub wraps" { (layout::sentence(detail)) } } }
            }
            td class="number" data-label="Took" { (row.duration) }
            td data-label="Trace" { a class="mono" href=(only("trace", &row.trace)) title=(row.trace) { (trace) } }
            td class="number muted" data-label="Record" { span title={ "SHA-256 " (row.hash) } { "#" (row.seq) } }
        }
    }
}

fn pages(list: &List) -> Markup {
    html! {
        @if list.next.is_some() || list.filter.before.is_some() {
            nav class="pages" aria-label="Pages" {
                @if list.filter.before.is_some() { a class="button secondary" href=(list.filter.address(None)) { "Newest" } }
                @if list.next.is_some() { a class="button secondary" rel="next" href=(list.filter.address(list.next)) { "Older" } }
            }
        }
    }
}

fn tone(outcome: &str) -> &'static str {
    match outcome {
        "ok" => "good",
        "internal" | "unavailable" | "deadline" => "bad",
        _ => "warn",
    }
}

fn spoken(outcome: &str) -> String {
    outcome.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_to_older_calls_keeps_the_filters() {
        let filter =
            Filter { caller: Some("a&b".into()), outcome: Some("ok".into()), before: Some(90), ..Filter::default() };
        assert_eq!(filter.address(Some(40)), "/calls?caller=a%26b&outcome=ok&before=40");
        assert_eq!(filter.address(None), "/calls?caller=a%26b&outcome=ok");
        let list = List { filter, next: Some(40), ..List::default() };
        let shown = pages(&list).into_string();
        assert!(shown.contains("href=\"/calls?caller=a%26b&amp;outcome=ok&amp;before=40\""), "{shown}");
        assert!(shown.contains("Newest"));
        assert_eq!(pages(&List::default()).into_string(), "");
    }

    #[test]
    fn every_kind_of_failure_can_be_filtered_for() {
        use crossgate_call::Kind::*;
        for kind in [
            Unauthenticated,
            Forbidden,
            NoSuchProcedure,
            NotFound,
            Invalid,
            Conflict,
            TooLarge,
            TooMany,
            Unavailable,
            Deadline,
            Internal,
        ] {
            assert!(OUTCOMES.contains(&kind.as_str()), "{kind:?}");
        }
    }
}
