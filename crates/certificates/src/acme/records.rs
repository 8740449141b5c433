//! What is kept in the store: accounts, certificates with their keys, when each is due, and who is ordering it now.

use crossgate_store::{Error, Row, Sql, Store};
use jiff::Timestamp;
use serde::Serialize;

/// Who owns these tables.
const OWNER: &str = "acme";

const STEPS: &[&str] = &["CREATE TABLE acme_accounts (
        directory TEXT NOT NULL PRIMARY KEY,
        contacts TEXT NOT NULL,
        credentials TEXT NOT NULL,
        created_us INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE acme_certificates (
        directory TEXT NOT NULL,
        names TEXT NOT NULL,
        chain TEXT,
        private_key TEXT,
        not_before_us INTEGER,
        not_after_us INTEGER,
        renew_us INTEGER,
        failures INTEGER NOT NULL,
        next_us INTEGER NOT NULL,
        error TEXT,
        holder TEXT NOT NULL,
        lease_us INTEGER NOT NULL,
        PRIMARY KEY (directory, names)
    ) STRICT, WITHOUT ROWID;"];

const ACCOUNT: Sql = Sql::new("SELECT contacts, credentials FROM acme_accounts WHERE directory = ?");
const KEEP_ACCOUNT: Sql = Sql::new(
    "INSERT INTO acme_accounts (directory, contacts, credentials, created_us) VALUES (?, ?, ?, ?)
     ON CONFLICT (directory) DO UPDATE SET contacts = excluded.contacts, credentials = excluded.credentials",
);
const FORGET_ACCOUNT: Sql = Sql::new("DELETE FROM acme_accounts WHERE directory = ?");
const FIND: Sql = Sql::new(
    "SELECT names, chain, private_key, not_before_us, not_after_us, renew_us, failures, next_us, error
     FROM acme_certificates WHERE directory = ? AND names = ?",
);
const WANT: Sql = Sql::new(
    "INSERT INTO acme_certificates (directory, names, failures, next_us, holder, lease_us) VALUES (?, ?, 0, 0, '', 0)
     ON CONFLICT (directory, names) DO NOTHING",
);
const LEASE: Sql = Sql::new(
    "UPDATE acme_certificates SET holder = ?, lease_us = ?
     WHERE directory = ? AND names = ? AND next_us <= ? AND (renew_us IS NULL OR renew_us <= ?) AND (lease_us <= ? OR holder = ?)",
);
const ISSUED: Sql = Sql::new(
    "UPDATE acme_certificates SET chain = ?, private_key = ?, not_before_us = ?, not_after_us = ?, renew_us = ?,
     failures = 0, next_us = 0, error = NULL, lease_us = 0 WHERE directory = ? AND names = ?",
);
const FAILED: Sql = Sql::new(
    "UPDATE acme_certificates SET failures = failures + 1, next_us = ?, error = ?, lease_us = 0
     WHERE directory = ? AND names = ?",
);
const DUE_AT: Sql = Sql::new("UPDATE acme_certificates SET renew_us = ? WHERE directory = ? AND names = ?");
const RENEW: Sql =
    Sql::new("UPDATE acme_certificates SET renew_us = ?, next_us = 0, failures = 0 WHERE directory = ? AND names = ?");

/// A certificate of the store, and how its orders go.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Its names, in order, with commas between.
    pub names: String,
    /// The chain, PEM; nothing before the first was issued.
    #[serde(skip)]
    pub(super) chain: Option<String>,
    #[serde(skip)]
    pub(super) key: Option<String>,
    /// When it begins.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub not_after: Option<Timestamp>,
    /// When it is to be renewed.
    pub renew_at: Option<Timestamp>,
    /// Orders that failed in a row.
    pub failures: u32,
    /// Not tried again before.
    pub next_at: Timestamp,
    /// What the last order failed of.
    pub error: Option<String>,
}

impl Record {
    fn read(row: Row<'_>) -> Result<Self, Error> {
        Ok(Self {
            names: row.get(0)?,
            chain: row.get(1)?,
            key: row.get(2)?,
            not_before: row.get(3)?,
            not_after: row.get(4)?,
            renew_at: row.get(5)?,
            failures: u32::try_from(row.get::<i64>(6)?).unwrap_or(u32::MAX),
            next_at: row.get(7)?,
            error: row.get(8)?,
        })
    }

