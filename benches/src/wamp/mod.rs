//! WAMP: what a call, an event, a join and a silent session cost the router, beside another router and beside floors that do
//! nothing but move the same bytes.

mod connection;
mod floor;
mod load;
mod report;
mod servers;
mod wire;

use std::path::Path;

use anyhow::ensure;

pub(crate) use self::floor::{Arguments as FloorArguments, run as floor};
pub(crate) use self::load::{Arguments as LoadArguments, run as load};
pub(crate) use self::report::Figures;
use self::report::{Goal, Row};
use self::servers::Server;
use self::wire::Dialect;

/// Silent sessions that are opened, where a process may have as many files.
const SESSIONS: usize = 20_000;
/// Files that a process has open besides.
const FILES_BESIDES: usize = 200;
/// Silent sessions of Crossbar, which takes half a minute for as many as we open.
const SESSIONS_OF_CROSSBAR: usize = 2000;

/// How long and how often.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Plan {
    /// Milliseconds of each round of WAMP.
    #[arg(long, default_value_t = 1000)]
    milliseconds: u64,
    /// Measure only what has this in its name.
    #[arg(long, default_value = "")]
    only: String,
    /// The other router's program; without it there is none in the table.
    #[arg(long, env = "BENCH_CROSSBAR")]
    crossbar: Option<std::path::PathBuf>,
}

/// What is measured, and against what.
struct Scenario {
    name: String,
    dialect: Dialect,
    work: Vec<String>,
    floors: &'static [&'static str],
    cores: Option<usize>,
    goals: Vec<Goal>,
}

/// Measures everything, `rounds` times in turn.
pub(crate) async fn run(plan: &Plan, rounds: usize) -> anyhow::Result<Figures> {
    ensure!(rounds > 0 && plan.milliseconds > 0, "rounds and milliseconds are at least 1");
    let mut servers = vec![Server::crossgate().await?];
    let mut notes = Vec::new();
    match other(plan).await {
        Ok(crossbar) => servers.push(crossbar),
        Err(why) => notes.push(format!("crossbar is left out: {why:#}")),
    }
    servers.push(Server::floor("relay", &[]).await?);
    servers.push(Server::floor("relay on one thread", &["--single"]).await?);
    servers.push(Server::floor("loop", &["--spread", "--single"]).await?);
    let mut rows = Vec::new();
    for scenario in scenarios().into_iter().filter(|scenario| scenario.name.contains(&plan.only)) {
        rows.push(measure(&scenario, &servers, rounds, plan.milliseconds)?);
        eprintln!("{}", rows.last().map(ToString::to_string).unwrap_or_default());
    }
    drop(servers);
    for (name, dialect) in DIALECTS {
        let name = format!("idle session {name}");
        if name.contains(&plan.only) {
            rows.push(idle(plan, name, dialect).await?);
            eprintln!("{}", rows.last().map(ToString::to_string).unwrap_or_default());
        }
    }
    Ok(Figures { rounds, milliseconds: plan.milliseconds, notes, rows })
}

async fn other(plan: &Plan) -> anyhow::Result<Server> {
    let Some(executable) = &plan.crossbar else { anyhow::bail!("it is not installed") };
    Server::crossbar(executable).await
}

const DIALECTS: [(&str, Dialect); 3] = [
    ("WebSocket-JSON", Dialect::WebsocketJson),
    ("WebSocket-CBOR", Dialect::WebsocketCbor),
    ("RawSocket-MessagePack", Dialect::RawsocketMsgpack),
];

fn scenarios() -> Vec<Scenario> {
    let words = |words: &str| words.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let relays: &[&str] = &["relay", "relay on one thread"];
    let mut all = Vec::new();
    for (name, dialect) in DIALECTS {
        for (callers, depth) in [(1, 1), (4, 8), (4, 32)] {
            let most = if depth == 1 { 1.3 } else { 1.5 };
            all.push(Scenario {
                name: format!("call {name} {callers}×{depth}"),
                dialect,
                work: words(&format!("calls {callers} {depth}")),
                floors: relays,
                cores: None,
                goals: vec![Goal::Ratio(most)],
            });
        }
    }
    // What is left when the clients, too, write many messages at once: what routing costs without the system's calls.
    all.push(Scenario {
        name: "call WebSocket-JSON 4×32, clients write together".to_owned(),
        dialect: Dialect::WebsocketJson,
        work: words("calls 4 32 --together"),
        floors: relays,
        cores: None,
        goals: Vec::new(),
    });
    for subscribers in [1, 100, 1000] {
        for depth in [1, 8] {
            let goal = if depth == 1 { Goal::Ratio(1.3) } else { Goal::CpuUs(1.5) };
            all.push(Scenario {
                name: format!("event WebSocket-JSON to {subscribers}, {depth} at once"),
                dialect: Dialect::WebsocketJson,
                work: words(&format!("events {subscribers} {depth}")),
                floors: &["loop"],
                cores: None,
                // One subscriber's event bears all of the publication.
                goals: if subscribers == 1 { Vec::new() } else { vec![goal] },
            });
        }
    }
    for cores in [1, 2] {
        all.push(Scenario {
            name: format!("realm on {cores} of the cores, WebSocket-JSON 4×32"),
            dialect: Dialect::WebsocketJson,
            work: words("calls 4 32"),
            floors: relays,
            cores: Some(cores),
            goals: Vec::new(),
        });
    }
    for (name, dialect) in DIALECTS {
        all.push(Scenario {
            name: format!("join {name}"),
            dialect,
            work: words("joins"),
            floors: &[],
            cores: None,
            goals: vec![Goal::PerSecond(10_000.0)],
        });
    }
    all
}

fn measure(scenario: &Scenario, servers: &[Server], rounds: usize, milliseconds: u64) -> anyhow::Result<Row> {
    let part: Vec<&Server> =
        servers.iter().filter(|server| !server.is_floor() || scenario.floors.contains(&server.name)).collect();
    let mut seen: Vec<_> = part.iter().map(|server| (server.name, server.is_floor(), Vec::new())).collect();
    let all = std::thread::available_parallelism()?.get();
    for server in &part {
        server.pin(scenario.cores.unwrap_or(all))?;
    }
    for _ in 0..rounds {
        for (server, (_, _, seen)) in part.iter().zip(&mut seen) {
            seen.push(server.measure(scenario.dialect, &scenario.work, milliseconds)?);
        }
    }
    for server in &part {
        server.pin(all)?;
    }
    Ok(Row::new(scenario.name.clone(), &seen, scenario.goals.clone()))
}

/// Silent sessions, in a process that has done nothing else.
async fn idle(plan: &Plan, name: String, dialect: Dialect) -> anyhow::Result<Row> {
    let limit = files_max()?.saturating_sub(FILES_BESIDES).min(SESSIONS);
    let mut seen = Vec::new();
    {
        let ours = Server::crossgate().await?;
        seen.push((ours.name, false, vec![ours.measure(dialect, &["idle".into(), limit.to_string()], 0)?]));
    }
    if let Ok(crossbar) = other(plan).await {
        let sessions = SESSIONS_OF_CROSSBAR.min(limit).to_string();
        seen.push((crossbar.name, false, vec![crossbar.measure(dialect, &["idle".into(), sessions], 0)?]));
    }
    Ok(Row::new(format!("{name} ({limit} of them)"), &seen, vec![Goal::KibEach(8.0)]))
}

/// How many files a process may have open.
fn files_max() -> anyhow::Result<usize> {
    let limits = std::fs::read_to_string(Path::new("/proc/self/limits"))?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()).unwrap_or_default();
    Ok(soft.parse().unwrap_or(SESSIONS))
}
