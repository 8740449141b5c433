//! `crossgate wamp subscribe`.
#![expect(clippy::print_stderr, reason = "notices go beside the data")]

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use crossgate_client::wamp::options::SubscribeOptions;
use crossgate_client::wamp::uri::Match;
use crossgate_client::{Backoff, Event, Notice, Worker};
use serde_json::json;
use tokio::sync::Notify;

use super::connection::Connection;
use super::{exit, show};

pub(super) const EXAMPLES: &str = concat!(
    "Examples:\n  ",
    "crossgate wamp subscribe com.example.news --count 1 | jq .args\n  ",
    "crossgate wamp subscribe com.example. --match prefix --retained --reconnect\n\n",
    "Each line has `topic`, `args`, `kwargs`, `publication`, and where they are known `publisher`,\n",
    "`publisher_authid`, `publisher_authrole` and `retained`. Ctrl-C ends it with 0.\n\n",
    "Exit codes: 0 done, 1 failed here, 2 wrong usage, 3 answered with an error, 4 no connection or lost,\n",
    "5 not let in (realm, credentials, serializer)."
);

/// What to subscribe to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic, or a pattern.
    topic: String,
    /// How the topic stands for others.
    #[arg(long = "match", value_name = "POLICY", default_value = "exact", value_parser = policy)]
    policy: Match,
    /// End after so many events.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Ask for the retained event, too.
    #[arg(long)]
    retained: bool,
    /// Connect again when the connection is lost. What is published meanwhile is missed.
    #[arg(long)]
    reconnect: bool,
    /// One JSON object a line, which is the only form there is.
    #[arg(long, hide = true)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

pub(super) fn policy(text: &str) -> Result<Match, String> {
    Match::parse(text).ok_or_else(|| "exact, prefix or wildcard".to_owned())
}

/// How often to try: without end, or not again.
pub(in crate::commands) fn backoff(reconnect: bool) -> Backoff {
    Backoff { attempts: (!reconnect).then_some(1), ..Backoff::default() }
}

/// Says on standard error what becomes of a worker.
pub(in crate::commands) fn notice(what: String) -> impl Fn(&Notice) + Send + Sync {
    move |notice| match notice {
        Notice::Ready(details) => eprintln!(
            "{what}, as {} ({}) in {}; session {}",
            show::harmless(&details.welcome.auth.authid),
            show::harmless(&details.welcome.auth.authrole),
            show::harmless(&details.welcome.auth.realm),
            details.session
        ),
        Notice::Lost { events, .. } => eprintln!("{events} events were lost: they came faster than they were printed"),
        Notice::Waiting { why, wait } => {
            eprintln!("{}; trying again in {:.1} s", show::harmless(&why.to_string()), wait.as_secs_f32());
        }
        _ => {}
    }
}

/// What is left to print, and why printing ended.
struct Printer {
    topic: String,
    left: Option<u64>,
    failed: Option<anyhow::Error>,
}

impl Printer {
    /// Prints one event; `false` when that was the last one.
    fn print(&mut self, event: Event) -> bool {
        if self.left == Some(0) || self.failed.is_some() {
            return false;
        }
        if let Err(error) = super::super::say(line(&self.topic, event)) {
            self.failed = Some(error);
            return false;
        }
        self.left = self.left.map(|left| left - 1);
        self.left != Some(0)
    }
}

fn line(topic: &str, event: Event) -> serde_json::Value {
    let details = event.details;
    let mut line = show::json(event.arguments);
    if let Some(fields) = line.as_object_mut() {
        fields.insert("topic".into(), json!(details.topic.as_deref().unwrap_or(topic)));
        let known = [
            ("publication", event.publication.map(|id| json!(id.get()))),
            ("publisher", details.publisher.map(|id| json!(id.get()))),
            ("publisher_authid", details.publisher_authid.map(|name| json!(name))),
            ("publisher_authrole", details.publisher_authrole.map(|name| json!(name))),
            ("retained", details.retained.then_some(json!(true))),
        ];
        fields.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    line
}

pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let options = args.connection.options().await?;
    let stop = super::stopped()?;
    let printer = Arc::new(Mutex::new(Printer { topic: args.topic.clone(), left: args.count, failed: None }));
    let enough = Arc::new(Notify::new());
    let on_event = {
        let (printer, enough) = (Arc::clone(&printer), Arc::clone(&enough));
        move |event| {
            let more = printer.lock().map(|mut printer| printer.print(event)).unwrap_or(false);
            if !more {
                enough.notify_one();
            }
        }
    };
    let asked = SubscribeOptions { policy: args.policy, get_retained: args.retained };
    let worker = Worker::new(options)
        .backoff(backoff(args.reconnect))
        .subscribe(&args.topic, asked, on_event)
        .notice(notice(format!("subscribed to {}", args.topic)));
    let ended = worker
        .run(async {
            tokio::select! {
                () = stop => {}
                () = enough.notified() => {}
            }
        })
        .await;
    if let Some(error) = printer.lock().ok().and_then(|mut printer| printer.failed.take()) {
        return Err(error);
    }
    Ok(ended.map_or_else(|error| exit::failed(&error), |()| ExitCode::SUCCESS))
}
