//! Users that were added by command.

use crossgate_store::{Error, Row, Sql, Store};
use jiff::Timestamp;

const FIND: Sql = Sql::new("SELECT password, roles FROM identity_users WHERE name = ?");
const LIST: Sql = Sql::new("SELECT name, roles, created_us FROM identity_users ORDER BY name");
const ADD: Sql = Sql::new("INSERT INTO identity_users (name, password, roles, created_us) VALUES (?, ?, ?, ?)");
const REMOVE: Sql = Sql::new("DELETE FROM identity_users WHERE name = ?");
const END_SESSIONS: Sql = Sql::new("DELETE FROM identity_sessions WHERE user_name = ?");

/// A user of the store.
pub(crate) struct Stored {
    pub(crate) password: String,
    pub(crate) roles: Vec<String>,
}

/// A user of the store, without the password's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The user's name.
    pub name: String,
    /// The roles that the user holds.
    pub roles: Vec<String>,
    /// When the user was added.
    pub created: Timestamp,
}

impl Stored {
    pub(crate) async fn find(store: &Store, name: &str) -> Result<Option<Self>, Error> {
        let rows = store.read(FIND, (name,)).await?;
        rows.first().map(|row| Ok(Self { password: row.get(0)?, roles: roles(&row, 1)? })).transpose()
    }

    /// Adds a user; with `replace`, instead of one of the same name, whose sessions then end.
    pub(crate) async fn add(self, store: &Store, name: &str, replace: bool, now: Timestamp) -> Result<(), Error> {
        let name = name.to_owned();
        let roles = serde_json::to_string(&self.roles).map_err(|error| Error::other(error.to_string()))?;
        let work = store.write(move |tx| {
            Box::pin(async move {
                if replace {
                    tx.execute(REMOVE, (&name,)).await?;
                    tx.execute(END_SESSIONS, (&name,)).await?;
                }
                tx.execute(ADD, (&name, &self.password, &roles, now)).await
            })
        });
        work.await.map(drop)
    }

    /// Removes a user and ends the user's sessions; false when there is none.
    pub(crate) async fn remove(store: &Store, name: &str) -> Result<bool, Error> {
        let name = name.to_owned();
        let work = store.write(move |tx| {
            Box::pin(async move {
                tx.execute(END_SESSIONS, (&name,)).await?;
                tx.execute(REMOVE, (&name,)).await
            })
        });
        Ok(work.await? > 0)
    }

    pub(crate) async fn list(store: &Store) -> Result<Vec<UserSummary>, Error> {
        let rows = store.read(LIST, ()).await?;
        rows.iter()
            .map(|row| Ok(UserSummary { name: row.get(0)?, roles: roles(&row, 1)?, created: row.get(2)? }))
            .collect()
    }
}

fn roles(row: &Row<'_>, column: usize) -> Result<Vec<String>, Error> {
    serde_json::from_str(row.get(column)?)
        .map_err(|error| Error::other(format!("a user's roles are not a JSON list: {error}")))
}
