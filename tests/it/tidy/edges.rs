//! Which of our crates may know which, and which library belongs to whom.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{cargo, check, root};

/// Our crates and what each may depend on, in normal and build dependencies. A new edge is architecture:
/// it changes ARCHITECTURE.md in the same commit.
const EDGES: &[(&str, &[&str])] = &[
    ("crossgate-call", &[]),
    ("crossgate-contract", &[]),
    // For one thing: a store's failure becomes a call's.
    ("crossgate-store", &["crossgate-call"]),
    ("crossgate-wamp", &[]),
    // The clock, and where accounts and ordered certificates are kept.
    ("crossgate-certificates", &["crossgate-call", "crossgate-store"]),
    // What WAMP's authentication methods compute, and its values.
    ("crossgate-identity", &["crossgate-call", "crossgate-store", "crossgate-wamp"]),
    ("crossgate-router", &["crossgate-call", "crossgate-identity", "crossgate-store", "crossgate-wamp"]),
    // WAMP's transports: which form messages have, and RawSocket's handshake. Whether a certificate can be used.
    (
        "crossgate-edge",
        &[
            "crossgate-call",
            "crossgate-certificates",
            "crossgate-contract",
            "crossgate-identity",
            "crossgate-router",
            "crossgate-wamp",
        ],
    ),
    // The other side of the same protocol: what a session is, and nothing of the router's.
    ("crossgate-client", &["crossgate-wamp"]),
    ("crossgate-tests", &[]),
    ("crossgate-benches", &["crossgate-tests"]),
];

/// What a service may depend on. Not another service: services call each other by name.
const SERVICE: &[&str] = &["crossgate-call", "crossgate-store", "crossgate-jobs"];

/// The one that knows everybody.
const PROGRAM: &str = "crossgate";

/// Libraries that anybody may use: vocabulary, not capability.
const VOCABULARY: &[&str] = &[
    "arc-swap",
    "base64",
    "bytes",
    "futures-util",
    "http",
    "jiff",
    "schemars",
    "secrecy",
    "serde",
    "serde_json",
    "subtle",
    "thiserror",
    "tokio",
    "tracing",
];

/// Every other library has one owner, so that replacing it touches one crate. The program is where parts are
/// put together; it may also hold what only a program needs.
const OWNERS: &[(&str, &[&str])] = &[
    ("anyhow", &["crossgate"]),
    // WAMP's own SCRAM needs argon2; that crate could be published without the rest.
    ("argon2", &["crossgate-identity", "crossgate-wamp"]),
    (
        "aws-lc-rs",
        &[
            "crossgate-certificates",
            "crossgate-client",
            "crossgate-edge",
            "crossgate-identity",
            "crossgate-router",
            "crossgate-wamp",
            "crossgate",
        ],
    ),
    ("clap", &["crossgate"]),
    ("comfy-table", &["crossgate"]),
    // Messages of WebSocket (RFC 7692).
    ("flate2", &["crossgate-edge"]),
    ("governor", &["crossgate-router"]),
    // A server's HTTP, a client's WebSocket handshake, and the ACME library's bodies.
    ("http-body-util", &["crossgate-certificates", "crossgate-client", "crossgate-edge"]),
    ("hyper", &["crossgate-client", "crossgate-edge"]),
    ("hyper-util", &["crossgate-client", "crossgate-edge"]),
    ("indicatif", &["crossgate"]),
    ("instant-acme", &["crossgate-certificates"]),
    ("jsonschema", &["crossgate-contract"]),
    ("jsonwebtoken", &["crossgate-identity"]),
    ("listenfd", &["crossgate-edge"]),
    ("maud", &["crossgate"]),
    // Only names certificates, for programs that know them by it; nothing relies on it.
    ("md-5", &["crossgate-identity"]),
    ("metrics", &["crossgate-certificates", "crossgate-edge", "crossgate-router", "crossgate"]),
    ("metrics-exporter-prometheus", &["crossgate"]),
    ("moka", &["crossgate-identity"]),
    ("p12-keystore", &["crossgate-certificates"]),
    ("pkcs8", &["crossgate-certificates"]),
    ("rcgen", &["crossgate-certificates"]),
    ("reqwest", &["crossgate"]),
    ("rusqlite", &["crossgate-store"]),
    ("rust_decimal", &["crossgate-loans"]),
    ("rustix", &["crossgate"]),
    ("rustls", &["crossgate-client", "crossgate-edge", "crossgate"]),
    (
        "rustls-pki-types",
        &["crossgate-certificates", "crossgate-client", "crossgate-edge", "crossgate-identity", "crossgate"],
    ),
    // Whom the system trusts, as everywhere else on it.
    ("rustls-platform-verifier", &["crossgate-client"]),
    ("serde-saphyr", &["crossgate-contract"]),
    ("tokio-rustls", &["crossgate-client", "crossgate-edge"]),
    ("tokio-websockets", &["crossgate-client"]),
    ("toml", &["crossgate"]),
    ("tower", &["crossgate-edge"]),
    ("tower-http", &["crossgate-edge"]),
    ("tracing-subscriber", &["crossgate"]),
    // Whose certificate it is, whether it can be used; and, in the edge, when a list is due.
    ("x509-parser", &["crossgate-certificates", "crossgate-edge", "crossgate-identity"]),
];

