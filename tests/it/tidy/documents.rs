//! Documents: reachable from the README, with links that lead somewhere.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{Document, check, documents, root};

/// Where a reader begins.
const START: &str = "README.md";

/// What a newcomer looks for at the top.
const TOP: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "STYLE.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "LICENSE",
    "Makefile",
    "deny.toml",
    "clippy.toml",
    "rust-toolchain.toml",
    ".ci/run",
];

/// Lines that the two documents which everybody reads may have.
const LENGTHS: &[(&str, usize)] = &[("ARCHITECTURE.md", 250), ("STYLE.md", 120)];

/// The targets of a document's relative links, from the top of the checkout, without their fragments.
fn links(document: &Document) -> Vec<String> {
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let mut code = false;
    for line in document.text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split(['#', ' ']).next().unwrap_or_default();
            if !target.is_empty()
                && !target.contains("://")
                && !target.starts_with("mailto:")
                && !target.starts_with('/')
            {
                found.push(normal(&folder.join(target)));
            }
        }
    }
    found
}

fn normal(path: &Path) -> String {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal.to_str().expect("UTF-8").to_owned()
}

#[test]
fn every_link_leads_somewhere() {
    let mut findings = Vec::new();
    for document in documents("", &[".md"]) {
        for target in links(&document).iter().filter(|target| !root().join(target).exists()) {
            findings.push(format!("{} links to {target}", document.path));
        }
    }
    check(&findings, "mend the link, or write what it promises.");
}

#[test]
fn every_document_can_be_reached_from_the_readme() {
    let all = documents("", &[".md"]);
    let mut reached = BTreeSet::from([START.to_owned()]);
    let mut next = vec![START.to_owned()];
    while let Some(path) = next.pop() {
        let Some(document) = all.iter().find(|document| document.path == path) else { continue };
        for target in links(document) {
            // A link to a folder of decisions reaches what is in it.
            let inside =
                all.iter().filter(|other| Path::new(&other.path).starts_with(&target)).map(|other| other.path.clone());
            for path in inside.collect::<Vec<_>>() {
                if reached.insert(path.clone()) {
                    next.push(path);
                }
            }
        }
    }
    let findings: Vec<String> = all
        .iter()
        .filter(|document| document.path.starts_with("docs/") && !reached.contains(&document.path))
        .map(|document| format!("{} is linked from nowhere", document.path))
        .collect();
    check(&findings, "link it where its reader comes past, from README.md on.");
}

#[test]
fn what_a_newcomer_looks_for_is_at_the_top() {
    let findings: Vec<String> =
        TOP.iter().filter(|name| !root().join(name).exists()).map(|name| format!("{name} is missing")).collect();
    check(&findings, "write it.");
}

#[test]
fn what_everybody_reads_stays_short() {
    let mut findings = Vec::new();
    for (name, most) in LENGTHS {
        let lines = std::fs::read_to_string(root().join(name)).unwrap_or_default().lines().count();
        if lines > *most {
            findings.push(format!("{name} has {lines} lines; {most} are what a reader gives it"));
        }
    }
    check(&findings, "say less, or say it in docs/ and link it.");
}

#[test]
fn the_changelog_has_a_place_for_what_is_not_released_yet() {
    let text = std::fs::read_to_string(root().join("CHANGELOG.md")).unwrap_or_default();
    let unreleased = text.split("\n## ").nth(1).is_some_and(|section| section.starts_with("Unreleased"));
    let findings =
        if unreleased { vec![] } else { vec!["CHANGELOG.md does not begin with `## Unreleased`".to_owned()] };
    check(&findings, "add the heading, with Breaking, Added and Fixed below it as they come.");
}

#[test]
fn the_readme_shows_the_two_commands() {
    let text = std::fs::read_to_string(root().join(START)).unwrap_or_default();
    let findings: Vec<String> = ["make up", "make test"]
        .iter()
        .filter(|command| !text.contains(**command))
        .map(|command| format!("README.md does not show `{command}`"))
        .collect();
    check(&findings, "show it on the first screen.");
}
