//! `crossgate wamp register`.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crossgate_client::wamp::options::{Policy, RegisterOptions};
use crossgate_client::wamp::uri::Match;
use crossgate_client::{Invocation, Register, Worker};

use super::connection::Connection;
use super::shell::Shell;
use super::subscribe::{backoff, notice, policy};
use super::{call::seconds, exit};

pub(super) const EXAMPLES: &str = concat!(
    "Examples:\n  ",
    "crossgate wamp register com.example.upper --command 'jq -r .args[0] | tr a-z A-Z'\n  ",
    "crossgate wamp register com.example.echo --echo --url rss://router.example:8443 --realm realm1 \\\n    ",
    "--cert worker.pem --key worker-key.pem --ca ca.pem --reconnect\n\n",
    "The command gets `{\"args\": [...], \"kwargs\": {...}}` on standard input, and in its environment\n",
    "CROSSGATE_PROCEDURE, and where they are known CROSSGATE_CALLER, CROSSGATE_CALLER_AUTHID,\n",
    "CROSSGATE_CALLER_AUTHROLE. What it prints is the result: JSON if it is that, else text. An exit status other\n",
    "than 0 is an error. When the call is canceled or takes too long, it is killed with all its children.\n",
    "Ctrl-C ends with 0: calls under way get 5 seconds to finish.\n\n",
    "Exit codes: 0 done, 1 failed here, 2 wrong usage, 3 answered with an error, 4 no connection or lost,\n",
    "5 not let in (realm, credentials, serializer)."
);

/// What to register.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("answer").required(true).args(["command", "echo"]))]
pub(crate) struct Args {
    /// The procedure, or a pattern.
    procedure: String,
    /// The shell command that answers calls (sh -c). It is run with the rights of whoever runs this: never put
    /// a caller's arguments into the text of a command.
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// Answer calls with their arguments.
    #[arg(long)]
    echo: bool,
    /// Send each line that the command prints, except the last, as a part of the result, to callers that ask for parts.
    #[arg(long, requires = "command")]
    lines: bool,
    /// How many calls are answered at a time. The router holds back the others.
    #[arg(long, value_name = "N", default_value = "4")]
    concurrency: NonZeroUsize,
    /// Seconds that the command may take.
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
    /// Bytes that the command may print.
    #[arg(long, value_name = "BYTES", default_value_t = 1024 * 1024)]
    output_bytes_max: usize,
    /// How the procedure stands for others.
    #[arg(long = "match", value_name = "POLICY", default_value = "exact", value_parser = policy)]
    policy: Match,
    /// How calls are shared with others who register it: single, first, last, roundrobin, random, leastloaded.
    #[arg(long, value_name = "POLICY", default_value = "single", value_parser = invoke)]
    invoke: Policy,
    /// Connect again when the connection is lost, and register again.
    #[arg(long)]
    reconnect: bool,
    #[command(flatten)]
    connection: Connection,
}

fn invoke(text: &str) -> Result<Policy, String> {
    Policy::parse(text).ok_or_else(|| "single, first, last, roundrobin, random or leastloaded".to_owned())
}

pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let options = args.connection.options().await?;
    let stop = super::stopped()?;
    let asked = RegisterOptions { policy: args.policy, invoke: args.invoke, ..RegisterOptions::default() };
    let register = Register::new(&args.procedure).options(asked).concurrency(args.concurrency.get());
    let worker =
        Worker::new(options).backoff(backoff(args.reconnect)).notice(notice(format!("registered {}", args.procedure)));
    let worker = match args.command {
        None => worker.register(register, |invocation: Invocation| async move { Ok(invocation.arguments) }),
        Some(command) => {
            let shell = Arc::new(Shell {
                command,
                procedure: args.procedure,
                timeout: args.timeout,
                output_bytes_max: args.output_bytes_max,
                lines: args.lines,
            });
            worker.register(register, move |invocation| {
                let shell = Arc::clone(&shell);
                async move { shell.answer(invocation).await }
            })
        }
    };
    Ok(worker.run(stop).await.map_or_else(|error| exit::failed(&error), |()| ExitCode::SUCCESS))
}
