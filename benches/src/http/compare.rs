//! One call against one bare handler.

use std::process::Stdio;

use anyhow::{Context as _, ensure};
use crossgate_tests::{Site, until};
use serde::Serialize;

use super::load::Done;
use crate::middle;
use crate::process::{Killed, cpu_us, itself, output};

/// What is asked for.
pub(crate) const PATH: &str = "/api/v1/loan/1/2020-10-31";

/// Seconds that each side is warmed up before anything counts.
const WARM_UP_SECONDS: u64 = 2;

/// Loans, and entries of each, in the ledger that answers.
const LOANS: usize = 100;
const ENTRIES: usize = 100;

/// One side's figures of all rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Side {
    /// Microseconds of the server's CPU for each request: the middle round.
    pub(crate) cpu_us_per_request: f64,
    /// Requests a second: the middle round.
    pub(crate) requests_per_second: f64,
    /// Half of the answers came within this, in microseconds: the middle round.
    pub(crate) p50_us: f64,
    /// All but one in a hundred came within this, in microseconds: the middle round.
    pub(crate) p99_us: f64,
    /// Answers of all rounds.
    pub(crate) requests: u64,
}

/// Both sides, and how they compare.
#[derive(Debug, Serialize)]
pub(crate) struct Comparison {
    pub(crate) connections: usize,
    pub(crate) rounds: usize,
    pub(crate) crossgate: Side,
    pub(crate) bare: Side,
    /// Crossgate's CPU for each request over the bare handler's: the middle of the pairs of rounds.
    pub(crate) ratio: f64,
    /// The smallest and the largest ratio of a pair of rounds.
    pub(crate) ratio_range: [f64; 2],
}

/// One round of one side.
struct Round {
    done: Done,
    cpu_us: u64,
}

impl Round {
    fn cpu_us_per_request(&self) -> f64 {
        self.cpu_us as f64 / self.done.requests as f64
    }
}

/// A server, where it is and what it may be asked with.
struct Server<'a> {
    site: &'a Site,
    address: String,
    pid: u32,
    token: String,
    expect: String,
}

impl Server<'_> {
    fn round(&self, seconds: u64, connections: usize) -> anyhow::Result<Round> {
        let before = cpu_us(self.pid)?;
        let printed = output(
            itself("load")?
                .args(["--address", &self.address, "--path", PATH, "--expect", &self.expect])
                .args(["--connections", &connections.to_string(), "--seconds", &seconds.to_string()])
                .arg("--root")
                .arg(self.site.path("ca.pem"))
                .env("BENCH_TOKEN", &self.token),
        )?;
        let cpu_us = cpu_us(self.pid)? - before;
        Ok(Round { done: serde_json::from_str(&printed)?, cpu_us })
    }
}

/// A site whose ledger has something in it.
pub(crate) fn site() -> Site {
    let site = Site::standard();
    // As in production, where every request is checked against the contract and answers are not.
    site.reconfigure("validate_responses = true", "validate_responses = false");
    let (mut loans, mut events) = (String::new(), String::new());
    for loan in 1..=LOANS {
        loans.push_str(&format!("{loan},2019-12-17,5000.00\n"));
        for entry in 0..ENTRIES {
            let kind = ["payment", "interest", "fee"][entry % 3];
            events.push_str(&format!(
                "{loan},{kind},2020-{:02}-{:02},{}.50\n",
                1 + entry % 12,
                1 + entry % 28,
                10 + entry
            ));
        }
    }
    site.write("loans.csv", &loans);
    site.write("events.csv", &events);
    site.run(&["loans", "import", "--loans", "loans.csv", "--events", "events.csv", "--config", "crossgate.toml"])
        .success();
    site
}

/// Compares.
pub(crate) async fn run(rounds: usize, seconds: u64, connections: usize) -> anyhow::Result<Comparison> {
    ensure!(rounds > 0 && seconds > 0 && connections > 0, "rounds, seconds and connections are at least 1");
    let site = site();
    let program = site.start().await;
    let visitor = program.visitor("tls");
    let token = visitor.token(Site::LENDER.0, Site::LENDER.1).await;
    let answer = visitor.with_token(&token).get(PATH).await;
    ensure!(answer.status == 200, "{answer:?}");
    let expect = answer.text().to_owned();

    let ready = site.path("bare.ready");
    let mut bare = itself("bare")?;
    bare.arg("--chain").arg(site.path("server.pem")).arg("--key").arg(site.path("server.key"));
    bare.args(["--body", &expect, "--content-type", answer.header("content-type")]).arg("--ready-file").arg(&ready);
    let bare = Killed(bare.stdin(Stdio::null()).spawn().context("the bare server")?);
    let address = until("the bare server listens", async || {
        std::fs::read_to_string(&ready).ok().filter(|address| !address.is_empty())
    })
    .await;

    let ours = Server {
        site: &site,
        address: program.listener("tls").address.clone(),
        pid: program.pid(),
        token: token.clone(),
        expect: expect.clone(),
    };
    let theirs = Server { site: &site, address, pid: bare.0.id(), token, expect };
    let mut pairs = Vec::new();
    for server in [&ours, &theirs] {
        server.round(WARM_UP_SECONDS, connections)?;
    }
    for _ in 0..rounds {
        pairs.push((ours.round(seconds, connections)?, theirs.round(seconds, connections)?));
    }
    program.stop().await;
    Ok(comparison(&pairs, connections))
}

fn comparison(pairs: &[(Round, Round)], connections: usize) -> Comparison {
    let mut ratios: Vec<f64> =
        pairs.iter().map(|(ours, bare)| ours.cpu_us_per_request() / bare.cpu_us_per_request()).collect();
    ratios.sort_by(f64::total_cmp);
    let range = [ratios.first(), ratios.last()].map(|ratio| ratio.copied().unwrap_or(f64::NAN));
    Comparison {
        connections,
        rounds: pairs.len(),
        crossgate: side(pairs.iter().map(|(ours, _)| ours)),
        bare: side(pairs.iter().map(|(_, bare)| bare)),
        ratio: middle(ratios),
        ratio_range: range,
    }
}

fn side<'a>(rounds: impl Iterator<Item = &'a Round> + Clone) -> Side {
    let each = |figure: fn(&Round) -> f64| middle(rounds.clone().map(figure).collect());
    Side {
        cpu_us_per_request: each(Round::cpu_us_per_request),
        requests_per_second: each(|round| round.done.requests as f64 / round.done.seconds),
        p50_us: each(|round| round.done.p50_us as f64),
        p99_us: each(|round| round.done.p99_us as f64),
        requests: rounds.map(|round| round.done.requests).sum(),
    }
}
