//! From calls and events to reports. Whoever logs says it in many ways; each of them is taken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use crossgate_call::{Clock as _, SystemClock};
use crossgate_client::wamp::auth::random_bytes;
use crossgate_client::wamp::options::InvocationDetails;
use crossgate_client::wamp::{Map, Value};
use crossgate_client::{Arguments, Event};
use crossgate_logbook::{Certificate, Kind, Level, Report, presence_line};

/// The most sessions that are remembered for the line that is printed when they leave.
const KNOWN_MAX: usize = 10_000;
/// What is taken of one line, in bytes; the logbook keeps less.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// Numbers that no other daemon gives, nor this one in another run.
pub(super) struct Ids {
    instance: String,
    next: AtomicU64,
}

impl Ids {
    pub(super) fn new() -> anyhow::Result<Self> {
        let random = random_bytes::<12>().context("the system gives no random numbers")?;
        Ok(Self { instance: random.iter().map(|byte| format!("{byte:02x}")).collect(), next: AtomicU64::new(1) })
    }

    fn next(&self) -> String {
        format!("{}-{}", self.instance, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// Who is in the realm, as far as it was seen.
pub(super) struct Known {
    realm: String,
    sessions: HashMap<u64, (Option<String>, Certificate)>,
}

impl Known {
    pub(super) fn new(realm: &str) -> Self {
        Self { realm: realm.to_owned(), sessions: HashMap::new() }
    }

    /// `wamp.session.on_join`: a dictionary. Gives the line to print, too.
    pub(super) fn joined(&mut self, event: &Event) -> Option<(String, Report)> {
        let details = event.arguments.args.first()?.as_map()?;
        let session = details.get("session")?.as_unsigned()?;
        let certificate = certificate(details);
        let authid = text(details, "authid");
        let line = presence_line(Kind::Join, authid.as_deref(), &self.realm, &certificate);
        if self.sessions.len() < KNOWN_MAX {
            self.sessions.insert(session, (authid.clone(), certificate.clone()));
        }
        let report = Report {
            session: Some(session),
            authid,
            authrole: text(details, "authrole"),
            authmethod: text(details, "authmethod"),
            certificate,
            ..report(Kind::Join)
        };
        Some((line, report))
    }

    /// `wamp.session.on_leave`: the session, and with some routers who it was.
    pub(super) fn left(&mut self, event: &Event) -> Option<(String, Report)> {
        let args = &event.arguments.args;
        let session = args.first()?.as_unsigned()?;
        let said = |place: usize| args.get(place).and_then(Value::as_text).map(str::to_owned);
        let (authid, certificate) = self.sessions.remove(&session).unwrap_or_default();
        let authid = authid.or_else(|| said(1));
        let line = presence_line(Kind::Leave, authid.as_deref(), &self.realm, &certificate);
        let report = Report { session: Some(session), authid, authrole: said(2), certificate, ..report(Kind::Leave) };
        Some((line, report))
    }
}

/// An event of registrations or subscriptions. It is the same publication to every daemon, and so has its id.
pub(super) fn meta(topic: &str, event: &Event, ids: &Ids) -> Option<(String, Report)> {
    let args = &event.arguments.args;
    let said: Vec<String> = args.iter().skip(1).map(shown).collect();
    let text = format!("{} {}", topic.trim_start_matches("wamp."), said.join(" "));
    let report = Report {
        id: Some(event.publication.map_or_else(|| ids.next(), |publication| publication.get().to_string())),
        level: Some(Level::Debug.as_str().to_owned()),
        session: args.first().and_then(Value::as_unsigned),
        text: bounded(text),
        ..report(Kind::Meta)
    };
    Some((printed(&report), report))
}

/// A logged line: `(text)`, `(level, text)`, `(text, more, ...)`, `{level, message}` or the same by keywords.
pub(super) fn line(arguments: &Arguments, details: &InvocationDetails, ids: &Ids) -> Report {
    let mut args: Vec<&Value> = arguments.args.iter().collect();
    let mut named = &arguments.kwargs;
    if let [Value::Map(map)] = args[..]
        && named.is_empty()
    {
        (args, named) = (Vec::new(), map);
    }
    let field = |names: &[&str]| names.iter().find_map(|name| text(named, name));
    let mut level = field(&["level", "severity", "log_level"]).filter(|word| Level::from_word(word).is_some());
    if let [first, _, ..] = args[..]
        && level.is_none()
    {
        level = first.as_text().filter(|word| Level::from_word(word).is_some()).map(str::to_owned);
        if level.is_some() {
            args.remove(0);
        }
    }
    let mut said: Vec<String> = args.into_iter().map(shown).collect();
    said.extend(field(&["message", "msg", "text", "log_message"]));
    if said.is_empty() && !named.is_empty() {
        said.push(Value::Map(named.clone()).to_json().to_string());
    }
    Report {
        id: Some(ids.next()),
        level,
        session: details.caller.map(|caller| caller.get()),
        authid: details.caller_authid.clone().or_else(|| field(&["authid"])),
        authrole: details.caller_authrole.clone(),
        text: bounded(said.join(" ")),
        ..report(Kind::Log)
    }
}

/// How many were lost, as a line of the logbook.
pub(super) fn lost(count: u64, ids: &Ids) -> Report {
    Report {
        id: Some(ids.next()),
        level: Some(Level::Warn.as_str().to_owned()),
        text: format!("{count} entries were lost by a log daemon: the router was away for too long"),
        ..report(Kind::Log)
    }
}

/// A report as it is printed.
pub(super) fn printed(report: &Report) -> String {
    let level = report.level.as_deref().and_then(Level::from_word).unwrap_or_default();
    let who = report.authid.as_deref().unwrap_or("?");
    format!("{} \"{who}\" {}", level.as_str(), report.text)
}

fn report(kind: Kind) -> Report {
    Report {
        kind,
        at: Some(SystemClock.now()),
        id: None,
        level: None,
        session: None,
        authid: None,
        authrole: None,
        authmethod: None,
        certificate: Certificate::default(),
        text: String::new(),
    }
}

fn text(map: &Map, name: &str) -> Option<String> {
    map.get(name).and_then(Value::as_text).map(str::to_owned)
}

fn shown(value: &Value) -> String {
    value.as_text().map_or_else(|| value.to_json().to_string(), str::to_owned)
}

fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    text
}

/// Routers name it `peer_cert`, and some `client_cert`, in the session's transport.
fn certificate(details: &Map) -> Certificate {
    let transport = details.get("transport").and_then(Value::as_map);
    let shown = ["peer_cert", "client_cert"].into_iter().find_map(|name| transport?.get(name)?.as_map());
    let Some(shown) = shown else { return Certificate::default() };
    let named = |part: &str, name: &str| text(shown.get(part)?.as_map()?, name);
    Certificate {
        common_name: named("subject", "cn"),
        company: named("issuer", "ou"),
        sha1: text(shown, "sha1"),
        sha256: text(shown, "sha256"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_however_it_is_said() {
        let ids = Ids::new().unwrap();
        let map = Map::new().with("level", "warning").with("message", "hot");
        let by_name =
            |map: &Map| map.iter().fold(Arguments::none(), |all, (name, value)| all.kwarg(name, value.clone()));
        for (arguments, level, text) in [
            (Arguments::from("hello"), None, "hello"),
            (Arguments::from("error").arg("it broke"), Some("error"), "it broke"),
            (Arguments::from("error"), None, "error"),
            (Arguments::from("a").arg(2_u64), None, "a 2"),
            (by_name(&map), Some("warning"), "hot"),
            (Arguments::from(Value::Map(map)), Some("warning"), "hot"),
            (Arguments::none().kwarg("x", 1_u64), None, "{\"x\":1}"),
            (Arguments::none(), None, ""),
        ] {
            let report = line(&arguments, &InvocationDetails::default(), &ids);
            assert_eq!((report.level.as_deref(), report.text.as_str()), (level, text));
        }
        let [first, second] = [0, 0].map(|_| line(&Arguments::none(), &InvocationDetails::default(), &ids).id);
        assert_ne!(first, second, "each call is a line of its own");
    }
}
