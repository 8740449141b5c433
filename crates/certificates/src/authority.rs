//! A private authority: a folder with its certificate, its key, its index and its revocation list.
//!
//! | file | |
//! |---|---|
//! | `ca.pem`, `ca-key.pem` | the authority; the key in PKCS#8, encrypted when it has a passphrase |
//! | `ca.crl` | the revocation list, PEM; signed anew with each revocation |
//! | `index.jsonl` | what was issued and revoked |
//! | `NAME.pem`, `NAME-key.pem`, `NAME.p12` | what was issued |

use std::path::PathBuf;

use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevocationReason, RevokedCertParams, SerialNumber,
    date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::SecretString;
use serde::Serialize;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;

use crate::examine::{Purpose, examine};
use crate::facts::Facts;
use crate::index::{Entry, Index, Kind, Reason, Status};
use crate::request::{Days, Request, since_1970};
use crate::{Error, Name, Result, files, key, pkcs12};

/// The authority's files are called so.
const CA: &str = "ca";
const INDEX: &str = "index.jsonl";
const LIST: &str = "ca.crl";
/// The longest name of files, in bytes.
const FILE_NAME_MAX: usize = 100;

/// An authority's folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

/// An authority whose key is at hand.
pub struct Authority {
    folder: Folder,
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    key_identifier: KeyIdMethod,
    facts: Facts,
}

/// What was issued, and where it is.
#[derive(Clone, Debug, Serialize)]
pub struct Issued {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
    /// Both and the authority's certificate, PKCS#12, when it was asked for.
    pub pkcs12: Option<PathBuf>,
    /// What it says.
    #[serde(flatten)]
    pub facts: Facts,
    /// What it is for.
    pub kind: Kind,
    /// What its files are called, without ending.
    pub name: String,
}

/// What was revoked, and the list that says so.
#[derive(Clone, Debug, Serialize)]
pub struct Revoked {
    /// The certificates that were revoked now.
    pub revoked: Vec<Entry>,
    /// The list's file.
    pub list: PathBuf,
    /// The list's number; each is greater than the one before.
    pub number: u64,
    /// When the list must have been replaced, revocation or not.
    pub next_update: Timestamp,
}

impl Folder {
    /// The folder at that path, whether or not there is an authority in it.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where a file in it is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The authority's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// The revocation list.
    pub fn list(&self) -> PathBuf {
        self.path(LIST)
    }

    /// Makes an authority in it, with an empty revocation list that is valid for `list_days`. Its key is encrypted when
    /// there is a passphrase.
    ///
    /// # Errors
    /// When there is one already and `replace` is not said, the request asks for what is not done, or a file cannot be
    /// written.
    pub fn create(
        &self,
        request: &Request,
        passphrase: Option<&SecretString>,
        list_days: Days,
        replace: bool,
        now: Timestamp,
    ) -> Result<Issued> {
        let (certificate_file, key_file) = (self.certificate(), self.path("ca-key.pem"));
        files::absent(&[&certificate_file, &key_file], replace)?;
        let params = request.params(now, None)?;
        files::folder(&self.0)?;
        let key = request.key.generate()?;
        let key_text = key::to_pem(&key, passphrase)?;
        let certificate = params.self_signed(&key)?;
        let facts = facts(certificate.der())?;
        let mut index = Index::open(&self.path(INDEX))?;
        index.issued(entry(CA, request, &facts, now))?;
        files::write(&key_file, key_text.as_bytes(), files::SECRET, replace)?;
        files::write(&certificate_file, certificate.pem().as_bytes(), files::PUBLIC, replace)?;
        let authority = Authority::new(self.clone(), certificate.der().clone(), key)?;
        authority.sign_list(&mut index, list_days, now)?;
        Ok(Issued {
            certificate: certificate_file,
            key: key_file,
            pkcs12: None,
            facts,
            kind: Kind::Authority,
            name: CA.to_owned(),
        })
    }

    /// Takes the authority's key out of its file.
    ///
    /// # Errors
    /// When there is no authority, its certificate is none or belongs to another key, or the passphrase is missing or
    /// wrong.
    pub fn unlock(&self, passphrase: Option<&SecretString>) -> Result<Authority> {
        let path = self.certificate();
        if !path.exists() {
            return Err(Error::refused(format!(
                "there is no authority in {}; make one with `crossgate cert ca`",
                self.0.display()
            )));
        }
        let certificate = CertificateDer::from_pem_slice(&files::read(&path)?)
            .map_err(|_| Error::refused(format!("{} is not a certificate", path.display())))?;
        let key_file = self.path("ca-key.pem");
        let text = String::from_utf8(files::read(&key_file)?)
            .map_err(|_| Error::refused(format!("{} is not PEM", key_file.display())))?;
        Authority::new(self.clone(), certificate, key::from_pem(&text, passphrase)?)
    }

