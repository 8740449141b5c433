//! One thing that happened, as it is reported, kept and told.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest name (of a user, a role, a certificate's subject) that is kept, in characters.
const NAME_MAX: usize = 200;
/// The longest id that a reporter may give, in characters.
const ID_MAX: usize = 128;
/// What is put where a text was cut off.
const CUT: &str = "…";

/// What kind of thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Somebody logged a line.
    Log,
    /// A session joined a realm.
    Join,
    /// A session left it.
    Leave,
    /// A registration or subscription changed.
    Meta,
}

impl Kind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Join => "join",
            Self::Leave => "leave",
            Self::Meta => "meta",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Log, Self::Join, Self::Leave, Self::Meta].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How much it matters, the least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For developers.
    Debug,
    /// As it should be.
    #[default]
    Info,
    /// To be looked at.
    Warn,
    /// To be mended.
    Error,
}

impl Level {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }

    /// A level by any of the words that loggers have for it.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "trace" | "debug" => Self::Debug,
            "info" | "notice" | "information" => Self::Info,
            "warn" | "warning" => Self::Warn,
            "error" | "err" | "critical" | "fatal" | "alert" | "emergency" => Self::Error,
            _ => return None,
        })
    }

    pub(crate) const fn stored(self) -> i64 {
        self as i64
    }

    pub(crate) fn from_stored(stored: i64) -> Self {
        usize::try_from(stored).ok().and_then(|index| Self::ALL.get(index).copied()).unwrap_or_default()
    }
}

/// A client's certificate, as far as it tells who joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Certificate {
    /// The subject's common name.
    pub common_name: Option<String>,
    /// The issuer's organizational unit.
    pub company: Option<String>,
    /// SHA-1 of the whole: upper-case hex with colons.
    pub sha1: Option<String>,
    /// SHA-256, likewise.
    pub sha256: Option<String>,
}

/// What a log daemon reports.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    /// What kind of thing.
    pub kind: Kind,
    /// When it happened, by the reporter's clock; now when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// What tells it from every other of its kind and realm. Needed for `log` and `meta`; whatever several daemons
    /// report under one id is kept once. Sessions have their own number for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How much it matters, by any logger's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Whose session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// Who.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authid: Option<String>,
    /// In which role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authrole: Option<String>,
    /// Proved in which way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authmethod: Option<String>,
    /// Which certificate was shown.
    #[serde(default)]
    pub certificate: Certificate,
    /// What is said. Who joined or left is said from the rest.
    #[serde(default)]
    pub text: String,
}

/// What is kept of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place in the logbook; the newest has the highest.
    pub seq: i64,
    /// When it happened, by the reporter's clock.
    pub at: Timestamp,
    /// What kind of thing.
    pub kind: &'static str,
    /// How much it matters.
    pub level: Level,
    /// In which realm.
    pub realm: String,
    /// Whose session.
    pub session: Option<u64>,
    /// Who.
    pub authid: Option<String>,
    /// In which role.
    pub authrole: Option<String>,
    /// Which certificate was shown.
    pub certificate: Certificate,
    /// What is said.
    pub text: String,
    /// Who reported it.
    pub reporter: String,
}

/// A session's stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stay {
    /// Its place in the list; later ones are higher.
    pub seq: i64,
    /// In which realm.
    pub realm: String,
    /// The session's number.
    pub session: u64,
    /// When it joined; nothing when nobody saw it.
    pub joined_at: Option<Timestamp>,
    /// When it left; nothing when nobody saw it.
    pub left_at: Option<Timestamp>,
    /// Who.
    pub authid: Option<String>,
    /// In which role.
    pub authrole: Option<String>,
    /// Proved in which way.
    pub authmethod: Option<String>,
    /// Which certificate was shown.
    pub certificate: Certificate,
}

impl Report {
    /// What is the same whoever reports it, and differs from everything else. Nothing when it cannot be told.
    pub(crate) fn key(&self, realm: &str) -> Option<String> {
        let kind = self.kind.as_str();
        match self.kind {
            Kind::Join | Kind::Leave => Some(format!("{kind} {realm} {}", self.session?)),
            Kind::Log | Kind::Meta => {
                let id = self.id.as_deref().filter(|id| (1..=ID_MAX).contains(&id.chars().count()))?;
                Some(format!("{kind} {realm} {id}"))
            }
        }
    }

