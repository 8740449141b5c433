//! Removing the oldest records, so that the chain of the others stays provable.
//!
//! What is removed has been verified. A checkpoint keeps the last removed record's hash, on which the
//! rest of the chain stands, and a record at the end of the chain tells of the removal.

use std::sync::Arc;
use std::time::Duration;

use crossgate_call::{Clock, Proof, Realm, Result, Trace};
use crossgate_store::{Error, Sql, Store, Tx};
use jiff::{SignedDuration, Timestamp};

use super::append::{Head, append, base};
use super::chain::Hash;
use super::verify::Checker;
use super::{Audit, Record, Stored};

/// Most records that are removed in one transaction.
const STEP_MAX: usize = 2000;
/// Most transactions of one removal; what is left goes the next time.
const STEPS_MAX: usize = 1000;
/// How often the log is looked through for records that need not be kept any longer.
const EVERY: Duration = Duration::from_secs(600);
/// The procedure under which a removal is recorded.
pub(super) const PROCEDURE: &str = "audit.retain";

const CHECKPOINT: Sql = Sql::new("INSERT INTO audit_checkpoint (upto, hash, at) VALUES (?, ?, ?)");
const REMOVE: Sql = Sql::new("DELETE FROM audit WHERE seq <= ?");

/// What was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// How many records.
    pub records: u64,
    /// The place of the last of them.
    pub upto: i64,
    /// The hash of the last of them.
    pub hash: Hash,
}

impl Audit {
    /// Removes records from before an instant, from the first on until one is not from before it. Export them first.
    ///
    /// # Errors
    /// [`crossgate_call::Kind::Internal`] when the chain is broken there: then nothing is removed;
    /// [`crossgate_call::Kind::Unavailable`].
    pub async fn remove_before(&self, before: Timestamp) -> Result<Option<Retained>> {
        Ok(remove_before(&self.inner.store, self.inner.clock.now(), before).await?)
    }
}

/// Removes, now and again, what is older than the days to keep. Runs until it is aborted.
pub(super) async fn keep(store: Store, clock: Arc<dyn Clock>, days: u32) {
    let age = SignedDuration::from_hours(24 * i64::from(days));
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        let now = clock.now();
        let Ok(before) = now.checked_sub(age) else { continue };
        match remove_before(&store, now, before).await {
            Ok(Some(removed)) => tracing::info!(
                records = removed.records, upto = removed.upto, hash = %removed.hash,
                "audit records that need not be kept any longer were removed"
            ),
            Ok(None) => {}
            Err(error) => tracing::error!(%error, "old audit records could not be removed"),
        }
    }
}

pub(super) async fn remove_before(
    store: &Store,
    now: Timestamp,
    before: Timestamp,
) -> crossgate_store::Result<Option<Retained>> {
    let mut total: Option<Retained> = None;
    for _ in 0..STEPS_MAX {
        let Some(step) = store.write(move |tx| Box::pin(step(tx, now, before))).await? else { break };
        let records = total.map_or(0, |total| total.records) + step.records;
        let more = step.records as usize == STEP_MAX;
        total = Some(Retained { records, ..step });
        if !more {
            break;
        }
    }
    Ok(total)
}

async fn step(tx: &mut Tx, now: Timestamp, before: Timestamp) -> crossgate_store::Result<Option<Retained>> {
    let base = base(tx).await?;
    let sql = format!("SELECT {} FROM audit WHERE seq > ? ORDER BY seq LIMIT ?", Stored::COLUMNS);
    let rows = tx.query(Sql::assembled(&sql), (base.seq, STEP_MAX as i64)).await?;
    let mut checker = Checker::new(base);
    for row in rows.iter() {
        let record = Stored::from_row(row)?;
        if record.at >= before {
            break;
        }
        checker
            .check(&record)
            .map_err(|broken| Error::other(format!("the audit log is broken at {broken}; nothing is removed")))?;
    }
    let upto = checker.head();
    if upto.seq == base.seq {
        return Ok(None);
    }
    // Told before it is done, so that the table is never without a record.
    append(tx, &[removal(now, upto)]).await?;
    tx.execute(CHECKPOINT, (upto.seq, upto.hash.0, now)).await?;
    let removed = tx.execute(REMOVE, (upto.seq,)).await?;
    Ok(Some(Retained { records: removed, upto: upto.seq, hash: upto.hash }))
}

fn removal(now: Timestamp, upto: Head) -> Record {
    Record {
        at: now,
        realm: Realm::new("-"),
        caller: "crossgate".into(),
        proof: Proof::Local,
        certificate: None,
        procedure: PROCEDURE.into(),
        door: "service",
        source: None,
        outcome: "ok",
        detail: Some(told(upto)),
        duration: Duration::ZERO,
        trace: Trace::from_random(0),
    }
}

/// The sentence that a removal leaves in the chain.
pub(super) fn told(upto: Head) -> String {
    format!("records up to {} were removed; the hash of the last is {}", upto.seq, upto.hash)
}