    /// Whether the authority's key needs a passphrase.
    ///
    /// # Errors
    /// When there is no authority.
    pub fn needs_passphrase(&self) -> Result<bool> {
        let text = files::read(&self.path("ca-key.pem")).map_err(|error| match error {
            Error::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Error::refused(format!(
                "there is no authority in {}; make one with `crossgate cert ca`",
                self.0.display()
            )),
            error => error,
        })?;
        Ok(String::from_utf8_lossy(&text).lines().next().is_some_and(key::is_encrypted))
    }

    /// Everything that was issued, in order.
    ///
    /// # Errors
    /// When there is no index, or it cannot be read.
    pub fn certificates(&self) -> Result<Vec<Status>> {
        Ok(Index::read(&self.path(INDEX))?.certificates)
    }

    /// When the revocation list must have been replaced; nothing when none was signed.
    ///
    /// # Errors
    /// As [`Folder::certificates`].
    pub fn list_next_update(&self) -> Result<Option<Timestamp>> {
        Ok(Index::read(&self.path(INDEX))?.list_next_update)
    }
}

impl Authority {
    fn new(folder: Folder, certificate: CertificateDer<'static>, key: KeyPair) -> Result<Self> {
        let path = folder.certificate();
        let unusable = |why: &str| Error::refused(format!("the certificate in {} {why}", path.display()));
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|_| unusable("is malformed"))?;
        if !is_of(&parsed, &key) {
            return Err(unusable("belongs to another key than ca-key.pem"));
        }
        let identifier = parsed.iter_extensions().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(identifier) => Some(KeyIdMethod::PreSpecified(identifier.0.to_vec())),
            _ => None,
        });
        let facts = Facts::of(&certificate, &parsed);
        let issuer = Issuer::from_ca_cert_der(&certificate, key)?;
        let key_identifier = identifier.unwrap_or(KeyIdMethod::Sha256);
        Ok(Self { folder, issuer, certificate, key_identifier, facts })
    }

    /// The authority's certificate in PEM.
    ///
    /// # Errors
    /// When it cannot be read again.
    pub fn pem(&self) -> Result<String> {
        String::from_utf8(files::read(&self.folder.certificate())?).map_err(|_| Error::refused("ca.pem is not PEM"))
    }

    /// What the authority's certificate says.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Issues a certificate with a key of its own into `NAME.pem` and `NAME-key.pem`, and `NAME.p12` when there is a
    /// password for it.
    ///
    /// # Errors
    /// When the authority cannot sign any more, the request asks for what is not done, files of that name are there
    /// and `replace` is not said, or one cannot be written.
    pub fn issue(
        &self,
        name: &str,
        request: &Request,
        password: Option<&SecretString>,
        replace: bool,
        now: Timestamp,
    ) -> Result<Issued> {
        self.check(now)?;
        check_name(name)?;
        let paths = [format!("{name}.pem"), format!("{name}-key.pem"), format!("{name}.p12")]
            .map(|file| self.folder.path(&file));
        let [certificate_file, key_file, bundle_file] = &paths;
        let wanted = if password.is_some() { &paths[..] } else { &paths[..2] };
        files::absent(&wanted.iter().map(PathBuf::as_path).collect::<Vec<_>>(), replace)?;
        let params = request.params(now, Some(self.facts.not_after))?;
        let key = request.key.generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let facts = facts(certificate.der())?;
        let serial = params.serial_number.as_ref().map(SerialNumber::to_bytes).unwrap_or_default();
        let chain: [&[u8]; 2] = [certificate.der(), &self.certificate];
        let bundle = password
            .map(|password| pkcs12::bundle(name, &serial, key.serialized_der(), &chain, password))
            .transpose()?;
        Index::open(&self.folder.path(INDEX))?.issued(entry(name, request, &facts, now))?;
        files::write(key_file, key.serialize_pem().as_bytes(), files::SECRET, replace)?;
        files::write(certificate_file, certificate.pem().as_bytes(), files::PUBLIC, replace)?;
        if let Some(bundle) = &bundle {
            files::write(bundle_file, bundle, files::SECRET, replace)?;
        }
        Ok(Issued {
            certificate: certificate_file.clone(),
            key: key_file.clone(),
            pkcs12: bundle.map(|_| bundle_file.clone()),
            facts,
            kind: request.kind,
            name: name.to_owned(),
        })
    }

    /// Issues a certificate anew, with a new key, for the same subject and names, in the place of the old one, which
    /// stays valid until it ends or is revoked. `ca` renews the authority: its key stays, so what it signed stays good.
    ///
    /// # Errors
    /// When nothing of that name was issued; as [`Authority::issue`].
    pub fn renew(
        &self,
        name: &str,
        days: Option<Days>,
        password: Option<&SecretString>,
        now: Timestamp,
    ) -> Result<Issued> {
        let entry =
            self.folder.certificates()?.into_iter().map(|status| status.entry).rfind(|entry| entry.name == name);
        let entry = entry.ok_or_else(|| {
            Error::refused(format!("nothing named `{name}` was issued here; `crossgate cert list` shows what was"))
        })?;
        let request = Request {
            kind: entry.kind,
            common_name: entry.common_name,
            organization: entry.organization,
            unit: entry.unit,
            names: entry.names.iter().map(|name| Name::written(name)).collect::<Result<_>>()?,
            key: entry.key,
            days: days.or(entry.days.map(Days)),
        };
        if request.kind == Kind::Authority {
            return self.renew_itself(&request, now);
        }
        self.issue(name, &request, password, true, now)
    }

    fn renew_itself(&self, request: &Request, now: Timestamp) -> Result<Issued> {
        let mut params = request.params(now, None)?;
        params.key_identifier_method = self.key_identifier.clone();
        let certificate = params.self_signed(self.issuer.key())?;
        let facts = facts(certificate.der())?;
        Index::open(&self.folder.path(INDEX))?.issued(entry(CA, request, &facts, now))?;
        let path = self.folder.certificate();
        files::write(&path, certificate.pem().as_bytes(), files::PUBLIC, true)?;
        let key = self.folder.path("ca-key.pem");
        Ok(Issued { certificate: path, key, pkcs12: None, facts, kind: Kind::Authority, name: CA.to_owned() })
    }

    /// Revokes certificates, each named by its files' name (all of that name that have not ended), its serial number
    /// or its SHA-256, and signs a new list. Naming none signs the list anew, as must be done before its next update.
    ///
    /// # Errors
    /// When one is not known here or is revoked already, or the list cannot be written.
    pub fn revoke(&self, which: &[String], reason: Reason, list_days: Days, now: Timestamp) -> Result<Revoked> {
        let mut index = Index::open(&self.folder.path(INDEX))?;
        let mut revoked: Vec<Entry> = Vec::new();
        for wanted in which {
            for entry in chosen(&index.certificates, wanted, now)? {
                if !revoked.contains(entry) {
                    revoked.push(entry.clone());
                }
            }
        }
        for entry in &revoked {
            index.revoked(&entry.serial, reason, now)?;
        }
        let (number, next_update) = self.sign_list(&mut index, list_days, now)?;
        Ok(Revoked { revoked, list: self.folder.list(), number, next_update })
    }

    fn sign_list(&self, index: &mut Index, days: Days, now: Timestamp) -> Result<(u64, Timestamp)> {
        if !(1..=3650).contains(&days.0) {
            return Err(Error::refused("a revocation list is valid for 1 to 3650 days"));
        }
        // Ended certificates stay on the list: whoever checks a signature of the past still learns of it.
        let revoked = index.certificates.iter().filter_map(|status| {
            let (at, reason) = status.revoked?;
            Some((unhex(&status.entry.serial)?, at, reason))
        });
        let revoked = revoked.map(|(serial, at, reason)| {
            Ok(RevokedCertParams {
                serial_number: SerialNumber::from_slice(&serial),
                revocation_time: date_time_ymd(1970, 1, 1) + since_1970(at)?,
                reason_code: reason_code(reason),
                invalidity_date: None,
            })
        });
        let number = index.list_number + 1;
        let next_update = now.checked_add((i64::from(days.0) * 24).hours()).map_err(|_| Error::Time)?;
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(1970, 1, 1) + since_1970(now)?,
            next_update: date_time_ymd(1970, 1, 1) + since_1970(next_update)?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect::<Result<_>>()?,
            key_identifier_method: self.key_identifier.clone(),
        };
        let text = list.signed_by(&self.issuer)?.pem()?;
        // On record first, so that no two lists have one number.
        index.listed(number, now, next_update)?;
        files::write(&self.folder.list(), text.as_bytes(), files::PUBLIC, true)?;
        Ok((number, next_update))
    }

    fn check(&self, now: Timestamp) -> Result<()> {
        match examine(&self.certificate, Purpose::Authority, now).faults.first() {
            Some(fault) => {
                Err(Error::refused(format!("the certificate in {} {fault}", self.folder.certificate().display())))
            }
            None => Ok(()),
        }
    }
}

