//! The front page: for a stranger what this is and the way in, for a caller what is going on.

use maud::{Markup, html};

use super::calls;
use super::layout::{self, Frame, Section};
use super::sign_in::{self, Form};

/// One contract on the overview.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) operations: usize,
}

/// A part of the overview that is fetched: there, not granted, or not to be had now.
#[derive(Clone, Debug)]
pub(crate) enum Part<T> {
    Shown(T),
    NotGranted,
    Failed(String),
}

/// What the loans come to.
#[derive(Clone, Debug)]
pub(crate) struct Loans {
    pub(crate) count: String,
    pub(crate) total: Option<String>,
}

/// What the overview shows.
#[derive(Clone, Debug)]
pub(crate) struct Overview {
    pub(crate) loans: Part<Loans>,
    pub(crate) calls: Part<Vec<calls::Row>>,
    pub(crate) apis: Vec<Api>,
}

/// The page for a stranger.
pub(crate) fn welcome(frame: &Frame<'_>, apis: &[Api]) -> Markup {
    let body = html! {
        div class="hero" {
            div {
                h1 { "One program between callers and services" }
                p class="lead" {
                    "Every request is a call. Crossgate decides whether it may run, finds who answers it, and writes down how it ended. "
                    "Here you see what it serves and what has been asked of it."
                }
                ul class="points" {
                    li { strong { "Whether. " } "Callers prove who they are; what their roles do not grant is refused before anything is read." }
                    li { strong { "Where. " } "Each API is described by its contract, and every request is checked against it." }
                    li { strong { "What happened. " } "Each call leaves a record in a log that cannot be changed unnoticed." }
                }
                p class="actions" { a class="button secondary" href="/docs" { "Explore the APIs" } }
            }
            (sign_in::card(Form { next: "/", at_once: false, ..Form::default() }, &frame.visitor.realm))
        }
        (apis_list(apis))
    };
    layout::page(frame, Section::Overview, "Welcome", &body)
}

/// The page for somebody who is signed in.
pub(crate) fn overview(frame: &Frame<'_>, overview: &Overview) -> Markup {
    let visitor = frame.visitor;
    let roles = visitor.roles.iter().map(|role| &**role).collect::<Vec<_>>().join(", ");
    let body = html! {
        (layout::heading("Overview", "", &layout::nothing()))
        dl class="tiles" {
            div { dt { "Signed in as" } dd class="figure" { (visitor.name.as_deref().unwrap_or("nobody")) } dd class="sub" { (if roles.is_empty() { "no roles" } else { &roles }) " · realm " (visitor.realm) } }
            (loans(&overview.loans))
            div { dt { "APIs" } dd class="figure" { a href="/docs" { (overview.apis.len()) } } dd class="sub" { (overview.apis.iter().map(|api| api.operations).sum::<usize>()) " operations" } }
        }
        section aria-labelledby="recent" {
            div class="section-head" { h2 id="recent" { "Recent calls" } @if matches!(overview.calls, Part::Shown(_)) { a href="/calls" { "All calls" } } }
            (recent(&overview.calls))
        }
        (apis_list(&overview.apis))
    };
    layout::page(frame, Section::Overview, "Overview", &body)
}

fn loans(loans: &Part<Loans>) -> Markup {
    html! {
        @match loans {
            Part::Shown(loans) => {
                div { dt { "Loans" } dd class="figure" { a href="/loans" { (loans.count) } } }
                @if let Some(total) = &loans.total { div { dt { "Owed today" } dd class="figure" { (total) } dd class="sub" { "over all loans" } } }
            },
            Part::NotGranted => {},
            Part::Failed(reason) => div { dt { "Loans" } dd class="muted" { (reason) } },
        }
    }
}

fn recent(calls: &Part<Vec<calls::Row>>) -> Markup {
    html! {
        @match calls {
            Part::Shown(rows) if rows.is_empty() => div class="card empty" { p { "Nothing has been recorded yet." } },
            Part::Shown(rows) => (calls::table(rows)),
            Part::NotGranted => div class="card empty" { p class="muted" { "Your roles do not grant " code { "audit.list" } ", which shows the record of calls." } },
            Part::Failed(reason) => div class="card empty" { p class="muted" { (reason) } },
        }
    }
}

fn apis_list(apis: &[Api]) -> Markup {
    html! {
        @if !apis.is_empty() {
            section aria-labelledby="apis" {
                div class="section-head" { h2 id="apis" { "APIs" } a href="/docs" { "API explorer" } }
                ul class="apis" {
                    @for api in apis {
                        li class="card" {
                            a class="cover strong" href={ "/docs/" (api.name) } { (api.title) }
                            span class="muted" { "version " (api.version) " · " (api.operations) " operation" @if api.operations != 1 { "s" } }
                        }
                    }
                }
            }
        }
    }
}
