//! Each owner's schema, step by step, recorded in the file together with each step's text.

use crate::{Error, Result, Sql, Store, Tx};

/// Most steps that one owner may have.
const STEPS_MAX: usize = 10_000;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS store_migrations (
    owner TEXT NOT NULL,
    step INTEGER NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (owner, step)
) STRICT, WITHOUT ROWID";
const APPLIED: Sql = Sql::new("SELECT text FROM store_migrations WHERE owner = ? ORDER BY step");
const RECORD: Sql = Sql::new(
    "INSERT INTO store_migrations (owner, step, text, at)
     VALUES (?, ?, ?, CAST(unixepoch('subsec') * 1000000 AS INTEGER))",
);

impl Store {
    /// Brings an owner's schema up to date: runs the steps that this file has not seen, in order,
    /// all or none. A step that has been released is never edited; a change is a new step.
    ///
    /// # Errors
    /// [`Error::Refused`] when a step's text is not the one that was run on this file, or when the file
    /// has steps that this program does not know. Otherwise as any write.
    pub async fn migrate(&self, owner: &'static str, steps: &'static [&'static str]) -> Result<()> {
        if steps.len() > STEPS_MAX {
            return Err(Error::refused(format!("`{owner}` has more than {STEPS_MAX} migrations")));
        }
        // The write takes the file's lock before it looks, so that two processes do not both migrate.
        self.write(move |tx| Box::pin(apply(tx, owner, steps))).await.map_err(|error| match error {
            error @ Error::Refused(_) => error,
            error => error.during(format_args!("migrating `{owner}`")),
        })
    }
}

async fn apply(tx: &mut Tx, owner: &'static str, steps: &'static [&'static str]) -> Result<()> {
    tx.execute(TABLE, ()).await?;
    let applied = tx.query(APPLIED, (owner,)).await?;
    if applied.len() > steps.len() {
        return Err(Error::refused(format!(
            "the database was written by a newer version: `{owner}` is at step {} there, and this program knows {}; \
             run the newer version",
            applied.len(),
            steps.len()
        )));
    }
    for (index, (row, step)) in applied.iter().zip(steps).enumerate() {
        if row.get::<&str>(0)? != *step {
            return Err(Error::refused(format!(
                "step {} of `{owner}` is not the text that was run on this database; \
                 an applied migration is never edited: restore it, and add a step",
                index + 1
            )));
        }
    }
    for (index, step) in steps.iter().enumerate().skip(applied.len()) {
        tx.batch(step).map_err(|error| error.during(format_args!("step {}", index + 1)))?;
        tx.execute(RECORD, (owner, index as i64 + 1, *step)).await?;
    }
    Ok(())
}
