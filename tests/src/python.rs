//! Other people's tools: Python packages in `target/venv`, and Chromium.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Where `scripts/setup test` puts the Python packages.
const VENV: &str = "target/venv";
/// Names that Chromium goes by.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The Python environment of the journeys.
pub struct Python(PathBuf);

impl Python {
    /// Finds the environment.
    ///
    /// # Panics
    /// When it has not been set up.
    pub fn find() -> Self {
        let venv = top().join(VENV);
        assert!(venv.join("bin/python").exists(), "{VENV} is not set up: run `scripts/setup test`, or `make test`");
        Self(venv)
    }

    /// A program of a package: `schemathesis`, or `python` itself.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.0.join("bin").join(program));
        command.stdin(Stdio::null()).env("NO_COLOR", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// Chromium's executable.
///
/// # Panics
/// When there is none.
pub fn chromium() -> PathBuf {
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    CHROMIUM
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.exists())
        .expect("Chromium is not installed: run `scripts/setup test`, or `make test`")
}

/// The top of the checkout.
fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests live one level below the top")
}
