//! The realms of WAMP sessions: how they are doing, and what is in one.

use maud::{Markup, html};

use super::super::data::{Realm, Registration, Session, Subscription};
use super::super::form::link;
use super::layout::{self, Frame, Section};

/// A realm, and what the visitor may see of it.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) realm: Realm,
    pub(crate) sessions: Option<Page<Session>>,
    pub(crate) registrations: Option<Page<Registration>>,
    pub(crate) subscriptions: Option<Page<Subscription>>,
    /// Whether the visitor may end sessions.
    pub(crate) kills: bool,
    /// Whether this is not the first page of sessions.
    pub(crate) later: bool,
}

/// Some of them, and whether there are more.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) next: Option<u64>,
}

/// The list of realms.
pub(crate) fn list(frame: &Frame<'_>, realms: &[Realm]) -> Markup {
    let body = html! {
        (layout::heading("Realms", "Spaces of WAMP sessions, each to itself, and how they are doing now.", &live()))
        div data-live {
            @if realms.is_empty() {
                div class="card empty" { h2 { "No realms" } p { "Name one under " code { "[realms]" } " in the configuration." } }
            } @else { (table_of_realms(realms)) }
        }
    };
    layout::page(frame, Section::Realms, "Realms", &body)
}

/// One realm.
pub(crate) fn page(frame: &Frame<'_>, inside: &Inside) -> Markup {
    let name = &inside.realm.realm;
    let body = html! {
        nav class="crumbs" aria-label="Breadcrumb" { a href="/realms" { "Realms" } span aria-hidden="true" { "/" } span { (name) } }
        (layout::heading(name, "", &live()))
        div class="stack roomy" data-live {
            (tiles(&inside.realm))
            @if let Some(page) = &inside.sessions { (sessions(name, page, inside)) }
            @if let Some(page) = &inside.registrations { (registrations(page)) }
            @if let Some(page) = &inside.subscriptions { (subscriptions(page)) }
        }
    };
    layout::page(frame, Section::Realms, name, &body)
}

/// The button that makes the page refresh itself; the script shows it, which alone can make it work.
fn live() -> Markup {
    html! {
        button type="button" class="secondary" data-live-toggle hidden aria-pressed="false" { span class="dot-live" aria-hidden="true" {} "Live" }
    }
}

fn table_of_realms(realms: &[Realm]) -> Markup {
    html! {
        div class="card flush" {
            table class="cards" {
                thead { tr {
                    th scope="col" { "Realm" }
                    th scope="col" class="number" { "Sessions" }
                    th scope="col" class="number" { "Registrations" }
                    th scope="col" class="number" { "Subscriptions" }
                    th scope="col" class="number" { "Calls" }
                    th scope="col" class="number" { "Messages in" }
                    th scope="col" class="number" { "Messages out" }
                    th scope="col" class="number" { "Queued" }
                } }
                tbody { @for realm in realms { tr {
                    th scope="row" { a class="cover" href=(address(&realm.realm)) { (realm.realm) } }
                    td class="number" data-label="Sessions" { (grouped(realm.sessions)) }
                    td class="number" data-label="Registrations" { (grouped(realm.registrations)) }
                    td class="number" data-label="Subscriptions" { (grouped(realm.subscriptions)) }
                    td class="number" data-label="Calls" { (calls(realm.calls, realm.calls_waiting)) }
                    td class="number" data-label="Messages in" { (counted(&format!("{}-in", realm.realm), realm.messages_in, &grouped(realm.messages_in))) }
                    td class="number" data-label="Messages out" { (counted(&format!("{}-out", realm.realm), realm.messages_out, &grouped(realm.messages_out))) }
                    td class="number" data-label="Queued" { (queued(realm.queue_bytes, realm.events_dropped)) }
                } } }
            }
        }
    }
}

