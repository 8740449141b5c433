//! Reading: pages of entries, newest first; what came after one; and who was there.

use crossgate_call::Result;
use crossgate_store::{Row, Sql};
use jiff::Timestamp;

use crate::Logbook;
use crate::entry::{Certificate, Entry, Kind, Level, Stay};

/// How many entries one page looks through at the most. A page that found little says where the next one begins.
pub(crate) const SCAN_MAX: i64 = 20_000;

macro_rules! columns {
    () => {
        "seq, at, kind, level, realm, session, authid, authrole, common_name, company, sha1, sha256, text, reporter"
    };
}

macro_rules! wanted {
    () => {
        " WHERE recorded_at >= $2 AND ($3 IS NULL OR at >= $3) AND ($4 IS NULL OR at < $4) \
         AND ($5 IS NULL OR realm = $5) AND ($6 IS NULL OR authid = $6) \
         AND ($7 IS NULL OR sha1 = $7 OR sha256 = $7) AND level >= $8 AND ($9 IS NULL OR kind = $9) \
         AND ($10 IS NULL OR text LIKE $10 ESCAPE '\\')"
    };
}

const BEFORE: Sql = Sql::new(concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT * FROM logbook_entries WHERE seq < $1 ORDER BY seq DESC LIMIT $12)",
    wanted!(),
    " ORDER BY seq DESC LIMIT $11"
));
const AFTER: Sql = Sql::new(concat!(
    "SELECT ",
    columns!(),
    " FROM (SELECT * FROM logbook_entries WHERE seq > $1 ORDER BY seq LIMIT $12)",
    wanted!(),
    " ORDER BY seq LIMIT $11"
));
const BEFORE_END: Sql = Sql::new(
    "SELECT COUNT(*), MIN(seq) FROM (SELECT seq FROM logbook_entries WHERE seq < ? ORDER BY seq DESC LIMIT ?)",
);
const AFTER_END: Sql =
    Sql::new("SELECT COUNT(*), MAX(seq) FROM (SELECT seq FROM logbook_entries WHERE seq > ? ORDER BY seq LIMIT ?)");
const ENDS: Sql = Sql::new("SELECT MIN(seq), MAX(seq) FROM logbook_entries");
const STAYS: Sql = Sql::new(
    "SELECT seq, realm, session, joined_at, left_at, authid, authrole, authmethod, common_name, company, sha1, sha256 \
     FROM logbook_stays WHERE seq < $1 AND recorded_at >= $2 AND ($3 IS NULL OR realm = $3) \
     AND ($4 IS NULL OR authid = $4) AND ($5 IS NULL OR sha1 = $5 OR sha256 = $5) \
     AND ($6 = 0 OR left_at IS NULL) ORDER BY seq DESC LIMIT $7",
);

/// Which entries.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Not before this instant.
    pub(crate) since: Option<Timestamp>,
    /// Before this instant.
    pub(crate) until: Option<Timestamp>,
    /// Of this realm.
    pub(crate) realm: Option<String>,
    /// Of whom.
    pub(crate) authid: Option<String>,
    /// Of whoever showed this certificate: SHA-1 or SHA-256, as it is kept.
    pub(crate) fingerprint: Option<String>,
    /// At least that important.
    pub(crate) level: Option<Level>,
    /// Of this kind.
    pub(crate) kind: Option<Kind>,
    /// With this in their text, in upper or lower case.
    pub(crate) text: Option<String>,
}

/// Entries, and where the next page begins, if there may be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// In the order of the page.
    pub(crate) entries: Vec<Entry>,
    /// Its cursor.
    pub(crate) next: Option<i64>,
}

impl Logbook {
    /// The newest entries before a place.
    pub(crate) async fn before(&self, filter: &Filter, before: i64, limit: u32) -> Result<Page> {
        self.page(&BEFORE, &BEFORE_END, filter, before, limit).await
    }

