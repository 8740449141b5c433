//! What a write does its work with.

use rusqlite::Connection;

use crate::error::from_sqlite;
use crate::{Error, Params, Result, Rows, Sql, sqlite};

/// A transaction, given to the closure of [`crate::Store::write`]. It is committed when the closure answers `Ok`.
pub struct Tx {
    conn: Connection,
    rows_max: usize,
}

impl Tx {
    pub(crate) fn new(conn: Connection, rows_max: usize) -> Self {
        Self { conn, rows_max }
    }

    pub(crate) fn conn(&self) -> &Connection {
        &self.conn
    }

    pub(crate) fn into_conn(self) -> Connection {
        self.conn
    }

    /// Runs a statement that finds nothing; answers how many rows it changed.
    ///
    /// # Errors
    /// [`Error::Conflict`], [`Error::Constraint`], and as any write.
    pub async fn execute<'s>(&mut self, sql: impl Into<Sql<'s>>, params: impl Params) -> Result<u64> {
        let sql = permitted(sql.into())?;
        sqlite::execute(&self.conn, sql, &params)
    }

    /// Runs one statement once for each list of values; answers how many rows were changed in all.
    ///
    /// # Errors
    /// As [`Tx::execute`], for the first that fails.
    pub async fn execute_many<'s, P: Params>(
        &mut self,
        sql: impl Into<Sql<'s>>,
        lists: impl IntoIterator<Item = P>,
    ) -> Result<u64> {
        let sql = permitted(sql.into())?;
        let mut statement = self.conn.prepare_cached(sql).map_err(from_sqlite)?;
        lists.into_iter().try_fold(0, |changed, params| Ok(changed + sqlite::run(&mut statement, sql, &params)?))
    }

    /// Runs a statement that finds rows: a `SELECT` that sees this transaction's own changes, or a
    /// change with `RETURNING`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] past the configured number of rows, and as any write.
    pub async fn query<'s>(&mut self, sql: impl Into<Sql<'s>>, params: impl Params) -> Result<Rows> {
        let sql = permitted(sql.into())?;
        sqlite::query(&self.conn, sql, &params, self.rows_max, false)
    }

    /// Runs several statements without values, for migrations.
    pub(crate) fn batch(&mut self, sql: &str) -> Result<()> {
        self.conn.execute_batch(sql).map_err(from_sqlite)
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

/// The transaction belongs to the store: several writes share it.
fn permitted<'s>(sql: Sql<'s>) -> Result<&'s str> {
    const OURS: [&str; 10] =
        ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE", "ATTACH", "DETACH", "PRAGMA", "VACUUM"];
    let text = sql.sqlite();
    let first = text.trim_start().split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    if OURS.iter().any(|ours| ours.eq_ignore_ascii_case(first)) {
        return Err(Error::other(format!("a write must not use {first}: the store begins and ends transactions")));
    }
    Ok(text)
}
