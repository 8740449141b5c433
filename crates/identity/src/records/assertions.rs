//! Assertions that have been used: none is used twice (RFC 7523 section 3, RFC 8725 section 3.10).

use crossgate_store::{Error, Sql, Store};
use jiff::Timestamp;

const FORGET: Sql = Sql::new("DELETE FROM identity_assertions WHERE expires_us < ?");
const REMEMBER: Sql = Sql::new("INSERT INTO identity_assertions (digest, expires_us) VALUES (?, ?)");

/// Writes down that the assertion is used, until it could not be used anyway; false when it was before.
pub(crate) async fn use_once(
    store: &Store,
    digest: [u8; 32],
    expires: Timestamp,
    now: Timestamp,
) -> Result<bool, Error> {
    let written = store.write(move |tx| {
        Box::pin(async move {
            tx.execute(FORGET, (now,)).await?;
            tx.execute(REMEMBER, (digest, expires)).await
        })
    });
    match written.await {
        Ok(_) => Ok(true),
        Err(Error::Conflict(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
