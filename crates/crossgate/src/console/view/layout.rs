//! The frame around every page: head, navigation, footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::assets::Assets;
use super::super::visitor::{AUDIT_LIST, LOANS_LIST, LOGBOOK_SEARCH, REALMS_LIST, Visitor};

/// What every page is given.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The embedded files, by their hashed names.
    pub(crate) assets: &'a Assets,
    /// Who looks.
    pub(crate) visitor: &'a Visitor,
    /// The program's version.
    pub(crate) version: &'a str,
}

/// The part of the console that a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Overview,
    Loans,
    Calls,
    Realms,
    Logs,
    Docs,
    None,
}

/// A whole page.
pub(crate) fn page(frame: &Frame<'_>, section: Section, title: &str, body: &Markup) -> Markup {
    let script = match section {
        Section::Calls | Section::Realms => Some(&frame.assets.script),
        Section::Logs => Some(&frame.assets.logs),
        Section::Docs => Some(&frame.assets.explorer),
        _ => None,
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) " – Crossgate" }
                link rel="icon" type="image/svg+xml" href=(frame.assets.logo.path);
                link rel="stylesheet" href=(frame.assets.style.path);
                @if let Some(script) = script { script src=(script.path) defer {} }
            }
            body {
                a class="skip" href="#main" { "Skip to content" }
                (header(frame, section))
                main id="main" class="wrap" { (body) }
                footer class="foot wrap" {
                    span { "Crossgate " (frame.version) }
                    span { "All times are UTC" }
                }
            }
        }
    }
}

fn header(frame: &Frame<'_>, section: Section) -> Markup {
    let visitor = frame.visitor;
    let items = [
        (Section::Overview, "/", "Overview", visitor.name.is_some()),
        (Section::Loans, "/loans", "Loans", visitor.may(LOANS_LIST)),
        (Section::Calls, "/calls", "Calls", visitor.may(AUDIT_LIST)),
        (Section::Realms, "/realms", "Realms", visitor.may(REALMS_LIST)),
        (Section::Logs, "/logbook", "Logs", visitor.may(LOGBOOK_SEARCH)),
        (Section::Docs, "/docs", "API", true),
    ];
    html! {
        header class="top" {
            div class="wrap bar" {
                a class="brand" href="/" { (mark()) span { "Crossgate" } }
                nav aria-label="Main" {
                    @for (target, path, label, _) in items.iter().filter(|item| item.3) {
                        a href=(path) aria-current=[(*target == section).then_some("page")] { (label) }
                    }
                }
                div class="account" { (account(visitor)) }
            }
        }
    }
}

fn account(visitor: &Visitor) -> Markup {
    html! {
        @if let Some(name) = &visitor.name {
            span class="who" title={ "Signed in as " (name) } { (name) }
            @if visitor.proof == "session" {
                form method="post" action="/sign-out" { button class="quiet" type="submit" { "Sign out" } }
            }
        } @else {
            a class="button small" href="/sign-in" { "Sign in" }
        }
    }
}

/// The logo, inline so that it takes the page's colours: a gate, and the road through it.
pub(crate) fn mark() -> Markup {
    html! {
        svg class="mark-logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true" {
            rect class="plate" width="32" height="32" rx="8" {}
            path class="gate" d="M9.5 25V14.5a6.5 6.5 0 0 1 13 0V25" fill="none" stroke-width="2.8" stroke-linecap="round" {}
            path class="road" d="M4.2 19.5h1.6m7.8 0h4.8m7.8 0h1.6" fill="none" stroke-width="2.6" stroke-linecap="round" {}
        }
    }
}

/// The heading of a page, with a sentence below and what belongs on its right.
pub(crate) fn heading(title: &str, lead: &str, aside: &Markup) -> Markup {
    html! {
        div class="heading" {
            div {
                h1 { (title) }
                @if !lead.is_empty() { p class="lead" { (lead) } }
            }
            (aside)
        }
    }
}

/// A sentence with what stands in backticks as code.
pub(crate) fn sentence(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// Nothing, as markup.
pub(crate) fn nothing() -> Markup {
    PreEscaped(String::new())
}
