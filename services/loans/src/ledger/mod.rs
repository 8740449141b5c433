//! The ledger: what is asked of its tables and what is written to them.

mod history;
mod post;
mod read;
mod schema;
mod table;

use std::fmt;
use std::sync::Arc;

use crossgate_call::Clock;
use crossgate_store::{Sql, Store};

pub use history::{Day as HistoryDay, History, Position, Wanted};
pub use post::{Posting, Reversal, Under};
pub(crate) use table::{EntryRow, add_to_balances, insert_entries, within};

use crate::{Config, Day, Error, Scale};

const SCALE: Sql = Sql::new("SELECT minor_unit_digits FROM loan_ledger WHERE one = 1");
const BEGIN: Sql = Sql::new("INSERT INTO loan_ledger (one, minor_unit_digits) VALUES (1, ?)");

/// A ledger of loans, opened.
pub struct Ledger {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    scale: Scale,
}

impl Ledger {
    /// Opens the ledger in `store`, and begins it there if it is new.
    ///
    /// # Errors
    /// [`Error::Scale`] or [`Error::ScaleRange`] for a scale that does not suit; [`Error::Store`].
    pub async fn open(config: Config, store: Store, clock: Arc<dyn Clock>) -> Result<Arc<Self>, Error> {
        let configured = config.minor_unit_digits;
        let scale = Scale::new(configured).ok_or(Error::ScaleRange(configured))?;
        store.migrate(schema::OWNER, schema::STEPS).await?;
        let kept = store
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(row) = tx.query(SCALE, ()).await?.first() {
                        return row.get::<u32>(0);
                    }
                    tx.execute(BEGIN, (configured,)).await?;
                    Ok(configured.into())
                })
            })
            .await?;
        match u8::try_from(kept) {
            Ok(kept) if kept == configured => Ok(Arc::new(Self { store, clock, scale })),
            Ok(kept) => Err(Error::Scale { kept, configured }),
            Err(_) => Err(Error::Damaged("its scale is out of range")),
        }
    }

    /// How its amounts are read and written.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// Today, in UTC.
    pub fn today(&self) -> Day {
        Day::of(self.clock.now())
    }

    /// Whether its database can be read and written.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.store.ready().await?)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("scale", &self.scale).finish_non_exhaustive()
    }
}
