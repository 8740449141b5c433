//! The policy while it changes.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::policy::Policy;

/// How often the file is looked at. It is read when it looks the same twice, so that nobody's half-written file counts.
pub(super) const INTERVAL: Duration = Duration::from_secs(1);

/// What tells one version of the file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self { modified: metadata.modified().ok(), bytes: metadata.len(), inode: metadata.ino() }
    }
}

/// The policy in force, and the file that it came from.
pub(super) struct Watched {
    file: PathBuf,
    current: ArcSwap<Policy>,
}

impl Watched {
    pub(super) fn new(file: PathBuf, policy: Policy) -> Self {
        Self { file, current: ArcSwap::from_pointee(policy) }
    }

    /// The policy in force.
    pub(super) fn current(&self) -> Arc<Policy> {
        self.current.load_full()
    }

    /// Reads the file. A faulty one changes nothing. Whether it did.
    pub(super) fn reload(&self) -> bool {
        match Policy::load(&self.file) {
            Ok(policy) => {
                tracing::info!("{} gives a new policy: {policy}", self.file.display());
                self.current.store(Arc::new(policy));
                true
            }
            Err(error) => {
                tracing::error!("the policy stays as it was: {error:#}");
                false
            }
        }
    }

    fn stamp(&self) -> Option<Stamp> {
        std::fs::metadata(&self.file).ok().map(|metadata| Stamp::of(&metadata))
    }

    /// Reads the file whenever it has changed, until told to stop.
    pub(super) fn watch(
        self: Arc<Self>,
        interval: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> std::io::Result<impl Future<Output = ()> + Send + 'static> {
        let mut hangup = signal(SignalKind::hangup())?;
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut read, mut seen) = (self.stamp(), self.stamp());
        Ok(async move {
            loop {
                let now = tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    _ = hangup.recv() => {
                        let now = self.stamp();
                        self.reload();
                        now
                    }
                    _ = ticks.tick() => {
                        let now = self.stamp();
                        if now == read || now != seen {
                            seen = now;
                            continue;
                        }
                        self.reload();
                        now
                    }
                };
                (read, seen) = (now, now);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_identity::{Action, Match};

    const POLICY: &str = "[[principals]]\nsan_dns = \"a.example\"\nauthid = \"a\"\nrole = \"server\"\n[roles.server]\n";

    #[test]
    fn a_faulty_file_changes_nothing_and_a_good_one_everything() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        std::fs::write(&file, POLICY).unwrap();
        let watched = Watched::new(file.clone(), Policy::load(&file).unwrap());
        let may = || watched.current().judge("server", Action::Call, "a.b", Match::Exact).allow;
        assert!(!may());
        std::fs::write(&file, format!("{POLICY}allow = [{{ uri = \"a.b\" }}]\n")).unwrap();
        assert!(watched.reload() && may());
        for faulty in ["", "[[principals]]", "nonsense", &format!("{POLICY}alow = []")] {
            std::fs::write(&file, faulty).unwrap();
            assert!(!watched.reload() && may(), "{faulty}");
        }
        std::fs::remove_file(&file).unwrap();
        assert!(!watched.reload() && may());
    }

    #[tokio::test]
    async fn a_change_is_noticed_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy.toml");
        std::fs::write(&file, POLICY).unwrap();
        let watched = Arc::new(Watched::new(file.clone(), Policy::load(&file).unwrap()));
        let (stopping, stop) = watch::channel(false);
        let often = Duration::from_millis(2);
        let task = tokio::spawn(Arc::clone(&watched).watch(often, stop).unwrap());
        std::fs::write(&file, format!("{POLICY}allow = [{{ uri = \"a.b\" }}]\n")).unwrap();
        let mut looks = tokio::time::interval(often);
        let noticed = async {
            while !watched.current().judge("server", Action::Call, "a.b", Match::Exact).allow {
                looks.tick().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), noticed).await.unwrap();
        stopping.send(true).unwrap();
        task.await.unwrap();
    }
}
