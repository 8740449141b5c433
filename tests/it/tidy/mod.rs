//! Keeps the shape of the project: who may depend on whom, what may be depended on, how sources and
//! documents look. Each failure says what to do about it.
//!
//! The lists in here are the architecture written down. Lists of exceptions may only shrink.

mod dependencies;
mod documents;
mod edges;
mod sources;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The top of the checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests live one level below the top")
}

/// Runs cargo at the top of the checkout, without the network, and gives what it printed.
fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo is there: it runs this test");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo prints UTF-8")
}

/// A text file of the project.
struct Document {
    /// Relative to the top, with `/`.
    path: String,
    text: String,
}

/// Folders that hold no text of ours.
const FOREIGN: [&str; 5] = ["target", ".git", "crossgate-data", "node_modules", "__pycache__"];

/// Every text file below `folder` whose name ends with one of `endings` ("" takes all), by path.
fn documents(folder: &str, endings: &[&str]) -> Vec<Document> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the project can be read") {
            let path = entry.expect("an entry can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() {
                if !FOREIGN.contains(&name) {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                // What is not UTF-8 is an image, and has no lines to look at.
                if let Ok(text) = std::fs::read_to_string(&path) {
                    found.push(Document { path: relative(&path), text });
                }
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn relative(path: &Path) -> String {
    let path: PathBuf = path.strip_prefix(root()).expect("below the top").components().collect();
    path.to_str().expect("our paths are UTF-8").to_owned()
}

/// Fails with every finding at once, and the way out.
fn check(findings: &[String], mend: &str) {
    assert!(findings.is_empty(), "\n{}\n\nTo mend it: {mend}\n", findings.join("\n"));
}
