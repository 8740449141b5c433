//! Random keys that stay the same when the program starts again.

use crossgate_call::Error;
use crossgate_store::{Sql, Store};

use crate::random;

const FIND: Sql = Sql::new("SELECT value FROM identity_keys WHERE name = ?");
const MAKE: Sql = Sql::new("INSERT INTO identity_keys (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING");

/// The key of that name, made when it is first asked for.
pub(crate) async fn key(store: &Store, name: &'static str) -> Result<[u8; 32], Error> {
    let made = random::bytes::<32>()?;
    store.write(move |tx| Box::pin(async move { tx.execute(MAKE, (name, made)).await })).await?;
    let rows = store.read(FIND, (name,)).await?;
    let row = rows.first().ok_or_else(|| Error::internal("a key that was just written is not there"))?;
    Ok(row.get(0)?)
}
