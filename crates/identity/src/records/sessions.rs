//! Browser sessions, known by the digest of their cookie's value: who reads the database cannot use them.

use crossgate_call::Realm;
use crossgate_store::{Error, Sql, Store};
use jiff::Timestamp;

const FIND: Sql = Sql::new(
    "SELECT user_name, password_tag, seen_us, expires_us FROM identity_sessions WHERE digest = ? AND realm = ?",
);
const BEGIN: Sql = Sql::new(
    "INSERT INTO identity_sessions (digest, user_name, realm, password_tag, seen_us, expires_us) VALUES (?, ?, ?, ?, ?, ?)",
);
const SEEN: Sql = Sql::new("UPDATE identity_sessions SET seen_us = ? WHERE digest = ?");
const END: Sql = Sql::new("DELETE FROM identity_sessions WHERE digest = ?");
const FORGET: Sql = Sql::new("DELETE FROM identity_sessions WHERE expires_us < ?");

/// One session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) user: String,
    /// Of the password that it began with; another password ends it.
    pub(crate) password_tag: [u8; 32],
    pub(crate) seen: Timestamp,
    pub(crate) expires: Timestamp,
}

impl Session {
    pub(crate) async fn find(store: &Store, digest: &[u8; 32], realm: &Realm) -> Result<Option<Self>, Error> {
        let rows = store.read(FIND, (*digest, realm.as_str())).await?;
        let read = |row: crossgate_store::Row<'_>| {
            Ok(Self { user: row.get(0)?, password_tag: row.get(1)?, seen: row.get(2)?, expires: row.get(3)? })
        };
        rows.first().map(read).transpose()
    }

    /// Begins the session, and forgets those that have expired.
    pub(crate) async fn begin(self, store: &Store, digest: [u8; 32], realm: &Realm) -> Result<(), Error> {
        let realm = realm.clone();
        let work = store.write(move |tx| {
            Box::pin(async move {
                tx.execute(FORGET, (self.seen,)).await?;
                tx.execute(BEGIN, (digest, &self.user, realm.as_str(), self.password_tag, self.seen, self.expires))
                    .await
            })
        });
        work.await.map(drop)
    }

    pub(crate) async fn seen(store: &Store, digest: [u8; 32], now: Timestamp) -> Result<(), Error> {
        store.write(move |tx| Box::pin(async move { tx.execute(SEEN, (now, digest)).await })).await.map(drop)
    }

    pub(crate) async fn end(store: &Store, digest: [u8; 32]) -> Result<(), Error> {
        store.write(move |tx| Box::pin(async move { tx.execute(END, (digest,)).await })).await.map(drop)
    }
}
