//! Writing: each thing once, and the oldest out when there is too much.

use crossgate_call as call;
use crossgate_store::{Result, Sql, Tx, Value};
use jiff::Timestamp;

use crate::Logbook;
use crate::entry::{Certificate, Kind, Level, Report, fingerprint, presence_line};

/// The most that is taken out with one batch, so that no batch waits for long; the next one goes on.
const OUT_MAX: i64 = 2_000;
/// What an entry costs beside its texts, in bytes: its row, its place in the index, its numbers.
const ROW_BYTES: usize = 120;

const INSERT: Sql = Sql::new(
    "INSERT INTO logbook_entries (key, recorded_at, at, kind, level, realm, session, authid, authrole, \
     common_name, company, sha1, sha256, text, reporter, bytes) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
);
const STAY: Sql = Sql::new(
    "SELECT authid, authrole, common_name, company, sha1, sha256 FROM logbook_stays WHERE realm = ? AND session = ?",
);
const JOINED: Sql = Sql::new(
    "INSERT INTO logbook_stays (recorded_at, realm, session, joined_at, authid, authrole, authmethod, \
     common_name, company, sha1, sha256) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (realm, session) DO UPDATE SET joined_at = excluded.joined_at, authid = excluded.authid, \
     authrole = excluded.authrole, authmethod = excluded.authmethod, common_name = excluded.common_name, \
     company = excluded.company, sha1 = excluded.sha1, sha256 = excluded.sha256",
);
const LEFT: Sql = Sql::new(
    "INSERT INTO logbook_stays (recorded_at, realm, session, left_at, authid, authrole) VALUES (?, ?, ?, ?, ?, ?) \
     ON CONFLICT (realm, session) DO UPDATE SET left_at = excluded.left_at, recorded_at = excluded.recorded_at",
);
const SIZE: Sql = Sql::new("SELECT entries, bytes FROM logbook_size");
const OLD: Sql = Sql::new(
    "DELETE FROM logbook_entries WHERE seq IN \
     (SELECT seq FROM logbook_entries ORDER BY seq LIMIT ?) AND recorded_at < ?",
);
const OLDEST: Sql = Sql::new("SELECT seq, bytes FROM logbook_entries ORDER BY seq LIMIT ?");
const OUT: Sql = Sql::new("DELETE FROM logbook_entries WHERE seq <= ?");
const OLD_STAYS: Sql = Sql::new(
    "DELETE FROM logbook_stays WHERE seq IN (SELECT seq FROM logbook_stays ORDER BY seq LIMIT ?) AND recorded_at < ?",
);
const MANY_STAYS: Sql = Sql::new(
    "DELETE FROM logbook_stays WHERE seq IN (SELECT seq FROM logbook_stays ORDER BY seq LIMIT \
     MAX(0, MIN($1, (SELECT COUNT(*) FROM logbook_stays) - $2)))",
);

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Appended {
    /// Entries that are new.
    pub recorded: u64,
    /// Entries that another daemon had reported before, or the same one in an earlier attempt.
    pub repeated: u64,
}

/// In whose words.
pub(crate) struct Under {
    pub(crate) realm: String,
    pub(crate) reporter: String,
}

