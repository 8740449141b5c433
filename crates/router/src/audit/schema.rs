//! The log's tables. Triggers refuse every change of what was written; they stop accidents and
//! honest programs, the chain shows the others.

pub(super) const MIGRATIONS: &[&str] = &["
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    realm TEXT NOT NULL,
    caller TEXT NOT NULL,
    proof TEXT NOT NULL,
    certificate TEXT,
    procedure TEXT NOT NULL,
    door TEXT NOT NULL,
    source TEXT,
    outcome TEXT NOT NULL,
    detail TEXT,
    duration_us INTEGER NOT NULL,
    trace TEXT NOT NULL,
    prev BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Up to which record the log was shortened, and that record's hash, on which the rest stands.
CREATE TABLE audit_checkpoint (
    upto INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit records are not changed'); END;

CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT coalesce(max(upto), 0) FROM audit_checkpoint)
BEGIN SELECT RAISE(ABORT, 'audit records are removed by retention only'); END;

CREATE TRIGGER audit_checkpoint_is_not_changed BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are not changed'); END;

CREATE TRIGGER audit_checkpoint_is_not_removed BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are not removed'); END;
"];