/// Whether a certificate is for a key.
pub(crate) fn belongs(certificate: &CertificateDer<'_>, key: &KeyPair) -> bool {
    X509Certificate::from_der(certificate).is_ok_and(|(_, parsed)| is_of(&parsed, key))
}

fn is_of(certificate: &X509Certificate<'_>, key: &KeyPair) -> bool {
    certificate.public_key().subject_public_key.data.as_ref() == key.public_key_raw()
}

/// The certificates that somebody means; never the authority's own.
fn chosen<'a>(all: &'a [Status], wanted: &str, now: Timestamp) -> Result<Vec<&'a Entry>> {
    let plain: String = wanted.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    let named: Vec<_> = all
        .iter()
        .filter(|status| status.entry.kind != Kind::Authority)
        .filter(|status| status.entry.name == wanted || status.entry.serial == plain || status.entry.sha256 == plain)
        .collect();
    if named.is_empty() {
        return Err(Error::refused(format!(
            "nothing called `{wanted}` was issued here; name files, a serial number or a SHA-256 of `crossgate cert list`"
        )));
    }
    let open: Vec<_> = named.iter().filter(|status| status.revoked.is_none()).map(|status| &status.entry).collect();
    if open.is_empty() {
        return Err(Error::refused(format!("`{wanted}` is revoked already")));
    }
    // By name, those that are over need no revocation; when all are, somebody wants it on record.
    let live: Vec<_> = open.iter().copied().filter(|entry| entry.not_after >= now).collect();
    Ok(if live.is_empty() { open } else { live })
}

