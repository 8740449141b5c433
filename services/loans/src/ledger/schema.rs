//! The ledger's tables. A step that has been released is never edited.
//!
//! Days are integers `yyyymmdd`, times microseconds since 1970 UTC, amounts minor units.
//!
//! `loans` and `loan_entries` are facts: triggers refuse to change or delete them, and refuse an insert that
//! would replace a row (`INSERT OR REPLACE` deletes without asking the delete trigger).
//! `loan_balances` is derived: one row per loan and day on which something counts, with the balance at the end of
//! that day, so that a balance on any day is one step in its primary key. The first row is the loan's first day.
//! The limits repeat `AMOUNT_MINOR_MAX` and `BALANCE_MINOR_MAX`.

/// Whose tables these are, in the record of migrations.
pub(super) const OWNER: &str = "loans";

/// All steps, in order.
pub(super) const STEPS: &[&str] = &["
CREATE TABLE loan_ledger (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    minor_unit_digits INTEGER NOT NULL CHECK (minor_unit_digits BETWEEN 0 AND 4)
) STRICT;

CREATE TABLE loans (
    id INTEGER PRIMARY KEY CHECK (id >= 0),
    start_on INTEGER NOT NULL CHECK (start_on BETWEEN 10101 AND 99991231),
    initial_minor INTEGER NOT NULL CHECK (initial_minor BETWEEN 0 AND 999999999999999),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE loan_entries (
    loan_id INTEGER NOT NULL REFERENCES loans (id),
    seq INTEGER NOT NULL CHECK (seq >= 1),
    kind TEXT NOT NULL CHECK (kind IN ('fee', 'interest', 'payment', 'adjustment', 'reversal')),
    effective_on INTEGER NOT NULL CHECK (effective_on BETWEEN 10101 AND 99991231),
    posted_at INTEGER NOT NULL,
    effect_minor INTEGER NOT NULL CHECK (effect_minor BETWEEN -999999999999999 AND 999999999999999),
    reverses INTEGER CHECK (reverses < seq),
    note TEXT CHECK (length(note) BETWEEN 1 AND 500),
    posted_by TEXT,
    idempotency_key TEXT CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    PRIMARY KEY (loan_id, seq),
    FOREIGN KEY (loan_id, reverses) REFERENCES loan_entries (loan_id, seq),
    CHECK (kind NOT IN ('fee', 'interest') OR effect_minor >= 0),
    CHECK (kind <> 'payment' OR effect_minor <= 0),
    CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
    CHECK ((posted_by IS NULL) = (idempotency_key IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX loan_entries_by_day ON loan_entries (loan_id, effective_on, seq);
CREATE UNIQUE INDEX loan_entries_by_reversed ON loan_entries (loan_id, reverses) WHERE reverses IS NOT NULL;
CREATE UNIQUE INDEX loan_entries_by_key ON loan_entries (posted_by, idempotency_key) WHERE posted_by IS NOT NULL;

CREATE TABLE loan_balances (
    loan_id INTEGER NOT NULL REFERENCES loans (id),
    day INTEGER NOT NULL CHECK (day BETWEEN 10101 AND 99991231),
    balance_minor INTEGER NOT NULL CHECK (balance_minor BETWEEN -99999999999999999 AND 99999999999999999),
    PRIMARY KEY (loan_id, day)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER loan_ledger_is_not_changed BEFORE UPDATE ON loan_ledger
BEGIN SELECT RAISE(ABORT, 'the scale of a ledger is never changed'); END;
CREATE TRIGGER loan_ledger_is_not_deleted BEFORE DELETE ON loan_ledger
BEGIN SELECT RAISE(ABORT, 'the scale of a ledger is never deleted'); END;
CREATE TRIGGER loan_ledger_is_not_replaced BEFORE INSERT ON loan_ledger
WHEN EXISTS (SELECT 1 FROM loan_ledger)
BEGIN SELECT RAISE(ABORT, 'the scale of a ledger is never replaced'); END;

CREATE TRIGGER loans_are_not_changed BEFORE UPDATE ON loans
BEGIN SELECT RAISE(ABORT, 'a loan is never changed'); END;
CREATE TRIGGER loans_are_not_deleted BEFORE DELETE ON loans
BEGIN SELECT RAISE(ABORT, 'a loan is never deleted'); END;
CREATE TRIGGER loans_are_not_replaced BEFORE INSERT ON loans
WHEN EXISTS (SELECT 1 FROM loans WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'a loan is never replaced'); END;

CREATE TRIGGER loan_entries_are_not_changed BEFORE UPDATE ON loan_entries
BEGIN SELECT RAISE(ABORT, 'an entry is never changed: post a reversal'); END;
CREATE TRIGGER loan_entries_are_not_deleted BEFORE DELETE ON loan_entries
BEGIN SELECT RAISE(ABORT, 'an entry is never deleted: post a reversal'); END;
CREATE TRIGGER loan_entries_are_numbered_without_gaps BEFORE INSERT ON loan_entries
WHEN NEW.seq <> 1 + COALESCE((SELECT MAX(seq) FROM loan_entries WHERE loan_id = NEW.loan_id), 0)
BEGIN SELECT RAISE(ABORT, 'an entry has the next number of its loan'); END;
CREATE TRIGGER loan_entries_do_not_precede_the_loan BEFORE INSERT ON loan_entries
WHEN NEW.effective_on < (SELECT start_on FROM loans WHERE id = NEW.loan_id)
BEGIN SELECT RAISE(ABORT, 'an entry does not count from before its loan'); END;
CREATE TRIGGER loan_entries_are_reversed_once BEFORE INSERT ON loan_entries
WHEN NEW.reverses IS NOT NULL
    AND EXISTS (SELECT 1 FROM loan_entries WHERE loan_id = NEW.loan_id AND reverses = NEW.reverses)
BEGIN SELECT RAISE(ABORT, 'an entry is reversed once'); END;
CREATE TRIGGER loan_entries_keep_their_keys BEFORE INSERT ON loan_entries
WHEN NEW.posted_by IS NOT NULL
    AND EXISTS (SELECT 1 FROM loan_entries WHERE posted_by = NEW.posted_by AND idempotency_key = NEW.idempotency_key)
BEGIN SELECT RAISE(ABORT, 'an idempotency key is used once'); END;
"];
