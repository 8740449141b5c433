//! Decisions, told to a log daemon. Nobody waits for it: what does not fit into its queue is counted, and left out.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossgate_client::{Call, ConnectOptions, Session, Tls, connect};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::super::wamp::show;

/// Lines that may wait.
const LINES_MAX: usize = 1024;
/// How long a line may take, before the connection is taken for lost.
const CALL: Duration = Duration::from_secs(5);
/// How long to wait before connecting again.
const RETRY: Duration = Duration::from_secs(2);
/// What may be told yet when all is over.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Where the log daemon is. Without `--logger-url` it is told nothing.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Log daemon")]
pub(super) struct Logger {
    /// The router of the log daemons, as --url. Decisions are told to them, too.
    #[arg(long, value_name = "URL")]
    logger_url: Option<String>,
    /// Their realm.
    #[arg(long, value_name = "REALM", default_value = "logger")]
    logger_realm: String,
    /// The certificate to show there; --cert when absent.
    #[arg(long, value_name = "FILE", requires = "logger_key")]
    logger_cert: Option<PathBuf>,
    /// Its private key.
    #[arg(long, value_name = "FILE", requires = "logger_cert")]
    logger_key: Option<PathBuf>,
    /// Trust these authorities there; --ca when absent, if --logger-cert is absent as well.
    #[arg(long, value_name = "FILE")]
    logger_ca: Option<PathBuf>,
    /// The procedure that takes a line.
    #[arg(long, value_name = "URI", default_value = "app.logger.log_message", value_parser = super::procedure)]
    logger_procedure: String,
}

/// Where lines go.
pub(super) struct Destination {
    options: ConnectOptions,
    procedure: String,
}

impl Logger {
    /// As whom to connect: as in the other realm, unless something else is said.
    pub(super) fn options(&self, base: &ConnectOptions) -> anyhow::Result<Option<Destination>> {
        let Some(url) = &self.logger_url else { return Ok(None) };
        let target = url.parse().map_err(crossgate_client::Error::from)?;
        let mut options = ConnectOptions { target, realm: self.logger_realm.clone(), ..base.clone() };
        if let (Some(cert), Some(key)) = (&self.logger_cert, &self.logger_key) {
            options.tls = Tls::default().identity_files(cert, key)?;
        }
        if let Some(ca) = &self.logger_ca {
            options.tls = options.tls.trust_file(ca)?;
        }
        Ok(Some(Destination { options, procedure: self.logger_procedure.clone() }))
    }
}

/// Takes lines, and never waits.
#[derive(Clone)]
pub(super) struct Reporter {
    lines: mpsc::Sender<String>,
    lost: Arc<AtomicU64>,
}

impl Reporter {
    pub(super) fn tell(&self, line: String) {
        if self.lines.try_send(line).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Starts to tell. The task ends soon after `stop`, when all lines are told or nobody takes them.
pub(super) fn start(destination: Destination, stop: watch::Receiver<bool>) -> (Reporter, JoinHandle<()>) {
    let (sender, lines) = mpsc::channel(LINES_MAX);
    let lost = Arc::new(AtomicU64::new(0));
    let teller = Teller { destination, lines, lost: Arc::clone(&lost), held: None };
    (Reporter { lines: sender, lost }, tokio::spawn(teller.run(stop)))
}

struct Teller {
    destination: Destination,
    lines: mpsc::Receiver<String>,
    lost: Arc<AtomicU64>,
    /// A line that was not taken yet.
    held: Option<String>,
}

impl Teller {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut session = None;
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.turns(&mut session) => return,
        }
        self.lines.close();
        let _ = timeout(LAST_WORDS, self.turns(&mut session)).await;
        if let Some(session) = session {
            let _ = timeout(LAST_WORDS, session.leave()).await;
        }
    }

    /// Tells line after line, and connects where it must, until there are no more.
    async fn turns(&mut self, session: &mut Option<Session>) {
        loop {
            if self.held.is_none() {
                let Some(line) = self.lines.recv().await else { return };
                self.held = Some(line);
            }
            let current = match session {
                Some(current) if !current.is_ended() => current,
                _ => match connect(&self.destination.options).await {
                    Ok(joined) => session.insert(joined),
                    Err(error) => {
                        tracing::warn!("the log daemon's realm: {}", show::harmless(&error.to_string()));
                        tokio::time::sleep(RETRY).await;
                        continue;
                    }
                },
            };
            let line = self.held.clone().unwrap_or_default();
            let call = Call::new(&self.destination.procedure).arg(line).timeout(CALL);
            match current.call(call).await {
                Ok(_) => self.held = None,
                Err(error) => {
                    tracing::warn!("the log daemon does not take a line: {}", show::harmless(&error.to_string()));
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
            }
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                self.held = Some(format!("{lost} lines are missing here: they came faster than they were taken"));
            }
        }
    }
}
