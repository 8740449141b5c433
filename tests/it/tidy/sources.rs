//! How sources look: sizes, what test code may not do, who may make a caller.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Document, check, documents, root};

/// Lines a file may have, and lines a function may have. Aim for far less: STYLE.md.
const FILE_LINES_MAX: usize = 800;
const FUNCTION_LINES_MAX: usize = 100;

/// Files and functions that were longer when the rule came, with the length they may not exceed. May only shrink.
const LONG: &[(&str, usize)] = &[];

/// Every Rust source of ours.
fn sources() -> Vec<Document> {
    let sources: Vec<Document> =
        ["crates", "services", "tests", "benches"].iter().flat_map(|folder| documents(folder, &[".rs"])).collect();
    assert!(sources.len() > 10, "there are sources");
    sources
}

/// A line of a source and what kind of code it belongs to.
struct Line<'a> {
    number: usize,
    text: &'a str,
    test: bool,
}

/// A source's lines without comments, each marked when it is test code: in `tests/`, in a file or folder named
/// `tests`, or in an item under `#[cfg(test)]`. Relies on rustfmt: an item ends at its own indentation.
fn lines(source: &Document) -> Vec<Line<'_>> {
    let all_test = source.path.starts_with("tests/")
        || source.path.split('/').any(|part| part == "tests" || part == "tests.rs" || part == "testing.rs");
    let mut lines = Vec::new();
    // The line that ends the item under #[cfg(test)], once known.
    let (mut pending, mut end) = (false, None::<String>);
    for (number, text) in (1..).zip(source.text.lines()) {
        let test = all_test || pending || end.is_some();
        if end.as_deref() == Some(text) {
            end = None;
        } else if pending && !text.trim_start().starts_with('#') {
            pending = false;
            if text.ends_with('{') {
                end = Some(format!("{}}}", &text[..text.len() - text.trim_start().len()]));
            }
        } else if end.is_none() && text.trim_start().starts_with("#[cfg(test)]") {
            pending = true;
        }
        if !text.trim_start().starts_with("//") {
            lines.push(Line { number, text, test });
        }
    }
    lines
}

/// Where `wanted` finds something in the sources, as `path:line: text`.
fn places(wanted: impl Fn(&Document, &Line<'_>) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        // This folder spells out what it forbids.
        if source.path.starts_with("tests/it/tidy/") {
            continue;
        }
        for line in lines(&source).iter().filter(|line| wanted(&source, line)) {
            found.push(format!("{}:{}: {}", source.path, line.number, line.text.trim()));
        }
    }
    found
}

#[test]
fn code_under_cfg_test_is_told_from_product_code() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\nfn c() {}\n#[cfg(test)]\nmod d;\nfn e() {}\n// f\n";
    let document = Document { path: "crates/x/src/lib.rs".to_owned(), text: text.to_owned() };
    let test: Vec<usize> = lines(&document).iter().filter(|line| line.test).map(|line| line.number).collect();
    assert_eq!(test, [3, 4, 5, 6, 9]);
    let product: Vec<usize> = lines(&document).iter().filter(|line| !line.test).map(|line| line.number).collect();
    assert_eq!(product, [1, 2, 7, 8, 10]);
}

#[test]
fn only_identity_makes_a_caller() {
    let findings = places(|source, line| {
        let identity = source.path.starts_with("crates/identity/") || source.path == "crates/call/src/caller.rs";
        !identity && !line.test && line.text.contains("Caller::vouch")
    });
    check(&findings, "ask `Identity` for the caller; holding a `Caller` means that somebody checked.");
}

#[test]
fn the_router_names_no_service() {
    let services: Vec<String> = std::fs::read_dir(root().join("services"))
        .expect("services/ can be read")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    let findings = places(|source, line| {
        source.path.starts_with("crates/")
            && !source.path.starts_with("crates/crossgate/")
            && !line.test
            && services.iter().any(|service| names(line.text, service))
    });
    check(
        &findings,
        "crates/ decide whether, where and when; what is particular to a service belongs to its table or its contract.",
    );
}

/// Whether a line of code names a service: its crate, its table's rows (`loans.balance`), or its bare name as text.
fn names(line: &str, service: &str) -> bool {
    let procedure = line.split(&format!("{service}.")).skip(1).any(|rest| rest.starts_with(|c: char| c.is_lowercase()));
    let quoted = line.contains('"') && procedure;
    quoted || line.contains(&format!("crossgate_{service}")) || line.contains(&format!("\"{service}\""))
}

#[test]
fn nothing_is_left_for_later_or_switched_off() {
    let marks = ["todo!(", "unimplemented!(", "#[ignore", "dbg!("];
    let findings = places(|_, line| marks.iter().any(|mark| line.text.contains(mark)));
    check(&findings, "finish it or take it out; a test that cannot run here is worse than none.");
}

