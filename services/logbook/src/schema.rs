//! The logbook's tables. A step that has been released is never edited.
//!
//! Times are microseconds since 1970 UTC. `key` is what several daemons' reports of one thing share; it goes with its
//! entry, so that its memory is as long as the logbook. Places (`seq`) are never given twice: readers go on after one.

pub(crate) const OWNER: &str = "logbook";

pub(crate) const STEPS: &[&str] = &["
CREATE TABLE logbook_entries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    recorded_at INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('log', 'join', 'leave', 'meta')),
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 3),
    realm TEXT NOT NULL,
    session INTEGER,
    authid TEXT,
    authrole TEXT,
    common_name TEXT,
    company TEXT,
    sha1 TEXT,
    sha256 TEXT,
    text TEXT NOT NULL,
    reporter TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes > 0)
) STRICT;

CREATE TABLE logbook_stays (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    recorded_at INTEGER NOT NULL,
    realm TEXT NOT NULL,
    session INTEGER NOT NULL,
    joined_at INTEGER,
    left_at INTEGER,
    authid TEXT,
    authrole TEXT,
    authmethod TEXT,
    common_name TEXT,
    company TEXT,
    sha1 TEXT,
    sha256 TEXT,
    UNIQUE (realm, session)
) STRICT;

CREATE TABLE logbook_size (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    entries INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) STRICT;
INSERT INTO logbook_size (one, entries, bytes) VALUES (1, 0, 0);
CREATE TRIGGER logbook_grows AFTER INSERT ON logbook_entries
BEGIN UPDATE logbook_size SET entries = entries + 1, bytes = bytes + NEW.bytes; END;
CREATE TRIGGER logbook_shrinks AFTER DELETE ON logbook_entries
BEGIN UPDATE logbook_size SET entries = entries - 1, bytes = bytes - OLD.bytes; END;
"];
