//! `crossgate worker logger`: a log daemon.
//!
//! Several of them share the calls of one procedure, and each sees every session event; the logbook keeps one of each.

mod outbox;
mod seen;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossgate_client::wamp::Value;
use crossgate_client::wamp::options::{Policy, RegisterOptions, SubscribeOptions};
use crossgate_client::{Arguments, Backoff, Event, Invocation, Register, WampError, Worker};
use crossgate_logbook::Report;
use tokio::sync::watch;

use self::outbox::Outbox;
use self::seen::{Ids, Known};
use super::super::wamp::connection::Connection;
use super::super::wamp::subscribe::notice;
use super::super::wamp::{exit, show, stopped};

pub(super) const EXAMPLES: &str = concat!(
    "Examples:\n  ",
    "crossgate worker logger --url wss://router.example:8442/ws --realm logger --ca ca.pem \\\n    ",
    "--cert log1.pem --key log1-key.pem --authid logdaemon\n\n",
    "Its role needs: register app.logger.log_message; call logbook.append; subscribe wamp.session.on_join and\n",
    "wamp.session.on_leave, and unless --no-meta is given the events of wamp.registration. and wamp.subscription.\n",
    "What it records is printed, too: `+ \"logdaemon\" on realm \"logger\" CN=\"log1\" COMPANY=\"XBR\" SHA=B7:81:...`."
);

/// What callers log with, unless it is said otherwise.
const PROCEDURE: &str = "app.logger.log_message";
const ON_JOIN: &str = "wamp.session.on_join";
const ON_LEAVE: &str = "wamp.session.on_leave";
/// The meta events beside those of sessions.
const META: [&str; 8] = [
    "wamp.registration.on_create",
    "wamp.registration.on_register",
    "wamp.registration.on_unregister",
    "wamp.registration.on_delete",
    "wamp.subscription.on_create",
    "wamp.subscription.on_subscribe",
    "wamp.subscription.on_unsubscribe",
    "wamp.subscription.on_delete",
];
/// How long a caller waits for its line to be recorded. It is answered then all the same: the line is kept here.
const RECORDED_WAIT: Duration = Duration::from_secs(5);
/// How long to go on sending what is left when it is asked to stop.
const STOP_WAIT: Duration = Duration::from_secs(5);
const UNAVAILABLE: &str = "wamp.error.unavailable";

/// How to be a log daemon.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The procedure that callers log with. Log daemons share its calls (roundrobin).
    #[arg(long, value_name = "URI", default_value = PROCEDURE)]
    procedure: String,
    /// Leave out what is registered and subscribed.
    #[arg(long)]
    no_meta: bool,
    /// How many entries are kept here while the router is away. More calls are refused; more events are counted as lost.
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    buffer_entries_max: u32,
    /// Print nothing of what is recorded.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    connection: Connection,
}

/// What every handler of this daemon shares.
struct Daemon {
    outbox: Outbox,
    known: Mutex<Known>,
    ids: Ids,
    quiet: bool,
}

impl Daemon {
    fn print(&self, line: &str) {
        // A reader that went away is no reason to record nothing.
        if !self.quiet && super::super::say(show::harmless(line)).is_err() {
            tracing::debug!("nobody reads what is printed");
        }
    }

    fn event(&self, topic: &'static str, event: &Event) {
        let report = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            match topic {
                ON_JOIN => known.joined(event),
                ON_LEAVE => known.left(event),
                _ => seen::meta(topic, event, &self.ids),
            }
        };
        let Some((line, report)) = report else { return };
        self.print(&line);
        // What does not fit is counted, and said when there is room again.
        drop(self.outbox.put(report));
    }

    async fn line(&self, invocation: Invocation) -> Result<Arguments, WampError> {
        let report: Report = seen::line(&invocation.arguments, &invocation.details, &self.ids);
        self.print(&seen::printed(&report));
        let Some(recorded) = self.outbox.put(report) else {
            return Err(WampError::new(UNAVAILABLE, "the log daemon's buffer is full; try again later"));
        };
        // An error means that it was never recorded and never will be.
        match tokio::time::timeout(RECORDED_WAIT, recorded).await {
            Ok(Err(_)) => Err(WampError::new(UNAVAILABLE, "the line could not be recorded")),
            Ok(Ok(())) | Err(_) => Ok(Arguments::none().arg(Value::Null)),
        }
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let options = args.connection.options().await?;
    let stop = stopped()?;
    let daemon = Arc::new(Daemon {
        outbox: Outbox::new(usize::try_from(args.buffer_entries_max).unwrap_or(usize::MAX)),
        known: Mutex::new(Known::new(&options.realm)),
        ids: Ids::new()?,
        quiet: args.quiet,
    });
    let (sessions, session) = watch::channel(None);
    let shared = RegisterOptions { invoke: Policy::RoundRobin, ..RegisterOptions::default() };
    let answering = Arc::clone(&daemon);
    let mut worker = Worker::new(options)
        .backoff(Backoff::default())
        .notice(notice(format!("logging, by {}", args.procedure)))
        .joined(move |session| drop(sessions.send_replace(Some(session.clone()))))
        .register(Register::new(&args.procedure).options(shared), move |invocation| {
            let daemon = Arc::clone(&answering);
            async move { daemon.line(invocation).await }
        });
    let meta = if args.no_meta { &[][..] } else { &META[..] };
    for topic in [ON_JOIN, ON_LEAVE].into_iter().chain(meta.iter().copied()) {
        let seeing = Arc::clone(&daemon);
        worker = worker.subscribe(topic, SubscribeOptions::default(), move |event| seeing.event(topic, &event));
    }
    let working = worker.run(async {
        stop.await;
        // What is left is sent before the session is.
        let _ = tokio::time::timeout(STOP_WAIT, daemon.outbox.empty()).await;
    });
    let ended = tokio::select! {
        ended = working => ended,
        () = daemon.outbox.ship(session, &daemon.ids) => Ok(()),
    };
    Ok(ended.map_or_else(|error| exit::failed(&error), |()| ExitCode::SUCCESS))
}
