//! `/loans/{id}`: one loan's history, chart, and its balance at a date.

use http::StatusCode;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{Ask, Failed, Pages};
use crossgate_call::{Error, Kind};

use crate::console::data::{self, History};
use crate::console::money;
use crate::console::reply::{self, Reply};
use crate::console::view::chart::{Point, day_of};
use crate::console::view::chart_svg::{Note, Picture};
use crate::console::view::loan::{self, AtDate, Entry, Hidden, Loan};
use crate::console::view::notice::sentence;
use crate::console::visitor::{LOANS_BALANCE, LOANS_HISTORY};

/// Entries asked for at once; the contract's most.
const PAGE_ENTRIES: u64 = 1000;
/// Pages read of one history.
const PAGES_MAX: usize = 10;
/// Entries listed in the table.
const ENTRIES_MAX: usize = 1000;
/// Digits of a loan's number.
const ID_DIGITS_MAX: usize = 18;
/// Days that the chart goes on after the last change, at the least.
const TAIL_DAYS_MIN: i64 = 21;

impl Pages {
    pub(super) async fn loan(&self, ask: &Ask<'_>, id: &str) -> Result<Reply, Failed> {
        let digits = !id.is_empty() && id.len() <= ID_DIGITS_MAX && id.bytes().all(|byte| byte.is_ascii_digit());
        let Some(number) = digits.then(|| id.parse::<u64>().ok()).flatten() else {
            let error = Error::not_found("there is no such loan; its number is made of digits");
            return Err(Failed { error, procedure: LOANS_HISTORY.to_owned() });
        };
        let (history, whole) = history(ask, number).await?;
        let at = at_date(ask, number).await?;
        let shown = shown(number, &history, whole, at, self.today());
        Ok(reply::page(StatusCode::OK, loan::page(&self.frame(ask), &shown)))
    }
}

/// A loan's history from its pages, and whether it was read to its end.
async fn history(ask: &Ask<'_>, number: u64) -> Result<(History, bool), Failed> {
    let mut whole: Option<History> = None;
    for _ in 0..PAGES_MAX {
        let mut input =
            Map::from_iter([("loan_id".to_owned(), number.into()), ("limit".to_owned(), PAGE_ENTRIES.into())]);
        let cursor = whole.as_mut().and_then(|history| history.next.take());
        input.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor.into())));
        let page: History = ask.fetch(LOANS_HISTORY, Value::Object(input)).await?;
        let more = page.next.is_some();
        match &mut whole {
            Some(history) => {
                history.days.extend(page.days);
                history.next = page.next;
            }
            None => whole = Some(page),
        }
        if !more {
            break;
        }
    }
    let missing = || Failed { error: Error::not_found("there is no such loan"), procedure: LOANS_HISTORY.to_owned() };
    let history = whole.ok_or_else(missing)?;
    let complete = history.next.is_none();
    Ok((history, complete))
}

/// What the date form asks for. A date that does not fit, and a balance that the visitor may not see, are said on
/// the page beside the form.
async fn at_date(ask: &Ask<'_>, number: u64) -> Result<AtDate, Failed> {
    let query = ask.query();
    let Some(date) = query.get("date").map(str::to_owned) else { return Ok(AtDate::NotAsked) };
    match ask.fetch::<String>(LOANS_BALANCE, json!({"loan_id": number, "date": date})).await {
        Ok(balance) => Ok(AtDate::Owed { date, balance: money::show_text(&balance) }),
        Err(failed) => match failed.error.kind() {
            Kind::Forbidden => {
                let reason = format!("Your roles do not grant call on {LOANS_BALANCE}.");
                Ok(AtDate::Refused { date, reason })
            }
            Kind::Invalid | Kind::NotFound => {
                let field = failed.error.fields().first().map(|field| field.detail.as_str());
                let reason = sentence(field.unwrap_or_else(|| failed.error.public()));
                Ok(AtDate::Refused { date, reason })
            }
            _ => Err(failed),
        },
    }
}