fn reason_code(reason: Reason) -> Option<RevocationReason> {
    Some(match reason {
        // "SHOULD be absent instead of using the unspecified reasonCode value" (RFC 5280 §5.3.1).
        Reason::Unspecified => return None,
        Reason::KeyCompromise => RevocationReason::KeyCompromise,
        Reason::AffiliationChanged => RevocationReason::AffiliationChanged,
        Reason::Superseded => RevocationReason::Superseded,
        Reason::CessationOfOperation => RevocationReason::CessationOfOperation,
        Reason::PrivilegeWithdrawn => RevocationReason::PrivilegeWithdrawn,
    })
}

fn facts(der: &CertificateDer<'_>) -> Result<Facts> {
    let (_, parsed) =
        X509Certificate::from_der(der).map_err(|_| Error::refused("the certificate made is malformed"))?;
    Ok(Facts::of(der, &parsed))
}

fn entry(name: &str, request: &Request, facts: &Facts, now: Timestamp) -> Entry {
    Entry {
        at: now,
        serial: facts.serial.clone(),
        kind: request.kind,
        name: name.to_owned(),
        common_name: request.common_name.clone(),
        organization: request.organization.clone(),
        unit: request.unit.clone(),
        names: request.names.iter().map(ToString::to_string).collect(),
        key: request.key,
        days: request.days.map(|days| days.0),
        not_before: facts.not_before,
        not_after: facts.not_after,
        sha1: facts.sha1.clone(),
        sha256: facts.sha256_hex.clone(),
    }
}

