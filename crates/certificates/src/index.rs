//! The record of what an authority has issued and revoked: one JSON object a line, only ever added to, under a lock.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Error, KeyKind, Result, files};

/// What a certificate was issued for.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The authority itself.
    Authority,
    /// A server.
    Server,
    /// A client.
    Client,
}

/// Why a certificate was revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Nothing was said.
    #[default]
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// Its holder belongs elsewhere now.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// What it was for is over.
    CessationOfOperation,
    /// Its holder may not have it any more.
    PrivilegeWithdrawn,
}

/// A certificate that was issued.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The serial number, lower-case hex.
    pub serial: String,
    /// What for.
    pub kind: Kind,
    /// What its files are called, without ending.
    pub name: String,
    /// The subject's common name.
    pub common_name: String,
    /// The subject's organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The subject's organizational unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The subject alternative names: `DNS:example.org`.
    pub names: Vec<String>,
    /// The kind of key.
    pub key: KeyKind,
    /// For how many days it was issued; nothing when it was the usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// When it begins.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
    /// SHA-1 of it, upper-case hex with colons.
    pub sha1: String,
    /// SHA-256 of it, lower-case hex.
    pub sha256: String,
}

/// A line of the index.
#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    Issued(Box<Entry>),
    Revoked {
        at: Timestamp,
        serial: String,
        reason: Reason,
    },
    /// A revocation list was signed.
    Listed {
        at: Timestamp,
        number: u64,
        next_update: Timestamp,
    },
}

/// What became of a certificate.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
pub struct Status {
    /// The certificate.
    #[serde(flatten)]
    pub entry: Entry,
    /// When it was revoked, and why.
    pub revoked: Option<(Timestamp, Reason)>,
}

/// The index, read and locked against other writers until this goes.
pub(crate) struct Index {
    path: PathBuf,
    file: File,
    pub(crate) certificates: Vec<Status>,
    pub(crate) list_number: u64,
    pub(crate) list_next_update: Option<Timestamp>,
}

impl Index {
    /// Opens it for writing, waiting for whoever writes to it now.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).mode(files::PUBLIC).open(path);
        let file = file.map_err(Error::writing(path))?;
        file.lock().map_err(Error::writing(path))?;
        Self::load(path, file)
    }

    /// Reads it, without waiting for the next writer to finish.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::reading(path))?;
        file.lock_shared().map_err(Error::reading(path))?;
        Self::load(path, file)
    }

    fn load(path: &Path, mut file: File) -> Result<Self> {
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(Error::reading(path))?;
        let mut index =
            Self { path: path.to_owned(), file, certificates: Vec::new(), list_number: 0, list_next_update: None };
        for (number, line) in (1..).zip(text.lines()) {
            let line: Line = serde_json::from_str(line).map_err(|error| {
                Error::refused(format!(
                    "line {number} of {} is not readable ({error}); restore it from a backup",
                    path.display()
                ))
            })?;
            index.apply(line);
        }
        Ok(index)
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Issued(entry) => self.certificates.push(Status { entry: *entry, revoked: None }),
            Line::Revoked { at, serial, reason } => {
                for status in self.certificates.iter_mut().filter(|status| status.entry.serial == serial) {
                    status.revoked.get_or_insert((at, reason));
                }
            }
            Line::Listed { number, next_update, .. } => {
                (self.list_number, self.list_next_update) = (number, Some(next_update));
            }
        }
    }

    /// Writes that a certificate is about to be handed out: nothing leaves that is not on record.
    pub(crate) fn issued(&mut self, entry: Entry) -> Result<()> {
        self.append(Line::Issued(Box::new(entry)))
    }

    pub(crate) fn revoked(&mut self, serial: &str, reason: Reason, at: Timestamp) -> Result<()> {
        self.append(Line::Revoked { at, serial: serial.to_owned(), reason })
    }

    pub(crate) fn listed(&mut self, number: u64, at: Timestamp, next_update: Timestamp) -> Result<()> {
        self.append(Line::Listed { at, number, next_update })
    }

    fn append(&mut self, line: Line) -> Result<()> {
        let mut text = serde_json::to_string(&line).map_err(|error| Error::refused(error.to_string()))?;
        text.push('\n');
        self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_all()).map_err(Error::writing(&self.path))?;
        self.apply(line);
        Ok(())
    }
}
