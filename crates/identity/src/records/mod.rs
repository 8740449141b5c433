//! What identity keeps in the store: users that were added by command, browser sessions, the
//! assertions that have been used, and random keys of its own.

mod assertions;
mod keys;
mod sessions;
mod users;

use crossgate_store::{Error, Store};

pub(crate) use assertions::use_once;
pub(crate) use keys::key;
pub(crate) use sessions::Session;
pub(crate) use users::Stored;
pub use users::UserSummary;

/// Who owns these tables.
const OWNER: &str = "identity";

const STEPS: &[&str] = &[
    "CREATE TABLE identity_users (
        name TEXT NOT NULL PRIMARY KEY,
        password TEXT NOT NULL,
        roles TEXT NOT NULL,
        created_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE identity_sessions (
        digest BLOB NOT NULL PRIMARY KEY,
        user_name TEXT NOT NULL,
        realm TEXT NOT NULL,
        password_tag BLOB NOT NULL,
        seen_us INTEGER NOT NULL,
        expires_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX identity_sessions_expires ON identity_sessions (expires_us);
    CREATE INDEX identity_sessions_user ON identity_sessions (user_name);
    CREATE TABLE identity_assertions (
        digest BLOB NOT NULL PRIMARY KEY,
        expires_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX identity_assertions_expires ON identity_assertions (expires_us);",
    "CREATE TABLE identity_keys (
        name TEXT NOT NULL PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;",
];

/// Makes the tables.
pub(crate) async fn migrate(store: &Store) -> Result<(), Error> {
    store.migrate(OWNER, STEPS).await
}
