//! What the kernel knows of a process.

use std::process::{Child, Command};

use anyhow::{Context as _, ensure};

/// CPU time that a process has used so far, in microseconds: its own and the kernel's in its name, all threads.
pub(crate) fn cpu_us(pid: u32) -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may hold anything; what follows is numbers (proc(5)).
    let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat has another shape")?;
    let field = |at: usize| -> anyhow::Result<u64> {
        Ok(fields.split_whitespace().nth(at).context("too few fields")?.parse()?)
    };
    // Fields 14 and 15 of the line; the first after the name is field 3.
    Ok((field(11)? + field(12)?) * 1_000_000 / ticks_per_second()?)
}

/// CPU time of a process and its descendants, in microseconds.
pub(crate) fn cpu_us_of_all(pid: u32) -> anyhow::Result<u64> {
    family(pid).into_iter().map(cpu_us).sum()
}

/// Memory that a process and its descendants hold now, in KiB.
pub(crate) fn resident_kib_of_all(pid: u32) -> anyhow::Result<i64> {
    family(pid).into_iter().map(|pid| anyhow::Ok(i64::try_from(resident_kib(pid)?)?)).sum()
}

/// A process and its descendants.
pub(crate) fn family(pid: u32) -> Vec<u32> {
    let mut all = vec![pid];
    let mut at = 0;
    while let Some(pid) = all.get(at) {
        // Any thread may have started a child.
        for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let children = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            all.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
        at += 1;
    }
    all
}

fn ticks_per_second() -> anyhow::Result<u64> {
    let output = Command::new("getconf").arg("CLK_TCK").output().context("getconf")?;
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// Memory that a process holds now, in KiB.
pub(crate) fn resident_kib(pid: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/PID/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

/// A child that is killed when nobody needs it any more.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a child printed, when it succeeded.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// This program in another part.
pub(crate) fn itself(part: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(part);
    Ok(command)
}
