//! The tables of past events.

pub(in crate::realm) const MIGRATIONS: &[&str] = &["
-- A topic or pattern of a realm whose events are kept, and how much there is of it.
CREATE TABLE wamp_history_topic (
    id INTEGER PRIMARY KEY,
    realm TEXT NOT NULL,
    policy TEXT NOT NULL,
    topic TEXT NOT NULL,
    events INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    UNIQUE (realm, policy, topic)
) STRICT;

-- The events in the order in which they were published. What is looked at to remove the oldest stands before what can be large.
CREATE TABLE wamp_history (
    seq INTEGER PRIMARY KEY,
    kept_by INTEGER NOT NULL REFERENCES wamp_history_topic (id),
    publication INTEGER NOT NULL,
    at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    topic TEXT NOT NULL,
    format TEXT NOT NULL,
    audience BLOB,
    details BLOB NOT NULL,
    args BLOB,
    kwargs BLOB
) STRICT;

CREATE INDEX wamp_history_order ON wamp_history (kept_by, seq);
CREATE INDEX wamp_history_publication ON wamp_history (kept_by, publication);
"];