/// A name that files can have, in this folder and not elsewhere, and that is not the authority's.
fn check_name(name: &str) -> Result<()> {
    let fine = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte));
    let taken = name == CA || name == "ca-key" || name.ends_with("-key");
    if name.is_empty() || name.len() > FILE_NAME_MAX || !fine || name.starts_with(['.', '-']) || taken {
        return Err(Error::refused(format!(
            "`{}` cannot name files here; choose letters, digits, `-`, `_`, `.` and `@` with --as",
            name.escape_debug()
        )));
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn made(parent: &std::path::Path) -> Folder {
        let folder = Folder::new(parent.join("ca"));
        let request = Request::new(Kind::Authority, "test", Vec::new());
        folder.create(&request, None, Days(30), false, now()).unwrap();
        folder
    }

    fn client(name: &str) -> Request {
        Request::new(Kind::Client, name, Vec::new())
    }

    #[test]
    fn what_many_issue_at_once_is_all_on_record_with_serials_of_its_own() {
        let parent = tempfile::tempdir().unwrap();
        let folder = made(parent.path());
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let folder = &folder;
                scope.spawn(move || {
                    let authority = folder.unlock(None).unwrap();
                    for number in 0..5 {
                        let name = format!("client-{thread}-{number}");
                        authority.issue(&name, &client(&name), None, false, now()).unwrap();
                    }
                });
            }
        });
        let all = folder.certificates().unwrap();
        let serials: std::collections::BTreeSet<_> = all.iter().map(|status| &status.entry.serial).collect();
        assert_eq!((all.len(), serials.len()), (21, 21));
        assert!(all.iter().all(|status| status.entry.serial.len() >= 30));
    }

    #[test]
    fn nothing_outlives_the_authority_and_an_authority_that_is_over_signs_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::new(parent.path().join("ca"));
        let short = Request { days: Some(Days(10)), ..Request::new(Kind::Authority, "short", Vec::new()) };
        let issued = folder.create(&short, None, Days(30), false, now()).unwrap();
        let authority = folder.unlock(None).unwrap();
        let usual = authority.issue("usual", &client("usual"), None, false, now()).unwrap();
        assert_eq!(usual.facts.not_after, issued.facts.not_after, "cut to the authority's end");
        let long = Request { days: Some(Days(11)), ..client("long") };
        let refused = authority.issue("long", &long, None, false, now()).unwrap_err().to_string();
        assert!(refused.contains("renew the authority"), "{refused}");
        let later = now() + jiff::SignedDuration::from_hours(11 * 24);
        let over = authority.issue("late", &client("late"), None, false, later).unwrap_err().to_string();
        assert!(over.contains("ca.pem expired"), "{over}");
        // Renewed, it goes on, with the same key.
        authority.renew("ca", Some(Days(100)), None, later).unwrap();
        folder.unlock(None).unwrap().issue("late", &client("late"), None, false, later).unwrap();
    }

    #[test]
    fn a_key_of_another_authority_and_a_damaged_index_are_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = made(parent.path());
        let other = Folder::new(parent.path().join("other"));
        other.create(&Request::new(Kind::Authority, "other", Vec::new()), None, Days(30), false, now()).unwrap();
        std::fs::copy(other.path("ca-key.pem"), folder.path("ca-key.pem")).unwrap();
        let refused = folder.unlock(None).err().unwrap().to_string();
        assert!(refused.contains("another key"), "{refused}");
        std::fs::write(other.path(INDEX), "{\"event\":\"issued\"}\n").unwrap();
        let damaged = other.certificates().unwrap_err().to_string();
        assert!(damaged.contains("line 1") && damaged.contains("backup"), "{damaged}");
        let refused = other.unlock(None).unwrap().issue("c", &client("c"), None, false, now()).unwrap_err();
        assert!(refused.to_string().contains("line 1"), "{refused}");
        assert!(!other.path("c.pem").exists(), "nothing leaves that is not on record");
    }

    #[test]
    fn certificates_are_chosen_by_name_serial_or_fingerprint() {
        let parent = tempfile::tempdir().unwrap();
        let folder = made(parent.path());
        let authority = folder.unlock(None).unwrap();
        let issue = |name: &str| authority.issue(name, &client(name), None, true, now()).unwrap().facts;
        let (one, two, three) = (issue("one"), issue("two"), issue("three"));
        issue("one");
        let revoke = |which: &[&str]| {
            let which: Vec<String> = which.iter().map(|one| (*one).to_owned()).collect();
            authority.revoke(&which, Reason::KeyCompromise, Days(30), now())
        };
        let by_number = revoke(&[&two.serial.to_uppercase(), &three.sha256]).unwrap();
        assert_eq!(by_number.revoked.iter().map(|entry| entry.name.as_str()).collect::<Vec<_>>(), ["two", "three"]);
        assert_eq!(revoke(&["one", &one.serial]).unwrap().revoked.len(), 2, "both of that name, each once");
        assert!(revoke(&["one"]).unwrap_err().to_string().contains("already"));
        assert!(
            revoke(&["ca"]).unwrap_err().to_string().contains("nothing called"),
            "an authority does not revoke itself"
        );
        assert_eq!(
            revoke(&[]).unwrap().number,
            4,
            "one for the folder, two with revocations, this one; none for refusals"
        );
    }
}
