//! Starting: how soon there is an answer, what the program holds when nobody asks, how large it is.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use crossgate_tests::Site;
use serde::Serialize;
use serde_json::Value;
use tokio::time::Instant;

use super::compare::{PATH, site};
use crate::middle;
use crate::process::{Killed, resident_kib};

/// Starts that are timed.
const STARTS: usize = 7;
/// How often the ready file is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long a start may take before it counts as none.
const START_MAX: Duration = Duration::from_secs(30);
/// How long nothing is asked before the memory is read.
const IDLE: Duration = Duration::from_secs(10);

/// What starting costs.
#[derive(Debug, Serialize)]
pub(crate) struct Startup {
    /// Milliseconds from starting the process to the first balance over HTTPS with a token: the middle start.
    pub(crate) first_answer_ms: f64,
    /// Memory ten seconds after a start, without a request since, in MiB.
    pub(crate) idle_mib: f64,
    /// The program's file, in MiB.
    pub(crate) binary_mib: f64,
}

/// Measures.
pub(crate) async fn run() -> anyhow::Result<Startup> {
    let site = site();
    let program = site.start().await;
    // Tokens outlive the process that issued them: the key is in a file.
    let token = program.visitor("tls").token(Site::LENDER.0, Site::LENDER.1).await;
    program.stop().await;

    let mut times = Vec::new();
    for start in 0..STARTS {
        times.push(first_answer(&site, &format!("ready.bench.{start}"), &token).await?);
    }
    let program = site.start().await;
    tokio::time::sleep(IDLE).await;
    let idle_mib = resident_kib(program.pid())? as f64 / 1024.0;
    program.stop().await;
    let binary = std::env::current_exe()?.with_file_name("crossgate");
    let binary_mib = std::fs::metadata(&binary).context("the program's file")?.len() as f64 / 1024.0 / 1024.0;
    Ok(Startup { first_answer_ms: middle(times), idle_mib, binary_mib })
}

async fn first_answer(site: &Site, ready: &str, token: &str) -> anyhow::Result<f64> {
    let file = site.path(ready);
    let mut command = site.command(&["up", "--config", "crossgate.toml", "--ready-file", ready]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let _child = Killed(command.spawn()?);
    let mut look = tokio::time::interval(LOOK_EVERY);
    let ready: Value = loop {
        look.tick().await;
        ensure!(start.elapsed() < START_MAX, "the program did not start");
        if let Some(ready) = std::fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            break ready;
        }
    };
    let listeners = ready["listeners"].as_array().context("listeners")?;
    let tls = listeners.iter().find(|listener| listener["name"] == "tls").context("a listener `tls`")?;
    let base = format!("https://{}", tls["address"].as_str().context("an address")?);
    let answer = site.visitor(&base).with_token(token).get(PATH).await;
    ensure!(answer.status == 200, "{answer:?}");
    Ok(start.elapsed().as_secs_f64() * 1000.0)
}