    /// When it may be ordered.
    pub(super) fn due(&self) -> Timestamp {
        self.renew_at.unwrap_or(Timestamp::MIN).max(self.next_at)
    }
}

/// What the store has of each of the certificates, by [`super::Wanted::id`]; nothing for one that was never tried.
///
/// # Errors
/// When the store cannot be read.
pub async fn status(store: &Store, directory: &str, ids: &[String]) -> Result<Vec<Option<Record>>, Error> {
    migrate(store).await?;
    let mut found = Vec::new();
    for id in ids {
        found.push(find(store, directory, id).await?);
    }
    Ok(found)
}

/// Has a certificate ordered anew by whichever process serves it, soon. False when it was never ordered.
///
/// # Errors
/// When the store cannot be written.
pub async fn renew(store: &Store, directory: &str, id: &str, now: Timestamp) -> Result<bool, Error> {
    migrate(store).await?;
    let (directory, id) = (directory.to_owned(), id.to_owned());
    let changed =
        store.write(move |tx| Box::pin(async move { tx.execute(RENEW, (now, &directory, &id)).await })).await?;
    Ok(changed > 0)
}

pub(super) async fn migrate(store: &Store) -> Result<(), Error> {
    store.migrate(OWNER, STEPS).await
}

pub(super) async fn find(store: &Store, directory: &str, id: &str) -> Result<Option<Record>, Error> {
    store.read(FIND, (directory, id)).await?.first().map(Record::read).transpose()
}

