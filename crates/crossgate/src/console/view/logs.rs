//! What log daemons reported: lines, and a timeline of who joined and left.

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::data::{LogEntry, Stay};
use super::super::form::link;
use super::layout::{self, Frame, Section};

const LEVELS: [&str; 4] = ["debug", "info", "warn", "error"];
const KINDS: [(&str, &str); 4] = [("log", "lines"), ("join", "joined"), ("leave", "left"), ("meta", "registrations")];
/// The timeline's drawing, in its own units.
const WIDTH: i64 = 1_000;
const BAR: i64 = 10;
/// The least that a bar is wide, so that a short stay can be seen.
const LEAST: i64 = 6;

/// What the visitor filters by.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) realm: Option<String>,
    pub(crate) authid: Option<String>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) level: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) cursor: Option<i64>,
}

impl Filter {
    /// The filters by name, those of sessions first.
    pub(crate) fn pairs(&self) -> [(&'static str, Option<String>); 6] {
        [
            ("realm", self.realm.clone()),
            ("authid", self.authid.clone()),
            ("fingerprint", self.fingerprint.clone()),
            ("level", self.level.clone()),
            ("kind", self.kind.clone()),
            ("text", self.text.clone()),
        ]
    }

    fn address(&self, path: &str, cursor: Option<i64>) -> String {
        let (pairs, cursor) = (self.pairs(), cursor.map(|cursor| cursor.to_string()));
        let mut all: Vec<(&str, Option<&str>)> = pairs.iter().map(|(name, text)| (*name, text.as_deref())).collect();
        all.push(("cursor", cursor.as_deref()));
        link(path, &all)
    }

    fn is_set(&self) -> bool {
        self.pairs().iter().any(|(_, text)| text.is_some())
    }
}

/// What the page shows.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) next: Option<i64>,
    /// Who was there; nothing when the visitor may not see it.
    pub(crate) stays: Option<Vec<Stay>>,
    pub(crate) filter: Filter,
    pub(crate) now: Timestamp,
    /// Whether the visitor may have the stream.
    pub(crate) live: bool,
}

/// The page.
pub(crate) fn page(frame: &Frame<'_>, list: &List) -> Markup {
    let live = html! {
        @if list.live && list.filter.cursor.is_none() {
            // Shown by the script, which alone can make it work.
            button type="button" class="secondary" data-stream=(list.filter.address("/logs/stream", None)) hidden aria-pressed="false" {
                span class="dot-live" aria-hidden="true" {} "Live" }
        }
    };
    let body = html! {
        (layout::heading("Logs", "What log daemons reported, newest first. Each thing is here once, however many of them saw it.", &live))
        (filters(&list.filter))
        div class="stack roomy" {
            @if let Some(stays) = &list.stays { (timeline(stays, list.now)) }
            section aria-labelledby="lines" {
                div class="section-head" { h2 id="lines" { "Lines" } }
                (lines(list))
                (pages(list))
            }
        }
    };
    layout::page(frame, Section::Logs, "Logs", &body)
}

fn filters(filter: &Filter) -> Markup {
    let text = |name: &str, label: &str, value: &Option<String>| {
        html! { label { (label) input name=(name) value=(value.as_deref().unwrap_or_default()) autocapitalize="none" autocomplete="off" spellcheck="false" maxlength="200"; } }
    };
    html! {
        form method="get" action="/logbook" class="card filters" role="search" aria-label="Filter logs" {
            (text("text", "Text", &filter.text))
            (text("realm", "Realm", &filter.realm))
            (text("authid", "Who", &filter.authid))
            (text("fingerprint", "Fingerprint", &filter.fingerprint))
            label { "Level"
                select name="level" {
                    option value="" { "any" }
                    @for level in LEVELS { option value=(level) selected[filter.level.as_deref() == Some(level)] { (level) } }
                }
            }
            label { "Kind"
                select name="kind" {
                    option value="" { "any" }
                    @for (kind, label) in KINDS { option value=(kind) selected[filter.kind.as_deref() == Some(kind)] { (label) } }
                }
            }
            div class="buttons" {
                button type="submit" { "Filter" }
                @if filter.is_set() { a class="button secondary" href="/logbook" { "Clear" } }
            }
        }
    }
}

fn lines(list: &List) -> Markup {
    html! {
        div class="card flush" {
            table class="cards logs" {
                thead { tr {
                    th scope="col" { "Time" }
                    th scope="col" { "Level" }
                    th scope="col" { "Realm" }
                    th scope="col" { "Who" }
                    th scope="col" { "What" }
                } }
                tbody data-lines { @for entry in &list.entries { (line(entry)) } }
            }
        }
        @if list.entries.is_empty() {
            div class="card empty" data-none { h2 { "No lines to show" } p {
                @if list.filter.is_set() { "Nothing that is kept fits these filters." }
                @else { "Nothing has been reported yet. " code { "crossgate worker logger" } " reports." }
            } }
        }
    }
}

fn line(entry: &LogEntry) -> Markup {
    let (day, time) = halves(&entry.at);
    html! {
        tr {
            td data-label="Time" { time datetime=(entry.at) title=(entry.at) { div { span { (time) } div class="sub" { (day) } } } }
            td data-label="Level" { span class={ "badge " (tone(&entry.kind, &entry.level)) } { (badge(&entry.kind, &entry.level)) } }
            td data-label="Realm" { (entry.realm) }
            td data-label="Who" { div { (entry.authid.as_deref().unwrap_or("–"))
                @if let Some(role) = &entry.authrole { div class="sub" { (role) } } } }
            td data-label="What" class="said" { (entry.text) }
        }
    }
}