/// The test kit and the benches stand outside: they may use any library, and none of what the product is made of.
const OUTSIDE: &[&str] = &["crossgate-tests", "crossgate-benches"];

/// One dependency as a manifest states it.
struct Edge {
    from: String,
    folder: String,
    to: String,
    dev: bool,
}

fn edges() -> Vec<Edge> {
    let metadata: Value = serde_json::from_str(&cargo(&["metadata", "--format-version", "1", "--no-deps"]))
        .expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut edges = Vec::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let manifest = text(&package["manifest_path"]);
        let folder = manifest.trim_start_matches(&root().display().to_string()).trim_start_matches('/').to_owned();
        for dependency in package["dependencies"].as_array().expect("dependencies") {
            edges.push(Edge {
                from: text(&package["name"]),
                folder: folder.clone(),
                to: text(&dependency["name"]),
                dev: dependency["kind"] == "dev",
            });
        }
    }
    assert!(edges.len() > 50, "cargo metadata names our dependencies");
    edges
}

fn ours(name: &str) -> bool {
    name == PROGRAM || name.starts_with("crossgate-")
}

fn allowed(edge: &Edge) -> bool {
    if edge.from == PROGRAM {
        return !OUTSIDE.contains(&edge.to.as_str());
    }
    let may = if edge.folder.starts_with("services/") {
        SERVICE
    } else {
        EDGES.iter().find(|(from, _)| *from == edge.from).map_or(&[][..], |(_, to)| to)
    };
    may.contains(&edge.to.as_str())
}

#[test]
fn our_crates_know_only_whom_they_may_know() {
    let findings: Vec<String> = edges()
        .iter()
        // Tests of a crate may use another one, where that makes no circle: cargo then builds two versions of a type.
        .filter(|edge| ours(&edge.to) && !edge.dev && !allowed(edge))
        .map(|edge| format!("{} ({}) depends on {}", edge.from, edge.folder, edge.to))
        .collect();
    check(
        &findings,
        "ask by name through the `Calls` handle, or take what is needed as a constructor's argument. \
         If the edge is right, it is a change of architecture: add it to EDGES here and to ARCHITECTURE.md.",
    );
}

#[test]
fn a_service_is_known_to_the_program_alone() {
    let services: BTreeSet<String> =
        edges().into_iter().filter(|edge| edge.folder.starts_with("services/")).map(|edge| edge.from).collect();
    assert!(!services.is_empty(), "there are services");
    let findings: Vec<String> = edges()
        .iter()
        .filter(|edge| services.contains(&edge.to) && edge.from != PROGRAM)
        .map(|edge| format!("{} depends on the service {}", edge.from, edge.to))
        .collect();
    check(
        &findings,
        "remove the dependency; the list of services is in the program, and everybody else calls by name.",
    );
}

#[test]
fn every_library_has_its_owner() {
    let mut findings = Vec::new();
    for edge in edges() {
        if ours(&edge.to) || edge.dev || OUTSIDE.contains(&edge.from.as_str()) || VOCABULARY.contains(&&*edge.to) {
            continue;
        }
        match OWNERS.iter().find(|(library, _)| *library == edge.to) {
            None => findings.push(format!("{} takes on {}, which nobody owns", edge.from, edge.to)),
            Some((_, owners)) if !owners.contains(&edge.from.as_str()) => {
                findings.push(format!("{} uses {}, which belongs to {}", edge.from, edge.to, owners.join(" and ")));
            }
            Some(_) => {}
        }
    }
    check(
        &findings,
        "use what the owner offers, and extend it where it offers too little. A new library earns a line in OWNERS \
         by a sentence in the commit that says what it replaces.",
    );
}

#[test]
fn the_lists_of_edges_and_owners_name_nothing_that_is_gone() {
    let edges = edges();
    let used: BTreeSet<&str> = edges.iter().map(|edge| edge.to.as_str()).collect();
    let crates: BTreeSet<&str> = edges.iter().map(|edge| edge.from.as_str()).collect();
    let mut findings = Vec::new();
    for library in OWNERS.iter().map(|(library, _)| *library).chain(VOCABULARY.iter().copied()) {
        if !used.contains(library) {
            findings.push(format!("{library} is listed, and no crate depends on it"));
        }
    }
    for (from, _) in EDGES {
        if !crates.contains(from) {
            findings.push(format!("{from} is listed, and there is no such crate"));
        }
    }
    check(&findings, "take the lines out of tests/it/tidy/edges.rs.");
}
