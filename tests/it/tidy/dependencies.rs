//! What we ship that others wrote: licences, one version of each, one cryptography.

use std::collections::{BTreeMap, BTreeSet};

use super::{cargo, check, documents};

/// Licences that we may ship under. A crate that offers a choice needs one of them; a crate that asks for
/// several needs all of its own.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that come in several versions, and because of whom. May only shrink.
const DUPLICATES: &[(&str, &str)] = &[
    ("base64", "hyper-util is ahead of jsonwebtoken and ourselves"),
    ("getrandom", "ahash (jsonschema) and rand 0.9 lag"),
    ("hashbrown", "dashmap (governor) and metrics-util lag"),
    ("pem", "jsonwebtoken lags behind rcgen"),
    ("rand", "bolero lags; governor and metrics-util are between"),
    ("rand_core", "as rand"),
    ("syn", "asn1-rs-derive (x509-parser) and others have not moved to 3"),
    ("synstructure", "asn1-rs-derive (x509-parser), as syn"),
    ("toml_datetime", "proc-macro-crate 2 (bolero, tests only)"),
    ("tower-http", "reqwest lags"),
    ("untrusted", "aws-lc-rs keeps an interface of ring's day"),
    ("winnow", "toml_edit 0.20 (bolero, tests only)"),
];

/// What must not be in the build: a second TLS or cryptography, or an old way to the system's own.
const BANNED: &[(&str, &str)] = &[
    ("ring", "the one cryptography is aws-lc-rs"),
    ("openssl", "the one TLS is rustls"),
    ("openssl-sys", "the one TLS is rustls"),
    ("native-tls", "the one TLS is rustls"),
    ("async-std", "the one runtime is tokio"),
    ("chrono", "dates and times are jiff's"),
];

/// A crate that is compiled on this machine, by everything in the workspace including its tests.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

/// Cargo.lock and `cargo metadata` also name what optional features would bring; the tree is what is compiled.
fn packages() -> BTreeSet<Package> {
    let tree =
        cargo(&["tree", "--workspace", "--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}|{l}"]);
    let packages: BTreeSet<Package> = tree.lines().filter_map(package).collect();
    assert!(packages.len() > 100, "cargo tree names what is compiled");
    packages
}

fn package(line: &str) -> Option<Package> {
    let (name, licence) = line.split_once('|')?;
    let mut words = name.split_whitespace();
    let (name, version) = (words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned());
    let licence = licence.trim_end_matches("(*)").trim().to_owned();
    (!line.contains("(/")).then_some(Package { name, version, licence })
}

/// Whether an SPDX licence expression can be met with `allowed` alone. `/` is cargo's old word for OR.
fn satisfied(expression: &str, allowed: &[&str]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    // An exception belongs to its licence: one token.
    let tokens: Vec<String> = spaced.replace(" WITH ", "\u{1}").split_whitespace().map(str::to_owned).collect();
    let mut rest = tokens.as_slice();
    let met = either(&mut rest, allowed);
    met && rest.is_empty()
}

fn either(tokens: &mut &[String], allowed: &[&str]) -> bool {
    let mut met = both(tokens, allowed);
    while let Some(rest) = tokens.strip_prefix(&["OR".to_owned()]) {
        *tokens = rest;
        met |= both(tokens, allowed);
    }
    met
}

fn both(tokens: &mut &[String], allowed: &[&str]) -> bool {
    let mut met = one(tokens, allowed);
    while let Some(rest) = tokens.strip_prefix(&["AND".to_owned()]) {
        *tokens = rest;
        met &= one(tokens, allowed);
    }
    met
}

fn one(tokens: &mut &[String], allowed: &[&str]) -> bool {
    let Some((first, rest)) = tokens.split_first() else { return false };
    *tokens = rest;
    if first != "(" {
        return allowed.contains(&first.replace('\u{1}', " WITH ").as_str());
    }
    let met = either(tokens, allowed);
    let Some(rest) = tokens.strip_prefix(&[")".to_owned()]) else { return false };
    *tokens = rest;
    met
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
    for met in [
        "MIT",
        "GPL-3.0 OR MIT",
        "MIT/GPL-3.0",
        "(GPL-3.0 OR MIT) AND Apache-2.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        "GPL-3.0 OR MIT AND Apache-2.0",
    ] {
        assert!(satisfied(met, &allowed), "{met}");
    }
    for unmet in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT", "MIT MIT", "GPL-3.0 WITH LLVM-exception", "AND MIT"] {
        assert!(!satisfied(unmet, &allowed), "{unmet}");
    }
}

#[test]
fn everything_we_build_upon_has_a_licence_we_may_ship() {
    let findings: Vec<String> = packages()
        .iter()
        .filter(|package| !satisfied(&package.licence, LICENCES))
        .map(|package| format!("{} {} is licensed `{}`", package.name, package.version, package.licence))
        .collect();
    check(&findings, "choose another crate, or add the licence to LICENCES and deny.toml after reading it.");
}

#[test]
fn each_crate_comes_in_one_version_or_is_on_the_list() {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages() {
        versions.entry(package.name).or_default().push(package.version);
    }
    versions.retain(|_, versions| versions.len() > 1);
    let listed: BTreeSet<&str> = DUPLICATES.iter().map(|(name, _)| *name).collect();
    let mut findings: Vec<String> = versions
        .iter()
        .filter(|(name, _)| !listed.contains(name.as_str()))
        .map(|(name, versions)| format!("{name} comes in {} versions: {}", versions.len(), versions.join(", ")))
        .collect();
    findings.extend(
        listed
            .iter()
            .filter(|name| !versions.contains_key(**name))
            .map(|name| format!("{name} comes in one version again; the list says otherwise")),
    );
    check(
        &findings,
        "`cargo tree --workspace --invert NAME@VERSION` says who brings it. Raise the one that lags; where nobody can, \
         name it in DUPLICATES with the reason. What is one version again leaves the list.",
    );
}

#[test]
fn there_is_one_cryptography_one_tls_one_runtime() {
    let packages = packages();
    let findings: Vec<String> = BANNED
        .iter()
        .filter(|(banned, _)| packages.iter().any(|package| package.name == *banned))
        .map(|(banned, reason)| format!("{banned} is compiled: {reason}"))
        .collect();
    check(&findings, "`cargo tree --workspace --invert NAME` says who brings it; switch that feature off.");
}

#[test]
fn cargo_deny_and_this_test_allow_the_same_licences() {
    let deny = documents("", &["deny.toml"]).pop().expect("deny.toml is at the top").text;
    let findings: Vec<String> = LICENCES
        .iter()
        .filter(|licence| !deny.contains(&format!("\"{licence}\"")))
        .map(|licence| format!("deny.toml does not allow {licence}"))
        .collect();
    check(&findings, "keep [licenses] allow in deny.toml equal to LICENCES.");
}