#[test]
fn no_test_sleeps() {
    let findings = places(|_, line| line.test && (line.text.contains("sleep(") || line.text.contains("sleep_until(")));
    check(
        &findings,
        "wait for the thing itself: a message, a ready file, `crossgate_tests::until`; or hold the clock (ManualClock).",
    );
}

#[test]
fn every_exception_to_a_lint_gives_its_reason() {
    let mut findings = Vec::new();
    for source in sources() {
        for start in ["#[allow(", "#![allow(", "#[expect(", "#![expect("] {
            for (at, _) in source.text.match_indices(start) {
                let before = &source.text[..at];
                let line = before.rsplit('\n').next().unwrap_or_default();
                let attribute = source.text[at..].split(")]").next().unwrap_or_default();
                if line.trim().is_empty() && !attribute.contains("reason = ") {
                    findings.push(format!("{}:{}: {attribute})]", source.path, before.lines().count() + 1));
                }
            }
        }
    }
    check(&findings, "write #[expect(lint, reason = \"...\")], so that it is found when it is no longer needed.");
}

#[test]
fn every_crate_follows_the_workspace_lints_and_says_what_it_owns() {
    let mut findings = Vec::new();
    for manifest in
        ["crates", "services", "tests", "benches"].iter().flat_map(|folder| documents(folder, &["Cargo.toml"]))
    {
        if !manifest.text.contains("[lints]\nworkspace = true") {
            findings.push(format!("{} does not say [lints] workspace = true", manifest.path));
        }
    }
    for source in sources() {
        let front = source.path.ends_with("/src/lib.rs") || source.path.ends_with("/src/main.rs");
        let words =
            source.text.lines().take_while(|line| line.starts_with("//!")).flat_map(str::split_whitespace).count();
        if front && words < 12 {
            findings.push(format!("{} does not open with what it owns and what it must not know", source.path));
        }
    }
    check(&findings, "add the line, or the paragraph.");
}

/// What is too long, as (name, length): `path` for files, `path function` for functions.
fn long(source: &Document) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let length = source.text.lines().count();
    if length > FILE_LINES_MAX {
        found.push((source.path.clone(), length));
    }
    // Tests are written as data, as long as their tables are.
    let tests: BTreeSet<usize> = self::lines(source).iter().filter(|line| line.test).map(|line| line.number).collect();
    let lines: Vec<&str> = source.text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let end = format!("{indent}}}");
        // A function on one line, or a declaration, ends where it begins.
        if line.ends_with('}') || line.ends_with(';') {
            continue;
        }
        let length = lines[at..].iter().position(|line| *line == end).map_or(0, |last| last + 1);
        if length > FUNCTION_LINES_MAX && !tests.contains(&(at + 1)) {
            found.push((format!("{} {name}", source.path), length));
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let modifiers = ["pub", "pub(crate)", "pub(super)", "async", "const", "extern", "\"C\"", "default"];
    let first = words.find(|word| !modifiers.contains(word))?;
    let name = (first == "fn").then(|| words.next())??;
    Some(name.split(['(', '<']).next().unwrap_or(name))
}

#[test]
fn files_and_functions_stay_readable() {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, length) in sources().iter().flat_map(long) {
        let kept = LONG.iter().find(|(listed, _)| *listed == name);
        if let Some((listed, _)) = kept {
            seen.insert(*listed);
        }
        if kept.is_none_or(|(_, most)| length > *most) {
            findings.push(format!("{name}: {length} lines"));
        }
    }
    findings.extend(
        LONG.iter()
            .filter(|(name, _)| !seen.contains(name))
            .map(|(name, _)| format!("{name} is short again, and listed")),
    );
    check(
        &findings,
        "ask whether two nouns share the file, or two steps the function; split there. Nothing new enters LONG.",
    );
}

#[test]
fn nothing_knows_the_machine_it_was_written_on() {
    let home = std::env::var("HOME").unwrap_or_default();
    let places: Vec<String> = [root(), Path::new(&home)]
        .iter()
        .filter(|path| path.components().count() > 2)
        .map(|path| format!("{}/", path.display()))
        .collect();
    let mut findings = Vec::new();
    for document in documents("", &[""]) {
        for (number, line) in (1..).zip(document.text.lines()) {
            // Not the tail of a longer path: crates/x/src/ has nothing to do with a checkout at /x/src/.
            let starts = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-})".contains(c));
            if places.iter().any(|place| line.match_indices(place.as_str()).any(|(at, _)| starts(at))) {
                findings.push(format!("{}:{number}: {}", document.path, line.trim()));
            }
        }
    }
    check(&findings, "use a path relative to the checkout, or one that the reader gives.");
}
