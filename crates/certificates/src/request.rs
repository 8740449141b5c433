//! What a certificate is asked to be.

use std::time::Duration;

use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SerialNumber,
    date_time_ymd,
};

use crate::index::Kind;
use crate::key::random;
use crate::{Error, KeyKind, Name, Result};

/// Bytes of a serial number: 128 random bits (CA/Browser Forum's baseline asks for 64).
const SERIAL_BYTES: usize = 16;
/// The longest common name, organization or unit, in characters (RFC 5280 appendix A.1).
const TEXT_MAX: usize = 64;
/// Certificates begin a little before now, for clocks that are a little behind.
const BACKDATE_MINUTES: i64 = 60;
/// The most names in one certificate.
const NAMES_MAX: usize = 100;

/// How long a certificate is valid, in days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days(pub u32);

impl Days {
    /// What is used when nothing is said: 10 years for an authority, 397 days for a server (what browsers take at the
    /// most), a year for a client.
    pub fn usual(kind: Kind) -> Self {
        Self(match kind {
            Kind::Authority => 3650,
            Kind::Server => 397,
            Kind::Client => 365,
        })
    }

    fn most(kind: Kind) -> u32 {
        match kind {
            Kind::Authority => 7300,
            Kind::Server => 825,
            Kind::Client => 1825,
        }
    }
}

/// What a certificate is asked to be.
#[derive(Clone, Debug)]
pub struct Request {
    /// For whom.
    pub kind: Kind,
    /// The subject's common name.
    pub common_name: String,
    /// The subject's organization.
    pub organization: Option<String>,
    /// The subject's organizational unit.
    pub unit: Option<String>,
    /// The subject alternative names. A server needs a DNS name or an address.
    pub names: Vec<Name>,
    /// The kind of key.
    pub key: KeyKind,
    /// How long; the usual time when left out, and never beyond the authority's end.
    pub days: Option<Days>,
}

impl Request {
    /// A request with the usual key and validity.
    pub fn new(kind: Kind, common_name: impl Into<String>, names: Vec<Name>) -> Self {
        Self {
            kind,
            common_name: common_name.into(),
            organization: None,
            unit: None,
            names,
            key: KeyKind::default(),
            days: None,
        }
    }

    fn check(&self) -> Result<()> {
        let texts = [
            ("common name", Some(&self.common_name)),
            ("organization", self.organization.as_ref()),
            ("unit", self.unit.as_ref()),
        ];
        for (what, text) in texts.into_iter().filter_map(|(what, text)| Some((what, text?))) {
            if text.trim().is_empty() || text.chars().count() > TEXT_MAX || text.chars().any(char::is_control) {
                return Err(Error::refused(format!(
                    "the {what} `{}` must have 1 to {TEXT_MAX} characters, none of them a control character",
                    text.escape_debug()
                )));
            }
        }
        let served = self.names.iter().any(|name| matches!(name, Name::Dns(_) | Name::Ip(_)));
        if self.kind == Kind::Server && !served {
            return Err(Error::refused(
                "a server's certificate needs a DNS name or an IP address; clients look at nothing else",
            ));
        }
        if self.names.len() > NAMES_MAX {
            return Err(Error::refused(format!("a certificate here has at most {NAMES_MAX} names")));
        }
        let most = Days::most(self.kind);
        match self.days {
            Some(Days(days)) if !(1..=most).contains(&days) => {
                Err(Error::refused(format!("such a certificate is valid for 1 to {most} days, not {days}")))
            }
            _ => Ok(()),
        }
    }

    /// The certificate's content, ready to be signed. `authority_ends` is when the signer's own certificate ends.
    pub(crate) fn params(&self, now: Timestamp, authority_ends: Option<Timestamp>) -> Result<CertificateParams> {
        self.check()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        let parts = [
            (DnType::OrganizationName, self.organization.as_ref()),
            (DnType::OrganizationalUnitName, self.unit.as_ref()),
            (DnType::CommonName, Some(&self.common_name)),
        ];
        for (part, text) in parts {
            if let Some(text) = text {
                params.distinguished_name.push(part, text.trim());
            }
        }
        params.subject_alt_names = self.names.iter().map(Name::san).collect::<Result<_>>()?;
        params.serial_number = Some(serial()?);
        params.use_authority_key_identifier_extension = true;
        let days = self.days.unwrap_or(Days::usual(self.kind)).0;
        let mut ends = now.checked_add((i64::from(days) * 24).hours()).map_err(|_| Error::Time)?;
        if let Some(last) = authority_ends.filter(|last| ends > *last) {
            if self.days.is_some() {
                return Err(Error::refused(format!(
                    "the authority itself ends at {last}; ask for fewer days, or renew the authority first"
                )));
            }
            ends = last;
        }
        let begins = now.checked_sub(BACKDATE_MINUTES.minutes()).map_err(|_| Error::Time)?;
        params.not_before = date_time_ymd(1970, 1, 1) + since_1970(begins)?;
        params.not_after = date_time_ymd(1970, 1, 1) + since_1970(ends)?;
        self.purpose(&mut params);
        Ok(params)
    }

    fn purpose(&self, params: &mut CertificateParams) {
        let usage = match self.kind {
            Kind::Authority => {
                // Path length 0: it signs servers and clients, and no further authority.
                params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
                params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
                return;
            }
            Kind::Server => ExtendedKeyUsagePurpose::ServerAuth,
            Kind::Client => ExtendedKeyUsagePurpose::ClientAuth,
        };
        // Says CA:FALSE outright, and has a subject key identifier.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
    }
}

/// A date as rcgen takes it, which has no name for its type: to be added to the beginning of 1970.
pub(crate) fn since_1970(at: Timestamp) -> Result<Duration> {
    // A year of five digits cannot be written in a certificate.
    if at.to_zoned(jiff::tz::TimeZone::UTC).year() > 9998 {
        return Err(Error::Time);
    }
    u64::try_from(at.as_second()).map(Duration::from_secs).map_err(|_| Error::Time)
}

/// A serial number of 128 random bits, positive and without a zero in front.
pub(crate) fn serial() -> Result<SerialNumber> {
    let mut bytes = [0; SERIAL_BYTES];
    while bytes[0] == 0 {
        random(&mut bytes)?;
    }
    Ok(SerialNumber::from_slice(&bytes))
}