fn tiles(realm: &Realm) -> Markup {
    let tile = |label: &str, value: &Markup| html! { div { dt { (label) } dd class="figure" { (value) } } };
    let number = |value: u64| html! { (grouped(value)) };
    html! {
        dl class="tiles" {
            (tile("Sessions", &number(realm.sessions)))
            (tile("Calls under way", &calls(realm.calls, realm.calls_waiting)))
            (tile("Messages in", &counted("realm-in", realm.messages_in, &grouped(realm.messages_in))))
            (tile("Messages out", &counted("realm-out", realm.messages_out, &grouped(realm.messages_out))))
            (tile("Queued", &queued(realm.queue_bytes, realm.events_dropped)))
        }
    }
}

fn sessions(realm: &str, page: &Page<Session>, inside: &Inside) -> Markup {
    html! {
        section aria-labelledby="sessions" {
            div class="section-head" { h2 id="sessions" { "Sessions" } }
            @if page.rows.is_empty() { (nobody("Nobody is connected.")) } @else {
                div class="card flush" {
                    table class="cards" {
                        thead { tr {
                            th scope="col" { "Who" }
                            th scope="col" { "Connection" }
                            th scope="col" { "Since" }
                            th scope="col" class="number" { "Holds" }
                            th scope="col" class="number" { "Calls" }
                            th scope="col" class="number" { "Messages/s" }
                            th scope="col" class="number" { "Queued" }
                            @if inside.kills { th scope="col" aria-label="End" {} }
                        } }
                        tbody { @for session in &page.rows { (session_line(realm, session, inside.kills)) } }
                    }
                }
            }
            (more(realm, page.next, inside.later))
        }
    }
}

fn session_line(realm: &str, session: &Session, kills: bool) -> Markup {
    let (day, time) = session.since.get(..19).and_then(|since| since.split_once('T')).unwrap_or(("", &session.since));
    let rate = |way: &str, count: u64, mean: f64| {
        html! { span title={ (count) " messages since it joined" } { (counted(&format!("{}-{way}", session.session), count, &format!("{mean:.1}"))) } }
    };
    html! {
        tr {
            td data-label="Who" { div { span class="strong" { (session.authid) }
                div class="sub" { (session.authrole) " · " (session.authmethod) } div class="sub mono" { (session.session) } } }
            td data-label="Connection" { div { (session.transport) " · " (session.serializer) div class="sub" { (session.peer) } } }
            td data-label="Since" { time datetime=(session.since) { div { span { (time) } div class="sub" { (day) } } } }
            td class="number" data-label="Holds" { div { (session.subscriptions) " sub" div class="sub" { (session.registrations) " reg" } } }
            td class="number" data-label="Calls" { div { (session.calls) " made" div class="sub" { (session.invocations) " to answer" } } }
            td class="number" data-label="Messages/s" { div { (rate("in", session.messages_in, session.mean_in)) " in"
                div class="sub" { (rate("out", session.messages_out, session.mean_out)) " out" } } }
            td class="number" data-label="Queued" { (queued(session.queue_bytes, session.events_dropped)) }
            @if kills { td class="number" { (kill(realm, session)) } }
        }
    }
}

/// Asked twice, without a script: what it opens is the question.
fn kill(realm: &str, session: &Session) -> Markup {
    html! {
        details class="ask" {
            summary aria-label={ "End session " (session.session) } { "End…" }
            form method="post" action={ (address(realm)) "/kill" } {
                input type="hidden" name="session" value=(session.session);
                button type="submit" class="danger" { "End the session" }
            }
        }
    }
}