/// Takes the lease on a certificate that is due, for whoever else uses the store to see. False when it is not due any
/// more, or somebody else is at it.
pub(super) async fn lease(
    store: &Store,
    directory: &str,
    id: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, Error> {
    let (directory, id, holder) = (directory.to_owned(), id.to_owned(), holder.to_owned());
    let taken = store.write(move |tx| {
        Box::pin(async move {
            tx.execute(WANT, (&directory, &id)).await?;
            tx.execute(LEASE, (&holder, until, &directory, &id, now, now, now, &holder)).await
        })
    });
    Ok(taken.await? > 0)
}

/// A certificate that was just issued.
pub(super) struct Fresh {
    pub(super) chain: String,
    pub(super) key: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    pub(super) renew_at: Timestamp,
}

pub(super) async fn issued(store: &Store, directory: &str, id: &str, fresh: Fresh) -> Result<(), Error> {
    let (directory, id) = (directory.to_owned(), id.to_owned());
    let work = store.write(move |tx| {
        Box::pin(async move {
            let Fresh { chain, key, not_before, not_after, renew_at } = fresh;
            tx.execute(ISSUED, (&chain, &key, not_before, not_after, renew_at, &directory, &id)).await
        })
    });
    work.await.map(drop)
}

pub(super) async fn failed(
    store: &Store,
    directory: &str,
    id: &str,
    next: Timestamp,
    error: String,
) -> Result<(), Error> {
    let (directory, id) = (directory.to_owned(), id.to_owned());
    let work =
        store.write(move |tx| Box::pin(async move { tx.execute(FAILED, (next, &error, &directory, &id)).await }));
    work.await.map(drop)
}

pub(super) async fn due_at(store: &Store, directory: &str, id: &str, at: Timestamp) -> Result<(), Error> {
    let (directory, id) = (directory.to_owned(), id.to_owned());
    store.write(move |tx| Box::pin(async move { tx.execute(DUE_AT, (at, &directory, &id)).await })).await.map(drop)
}

/// The account's contacts and credentials.
pub(super) async fn account(store: &Store, directory: &str) -> Result<Option<(String, String)>, Error> {
    let read = |row: Row<'_>| Ok((row.get(0)?, row.get(1)?));
    store.read(ACCOUNT, (directory,)).await?.first().map(read).transpose()
}

pub(super) async fn keep_account(
    store: &Store,
    directory: &str,
    contacts: &str,
    credentials: &str,
    now: Timestamp,
) -> Result<(), Error> {
    let (directory, contacts, credentials) = (directory.to_owned(), contacts.to_owned(), credentials.to_owned());
    let work = store.write(move |tx| {
        Box::pin(async move { tx.execute(KEEP_ACCOUNT, (&directory, &contacts, &credentials, now)).await })
    });
    work.await.map(drop)
}

pub(super) async fn forget_account(store: &Store, directory: &str) -> Result<(), Error> {
    let directory = directory.to_owned();
    store.write(move |tx| Box::pin(async move { tx.execute(FORGET_ACCOUNT, (&directory,)).await })).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIRECTORY: &str = "https://acme.example/dir";
    const ID: &str = "a.example,b.example";

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    async fn store() -> Store {
        let store = Store::temporary().unwrap();
        migrate(&store).await.unwrap();
        store
    }

    async fn takes(store: &Store, holder: &str, now: i64) -> bool {
        lease(store, DIRECTORY, ID, holder, at(now), at(now + 100)).await.unwrap()
    }

    fn fresh(renew_at: i64) -> Fresh {
        let (chain, key) = ("chain".to_owned(), "key".to_owned());
        Fresh { chain, key, not_before: at(1000), not_after: at(2000), renew_at: at(renew_at) }
    }

    #[tokio::test]
    async fn one_process_orders_while_the_others_wait_and_an_abandoned_lease_ends() {
        let store = store().await;
        assert!(takes(&store, "one", 1000).await);
        assert!(!takes(&store, "two", 1050).await, "somebody is at it");
        assert!(takes(&store, "one", 1050).await, "who holds it may go on");
        assert!(takes(&store, "two", 1151).await, "the first went without a word");
        issued(&store, DIRECTORY, ID, fresh(1500)).await.unwrap();
        assert!(!takes(&store, "one", 1200).await, "it is there, and not due");
        assert!(takes(&store, "one", 1500).await, "it is due");
    }

    #[tokio::test]
    async fn after_a_failure_nobody_tries_before_the_time_and_the_old_certificate_stays() {
        let store = store().await;
        assert!(takes(&store, "one", 1000).await);
        issued(&store, DIRECTORY, ID, fresh(1500)).await.unwrap();
        assert!(takes(&store, "one", 1500).await);
        failed(&store, DIRECTORY, ID, at(1560), "no answer".to_owned()).await.unwrap();
        for (holder, now, expected) in [("one", 1550, false), ("two", 1559, false), ("two", 1560, true)] {
            assert_eq!(takes(&store, holder, now).await, expected, "{holder} {now}");
        }
        let record = find(&store, DIRECTORY, ID).await.unwrap().unwrap();
        assert_eq!((record.failures, record.error.as_deref()), (1, Some("no answer")));
        assert_eq!((record.chain.as_deref(), record.due()), (Some("chain"), at(1560)));
        issued(&store, DIRECTORY, ID, fresh(1900)).await.unwrap();
        let record = find(&store, DIRECTORY, ID).await.unwrap().unwrap();
        assert_eq!((record.failures, record.error, record.renew_at), (0, None, Some(at(1900))));
    }

    #[tokio::test]
    async fn an_operator_makes_it_due_at_once_and_what_is_not_ordered_stays_unknown() {
        let store = store().await;
        assert!(!renew(&store, DIRECTORY, ID, at(1100)).await.unwrap());
        assert!(takes(&store, "one", 1000).await);
        issued(&store, DIRECTORY, ID, fresh(1500)).await.unwrap();
        assert!(renew(&store, DIRECTORY, ID, at(1100)).await.unwrap());
        assert!(takes(&store, "one", 1100).await);
        let ids = [ID.to_owned(), "c.example".to_owned()];
        let found = status(&store, DIRECTORY, &ids).await.unwrap();
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false]);
        assert_eq!(status(&store, "https://other.example/dir", &ids[..1]).await.unwrap().iter().flatten().count(), 0);
    }

    #[tokio::test]
    async fn an_account_is_kept_and_can_be_forgotten() {
        let store = store().await;
        assert_eq!(account(&store, DIRECTORY).await.unwrap(), None);
        keep_account(&store, DIRECTORY, "mailto:a@b.c", "{1}", at(1)).await.unwrap();
        keep_account(&store, DIRECTORY, "", "{2}", at(2)).await.unwrap();
        assert_eq!(account(&store, DIRECTORY).await.unwrap(), Some((String::new(), "{2}".to_owned())));
        forget_account(&store, DIRECTORY).await.unwrap();
        assert_eq!(account(&store, DIRECTORY).await.unwrap(), None);
    }
}
