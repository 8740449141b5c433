//! SQLite itself: opening a file, and running one statement.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, OpenFlags};

use crate::error::from_sqlite;
use crate::{Config, Durability, Error, Params, Result, Rows, Value};

/// Statements that each connection keeps prepared.
const STATEMENTS_CACHED: usize = 256;
/// Size that the write-ahead log is cut back to after a checkpoint.
const WAL_BYTES_KEPT: i64 = 64 << 20;
/// Attempts to switch a new file to write-ahead logging while others do the same.
const WAL_ATTEMPTS_MAX: u32 = 1_000;
/// Between those attempts.
const WAL_RETRY_PAUSE: Duration = Duration::from_millis(5);
/// Most bytes of text and blobs in one answer.
const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Opens the connection that writes, and makes the file when it is not there.
pub(crate) fn open_writer(config: &Config) -> Result<Connection> {
    create_private(&config.path)?;
    let conn = open(config, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    use_wal(&conn)?;
    let synchronous = match config.durability {
        Durability::Normal => "NORMAL",
        Durability::Full => "FULL",
    };
    pragma(&conn, "synchronous", synchronous)?;
    pragma(&conn, "foreign_keys", "ON")?;
    pragma(&conn, "journal_size_limit", WAL_BYTES_KEPT)?;
    Ok(conn)
}

/// Opens a connection that can only read.
pub(crate) fn open_reader(config: &Config) -> Result<Connection> {
    let conn = open(config, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    pragma(&conn, "query_only", "ON")?;
    Ok(conn)
}

fn open(config: &Config, access: OpenFlags) -> Result<Connection> {
    // An absolute path is never taken for a `file:` URI.
    let path = std::path::absolute(&config.path).map_err(|e| Error::refused(e.to_string()))?;
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(from_sqlite)?;
    conn.busy_timeout(Duration::from_millis(config.busy_timeout_ms)).map_err(from_sqlite)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    for (setting, on) in [
        // A statement must not be able to damage the file, nor a file's schema to run what it likes.
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        // "x" is a name and never a text, as in the SQL standard and the other databases.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        conn.set_db_config(setting, on).map_err(from_sqlite)?;
    }
    pragma(&conn, "cache_size", -(i64::from(config.cache_mib) << 10))?;
    pragma(&conn, "mmap_size", i64::from(config.mmap_mib) << 20)?;
    pragma(&conn, "temp_store", "MEMORY")?;
    Ok(conn)
}

/// Makes the file before SQLite does, so that nobody but its owner may read it. SQLite gives the
/// log beside it the same permissions.
fn create_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::unavailable(format!("the database file cannot be made: {error}"))),
    }
}

/// Write-ahead logging: readers and the writer do not wait for each other. The switch needs the file
/// for itself and does not honour the busy timeout, hence the attempts.
fn use_wal(conn: &Connection) -> Result<()> {
    let mut attempt = 0;
    loop {
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(Error::refused(format!(
                    "this file system does not allow write-ahead logging (journal mode stays `{mode}`): use a local disk"
                )));
            }
            Err(error) => {
                let error = from_sqlite(error);
                attempt += 1;
                if attempt == WAL_ATTEMPTS_MAX || !locked(&error) {
                    return Err(error);
                }
                std::thread::sleep(WAL_RETRY_PAUSE);
            }
        }
    }
}

fn locked(error: &Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<rusqlite::Error>());
    source.is_some_and(|e| e.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy))
}

fn pragma(conn: &Connection, name: &str, value: impl rusqlite::ToSql) -> Result<()> {
    // Some answer with the value set, others with nothing.
    conn.pragma(None, name, value, |_| Ok(())).map_err(from_sqlite)
}

/// Runs a statement and collects what it finds.
pub(crate) fn query(
    conn: &Connection,
    sql: &str,
    params: &impl Params,
    rows_max: usize,
    only_reads: bool,
) -> Result<Rows> {
    let mut statement = conn.prepare_cached(sql).map_err(from_sqlite)?;
    if only_reads && !statement.readonly() {
        return Err(Error::other("a statement that writes was given to `read`: use `write`"));
    }
    bind(&mut statement, sql, params)?;
    let width = statement.column_count();
    let mut answer = Rows::new(width);
    let (mut count, mut bytes) = (0, 0);
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next().map_err(from_sqlite)? {
        count += 1;
        if count > rows_max {
            return Err(Error::too_large(format!("the query finds more than {rows_max} rows: ask for less at a time")));
        }
        for column in 0..width {
            let value = Value::from_sqlite(row.get_ref(column).map_err(from_sqlite)?)?;
            bytes += value.len();
            answer.push(value);
        }
        if bytes > ANSWER_BYTES_MAX {
            return Err(Error::too_large(format!("the answer is larger than {ANSWER_BYTES_MAX} bytes")));
        }
    }
    Ok(answer)
}

/// Runs a statement that finds nothing; answers how many rows it changed.
pub(crate) fn execute(conn: &Connection, sql: &str, params: &impl Params) -> Result<u64> {
    let mut statement = conn.prepare_cached(sql).map_err(from_sqlite)?;
    run(&mut statement, sql, params)
}

/// Runs a prepared statement that finds nothing.
pub(crate) fn run(statement: &mut CachedStatement<'_>, sql: &str, params: &impl Params) -> Result<u64> {
    bind(statement, sql, params)?;
    statement.raw_execute().map(|changed| changed as u64).map_err(from_sqlite)
}

fn bind(statement: &mut CachedStatement<'_>, sql: &str, params: &impl Params) -> Result<()> {
    let (given, wanted) = (params.count(), statement.parameter_count());
    if sql.contains('$') {
        return bind_numbered(statement, params);
    }
    if given != wanted {
        return Err(Error::other(format!("the statement has {wanted} placeholders and was given {given} values")));
    }
    for index in 0..given {
        statement.raw_bind_parameter(index + 1, params.at(index)).map_err(from_sqlite)?;
    }
    Ok(())
}

/// To SQLite `$2` is a name, numbered by its first appearance: the digits say which value is meant.
fn bind_numbered(statement: &mut CachedStatement<'_>, params: &impl Params) -> Result<()> {
    let given = params.count();
    let wanted = statement.parameter_count();
    let mut highest = 0;
    for index in 1..=wanted {
        let number = match statement.parameter_name(index) {
            Some(name) => name.trim_start_matches(['$', '?']).parse().unwrap_or(0),
            None => index,
        };
        if number == 0 || number > given {
            return Err(Error::other(format!("placeholder {index} has no value: {given} were given")));
        }
        highest = number.max(highest);
        statement.raw_bind_parameter(index, params.at(number - 1)).map_err(from_sqlite)?;
    }
    if highest != given {
        return Err(Error::other(format!("the statement uses {highest} values and was given {given}")));
    }
    Ok(())
}
