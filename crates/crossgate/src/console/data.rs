//! What the procedures answer, as far as the pages show it. Members that the console does not know are ignored,
//! so that a service may say more.

use serde::Deserialize;

/// `loans.list`.
#[derive(Debug, Deserialize)]
pub(crate) struct Loans {
    pub(crate) loans: Vec<Loan>,
    pub(crate) next: Option<String>,
}

/// One loan in a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Loan {
    pub(crate) id: u64,
    pub(crate) start_on: String,
    pub(crate) initial: String,
    pub(crate) balance: Option<String>,
    pub(crate) entries: u64,
}

/// One page of `loans.history`.
#[derive(Debug, Deserialize)]
pub(crate) struct History {
    pub(crate) start_on: String,
    pub(crate) initial: String,
    pub(crate) days: Vec<Day>,
    pub(crate) next: Option<String>,
}

/// A day on which something counted.
#[derive(Debug, Deserialize)]
pub(crate) struct Day {
    pub(crate) date: String,
    pub(crate) balance: String,
    pub(crate) entries: Vec<Entry>,
}

/// One entry of the ledger.
#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) posted_at: String,
    pub(crate) effect: String,
    #[serde(default)]
    pub(crate) back_dated: bool,
    pub(crate) note: Option<String>,
    pub(crate) reverses: Option<u64>,
    pub(crate) reversed_by: Option<u64>,
}

/// `audit.list`.
#[derive(Debug, Deserialize)]
pub(crate) struct Calls {
    pub(crate) records: Vec<Record>,
    pub(crate) next: Option<i64>,
}

/// One recorded call.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    pub(crate) seq: i64,
    /// When it ended, RFC 3339.
    pub(crate) at: String,
    pub(crate) caller: String,
    pub(crate) proof: String,
    pub(crate) procedure: String,
    pub(crate) door: String,
    pub(crate) source: Option<String>,
    pub(crate) outcome: String,
    pub(crate) detail: Option<String>,
    pub(crate) duration_us: u64,
    pub(crate) trace: String,
    pub(crate) hash: String,
}

/// `logbook.search`.
#[derive(Debug, Deserialize)]
pub(crate) struct Logs {
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) next: Option<i64>,
}

/// One thing that a log daemon reported.
#[derive(Debug, Deserialize)]
pub(crate) struct LogEntry {
    pub(crate) at: String,
    pub(crate) kind: String,
    pub(crate) level: String,
    pub(crate) realm: String,
    pub(crate) authid: Option<String>,
    pub(crate) authrole: Option<String>,
    pub(crate) text: String,
}

/// `logbook.presence`.
#[derive(Debug, Deserialize)]
pub(crate) struct Stays {
    pub(crate) sessions: Vec<Stay>,
}

/// A session's stay in a realm.
#[derive(Debug, Deserialize)]
pub(crate) struct Stay {
    pub(crate) realm: String,
    pub(crate) session: u64,
    pub(crate) joined_at: Option<String>,
    pub(crate) left_at: Option<String>,
    pub(crate) authid: Option<String>,
    pub(crate) authrole: Option<String>,
    pub(crate) authmethod: Option<String>,
    pub(crate) certificate: ShownCertificate,
}

/// The certificate that was shown.
#[derive(Debug, Deserialize)]
pub(crate) struct ShownCertificate {
    pub(crate) common_name: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) sha1: Option<String>,
    pub(crate) sha256: Option<String>,
}

/// `realms.list`.
#[derive(Debug, Deserialize)]
pub(crate) struct Realms {
    pub(crate) realms: Vec<Realm>,
}

/// How a realm is doing.
#[derive(Debug, Deserialize)]
pub(crate) struct Realm {
    pub(crate) realm: String,
    pub(crate) sessions: u64,
    pub(crate) subscriptions: u64,
    pub(crate) registrations: u64,
    pub(crate) calls: u64,
    pub(crate) calls_waiting: u64,
    pub(crate) queue_bytes: u64,
    pub(crate) events_dropped: u64,
    pub(crate) messages_in: u64,
    pub(crate) messages_out: u64,
}

/// `realms.sessions`.
#[derive(Debug, Deserialize)]
pub(crate) struct Sessions {
    pub(crate) sessions: Vec<Session>,
    pub(crate) next: Option<u64>,
}

/// One session.
#[derive(Debug, Deserialize)]
pub(crate) struct Session {
    pub(crate) session: u64,
    pub(crate) authid: String,
    pub(crate) authrole: String,
    pub(crate) authmethod: String,
    pub(crate) transport: String,
    pub(crate) serializer: String,
    pub(crate) peer: String,
    pub(crate) since: String,
    pub(crate) subscriptions: u64,
    pub(crate) registrations: u64,
    pub(crate) calls: u64,
    pub(crate) invocations: u64,
    pub(crate) queue_bytes: u64,
    pub(crate) events_dropped: u64,
    pub(crate) messages_in: u64,
    pub(crate) messages_out: u64,
    pub(crate) mean_in: f64,
    pub(crate) mean_out: f64,
}

/// `realms.registrations`.
#[derive(Debug, Deserialize)]
pub(crate) struct Registrations {
    pub(crate) registrations: Vec<Registration>,
    pub(crate) next: Option<u64>,
}

/// One registration.
#[derive(Debug, Deserialize)]
pub(crate) struct Registration {
    pub(crate) procedure: String,
    pub(crate) r#match: String,
    pub(crate) invoke: String,
    pub(crate) callees: Vec<u64>,
    pub(crate) calls: u64,
    pub(crate) waiting: u64,
}

/// `realms.subscriptions`.
#[derive(Debug, Deserialize)]
pub(crate) struct Subscriptions {
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) next: Option<u64>,
}

/// One subscription.
#[derive(Debug, Deserialize)]
pub(crate) struct Subscription {
    pub(crate) topic: String,
    pub(crate) r#match: String,
    pub(crate) subscribers: u64,
    pub(crate) history: bool,
    pub(crate) retained: bool,
}