    /// The oldest entries after a place. The next page's cursor is where to go on, also when nothing was found.
    pub(crate) async fn after(&self, filter: &Filter, after: i64, limit: u32) -> Result<Page> {
        self.page(&AFTER, &AFTER_END, filter, after, limit).await
    }

    async fn page(
        &self,
        sql: &Sql<'static>,
        end: &Sql<'static>,
        filter: &Filter,
        from: i64,
        limit: u32,
    ) -> Result<Page> {
        let pattern = filter.text.as_deref().map(pattern);
        let params = (
            from,
            self.oldest(),
            filter.since,
            filter.until,
            filter.realm.as_deref(),
            filter.authid.as_deref(),
            filter.fingerprint.as_deref(),
            filter.level.unwrap_or(Level::Debug).stored(),
            filter.kind.map(Kind::as_str),
            pattern.as_deref(),
            limit,
            SCAN_MAX,
        );
        let rows = self.store.read(sql, params).await?;
        let entries = rows.iter().map(|row| entry(&row)).collect::<Result<Vec<_>>>()?;
        let full = entries.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let next = if full { entries.last().map(|entry| entry.seq) } else { self.end(end, from).await? };
        Ok(Page { entries, next })
    }

    /// The last place that was looked at, when there may be more behind it.
    async fn end(&self, end: &Sql<'static>, from: i64) -> Result<Option<i64>> {
        let rows = self.store.read(end, (from, SCAN_MAX)).await?;
        let row = rows.one()?;
        Ok(if row.get::<i64>(0)? < SCAN_MAX { None } else { row.get(1)? })
    }

    /// The oldest and the newest place.
    pub(crate) async fn ends(&self) -> Result<Option<(i64, i64)>> {
        let rows = self.store.read(ENDS, ()).await?;
        let row = rows.one()?;
        Ok(row.get::<Option<i64>>(0)?.zip(row.get(1)?))
    }

    pub(crate) async fn stays(&self, filter: &Filter, present: bool, before: i64, limit: u32) -> Result<Vec<Stay>> {
        let params = (
            before,
            self.oldest(),
            filter.realm.as_deref(),
            filter.authid.as_deref(),
            filter.fingerprint.as_deref(),
            present,
            limit,
        );
        self.store.read(STAYS, params).await?.iter().map(|row| stay(&row)).collect()
    }

    /// Before it, entries are too old to be shown, taken out or not.
    fn oldest(&self) -> Timestamp {
        self.clock.now().checked_sub(self.config.keep()).unwrap_or(Timestamp::MIN)
    }
}

/// A text to be found anywhere, and no pattern itself.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

fn entry(row: &Row<'_>) -> Result<Entry> {
    Ok(Entry {
        seq: row.get(0)?,
        at: row.get(1)?,
        kind: Kind::from_word(row.get(2)?).unwrap_or(Kind::Log).as_str(),
        level: Level::from_stored(row.get(3)?),
        realm: row.get(4)?,
        session: row.get(5)?,
        authid: row.get(6)?,
        authrole: row.get(7)?,
        certificate: certificate(row, 8)?,
        text: row.get(12)?,
        reporter: row.get(13)?,
    })
}

fn stay(row: &Row<'_>) -> Result<Stay> {
    Ok(Stay {
        seq: row.get(0)?,
        realm: row.get(1)?,
        session: row.get(2)?,
        joined_at: row.get(3)?,
        left_at: row.get(4)?,
        authid: row.get(5)?,
        authrole: row.get(6)?,
        authmethod: row.get(7)?,
        certificate: certificate(row, 8)?,
    })
}

fn certificate(row: &Row<'_>, first: usize) -> Result<Certificate> {
    Ok(Certificate {
        common_name: row.get(first)?,
        company: row.get(first + 1)?,
        sha1: row.get(first + 2)?,
        sha256: row.get(first + 3)?,
    })
}