/// The bars begin with the first stay that is shown, and end now.
fn timeline(stays: &[Stay], now: Timestamp) -> Markup {
    let micros = |at: &Option<String>| at.as_ref()?.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
    let end = now.as_microsecond();
    let times = stays.iter().flat_map(|stay| [micros(&stay.joined_at), micros(&stay.left_at)]).flatten();
    let start = times.min().unwrap_or(end).min(end.saturating_sub(1));
    let place = |at: i64| {
        let share = i128::from(at.clamp(start, end) - start) * i128::from(WIDTH) / i128::from(end - start);
        i64::try_from(share).unwrap_or(WIDTH)
    };
    html! {
        section aria-labelledby="presence" {
            div class="section-head" { h2 id="presence" { "Who joined and left" } }
            @if stays.is_empty() { div class="card empty" { p { "Nobody was seen." } } } @else {
                div class="card flush" {
                    table class="cards presence" {
                        thead { tr {
                            th scope="col" { "Who" }
                            th scope="col" { "Certificate" }
                            th scope="col" { "Joined" }
                            th scope="col" { "Left" }
                            th scope="col" { "Timeline" }
                        } }
                        tbody { @for stay in stays {
                            @let left = micros(&stay.left_at).map_or(WIDTH, place);
                            @let joined = micros(&stay.joined_at).map_or(0, place).min(left);
                            (stay_line(stay, joined, left))
                        } }
                    }
                }
            }
        }
    }
}

fn stay_line(stay: &Stay, joined: i64, left: i64) -> Markup {
    let wide = (left - joined).max(LEAST);
    let present = stay.left_at.is_none();
    let who = stay.authid.as_deref().unwrap_or("?");
    html! {
        tr {
            td data-label="Who" { div { span class="strong" { (who) }
                div class="sub" { (stay.authrole.as_deref().unwrap_or("?")) " · " (stay.realm) @if let Some(method) = &stay.authmethod { " · " (method) } }
                div class="sub mono" { (stay.session) } } }
            td data-label="Certificate" { (certificate(stay)) }
            td data-label="Joined" { (moment(&stay.joined_at)) }
            td data-label="Left" { @if present { span class="badge good" { "here" } } @else { (moment(&stay.left_at)) } }
            td data-label="Timeline" {
                svg class={ "stay" @if present { " present" } } viewBox={ "0 0 " (WIDTH) " " (BAR) } preserveAspectRatio="none" role="img" aria-label={ (who) @if present { " is here" } @else { " has left" } } {
                    rect class="track" width=(WIDTH) height=(BAR) {}
                    rect class="bar" x=(joined.min(WIDTH - wide).max(0)) width=(wide) height=(BAR) {}
                }
            }
        }
    }
}

fn certificate(stay: &Stay) -> Markup {
    let certificate = &stay.certificate;
    html! {
        @if let Some(sha1) = &certificate.sha1 {
            div { "CN=" (certificate.common_name.as_deref().unwrap_or("?")) " · " (certificate.company.as_deref().unwrap_or("?"))
                div class="sub mono" title={ "SHA-256 " (certificate.sha256.as_deref().unwrap_or("?")) } {
                    a href=(link("/logbook", &[("fingerprint", Some(sha1))])) { (sha1.get(..23).unwrap_or(sha1)) "…" } } }
        } @else { span class="muted" { "none" } }
    }
}

fn moment(at: &Option<String>) -> Markup {
    html! { @match at {
        Some(at) => { @let (day, time) = halves(at); time datetime=(at) title=(at) { div { span { (time) } div class="sub" { (day) } } } }
        None => { span class="muted" { "not seen" } }
    } }
}

fn pages(list: &List) -> Markup {
    html! {
        @if list.next.is_some() || list.filter.cursor.is_some() {
            nav class="pages" aria-label="Pages" {
                @if list.filter.cursor.is_some() { a class="button secondary" href=(list.filter.address("/logbook", None)) { "Newest" } }
                @if list.next.is_some() { a class="button secondary" rel="next" href=(list.filter.address("/logbook", list.next)) { "Older" } }
            }
        }
    }
}

fn halves(at: &str) -> (&str, &str) {
    at.get(..19).and_then(|at| at.split_once('T')).unwrap_or(("", at))
}

/// What the badge says: how important a line is, or what happened.
fn badge<'a>(kind: &'a str, level: &'a str) -> &'a str {
    if kind == "log" { level } else { kind }
}

fn tone(kind: &str, level: &str) -> &'static str {
    match (kind, level) {
        ("join", _) => "good",
        (_, "error") => "bad",
        (_, "warn") => "warn",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_has_the_filters_of_the_page() {
        let filter =
            Filter { realm: Some("logger".into()), text: Some("a&b".into()), cursor: Some(7), ..Filter::default() };
        assert_eq!(filter.address("/logs/stream", None), "/logs/stream?realm=logger&text=a%26b");
        assert_eq!(filter.address("/logbook", Some(40)), "/logbook?realm=logger&text=a%26b&cursor=40");
    }
}
