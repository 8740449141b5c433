//! `crossgate logs`: what log daemons reported.

use std::process::ExitCode;

use anyhow::Context as _;
use crossgate_call::Outcome;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::local::{Local, explained};
use super::wamp::show::harmless;
use crate::cli::ConfigFile;

/// The most entries that are asked for at a time.
const PAGE: usize = 500;

/// What to do with the logbook.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print the newest entries, the newest last.
    Tail {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: usize,
        /// Go on printing what is added.
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        filter: Filter,
    },
    /// Print entries, the newest first.
    Search {
        /// How many at the most.
        #[arg(long, short = 'n', default_value_t = 100)]
        lines: usize,
        /// Not before this instant: 2026-11-22T00:00:00Z.
        #[arg(long)]
        since: Option<Timestamp>,
        /// Before this instant.
        #[arg(long)]
        until: Option<Timestamp>,
        #[command(flatten)]
        filter: Filter,
    },
}

/// Which entries, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct Filter {
    /// Of this realm.
    #[arg(long)]
    realm: Option<String>,
    /// Of whom.
    #[arg(long)]
    authid: Option<String>,
    /// Of whoever showed this client certificate: SHA-1 or SHA-256, with or without colons.
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// At least that important: debug, info, warn or error.
    #[arg(long)]
    level: Option<String>,
    /// Only these: log, join, leave or meta.
    #[arg(long)]
    kind: Option<String>,
    /// With this in their text.
    #[arg(long)]
    text: Option<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    file: ConfigFile,
}

impl Filter {
    fn input(&self) -> Map<String, Value> {
        let texts = [
            ("realm", &self.realm),
            ("authid", &self.authid),
            ("fingerprint", &self.fingerprint),
            ("level", &self.level),
            ("kind", &self.kind),
            ("text", &self.text),
        ];
        texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into()))).collect()
    }
}

/// Does it.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    super::block_on(async {
        match command {
            Command::Tail { lines, follow, filter } => tail(lines, follow, &filter).await,
            Command::Search { lines, since, until, filter } => {
                let local = Local::open(&filter.file).await?;
                let mut input = filter.input();
                input.extend(since.map(|since| ("since".to_owned(), json!(since))));
                input.extend(until.map(|until| ("until".to_owned(), json!(until))));
                let found = search(&local, input, lines).await?;
                found.iter().try_for_each(|entry| print(entry, filter.json))?;
                local.close().await
            }
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn tail(lines: usize, follow: bool, filter: &Filter) -> anyhow::Result<()> {
    let local = Local::open(&filter.file).await?;
    let found = search(&local, filter.input(), lines).await?;
    found.iter().rev().try_for_each(|entry| print(entry, filter.json))?;
    if follow {
        let mut input = filter.input();
        let last = found.first().and_then(|entry| entry["seq"].as_i64());
        input.extend(last.map(|seq| ("Last-Event-ID".to_owned(), seq.to_string().into())));
        let Outcome::Stream(mut events) = local.call("logbook.tail", input.into()).await? else {
            anyhow::bail!("the logbook gave no stream");
        };
        let stop = tokio::signal::ctrl_c();
        tokio::pin!(stop);
        loop {
            tokio::select! {
                _ = &mut stop => break,
                event = events.next() => {
                    let Some(event) = event else { break };
                    // Beside entries there is the word that some are missing.
                    if event.id.is_some() {
                        print(event.data.value().map_err(|error| explained(&error))?, filter.json)?;
                    }
                }
            }
        }
    }
    local.close().await
}

/// Up to so many entries, the newest first.
async fn search(local: &Local, mut input: Map<String, Value>, lines: usize) -> anyhow::Result<Vec<Value>> {
    let mut found = Vec::new();
    while found.len() < lines {
        input.insert("limit".to_owned(), (lines - found.len()).min(PAGE).into());
        let page = local.value("logbook.search", input.clone().into()).await?;
        found.extend(page["entries"].as_array().context("the logbook gave no entries")?.iter().cloned());
        match &page["next"] {
            Value::Null => break,
            next => input.insert("cursor".to_owned(), next.clone()),
        };
    }
    Ok(found)
}

fn print(entry: &Value, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        return super::say(entry);
    }
    let text = |name: &str| entry[name].as_str().unwrap_or("-");
    let line = format!(
        "{}  {:<5}  {:<5}  {:<12} {:<16} {}",
        text("at"),
        text("level"),
        text("kind"),
        text("realm"),
        text("authid"),
        text("text").replace(['\n', '\t'], " ")
    );
    super::say(harmless(&line))
}
