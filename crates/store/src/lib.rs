//! SQL state, and where secrets come from.
//!
//! This crate owns the connections to a database: how it is opened, read, written, migrated and
//! closed. It must not know anybody's tables: each owner brings its own migrations and statements.
//!
//! The embedded database is SQLite, called directly. A read runs where it is asked for, on one of a
//! few read-only connections, and its future is ready when first polled. All writes of a [`Store`]
//! go through one thread, which commits several of them in one transaction (each in a savepoint of
//! its own, so that one that fails undoes only itself) and answers after the commit.
//!
//! The interface keeps to what PostgreSQL and MariaDB can do as well: asynchronous signatures,
//! statements as [`Sql`] with dialect variants, a transaction as a closure that returns a future.
//!
//! ```
//! # async fn shown() -> Result<(), crossgate_store::Error> {
//! use crossgate_store::{Sql, Store};
//!
//! const BALANCE: Sql = Sql::new("SELECT balance_cents FROM accounts WHERE id = ?");
//!
//! let store = Store::temporary()?;
//! store.migrate("accounts", &["CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance_cents INTEGER NOT NULL) STRICT"]).await?;
//! store
//!     .write(|tx| {
//!         Box::pin(async move { tx.execute("INSERT INTO accounts (id, balance_cents) VALUES (?, ?)", (1, 42_300)).await })
//!     })
//!     .await?;
//! let cents: i64 = store.read(BALANCE, (1,)).await?.one()?.get(0)?;
//! assert_eq!(cents, 42_300);
//! store.close().await?;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(shown()).unwrap();
//! ```

mod config;
mod error;
mod job;
mod migrate;
mod params;
mod readers;
mod rows;
pub mod secrets;
mod sql;
mod sqlite;
mod stats;
mod store;
mod temporary;
mod tx;
mod value;
mod writer;

pub use config::{Config, Durability};
pub use error::{Detail, Error, Result};
pub use params::Params;
pub use rows::{FromValue, Row, Rows};
pub use sql::Sql;
pub use stats::Stats;
pub use store::{Store, Work};
pub use tx::Tx;
pub use value::{Param, ToParam, Value};
