//! `crossgate wamp call`.
#![expect(clippy::print_stderr, reason = "parts of a result go beside the data")]

use std::process::ExitCode;
use std::time::Duration;

use crossgate_client::wamp::options::CallOptions;
use crossgate_client::{Call, Error, Session, connect};

use super::connection::Connection;
use super::values::Values;
use super::{exit, show};

pub(super) const EXAMPLES: &str = concat!(
    "Examples:\n  ",
    "crossgate wamp call loans.balance -k loan_id=1 -k date=2020-10-31\n  ",
    "crossgate wamp call com.example.add 2 40 --url wss://router.example/ws --realm realm1 \\\n    ",
    "--auth ticket --user joe --secret env:JOE_TICKET --timeout 5 --json\n\n",
    "Exit codes: 0 done, 1 failed here, 2 wrong usage, 3 answered with an error, 4 no connection or lost,\n",
    "5 not let in (realm, credentials, serializer), 6 no answer in time, 130 interrupted."
);

/// What to call.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The procedure.
    procedure: String,
    #[command(flatten)]
    values: Values,
    /// Seconds after which the call ends.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Ask for results in parts, and print them on standard error as they come.
    #[arg(long)]
    progress: bool,
    /// The callee may know who calls.
    #[arg(long)]
    disclose_me: bool,
    /// The call may run twice: it goes to another callee when its callee is lost.
    #[arg(long)]
    repeatable: bool,
    /// Print `{"args": [...], "kwargs": {...}}`, or `{"error": URI, ...}`, in one line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

/// Seconds, also parts of them.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.filter(|duration| !duration.is_zero()).ok_or_else(|| "a number of seconds, more than 0".to_owned())
}

pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut call = Call::new(&args.procedure).arguments(args.values.read()?).options(CallOptions {
        receive_progress: args.progress,
        disclose_me: args.disclose_me.then_some(true),
        repeatable: args.repeatable,
        ..CallOptions::default()
    });
    if let Some(timeout) = args.timeout {
        call = call.timeout(timeout);
    }
    let options = args.connection.options().await?;
    let stop = super::stopped()?;
    let called = async {
        let session = connect(&options).await?;
        let result = perform(&session, call, args.json).await;
        Ok::<_, Error>((session, result))
    };
    tokio::select! {
        called = called => match called {
            Ok((session, result)) => {
                let code = print(result, args.json)?;
                // The answer is there; how the router says goodbye changes nothing.
                let _ = session.leave().await;
                Ok(code)
            }
            Err(error) => Ok(exit::failed(&error)),
        },
        // What is dropped here cancels the call, and says GOODBYE.
        () = stop => Ok(ExitCode::from(exit::INTERRUPTED)),
    }
}

async fn perform(session: &Session, call: Call, json: bool) -> Result<crossgate_client::Arguments, Error> {
    let mut calling = session.start(call).await?;
    while let Some(part) = calling.part().await? {
        let text = if json { show::json(part).to_string() } else { show::text(part) };
        eprintln!("{}", show::harmless(&text));
    }
    calling.result().await
}

fn print(result: Result<crossgate_client::Arguments, Error>, json: bool) -> anyhow::Result<ExitCode> {
    match result {
        Ok(result) if json => super::super::say(show::json(result))?,
        Ok(result) => super::super::say(show::text(result))?,
        Err(error) => {
            if let (Error::Wamp(error), true) = (&error, json) {
                super::super::say(show::error(error))?;
            }
            return Ok(exit::failed(&error));
        }
    }
    Ok(ExitCode::SUCCESS)
}