fn shown(number: u64, history: &History, whole: bool, at: AtDate, today: Date) -> Loan {
    let today_text = today.to_string();
    // Days are ISO dates of four-digit years: their text sorts like their time.
    let balance =
        history.days.iter().rev().find(|day| day.date <= today_text).map(|day| money::show_text(&day.balance));
    let mut entries = lines(history);
    let earlier = entries.len().saturating_sub(ENTRIES_MAX);
    let hidden = match (whole, earlier) {
        (false, _) => Hidden::Later,
        (true, 0) => Hidden::None,
        (true, earlier) => Hidden::Earlier(earlier),
    };
    let picture = picture(number, history, &entries, &at, today);
    Loan {
        id: number.to_string(),
        start: history.start_on.clone(),
        initial: money::show_text(&history.initial),
        balance,
        today: today_text,
        entries: entries.split_off(earlier),
        hidden,
        picture,
        at,
    }
}

/// The entries in time order, each with the balance after it.
fn lines(history: &History) -> Vec<Entry> {
    let mut running = money::parse(&history.initial);
    let decimals = money::decimals(&history.initial);
    let mut lines = Vec::new();
    for day in &history.days {
        for entry in &day.entries {
            running = running.zip(money::parse(&entry.effect)).map(|(balance, effect)| balance + effect);
            let balance = running.map_or_else(|| money::show_text(&day.balance), |units| money::show(units, decimals));
            lines.push(Entry {
                seq: entry.seq,
                date: day.date.clone(),
                kind: entry.kind.clone(),
                remarks: remarks(entry),
                effect: money::show_text(&entry.effect),
                balance,
            });
        }
    }
    lines
}

fn remarks(entry: &data::Entry) -> Vec<String> {
    let posted = entry.posted_at.get(..10).unwrap_or(&entry.posted_at);
    [
        entry.back_dated.then(|| format!("back-dated, posted on {posted}")),
        entry.reverses.map(|seq| format!("reverses #{seq}")),
        entry.reversed_by.map(|seq| format!("reversed by #{seq}")),
        entry.note.clone(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn picture(number: u64, history: &History, entries: &[Entry], at: &AtDate, today: Date) -> Picture {
    let title = format!("Balance of loan {number} over time");
    let Some((points, notes)) = points(history, entries) else { return Picture { title, ..Picture::default() } };
    let (first, last) = (points.first().map_or(0, |point| point.day), points.last().map_or(0, |point| point.day));
    // The line goes on to today, but not so far that the changes shrink into a corner.
    let tail = TAIL_DAYS_MIN.max((last - first) / 12);
    let last_day = day_of(today).clamp(last, last + tail);
    let lowest = points.iter().map(|point| point.units).min().unwrap_or(0);
    let highest = points.iter().map(|point| point.units).max().unwrap_or(0);
    let decimals = money::decimals(&history.initial);
    let ends = |units| money::show(units, decimals);
    let description = format!(
        "From {} on {} to {} on {}; lowest {}, highest {}.",
        money::show_text(&history.initial),
        history.start_on,
        points.last().map(|point| ends(point.units)).unwrap_or_default(),
        history.days.last().map_or(history.start_on.as_str(), |day| day.date.as_str()),
        ends(lowest),
        ends(highest),
    );
    Picture { mark: mark(at), title, description, points, notes, last_day }
}

/// The start and every entry as points; nothing when an amount or a date cannot be read.
fn points(history: &History, entries: &[Entry]) -> Option<(Vec<Point>, Vec<Note>)> {
    let start: Date = history.start_on.parse().ok()?;
    let mut units = money::parse(&history.initial)?;
    let mut points = vec![Point { day: day_of(start), units }];
    let mut notes = vec![("start", format!("{}: {}", history.start_on, money::show_text(&history.initial)))];
    let posted = history.days.iter().flat_map(|day| day.entries.iter().map(move |entry| (day, entry)));
    for ((day, entry), line) in posted.zip(entries) {
        units += money::parse(&entry.effect)?;
        points.push(Point { day: day_of(day.date.parse().ok()?), units });
        notes.push((
            loan::class(&entry.kind),
            format!("{}: {} {}, then {}", line.date, line.kind, line.effect, line.balance),
        ));
    }
    Some((points, notes))
}

fn mark(at: &AtDate) -> Option<(Point, String)> {
    let AtDate::Owed { date, balance } = at else { return None };
    let units = money::parse(&balance.replace(',', "").replace('\u{2212}', "-"))?;
    let date: Date = date.parse().ok()?;
    Some((Point { day: day_of(date), units }, format!("{date}: {balance}")))
}
