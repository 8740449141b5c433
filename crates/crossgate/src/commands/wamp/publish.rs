//! `crossgate wamp publish`.

use std::process::ExitCode;

use anyhow::Context as _;
use crossgate_client::wamp::id::Id;
use crossgate_client::wamp::options::{Audience, PublishOptions};
use crossgate_client::{ConnectOptions, Error, Publish, connect};
use serde_json::json;

use super::connection::Connection;
use super::exit;
use super::values::Values;

pub(super) const EXAMPLES: &str = concat!(
    "Examples:\n  ",
    "crossgate wamp publish com.example.news '{\"title\": \"hello\"}' --acknowledge\n  ",
    "crossgate wamp publish com.example.level -k value=0.7 --retain --eligible-authrole sensor\n\n",
    "Exit codes: 0 done, 1 failed here, 2 wrong usage, 3 answered with an error, 4 no connection or lost,\n",
    "5 not let in (realm, credentials, serializer), 6 no answer in time, 130 interrupted."
);

/// What to publish.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The topic.
    topic: String,
    #[command(flatten)]
    values: Values,
    /// Wait until the router has taken it. Without it, nobody learns of a refusal.
    #[arg(long, short)]
    acknowledge: bool,
    /// Keep it for later subscribers.
    #[arg(long)]
    retain: bool,
    /// The subscribers may know who publishes.
    #[arg(long)]
    disclose_me: bool,
    /// Only these sessions may receive it; may be given several times, as all of these.
    #[arg(long, value_name = "SESSION", help_heading = "Audience")]
    eligible: Vec<u64>,
    /// Only sessions of these names.
    #[arg(long, value_name = "NAME", help_heading = "Audience")]
    eligible_authid: Vec<String>,
    /// Only sessions of these roles.
    #[arg(long, value_name = "ROLE", help_heading = "Audience")]
    eligible_authrole: Vec<String>,
    /// Not these sessions.
    #[arg(long, value_name = "SESSION", help_heading = "Audience")]
    exclude: Vec<u64>,
    /// Not sessions of these names.
    #[arg(long, value_name = "NAME", help_heading = "Audience")]
    exclude_authid: Vec<String>,
    /// Not sessions of these roles.
    #[arg(long, value_name = "ROLE", help_heading = "Audience")]
    exclude_authrole: Vec<String>,
    /// Print `{"publication": ID}` when it is acknowledged.
    #[arg(long, requires = "acknowledge")]
    json: bool,
    #[command(flatten)]
    connection: Connection,
}

impl Args {
    fn options(&self) -> anyhow::Result<PublishOptions> {
        let ids = |list: &[u64]| {
            let ids = list.iter().map(|number| Id::new(*number).with_context(|| format!("{number} is no session")));
            ids.collect::<anyhow::Result<Vec<_>>>().map(|ids| Some(ids).filter(|ids| !ids.is_empty()))
        };
        let names = |list: &[String]| Some(list.to_vec()).filter(|list| !list.is_empty());
        let audience = Audience {
            exclude: ids(&self.exclude)?,
            exclude_authid: names(&self.exclude_authid),
            exclude_authrole: names(&self.exclude_authrole),
            eligible: ids(&self.eligible)?,
            eligible_authid: names(&self.eligible_authid),
            eligible_authrole: names(&self.eligible_authrole),
        };
        let disclose_me = self.disclose_me.then_some(true);
        Ok(PublishOptions { retain: self.retain, disclose_me, audience, ..PublishOptions::default() })
    }
}

pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let event = Publish::new(&args.topic).arguments(args.values.read()?).options(args.options()?);
    let options = args.connection.options().await?;
    let stop = super::stopped()?;
    tokio::select! {
        published = publish(&options, event, args.acknowledge) => match published {
            Ok(Some(id)) if args.json => {
                super::super::say(json!({"publication": id.get()}))?;
                Ok(ExitCode::SUCCESS)
            }
            Ok(_) => Ok(ExitCode::SUCCESS),
            Err(error) => Ok(exit::failed(&error)),
        },
        () = stop => Ok(ExitCode::from(exit::INTERRUPTED)),
    }
}

async fn publish(options: &ConnectOptions, event: Publish, acknowledge: bool) -> Result<Option<Id>, Error> {
    let session = connect(options).await?;
    let id = if acknowledge {
        Some(session.publish(event).await?)
    } else {
        session.publish_unacknowledged(event).await?;
        None
    };
    // The router answers what came before GOODBYE: the event has arrived.
    session.leave().await?;
    Ok(id)
}
