//! The load: clients of one kind in a process of their own, on one thread. What they send is encoded before; what they
//! get is looked at no further than it takes to know that it is right.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::connection::{Connection, Place};
use super::wire::kind;
use crate::process;

/// How long everything runs before it counts.
const WARM_UP: Duration = Duration::from_millis(300);
/// Connections that are opened at the same time.
const OPENING: usize = 32;
/// How long idle sessions are left alone before the memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// What to do, to whom.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Whose CPU time and memory counts: this process and its descendants.
    #[arg(long)]
    pid: u32,
    #[arg(long, default_value_t = 0)]
    milliseconds: u64,
    #[command(subcommand)]
    work: Work,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Work {
    /// Each caller has so many calls under way, all to one callee.
    Calls {
        callers: usize,
        depth: usize,
        /// Clients write what they have to say together, instead of each message by itself as the known ones do.
        #[arg(long)]
        together: bool,
    },
    /// So many events under way to so many subscribers.
    Events { subscribers: usize, depth: usize },
    /// Join, leave, and join again.
    Joins,
    /// So many sessions that say nothing.
    Idle { sessions: usize },
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Done {
    /// Answers, deliveries, joins or sessions.
    pub(crate) operations: u64,
    pub(crate) seconds: f64,
    /// CPU time of the server meanwhile, in microseconds.
    pub(crate) cpu_us: u64,
    /// Memory that the server holds more than before, in KiB.
    pub(crate) memory_kib: i64,
}

/// What has been counted so far.
type Count = Rc<Cell<u64>>;
type Tasks = JoinSet<anyhow::Result<()>>;

/// Works, and prints [`Done`] as JSON.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = tokio::task::LocalSet::new().block_on(&runtime, work(arguments))?;
    println!("{}", serde_json::to_string(&done)?);
    Ok(())
}

async fn work(arguments: &Arguments) -> anyhow::Result<Done> {
    let Arguments { place, pid, work, .. } = arguments;
    let before = process::resident_kib_of_all(*pid)?;
    let (count, mut tasks) = (Count::default(), Tasks::new());
    match *work {
        Work::Calls { callers, depth, together } => {
            let mut callee = Connection::join(place, 0).await?;
            callee.register().await?;
            tasks.spawn_local(answer(callee, place.clone(), together));
            for number in 0..callers {
                let caller = Connection::join(place, number).await?;
                tasks.spawn_local(call(caller, place.clone(), (depth, together), Rc::clone(&count)));
            }
        }
        Work::Events { subscribers, depth } => {
            let publisher = Connection::join(place, 0).await?;
            let all = open(place, subscribers, true).await?;
            let arrived = Rc::new(Notify::new());
            for subscriber in all {
                let target = (depth * subscribers) as u64;
                tasks.spawn_local(listen(subscriber, Rc::clone(&count), target, Rc::clone(&arrived)));
            }
            tasks.spawn_local(publish(publisher, place.clone(), depth, arrived));
        }
        Work::Joins => {
            for number in 0..OPENING {
                tasks.spawn_local(join(place.clone(), number, Rc::clone(&count)));
            }
        }
        Work::Idle { sessions } => {
            let all = open(place, sessions, false).await?;
            for mut session in all {
                tasks.spawn_local(async move { session.idle().await });
            }
            alive(&mut tasks, SETTLE).await?;
            let memory_kib = process::resident_kib_of_all(*pid)? - before;
            return Ok(Done { operations: sessions as u64, memory_kib, ..Done::default() });
        }
    }
    alive(&mut tasks, WARM_UP).await?;
    let (start, first, cpu) = (Instant::now(), count.get(), process::cpu_us_of_all(*pid)?);
    alive(&mut tasks, Duration::from_millis(arguments.milliseconds)).await?;
    let (operations, cpu_us) = (count.get() - first, process::cpu_us_of_all(*pid)? - cpu);
    ensure!(operations > 0, "nothing happened");
    Ok(Done { operations, seconds: start.elapsed().as_secs_f64(), cpu_us, memory_kib: 0 })
}

/// Lets the tasks run; the first one that ends was not meant to.
async fn alive(tasks: &mut Tasks, time: Duration) -> anyhow::Result<()> {
    tokio::select! {
        () = sleep(time) => Ok(()),
        Some(ended) = tasks.join_next() => ended?.and_then(|()| anyhow::bail!("a client ended")),
    }
}

/// Opens many connections.
async fn open(place: &Place, connections: usize, subscribes: bool) -> anyhow::Result<Vec<Connection>> {
    let (mut opening, mut open) = (JoinSet::new(), Vec::new());
    let mut numbers = 0..connections;
    loop {
        while opening.len() < OPENING
            && let Some(number) = numbers.next()
        {
            let place = place.clone();
            opening.spawn_local(async move {
                let mut connection = Connection::join(&place, number).await?;
                if subscribes {
                    connection.subscribe().await?;
                }
                anyhow::Ok(connection)
            });
        }
        match opening.join_next().await {
            Some(connection) => open.push(connection?.with_context(|| format!("connection {}", open.len()))?),
            None => return Ok(open),
        }
    }
}

async fn call(
    mut connection: Connection,
    place: Place,
    (depth, together): (usize, bool),
    count: Count,
) -> anyhow::Result<()> {
    let template = place.dialect.call();
    let mut ids = 1..;
    for id in ids.by_ref().take(depth) {
        connection.put(&template, id);
    }
    loop {
        connection.flush().await?;
        connection.read().await?;
        while let Some((_, message)) = connection.next(kind::RESULT)? {
            ensure!(connection.carries(message), "an answer without its argument");
            count.set(count.get() + 1);
            connection.put(&template, ids.next().unwrap_or_default());
            if !together {
                connection.flush().await?;
            }
        }
    }
}

async fn answer(mut connection: Connection, place: Place, together: bool) -> anyhow::Result<()> {
    let template = place.dialect.answer();
    loop {
        connection.read().await?;
        while let Some((id, message)) = connection.next(kind::INVOCATION)? {
            ensure!(connection.carries(message), "an invocation without its argument");
            connection.put(&template, id);
            if !together {
                connection.flush().await?;
            }
        }
        connection.flush().await?;
    }
}

/// Counts events; tells when as many came as are published together.
async fn listen(mut connection: Connection, count: Count, target: u64, arrived: Rc<Notify>) -> anyhow::Result<()> {
    loop {
        connection.read().await?;
        while let Some((_, message)) = connection.next(kind::EVENT)? {
            ensure!(connection.carries(message), "an event without its argument");
            count.set(count.get() + 1);
            if count.get().is_multiple_of(target) {
                arrived.notify_one();
            }
        }
    }
}

async fn publish(mut connection: Connection, place: Place, depth: usize, arrived: Rc<Notify>) -> anyhow::Result<()> {
    let template = place.dialect.publish();
    let mut ids = 1..;
    loop {
        for id in ids.by_ref().take(depth) {
            connection.put(&template, id);
        }
        connection.flush().await?;
        arrived.notified().await;
    }
}

async fn join(place: Place, mut number: usize, count: Count) -> anyhow::Result<()> {
    loop {
        drop(Connection::join(&place, number).await?);
        count.set(count.get() + 1);
        number += OPENING;
    }
}
