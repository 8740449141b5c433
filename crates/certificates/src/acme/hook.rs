//! The program that puts a record into the DNS and takes it out again.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::Hook;

/// How often it is asked whether the program has ended.
const GLANCE: Duration = Duration::from_millis(50);

/// A record in the DNS for a challenge.
pub(super) struct Record {
    pub(super) domain: String,
    pub(super) value: String,
}

impl Record {
    /// Puts it there.
    pub(super) async fn present(&self, hook: &Hook) -> Result<(), String> {
        run(hook, "present", self).await?;
        tokio::time::sleep(Duration::from_secs(hook.settle_s)).await;
        Ok(())
    }

    /// Takes it away. What fails is only told: the certificate does not depend on it.
    pub(super) async fn cleanup(&self, hook: &Hook) {
        if let Err(error) = run(hook, "cleanup", self).await {
            tracing::warn!(domain = %self.domain, "the DNS record was not taken away: {error}");
        }
    }
}

async fn run(hook: &Hook, action: &str, record: &Record) -> Result<(), String> {
    let (program, arguments) = hook.command.split_first().ok_or("acme.hook.command is empty")?;
    let kept = ["PATH", "HOME"].into_iter().chain(hook.environment.iter().map(String::as_str));
    let kept: Vec<_> = kept.filter_map(|name| Some((name, std::env::var_os(name)?))).collect();
    let mut child = Command::new(program)
        .args(arguments)
        .arg(action)
        // Our environment may hold secrets that are nothing to this program.
        .env_clear()
        .envs(kept)
        .env("CROSSGATE_ACME_ACTION", action)
        .env("CROSSGATE_ACME_DOMAIN", &record.domain)
        .env("CROSSGATE_ACME_RECORD", format!("_acme-challenge.{}", record.domain))
        .env("CROSSGATE_ACME_VALUE", &record.value)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map(Killed)
        .map_err(|error| format!("the hook {program} cannot be started: {error}"))?;
    let ended = async {
        loop {
            if let Some(status) = child.0.try_wait()? {
                return Ok::<_, std::io::Error>(status);
            }
            tokio::time::sleep(GLANCE).await;
        }
    };
    match tokio::time::timeout(Duration::from_secs(hook.timeout_s), ended).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("the hook {program} {action} failed: {status}")),
        Ok(Err(error)) => Err(format!("the hook {program} is lost: {error}")),
        Err(_) => Err(format!("the hook {program} {action} took longer than {} s and was killed", hook.timeout_s)),
    }
}

/// A process that does not outlive whoever waits for it.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // One that has ended is past killing, and waiting for it again costs nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(script: &str, timeout_s: u64) -> Hook {
        let command = ["sh", "-c", script, "hook"].map(str::to_owned).to_vec();
        Hook { command, environment: Vec::new(), timeout_s, settle_s: 0 }
    }

    #[tokio::test]
    async fn it_is_told_the_record_and_nothing_of_our_environment() {
        let folder = tempfile::tempdir().unwrap();
        let seen = folder.path().join("seen");
        let record = Record { domain: "example.org".into(), value: "abc".into() };
        let script = format!(
            "echo \"$1 $CROSSGATE_ACME_ACTION $CROSSGATE_ACME_RECORD $CROSSGATE_ACME_VALUE ${{CARGO_PKG_NAME-none}}\" >> {}",
            seen.display()
        );
        record.present(&hook(&script, 30)).await.unwrap();
        record.cleanup(&hook(&script, 30)).await;
        let seen = std::fs::read_to_string(seen).unwrap();
        let line = |action| format!("{action} {action} _acme-challenge.example.org abc none\n");
        assert_eq!(seen, line("present") + &line("cleanup"));
    }

    #[tokio::test]
    async fn one_that_fails_or_hangs_or_is_not_there_is_a_failure() {
        let record = Record { domain: "example.org".into(), value: "abc".into() };
        let failed = record.present(&hook("exit 3", 30)).await.unwrap_err();
        assert!(failed.contains("failed"), "{failed}");
        let hung = record.present(&hook("exec cat /dev/zero", 1)).await.unwrap_err();
        assert!(hung.contains("killed"), "{hung}");
        let gone = Hook { command: vec!["/no/such/program".into()], ..hook("", 1) };
        assert!(record.present(&gone).await.unwrap_err().contains("cannot be started"));
    }
}