impl Logbook {
    pub(crate) async fn append(&self, reports: Vec<Report>, under: Under) -> call::Result<Appended> {
        let line_bytes_max = self.config.line_bytes_max;
        let mut keyed = Vec::with_capacity(reports.len());
        for (index, report) in reports.into_iter().enumerate() {
            let Some(key) = report.key(&under.realm) else {
                let detail = "an entry has an id of 1 to 128 characters; who joins or leaves has a session";
                let field = call::Field::new("input", format!("/entries/{index}"), detail);
                return Err(call::Error::invalid("an entry cannot be told from others", vec![field]));
            };
            keyed.push((key, report.bounded(line_bytes_max)));
        }
        let (now, config) = (self.clock.now(), self.config.clone());
        let oldest = now.checked_sub(config.keep()).unwrap_or(Timestamp::MIN);
        let (entries_max, bytes_max) = (whole(config.entries_max), whole(config.bytes_max));
        let appended = self
            .store
            .write(move |tx| {
                Box::pin(async move {
                    let mut appended = Appended { recorded: 0, repeated: 0 };
                    for (key, report) in keyed {
                        if write(tx, &key, report, &under, now).await? {
                            appended.recorded += 1;
                        } else {
                            appended.repeated += 1;
                        }
                    }
                    make_room(tx, oldest, entries_max, bytes_max).await?;
                    Ok(appended)
                })
            })
            .await?;
        if appended.recorded > 0 {
            self.written.send_modify(|writes| *writes = writes.wrapping_add(1));
        }
        Ok(appended)
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Writes one entry; `false` when it was there.
async fn write(tx: &mut Tx, key: &str, mut report: Report, under: &Under, now: Timestamp) -> Result<bool> {
    let session = report.session.map(whole);
    let at = report.at.unwrap_or(now);
    let Certificate { sha1, sha256, .. } = &mut report.certificate;
    for written in [sha1, sha256] {
        *written = written.as_deref().and_then(fingerprint);
    }
    if let (Kind::Leave, Some(session)) = (report.kind, session) {
        recall(tx, &mut report, &under.realm, session).await?;
    }
    if matches!(report.kind, Kind::Join | Kind::Leave) {
        report.text = presence_line(report.kind, report.authid.as_deref(), &under.realm, &report.certificate);
    }
    let level = report.level.as_deref().and_then(Level::from_word).unwrap_or_default();
    let Report { kind, authid, authrole, authmethod, certificate, text, .. } = report;
    let texts = [&authid, &authrole, &certificate.common_name, &certificate.company];
    let bytes =
        ROW_BYTES + 2 * key.len() + text.len() + texts.iter().map(|t| t.as_ref().map_or(0, String::len)).sum::<usize>();
    let row = [
        Value::Text(key.to_owned()),
        Value::Int(now.as_microsecond()),
        Value::Int(at.as_microsecond()),
        Value::Text(kind.as_str().to_owned()),
        Value::Int(level.stored()),
        Value::Text(under.realm.clone()),
        session.map_or(Value::Null, Value::Int),
        known(&authid),
        known(&authrole),
        known(&certificate.common_name),
        known(&certificate.company),
        known(&certificate.sha1),
        known(&certificate.sha256),
        Value::Text(text),
        Value::Text(under.reporter.clone()),
        Value::Int(i64::try_from(bytes).unwrap_or(i64::MAX)),
    ];
    if tx.execute(INSERT, row).await? == 0 {
        return Ok(false);
    }
    match (kind, session) {
        (Kind::Join, Some(session)) => {
            let Certificate { common_name, company, sha1, sha256 } = certificate;
            let stay =
                (now, &under.realm, session, at, authid, authrole, authmethod, common_name, company, sha1, sha256);
            tx.execute(JOINED, stay).await?;
        }
        (Kind::Leave, Some(session)) => {
            tx.execute(LEFT, (now, &under.realm, session, at, authid, authrole)).await?;
        }
        _ => {}
    }
    Ok(true)
}

fn known(text: &Option<String>) -> Value {
    text.clone().map_or(Value::Null, Value::Text)
}

/// Whoever leaves is known from joining; the event of leaving says little.
async fn recall(tx: &mut Tx, report: &mut Report, realm: &str, session: i64) -> Result<()> {
    let rows = tx.query(STAY, (realm, session)).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    report.authid = row.get::<Option<String>>(0)?.or(report.authid.take());
    report.authrole = row.get::<Option<String>>(1)?.or(report.authrole.take());
    report.certificate =
        Certificate { common_name: row.get(2)?, company: row.get(3)?, sha1: row.get(4)?, sha256: row.get(5)? };
    Ok(())
}

/// Takes out what is too old, then the oldest until the rest fits.
async fn make_room(tx: &mut Tx, oldest: Timestamp, entries_max: i64, bytes_max: i64) -> Result<()> {
    tx.execute(OLD, (OUT_MAX, oldest)).await?;
    tx.execute(OLD_STAYS, (OUT_MAX, oldest)).await?;
    tx.execute(MANY_STAYS, (OUT_MAX, entries_max)).await?;
    let size = tx.query(SIZE, ()).await?;
    let row = size.one()?;
    let (mut entries, mut bytes) = (row.get::<i64>(0)?, row.get::<i64>(1)?);
    if entries <= entries_max && bytes <= bytes_max {
        return Ok(());
    }
    let mut last = None;
    for row in tx.query(OLDEST, (OUT_MAX,)).await?.iter() {
        if entries <= entries_max && bytes <= bytes_max {
            break;
        }
        entries -= 1;
        bytes -= row.get::<i64>(1)?;
        last = Some(row.get::<i64>(0)?);
    }
    if let Some(last) = last {
        tx.execute(OUT, (last,)).await?;
    }
    Ok(())
}
