//! `crossgate worker authenticator`: the dynamic authenticator and authorizer as a process of its own.
//!
//! The policy is a file ([`policy`]), read again when it changes ([`watch`]). What is decided is a function of the
//! policy and of what the router tells ([`decide`]); the decisions can be told to a log daemon ([`report`]).

mod decide;
mod document;
mod policy;
mod report;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crossgate_client::wamp::options::{Policy as Invoke, RegisterOptions};
use crossgate_client::wamp::uri::{Match, Rules};
use crossgate_client::{Arguments, Backoff, Invocation, Notice, Register, Worker};
use tokio::sync::watch as flag;

use super::super::wamp::connection::Connection;
use super::super::wamp::{exit, show, stopped};
use crate::config::{Log, LogFormat};
use policy::Policy;
use report::Reporter;
use watch::Watched;

pub(crate) const EXAMPLES: &str = concat!(
    "Examples:\n  ",
    "crossgate worker authenticator --url wss://router.example:8440/ws --realm crossbar --ca ca.pem \\\n    ",
    "--cert auth1.pem --key auth1-key.pem --policy policy.toml\n  ",
    "crossgate worker authenticator --policy policy.toml --check\n\n",
    "The policy is read again within 2 seconds of its change, or at once at SIGHUP; one that has a fault changes nothing,\n",
    "and the log says why. SIGTERM and Ctrl-C unregister, finish what was asked, and leave.\n\n",
    "Exit codes: those of `crossgate wamp`."
);

/// How far apart attempts to connect are in the end. The system waits for its authenticators.
const RETRY_MAX: Duration = Duration::from_secs(5);
/// How far apart they are at first.
const RETRY_FIRST: Duration = Duration::from_millis(250);

/// What to decide by, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Who is who, and who may what (TOML).
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Check the policy, and do nothing else.
    #[arg(long)]
    check: bool,
    /// The procedure that is asked who somebody is.
    #[arg(long, value_name = "URI", default_value = "app.security.server.authenticate", value_parser = procedure)]
    authenticate: String,
    /// The procedure that is asked what somebody may do.
    #[arg(long, value_name = "URI", default_value = "app.security.server.authorize", value_parser = procedure)]
    authorize: String,
    /// The level of this program's own log, on standard error.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    logger: report::Logger,
}

fn procedure(text: &str) -> Result<String, String> {
    let fits = Rules::Loose.allow(text, Match::Exact);
    if fits { Ok(text.to_owned()) } else { Err("a URI, such as app.security.server.authorize".to_owned()) }
}

/// Works until it is stopped.
pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let policy = Policy::load(&args.policy)?;
    if args.check {
        super::super::say(format_args!("{} is good: {policy}", args.policy.display()))?;
        return Ok(ExitCode::SUCCESS);
    }
    crate::log::start(&Log { level: args.log_level.clone(), format: LogFormat::Text })?;
    let options = args.connection.options().await?;
    let stop = stopped()?;
    let (stopping, _) = flag::channel(false);
    let (reporter, reporting) = match args.logger.options(&options)? {
        Some(logger) => {
            let (reporter, task) = report::start(logger, stopping.subscribe());
            (Some(reporter), Some(task))
        }
        None => (None, None),
    };
    tracing::info!("{} gives the policy: {policy}", args.policy.display());
    let watched = Arc::new(Watched::new(args.policy.clone(), policy));
    let watching = tokio::spawn(Arc::clone(&watched).watch(watch::INTERVAL, stopping.subscribe())?);
    let worker = worker(&args, options, &watched, reporter);
    let ended = worker
        .run(async {
            stop.await;
            stopping.send_replace(true);
        })
        .await;
    // However it ended, the others end, too.
    stopping.send_replace(true);
    watching.await.context("the task that reads the policy")?;
    if let Some(reporting) = reporting {
        reporting.await.context("the task that tells the log daemon")?;
    }
    Ok(ended.map_or_else(|error| exit::failed(&error), |()| ExitCode::SUCCESS))
}

fn worker(
    args: &Args,
    options: crossgate_client::ConnectOptions,
    watched: &Arc<Watched>,
    reporter: Option<Reporter>,
) -> Worker {
    let shared = |name: &str| {
        Register::new(name).options(RegisterOptions { invoke: Invoke::RoundRobin, ..RegisterOptions::default() })
    };
    let (authenticating, authorizing) = (Arc::clone(watched), Arc::clone(watched));
    let told = reporter.clone();
    let procedures = format!("{} and {}", args.authenticate, args.authorize);
    Worker::new(options)
        .backoff(Backoff { first: RETRY_FIRST, most: RETRY_MAX, attempts: None })
        .notice(move |notice| say(&procedures, notice))
        .register(shared(&args.authenticate), move |asked: Invocation| {
            let (line, answer) = decide::authenticate(&authenticating.current(), &asked.arguments.args);
            tell(told.as_ref(), &line);
            async move { answer.map(Arguments::from) }
        })
        .register(shared(&args.authorize), move |asked: Invocation| {
            let (line, answer) = decide::authorize(&authorizing.current(), &asked.arguments.args);
            tell(reporter.as_ref(), &line);
            async move { answer.map(Arguments::from) }
        })
}

/// Says what was decided, here and to the log daemon.
fn tell(reporter: Option<&Reporter>, line: &str) {
    let line = show::harmless(line);
    tracing::info!("{line}");
    if let Some(reporter) = reporter {
        reporter.tell(line);
    }
}

fn say(procedures: &str, notice: &Notice) {
    match notice {
        Notice::Ready(details) => {
            let auth = &details.welcome.auth;
            let (authid, role, realm) = (&auth.authid, &auth.authrole, &auth.realm);
            tracing::info!("registered {procedures}, as {authid} ({role}) in {realm}; session {}", details.session);
        }
        Notice::Waiting { why, wait } => {
            let why = show::harmless(&why.to_string());
            tracing::warn!("{why}; trying again in {:.1} s", wait.as_secs_f32());
        }
        _ => {}
    }
}
