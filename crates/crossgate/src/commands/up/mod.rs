//! `crossgate up`: opens the parts, binds the doors, serves until told to stop.

mod notify;
mod orders;
mod reload;
mod welcome;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use crossgate_edge::Edge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::ConfigFile;
use crate::compose::Program;
use crate::config::{self, Config, Loaded};
use crate::console::Console;
use crate::{demo, log};
use orders::Orders;
use reload::Reloader;

/// How often histograms move what they have gathered into their buckets.
const METRICS_UPKEEP: Duration = Duration::from_secs(5);
/// Upper bounds of the buckets for durations, in seconds: from an in-process read to a slow callee.
const DURATION_BUCKETS: &[f64] =
    &[0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How to start.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// Writes the bound addresses there, as JSON, once calls are answered.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
    /// Serves only these realms, with the listeners that lead to them. Others can be served by other processes.
    #[arg(long = "realm", value_name = "NAME", num_args = 1..)]
    realms: Vec<String>,
}

/// Starts, serves, stops.
pub(crate) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let (mut loaded, demo) = match &args.file.config {
        Some(file) => (config::load(file, std::env::vars())?, None),
        None => {
            let demo = demo::open(Path::new(demo::FOLDER))?;
            (config::load(&demo.config, std::env::vars())?, Some(demo))
        }
    };
    let warnings = loaded.config.narrow(&args.realms)?;
    let level = log::start(&loaded.config.log)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    let metrics = install_metrics()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(loaded, level, metrics, demo, args))?;
    Ok(ExitCode::SUCCESS)
}

fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), DURATION_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| anyhow::anyhow!("the metrics recorder is installed once"))?;
    Ok(handle)
}

async fn serve(
    loaded: Loaded,
    level: log::Level,
    metrics: PrometheusHandle,
    demo: Option<demo::Demo>,
    args: &Args,
) -> anyhow::Result<()> {
    let mut stop = Stop::listen()?;
    let mut hangup = signal(SignalKind::hangup())?;
    let program = Program::serve(&loaded.config, metrics).await?;
    if let (Some(_), Some(ledger)) = (&demo, &program.loans) {
        crossgate_loans::seed_demo(ledger).await.context("the demonstration's loans")?;
    }
    let site = Arc::new(Console::new(program.console_parts()));
    let parts = crossgate_edge::Parts {
        router: Arc::clone(&program.router),
        identity: Arc::clone(&program.identity),
        clock: Arc::clone(&program.clock),
        site,
        mounts: program.mounts(loaded.config.validate_responses),
        realm: program.realm.clone(),
    };
    let edge = Edge::bind(loaded.config.edge.clone(), parts).await.context("[edge] cannot start")?;
    let mut orders = Orders::default();
    orders.replace(orders::prepare(&loaded.config, &program, &edge).await.context("[edge.acme]")?).await;
    let addresses = edge.addresses();
    for (name, address) in &addresses {
        tracing::info!(listener = name, "listening on {address}");
    }
    if let Some(file) = &args.ready_file {
        announce(file, &addresses, &loaded.config)?;
    }
    notify::systemd("READY=1");
    if let Some(demo) = &demo {
        welcome::print(demo, &addresses)?;
    }

    let (drain, drained) = tokio::sync::oneshot::channel::<()>();
    let reloader = Reloader::new(loaded, level, args.realms.clone());
    let background = async {
        let mut upkeep = tokio::time::interval(METRICS_UPKEEP);
        let mut reloader = reloader;
        loop {
            tokio::select! {
                _ = upkeep.tick() => program.metrics.run_upkeep(),
                Some(()) = hangup.recv() => reloader.reload(&program, &edge, &mut orders).await,
            }
        }
    };
    // Foreign issuers' keys, before the first token needs them.
    let warming = async {
        for url in program.identity.warm().await {
            tracing::warn!(url, "a key set could not be fetched; it will be tried again when a token needs it");
        }
        std::future::pending::<()>().await;
    };
    let webhooks = crate::webhooks::run(&program.webhooks, &program.router, &program.identity);
    let stopping = async {
        let why = stop.recv().await;
        tracing::info!("{why}: finishing what is in flight; a second signal stops at once");
        notify::systemd("STOPPING=1");
        let _ = drain.send(());
        stop.recv().await;
        tracing::warn!("stopping at once");
    };
    tokio::select! {
        cut_off = edge.serve(async { let _ = drained.await; }) => {
            if cut_off > 0 {
                tracing::warn!(cut_off, "connections were cut off: they did not finish within edge.drain_s");
            }
        }
        () = stopping => {}
        () = background => {}
        () = warming => {}
        () = webhooks => {}
    }
    orders.stop().await;
    program.close().await?;
    tracing::info!("stopped");
    Ok(())
}

fn announce(file: &Path, addresses: &[(String, crossgate_edge::Address)], config: &Config) -> anyhow::Result<()> {
    let listeners: Vec<_> = addresses
        .iter()
        .map(|(name, address)| json!({"name": name, "address": address.to_string(), "tls": address.tls}))
        .collect();
    let realms: Vec<_> = config.open_realms().into_keys().collect();
    let text = serde_json::to_vec(&json!({"pid": std::process::id(), "realms": realms, "listeners": listeners}))?;
    // Written aside and renamed, so that whoever waits for the file never reads half of it.
    let aside = file.with_extension("partial");
    std::fs::write(&aside, text)
        .and_then(|()| std::fs::rename(&aside, file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// The signals that end the program.
struct Stop {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn recv(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