fn registrations(page: &Page<Registration>) -> Markup {
    html! {
        section aria-labelledby="registrations" {
            div class="section-head" { h2 id="registrations" { "Registrations" } }
            @if page.rows.is_empty() { (nobody("Nothing is registered.")) } @else {
                div class="card flush" {
                    table class="cards" {
                        thead { tr {
                            th scope="col" { "Procedure" }
                            th scope="col" { "Match" }
                            th scope="col" { "Shared" }
                            th scope="col" class="number" { "Callees" }
                            th scope="col" class="number" { "Calls" }
                            th scope="col" class="number" { "Waiting" }
                        } }
                        tbody { @for row in &page.rows { tr {
                            td data-label="Procedure" { code { (row.procedure) } }
                            td data-label="Match" { (row.r#match) }
                            td data-label="Shared" { (row.invoke) }
                            td class="number" data-label="Callees" { (row.callees.len()) }
                            td class="number" data-label="Calls" { (row.calls) }
                            td class="number" data-label="Waiting" { @if row.waiting > 0 { span class="badge warn" { (row.waiting) } } @else { "0" } }
                        } } }
                    }
                }
            }
            (cut(page.next.is_some()))
        }
    }
}

fn subscriptions(page: &Page<Subscription>) -> Markup {
    html! {
        section aria-labelledby="subscriptions" {
            div class="section-head" { h2 id="subscriptions" { "Subscriptions" } }
            @if page.rows.is_empty() { (nobody("Nobody is subscribed to anything.")) } @else {
                div class="card flush" {
                    table class="cards" {
                        thead { tr {
                            th scope="col" { "Topic" }
                            th scope="col" { "Match" }
                            th scope="col" { "Kept" }
                            th scope="col" class="number" { "Subscribers" }
                        } }
                        tbody { @for row in &page.rows { tr {
                            td data-label="Topic" { code { (row.topic) } }
                            td data-label="Match" { (row.r#match) }
                            td data-label="Kept" { (kept(row)) }
                            td class="number" data-label="Subscribers" { (row.subscribers) }
                        } } }
                    }
                }
            }
            (cut(page.next.is_some()))
        }
    }
}

fn kept(row: &Subscription) -> &'static str {
    match (row.history, row.retained) {
        (true, true) => "history, retained",
        (true, false) => "history",
        (false, true) => "retained",
        (false, false) => "–",
    }
}

fn nobody(text: &str) -> Markup {
    html! { div class="card empty" { p { (text) } } }
}

fn cut(is_cut: bool) -> Markup {
    html! { @if is_cut { p class="muted small" { "There are more; the API lists them page by page." } } }
}

fn more(realm: &str, next: Option<u64>, later: bool) -> Markup {
    let after = next.map(|id| id.to_string());
    html! {
        @if next.is_some() || later {
            nav class="pages" aria-label="Pages of sessions" {
                @if later { a class="button secondary" href=(address(realm)) { "First" } }
                @if after.is_some() { a class="button secondary" rel="next" href=(link(&address(realm), &[("after", after.as_deref())])) { "Next" } }
            }
        }
    }
}

/// A count that the script turns into a rate when the page refreshes itself.
fn counted(key: &str, count: u64, shown: &str) -> Markup {
    html! { span data-count=(count) data-key=(key) { (shown) } }
}

fn calls(under_way: u64, waiting: u64) -> Markup {
    html! { (under_way) @if waiting > 0 { " " span class="badge warn" { (waiting) " waiting" } } }
}

fn queued(bytes: u64, dropped: u64) -> Markup {
    html! {
        div { (size(bytes)) @if dropped > 0 { div { span class="badge bad" title="Events that were left out because they were not read in time" { (dropped) " dropped" } } } }
    }
}

/// A count as people read it: `58,046,044`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let head = (digits.len() - 1) % 3 + 1;
    let groups = (head..digits.len()).step_by(3).filter_map(|start| digits.get(start..start + 3));
    groups.fold(digits.get(..head).unwrap_or_default().to_owned(), |shown, group| shown + "," + group)
}

/// Bytes in the unit that fits.
#[expect(clippy::cast_precision_loss, reason = "shown with two digits")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// Where a realm's page is. Names of realms need no encoding.
pub(crate) fn address(realm: &str) -> String {
    format!("/realms/{realm}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_are_grouped_by_thousands() {
        let shown = [0, 7, 999, 1_000, 58_046_044, 1_234_567].map(super::grouped);
        assert_eq!(shown, ["0", "7", "999", "1,000", "58,046,044", "1,234,567"]);
    }

    #[test]
    fn sizes_are_short_and_in_a_fitting_unit() {
        assert_eq!([0, 1_023, 1_536, 5_242_880].map(super::size), ["0 B", "1023 B", "1.5 KiB", "5.0 MiB"]);
    }
}
