use crossgate_store::{Config, Error, Store};

const ONE: &[&str] = &["CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT; CREATE INDEX a_by_id ON a (id)"];
const TWO: &[&str] = &[ONE[0], "ALTER TABLE a ADD COLUMN b TEXT"];
const EDITED: &[&str] = &["CREATE TABLE a (id INTEGER PRIMARY KEY, c TEXT) STRICT", TWO[1]];
const BROKEN: &[&str] = &[TWO[0], TWO[1], "CREATE TABLE c (id INTEGER) STRICT", "CREATE TABLE a (again INTEGER)"];

#[tokio::test]
async fn steps_run_once_each_in_order_and_only_the_new_ones() {
    let store = Store::temporary().unwrap();
    for steps in [ONE, ONE, TWO, TWO] {
        store.migrate("a", steps).await.unwrap();
    }
    assert!(store.read("SELECT b FROM a", ()).await.unwrap().is_empty());
    let recorded = store.read("SELECT owner, step FROM store_migrations ORDER BY step", ()).await.unwrap();
    let recorded: Vec<(&str, i64)> = recorded.iter().map(|row| (row.get(0).unwrap(), row.get(1).unwrap())).collect();
    assert_eq!(recorded, [("a", 1), ("a", 2)]);
}

#[tokio::test]
async fn owners_do_not_see_each_others_steps() {
    let store = Store::temporary().unwrap();
    store.migrate("a", TWO).await.unwrap();
    store.migrate("b", &["CREATE TABLE b (id INTEGER PRIMARY KEY) STRICT"]).await.unwrap();
    store.migrate("a", TWO).await.unwrap();
}

#[tokio::test]
async fn an_edited_step_is_refused() {
    let store = Store::temporary().unwrap();
    store.migrate("a", TWO).await.unwrap();
    let refused = store.migrate("a", EDITED).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(_)), "{refused:?}");
    assert!(refused.to_string().starts_with("step 1 of `a` is not the text that was run"), "{refused}");
}

#[tokio::test]
async fn a_schema_from_a_newer_version_is_refused() {
    let store = Store::temporary().unwrap();
    store.migrate("a", TWO).await.unwrap();
    let refused = store.migrate("a", ONE).await.unwrap_err();
    assert!(refused.to_string().contains("written by a newer version"), "{refused}");
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_schema_as_it_was() {
    let store = Store::temporary().unwrap();
    store.migrate("a", ONE).await.unwrap();
    let failed = store.migrate("a", BROKEN).await.unwrap_err();
    assert!(failed.to_string().contains("migrating `a`: step 4"), "{failed}");
    assert!(store.read("SELECT b FROM a", ()).await.is_err(), "step 2 is undone too");
    assert!(store.read("SELECT * FROM c", ()).await.is_err());
    store.migrate("a", TWO).await.unwrap();
}

#[tokio::test]
async fn a_step_that_ends_the_transaction_fails_and_is_not_recorded() {
    let store = Store::temporary().unwrap();
    let sneaky: &[&str] = &["CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT; COMMIT"];
    assert!(store.migrate("a", sneaky).await.is_err());
    store.migrate("b", &["CREATE TABLE b (id INTEGER PRIMARY KEY) STRICT"]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_migrate_at_the_same_time_do_it_once() {
    let directory = tempfile::tempdir().unwrap();
    let config = Config::at(directory.path().join("a.db"));
    let migrations: Vec<_> = (0..6)
        .map(|_| {
            let config = config.clone();
            tokio::spawn(async move {
                let store = tokio::task::spawn_blocking(move || Store::open(&config)).await.unwrap()?;
                store.migrate("a", TWO).await
            })
        })
        .collect();
    for migration in migrations {
        migration.await.unwrap().unwrap();
    }
}
