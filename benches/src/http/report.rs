//! The figures, for people and for programs.

use std::fmt;

use serde::Serialize;

use super::compare::{Comparison, PATH};
use super::startup::Startup;

/// The goals: crossgate's CPU over the bare handler's, the first answer, the idle memory.
const RATIO_MAX: f64 = 1.7;
const FIRST_ANSWER_MS_MAX: f64 = 100.0;
const IDLE_MIB_MAX: f64 = 30.0;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) comparison: Comparison,
    pub(crate) startup: Startup,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { comparison: Comparison { crossgate, bare, .. }, startup } = self;
        let Comparison { connections, rounds, ratio, ratio_range: [least, most], .. } = &self.comparison;
        writeln!(f, "GET {} over HTTPS, {connections} connections, {rounds} rounds each\n", PATH)?;
        writeln!(f, "{:<22}{:>12}{:>12}", "", "crossgate", "bare")?;
        for (name, ours, theirs) in [
            ("CPU per request, µs", crossgate.cpu_us_per_request, bare.cpu_us_per_request),
            ("requests per second", crossgate.requests_per_second, bare.requests_per_second),
            ("median answer, µs", crossgate.p50_us, bare.p50_us),
            ("99 % of answers, µs", crossgate.p99_us, bare.p99_us),
        ] {
            writeln!(f, "{name:<22}{ours:>12.1}{theirs:>12.1}")?;
        }
        writeln!(f)?;
        let ratios = format!("(rounds: {least:.2} to {most:.2})");
        goal(f, "CPU ratio", *ratio, RATIO_MAX, &ratios)?;
        goal(f, "first answer, ms", startup.first_answer_ms, FIRST_ANSWER_MS_MAX, "")?;
        goal(f, "idle memory, MiB", startup.idle_mib, IDLE_MIB_MAX, "")?;
        writeln!(f, "{:<22}{:>12.1}", "program file, MiB", startup.binary_mib)
    }
}

fn goal(f: &mut fmt::Formatter<'_>, name: &str, value: f64, most: f64, more: &str) -> fmt::Result {
    let verdict = if value <= most { "met" } else { "MISSED" };
    writeln!(f, "{name:<22}{value:>12.2}   goal: at most {most}, {verdict} {more}")
}
