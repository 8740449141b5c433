//! Callees that are killed while they are busy: every call gets exactly one answer.

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::{doors, python, site};

/// A script that goes on while the test does other things. Killed at the end, if it has not ended.
pub(super) struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(super) fn start(script: &str, plan: &std::path::Path) -> Self {
        let mut child = python(script).arg(plan).stdout(Stdio::piped()).spawn().expect("python starts");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        Self { child, lines }
    }

    /// Starts a script, and waits until it says that it is ready.
    pub(super) fn ready(script: &str, plan: &std::path::Path) -> Self {
        let mut running = Self::start(script, plan);
        assert_eq!(running.next(), Some(json!("ready")), "{script}");
        running
    }

    /// The next line that it prints; none when it has ended.
    pub(super) fn next(&mut self) -> Option<Value> {
        let line = self.lines.next()?.expect("a line of text");
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
    }

    /// Ends it as a power cut does: with SIGKILL. Gives what it had printed.
    pub(super) fn kill(mut self) -> Vec<Value> {
        self.end();
        std::iter::from_fn(|| self.next()).collect()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

#[tokio::test]
async fn callees_are_killed_under_load_and_every_call_gets_exactly_one_answer() {
    let site = site();
    let program = site.start().await;
    let joe = json!({"authid": "joe", "ticket": "joe-has-a-ticket"});
    site.write("plan.json", &json!({"site": site.folder(), "doors": doors(&program), "joe": joe}).to_string());
    let plan = site.path("plan.json");
    let (mut first, mut second) = (Running::ready("callee.py", &plan), Running::ready("callee.py", &plan));
    let mut callers = Running::start("callers.py", &plan);
    let (mut kills, mut tally) = (0, Value::Null);
    while let Some(line) = callers.next() {
        if line.get("answered").is_some() {
            // One at a time, so that there is always somebody to ask.
            first.kill();
            kills += 1;
            (first, second) = (second, Running::ready("callee.py", &plan));
        } else {
            tally = line;
        }
    }
    let outcomes = tally["outcomes"].as_object().expect("a tally");
    let count = |outcome: &str| outcomes.get(outcome).and_then(Value::as_u64).unwrap_or(0);
    assert_eq!(count("right") + count("wamp.error.canceled"), 6_000, "{tally}");
    assert_eq!((tally["calls"].as_u64(), tally["alive"].as_u64()), (Some(6_000), Some(4)), "{tally}");
    // Four callers have sixteen calls each on their way; a callee that is killed takes about half of them along.
    let lost = count("wamp.error.canceled");
    assert!(kills >= 5 && lost >= 1 && lost <= kills * 64, "{kills} killed, {tally}");
    drop((first, second));
    program.stop().await;
}