    /// The same with nothing longer than it may be.
    pub(crate) fn bounded(mut self, line_bytes_max: usize) -> Self {
        let Certificate { common_name, company, sha1, sha256 } = &mut self.certificate;
        let names = [&mut self.authid, &mut self.authrole, &mut self.authmethod, common_name, company, sha1, sha256];
        for name in names.into_iter().flatten() {
            if let Some((end, _)) = name.char_indices().nth(NAME_MAX) {
                name.truncate(end);
            }
        }
        if self.text.len() > line_bytes_max {
            let end = self.text.floor_char_boundary(line_bytes_max.saturating_sub(CUT.len()));
            self.text.truncate(end);
            self.text.push_str(CUT);
        }
        self
    }
}

/// Who joined (`+`) or left (`-`), in one line:
/// `+ "logdaemon" on realm "logger" CN="log1" COMPANY="XBR" SHA=B7:81:…`. What is not known is `?`.
#[must_use]
pub fn presence_line(kind: Kind, authid: Option<&str>, realm: &str, certificate: &Certificate) -> String {
    let sign = if kind == Kind::Leave { '-' } else { '+' };
    let mut line = format!("{sign} \"{}\" on realm \"{}\"", harmless(authid.unwrap_or("?")), harmless(realm));
    if let Some(sha1) = &certificate.sha1 {
        let name = |name: &Option<String>| harmless(name.as_deref().unwrap_or("?"));
        line.push_str(&format!(
            " CN=\"{}\" COMPANY=\"{}\" SHA={}",
            name(&certificate.common_name),
            name(&certificate.company),
            harmless(sha1)
        ));
    }
    line
}

/// A text in one line, in which nothing steers a terminal, and nobody ends the quotes.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() || letter == '"' || letter == '\\' {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// A fingerprint as it is kept: upper-case hex with colons; nothing for what is none.
pub(crate) fn fingerprint(written: &str) -> Option<String> {
    let hex: Vec<char> = written.chars().filter(|letter| !matches!(letter, ':' | ' ')).collect();
    if !matches!(hex.len(), 40 | 64) || !hex.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    let pairs: Vec<String> = hex.chunks(2).map(|pair| pair.iter().collect::<String>().to_ascii_uppercase()).collect();
    Some(pairs.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_joined_is_one_line_that_steers_no_terminal() {
        let certificate = Certificate {
            common_name: Some("log1".into()),
            company: Some("XBR".into()),
            sha1: Some("B7:81".into()),
            sha256: None,
        };
        assert_eq!(
            presence_line(Kind::Join, Some("logdaemon"), "logger", &certificate),
            "+ \"logdaemon\" on realm \"logger\" CN=\"log1\" COMPANY=\"XBR\" SHA=B7:81"
        );
        let nasty = presence_line(Kind::Leave, Some("a\"\n\u{1b}[2J"), "r", &Certificate::default());
        assert_eq!(nasty, "- \"a\\\"\\n\\u{1b}[2J\" on realm \"r\"");
    }

    #[test]
    fn a_fingerprint_is_read_however_it_is_written() {
        let sha1 = "b781".repeat(10);
        let kept = fingerprint(&sha1).unwrap();
        assert!(kept.starts_with("B7:81:B7") && kept.len() == 59);
        assert_eq!(fingerprint(&kept).unwrap(), kept);
        for wrong in ["", "b7", &"g".repeat(40), &"a".repeat(41)] {
            assert_eq!(fingerprint(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_long_line_is_cut_between_letters() {
        let report = Report {
            kind: Kind::Log,
            at: None,
            id: None,
            level: None,
            session: None,
            authid: Some("ü".repeat(300)),
            authrole: None,
            authmethod: None,
            certificate: Certificate::default(),
            text: "ü".repeat(100),
        };
        let bounded = report.bounded(20);
        assert_eq!(bounded.text, format!("{}…", "ü".repeat(8)));
        assert_eq!(bounded.authid.unwrap().chars().count(), NAME_MAX);
    }
}
