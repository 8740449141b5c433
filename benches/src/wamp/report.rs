//! The figures, for people and for programs.

use std::fmt;

use serde::Serialize;

use super::load::Done;
use crate::middle;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(super) rounds: usize,
    pub(super) milliseconds: u64,
    /// What was not measured, and why.
    pub(super) notes: Vec<String>,
    pub(super) rows: Vec<Row>,
}

/// One thing that was measured, on each server.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    name: String,
    sides: Vec<Side>,
    /// The program's CPU time over that of the cheapest floor: the middle of the rounds, the least, the most.
    ratio: Option<[f64; 3]>,
    goals: Vec<Goal>,
    met: Option<bool>,
}

/// One server's middle rounds.
#[derive(Debug, Serialize)]
struct Side {
    server: &'static str,
    is_floor: bool,
    /// Microseconds of the server's CPU time for each operation.
    cpu_us: f64,
    per_second: f64,
    /// Memory for each session, in KiB.
    kib_each: Option<f64>,
}

/// What is asked of the program.
#[derive(Clone, Debug, Serialize)]
pub(super) enum Goal {
    /// CPU time over that of the floor, at the most.
    Ratio(f64),
    /// CPU time of one operation, at the most.
    CpuUs(f64),
    /// Operations a second, at the least.
    PerSecond(f64),
    /// Memory of a session, at the most.
    KibEach(f64),
}

impl Row {
    /// Each server with all of its rounds, the program first.
    pub(super) fn new(name: String, seen: &[(&'static str, bool, Vec<Done>)], goals: Vec<Goal>) -> Self {
        let sides: Vec<Side> = seen.iter().map(|(server, is_floor, rounds)| side(server, *is_floor, rounds)).collect();
        let ratio = ratio(seen);
        let mut row = Self { name, sides, ratio, goals, met: None };
        row.met = row.sides.first().filter(|_| !row.goals.is_empty()).map(|ours| {
            row.goals.iter().all(|goal| match goal {
                Goal::Ratio(most) => ratio.is_some_and(|[middle, ..]| middle <= *most),
                Goal::CpuUs(most) => ours.cpu_us <= *most,
                Goal::PerSecond(least) => ours.per_second >= *least,
                Goal::KibEach(most) => ours.kib_each.is_some_and(|kib| kib <= *most),
            })
        });
        row
    }
}

fn side(server: &'static str, is_floor: bool, rounds: &[Done]) -> Side {
    let each = |figure: fn(&Done) -> f64| middle(rounds.iter().map(figure).collect());
    let memory = each(|done| done.memory_kib as f64 / done.operations as f64);
    Side {
        server,
        is_floor,
        cpu_us: each(cpu_us),
        per_second: each(|done| if done.seconds > 0.0 { done.operations as f64 / done.seconds } else { 0.0 }),
        kib_each: (memory > 0.0).then_some(memory),
    }
}

fn cpu_us(done: &Done) -> f64 {
    done.cpu_us as f64 / done.operations as f64
}

/// Round by round against the floor that is cheapest in that round.
fn ratio(seen: &[(&'static str, bool, Vec<Done>)]) -> Option<[f64; 3]> {
    let (_, _, ours) = seen.first()?;
    let floors: Vec<&Vec<Done>> =
        seen.iter().filter(|(_, is_floor, _)| *is_floor).map(|(_, _, rounds)| rounds).collect();
    let of_round = |(round, ours): (usize, &Done)| {
        let floor = floors.iter().filter_map(|rounds| rounds.get(round)).map(cpu_us).min_by(f64::total_cmp)?;
        Some(cpu_us(ours) / floor)
    };
    let mut ratios: Vec<f64> = ours.iter().enumerate().filter_map(of_round).collect();
    ratios.sort_by(f64::total_cmp);
    Some([middle(ratios.clone()), *ratios.first()?, *ratios.last()?])
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<46}", self.name)?;
        for side in &self.sides {
            match side.kib_each {
                Some(kib) => write!(f, "  {} {kib:.1} KiB", side.server)?,
                None => write!(f, "  {} {:.2} µs {:.0}/s", side.server, side.cpu_us, side.per_second)?,
            }
        }
        if let Some([middle, least, most]) = self.ratio {
            write!(f, "  ratio {middle:.2} ({least:.2} to {most:.2})")?;
        }
        for goal in &self.goals {
            write!(f, "  goal: {goal}")?;
        }
        match self.met {
            Some(true) => write!(f, ", met"),
            Some(false) => write!(f, ", MISSED"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(most) => write!(f, "at most {most} times the floor"),
            Self::CpuUs(most) => write!(f, "at most {most} µs"),
            Self::PerSecond(least) => write!(f, "at least {least}/s"),
            Self::KibEach(most) => write!(f, "at most {most} KiB"),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rounds, milliseconds, .. } = self;
        writeln!(f, "WAMP: the server's CPU time for each operation, {rounds} rounds of {milliseconds} ms each\n")?;
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        for row in &self.rows {
            writeln!(f, "{row}")?;
        }
        Ok(())
    }
}
