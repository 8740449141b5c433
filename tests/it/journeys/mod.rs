//! What people do with Crossgate, done against the real program on free ports.

mod acme;
mod balance;
mod bridge;
mod browser;
mod certificates;
mod client;
mod commands;
mod contracts;
mod crossbar;
mod demonstration;
mod events;
mod import;
mod inputs;
mod logbook;
mod node;
mod realms;
mod reload;
mod stop;
mod sweep;
mod tls;
mod tokens;
mod wamp;
mod webhooks;

use crossgate_tests::{Client, Program, Visitor, until};
use serde_json::Value;

/// What the standard ledger answers for its first loan, and where.
const BALANCE: &str = "/api/v1/loan/1/2020-10-31";
const OWED: &str = "\"423.00\"";

/// A visitor of the TLS door with a token.
async fn signed_in(program: &Program, (client, secret): Client) -> Visitor {
    let visitor = program.visitor("tls");
    let token = visitor.token(client, secret).await;
    visitor.with_token(&token)
}

/// Audit records that fit a query, newest first, once there are `count`: they are written in groups, a moment after
/// the answer.
async fn records(auditor: &Visitor, query: &str, count: usize) -> Vec<Value> {
    until("the calls are in the audit log", async || {
        let page = auditor.get(&format!("/audit/records?limit=500&{query}")).await.json();
        let records = page["records"].as_array()?.clone();
        (records.len() >= count).then_some(records)
    })
    .await
}

/// The value of a metric's series, summed over those that have all of `labels`.
fn metric(metrics: &str, name: &str, labels: &[&str]) -> f64 {
    metrics
        .lines()
        .filter(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}
