//! `crossgate loans`: importing a lender's files, and asking for balances.

use std::fs::File;
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use comfy_table::{CellAlignment, Table, presets};
use crossgate_call::Error;
use crossgate_loans::import::{self, Options, Progress, Source};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::local::{Local, explained};
use crate::cli::ConfigFile;

/// What the prompts take when nothing is typed, as the Loaner command line did.
const EXAMPLE: (&str, &str) = ("1", "2020-10-31");

/// What to do with loans.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Import loans and their events from CSV files: all of it, or nothing and every bad row by its line.
    Import {
        /// `id,start,initial amount`: one loan a line, with or without a header.
        #[arg(long, value_name = "FILE")]
        loans: PathBuf,
        /// `id,type,date,amount`: one event a line; the type is fee, interest or payment.
        #[arg(long, value_name = "FILE")]
        events: PathBuf,
        /// Take equal lines for separate events instead of refusing them.
        #[arg(long)]
        accept_repeats: bool,
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// What is owed on a day. Asks for the loan and the day when they are not given.
    Balance {
        /// The loan's number.
        loan: Option<String>,
        /// The day, as 2020-10-31.
        date: Option<String>,
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
    /// List the loans and what is owed today.
    List {
        /// Print for programs.
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        file: ConfigFile,
    },
}

/// Does it.
pub(crate) fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Import { loans, events, accept_repeats, json, file } => {
            super::block_on(import(&loans, &events, Options { accept_repeats }, json, &file))
        }
        Command::Balance { loan, date, json, file } => {
            let (loan, date) = match (loan, date) {
                (Some(loan), Some(date)) => (loan, date),
                (loan, date) => asked(loan, date)?,
            };
            super::block_on(balance(&loan, &date, json, &file))
        }
        Command::List { json, file } => super::block_on(list(json, &file)),
    }
}

async fn import(
    loans: &Path,
    events: &Path,
    options: Options,
    as_json: bool,
    file: &ConfigFile,
) -> anyhow::Result<ExitCode> {
    let source = |path: &Path| -> anyhow::Result<Source<File>> {
        let content = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Source { name: path.display().to_string(), content })
    };
    let (loans, events) = (source(loans)?, source(events)?);
    let local = Local::open(file).await?;
    let ledger = local.program.loans.clone().context("this configuration has no [services.loans]")?;
    let permit = local
        .program
        .router
        .admit_task(&local.caller, "loans.import", local.origin())
        .await
        .map_err(|error| explained(&error))?;
    let (bar, progress) = progress();
    let mut faults = None;
    let task = async {
        import::import(&ledger, loans, events, options, progress).await.map_err(|error| {
            let told = Error::invalid("the files were not imported", Vec::new());
            faults = Some(error);
            told
        })
    };
    let imported = local.program.router.perform(permit, task).await;
    bar.finish_and_clear();
    local.close().await?;
    match (imported, faults) {
        (Ok(report), _) if as_json => super::print_json(&report)?,
        (Ok(report), _) => super::say(report)?,
        (Err(_), Some(faults)) => return Err(anyhow::Error::msg(faults.to_string().trim_end().to_owned())),
        (Err(error), None) => return Err(explained(&error)),
    }
    Ok(ExitCode::SUCCESS)
}

/// A bar on standard error for a person who watches; hidden otherwise.
fn progress() -> (ProgressBar, Arc<import::OnProgress>) {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let style = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.enable_steady_tick(Duration::from_millis(200));
    let shown = bar.clone();
    let told = move |progress: Progress| match progress {
        Progress::Read { lines } => shown.set_message(format!("reading and checking: {lines} lines")),
        Progress::Written { entries, of } => {
            shown.set_style(style.clone());
            shown.set_message("writing");
            shown.set_length(of);
            shown.set_position(entries);
        }
    };
    (bar, Arc::new(told))
}

async fn balance(loan: &str, date: &str, as_json: bool, file: &ConfigFile) -> anyhow::Result<ExitCode> {
    let local = Local::open(file).await?;
    let balance = local.value("loans.balance", json!({"loan_id": loan, "date": date})).await;
    local.close().await?;
    let balance = balance?;
    if as_json {
        super::print_json(&json!({"loan": loan, "date": date, "balance": balance}))?;
    } else {
        super::say(format_args!("As of {date}, loan #{loan} owed ${}", balance.as_str().unwrap_or_default()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks for what was not given.
fn asked(loan: Option<String>, date: Option<String>) -> anyhow::Result<(String, String)> {
    let mut out = std::io::stderr().lock();
    writeln!(out, "\nSelect loan and date or ENTER for default example.\n")?;
    let mut ask = |given: Option<String>, question: &str, default: &str| -> anyhow::Result<String> {
        if let Some(given) = given {
            return Ok(given);
        }
        write!(out, "{question} ({default}): ")?;
        out.flush()?;
        let mut line = String::new();
        if std::io::stdin().read_line(&mut line)? == 0 {
            anyhow::bail!("nobody answers here; name the loan and the date: crossgate loans balance 1 2020-10-31");
        }
        let typed = line.trim();
        Ok(if typed.is_empty() { default.to_owned() } else { typed.to_owned() })
    };
    let loan = ask(loan, "Which loan to look up?", EXAMPLE.0)?;
    let date = ask(date, "Which date to check? (Y-m-d)", EXAMPLE.1)?;
    Ok((loan, date))
}

async fn list(as_json: bool, file: &ConfigFile) -> anyhow::Result<ExitCode> {
    let local = Local::open(file).await?;
    let (mut loans, mut cursor) = (Vec::new(), None::<String>);
    let listed: anyhow::Result<()> = async {
        loop {
            let page = local.value("loans.list", json!({"cursor": cursor, "limit": 200})).await?;
            loans.extend(page["loans"].as_array().into_iter().flatten().cloned());
            cursor = page["next"].as_str().map(str::to_owned);
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
    .await;
    local.close().await?;
    listed?;
    if as_json {
        super::print_json(&loans)?;
    } else {
        super::say(table(&loans))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn table(loans: &[Value]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["loan", "started", "initial", "entries", "owed today"]);
    for loan in loans {
        let text = |key: &str| match &loan[key] {
            Value::String(text) => text.clone(),
            Value::Null => "-".to_owned(),
            other => other.to_string(),
        };
        table.add_row(["id", "start_on", "initial", "entries", "balance"].map(text));
    }
    for column in [0, 2, 3, 4] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
