//! Issuing, renewing, revoking.

use std::process::ExitCode;

use crossgate_call::{Clock as _, SystemClock};
use crossgate_certificates::{Days, Issued, KeyKind, Kind, Name, Reason, Request};
use jiff::ToSpan as _;

use super::{LIST_DAYS, Place, days, keys, print, reasons, secret};

/// How a certificate's key is made, and how long the certificate is valid.
#[derive(Debug, clap::Args)]
struct Making {
    /// The kind of key.
    #[arg(long, value_name = "KIND", value_parser = keys(), default_value = "ecdsa-p256")]
    key: KeyKind,
    /// Days until it ends.
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    /// The subject's organization (O).
    #[arg(long, value_name = "TEXT")]
    organization: Option<String>,
    /// The subject's organizational unit (OU).
    #[arg(long, value_name = "TEXT")]
    unit: Option<String>,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

impl Making {
    fn request(&self, kind: Kind, common_name: &str, names: Vec<Name>) -> Request {
        Request {
            organization: self.organization.clone(),
            unit: self.unit.clone(),
            key: self.key,
            days: days(self.days),
            ..Request::new(kind, common_name, names)
        }
    }
}

/// An authority.
#[derive(Debug, clap::Args)]
pub(crate) struct Ca {
    /// What the authority is called (its common name).
    #[arg(default_value = "Crossgate private CA")]
    name: String,
    /// Days until its first revocation list must have been replaced.
    #[arg(long, value_name = "DAYS", default_value_t = LIST_DAYS)]
    crl_days: u32,
    #[command(flatten)]
    making: Making,
}

/// A server's certificate.
#[derive(Debug, clap::Args)]
pub(crate) struct Server {
    /// The names that clients connect to: example.org, *.example.org, 192.0.2.1, spiffe://example.org/api.
    #[arg(required = true)]
    names: Vec<Name>,
    /// What its files are called, without ending; the first name without it.
    #[arg(long = "as", value_name = "NAME")]
    file: Option<String>,
    /// The common name; the first name without it. Clients do not look at it.
    #[arg(long, value_name = "TEXT")]
    common_name: Option<String>,
    /// Also write a PKCS#12 file under this password: `file:PATH`, `env:NAME`, or `-` to type it or pipe it in.
    #[arg(long, value_name = "SECRET")]
    p12: Option<String>,
    #[command(flatten)]
    making: Making,
}

/// A client's certificate.
#[derive(Debug, clap::Args)]
pub(crate) struct Client {
    /// The common name: who the client is.
    common_name: String,
    /// A DNS name among its alternative names; may be given several times.
    #[arg(long, value_name = "NAME", value_parser = Name::dns)]
    dns: Vec<Name>,
    /// A URI among its alternative names; may be given several times.
    #[arg(long, value_name = "URI", value_parser = Name::uri)]
    uri: Vec<Name>,
    /// An e-mail address among its alternative names; may be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = Name::email)]
    email: Vec<Name>,
    /// What its files are called, without ending; the common name without it.
    #[arg(long = "as", value_name = "NAME")]
    file: Option<String>,
    /// Also write a PKCS#12 file under this password: `file:PATH`, `env:NAME`, or `-` to type it or pipe it in.
    #[arg(long, value_name = "SECRET")]
    p12: Option<String>,
    #[command(flatten)]
    making: Making,
}

/// Certificates to revoke.
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// Each by its files' name (all of that name), its serial number, or its SHA-256.
    #[arg(required = true, value_name = "CERTIFICATE")]
    which: Vec<String>,
    /// Why.
    #[arg(long, value_name = "REASON", value_parser = reasons(), default_value = "unspecified")]
    reason: Reason,
    /// Days until the new list must have been replaced.
    #[arg(long, value_name = "DAYS", default_value_t = LIST_DAYS)]
    crl_days: u32,
    #[command(flatten)]
    place: Place,
}

/// A fresh revocation list.
#[derive(Debug, clap::Args)]
pub(crate) struct Crl {
    /// Days until the new list must have been replaced.
    #[arg(long, value_name = "DAYS", default_value_t = LIST_DAYS)]
    crl_days: u32,
    #[command(flatten)]
    place: Place,
}

/// Certificates to issue anew.
#[derive(Debug, clap::Args)]
pub(crate) struct Renew {
    /// Each by its files' name.
    #[arg(value_name = "NAME", required_unless_present = "due_days")]
    names: Vec<String>,
    /// Renew whatever ends within so many days, and nothing else.
    #[arg(long, value_name = "DAYS", conflicts_with = "names")]
    due_days: Option<u32>,
    /// Days until the new ones end; as the old ones without it.
    #[arg(long, value_name = "DAYS")]
    days: Option<u32>,
    /// Also write PKCS#12 files under this password: `file:PATH`, `env:NAME`, or `-` to type it or pipe it in.
    #[arg(long, value_name = "SECRET")]
    p12: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn ca(args: &Ca) -> anyhow::Result<ExitCode> {
    let Making { place, force, .. } = &args.making;
    let passphrase = place
        .passphrase
        .as_deref()
        .map(|reference| secret(reference, "passphrase of the authority's key"))
        .transpose()?;
    let request = args.making.request(Kind::Authority, &args.name, Vec::new());
    let issued =
        place.folder().create(&request, passphrase.as_ref(), Days(args.crl_days), *force, SystemClock.now())?;
    print::issued(&[issued], &place.folder(), place.json)
}

pub(super) fn server(args: &Server) -> anyhow::Result<ExitCode> {
    let first = args.names.first().map(plain).unwrap_or_default();
    let common_name = args.common_name.as_deref().unwrap_or(&first);
    let request = args.making.request(Kind::Server, common_name, args.names.clone());
    issue(args.file.as_deref().unwrap_or(&file_name(&first)), &request, args.p12.as_deref(), &args.making)
}

pub(super) fn client(args: &Client) -> anyhow::Result<ExitCode> {
    let names = [&args.dns[..], &args.uri, &args.email].concat();
    let request = args.making.request(Kind::Client, &args.common_name, names);
    issue(args.file.as_deref().unwrap_or(&file_name(&args.common_name)), &request, args.p12.as_deref(), &args.making)
}

fn issue(name: &str, request: &Request, p12: Option<&str>, making: &Making) -> anyhow::Result<ExitCode> {
    let place = &making.place;
    let authority = place.unlock()?;
    let password = p12.map(|reference| secret(reference, "password of the PKCS#12 file")).transpose()?;
    let issued = authority.issue(name, request, password.as_ref(), making.force, SystemClock.now())?;
    print::issued(&[issued], &place.folder(), place.json)
}

pub(super) fn revoke(args: &Revoke) -> anyhow::Result<ExitCode> {
    let authority = args.place.unlock()?;
    let revoked = authority.revoke(&args.which, args.reason, Days(args.crl_days), SystemClock.now())?;
    print::revoked(&revoked, args.place.json)
}

pub(super) fn crl(args: &Crl) -> anyhow::Result<ExitCode> {
    let authority = args.place.unlock()?;
    let fresh = authority.revoke(&[], Reason::Unspecified, Days(args.crl_days), SystemClock.now())?;
    print::revoked(&fresh, args.place.json)
}

pub(super) fn renew(args: &Renew) -> anyhow::Result<ExitCode> {
    let now = SystemClock.now();
    let authority = args.place.unlock()?;
    let names = match args.due_days {
        None => args.names.clone(),
        Some(days) => due(&args.place, now.checked_add((i64::from(days) * 24).hours())?)?,
    };
    let password =
        args.p12.as_deref().map(|reference| secret(reference, "password of the PKCS#12 file")).transpose()?;
    let renewed = names.iter().map(|name| authority.renew(name, days(args.days), password.as_ref(), now));
    let renewed: Vec<Issued> = renewed.collect::<Result<_, _>>()?;
    print::issued(&renewed, &args.place.folder(), args.place.json)
}

/// The names whose newest certificate ends before that, the authority's first: what it signs must not outlive it.
/// A name whose newest certificate is revoked is not renewed: that was the point.
fn due(place: &Place, before: jiff::Timestamp) -> anyhow::Result<Vec<String>> {
    let mut newest = std::collections::BTreeMap::new();
    for status in place.folder().certificates()? {
        newest.insert((status.entry.kind != Kind::Authority, status.entry.name.clone()), status);
    }
    let due = newest.into_values().filter(|status| status.revoked.is_none() && status.entry.not_after < before);
    Ok(due.map(|status| status.entry.name).collect())
}

/// A name without its kind.
fn plain(name: &Name) -> String {
    match name {
        Name::Dns(text) | Name::Uri(text) | Name::Email(text) => text.clone(),
        Name::Ip(address) => address.to_string(),
    }
}

/// What files can be called after a name: `*.example.org` gives `wildcard.example.org`.
fn file_name(name: &str) -> String {
    let name = name.replacen("*.", "wildcard.", 1);
    let kept = |c: char| if c.is_ascii_alphanumeric() || "-_.@".contains(c) { c } else { '_' };
    let name: String = name.chars().map(kept).collect();
    name.trim_start_matches(['.', '-']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_after_names() {
        for (name, file) in [
            ("example.org", "example.org"),
            ("*.example.org", "wildcard.example.org"),
            ("::1", "__1"),
            ("spiffe://example.org/api", "spiffe___example.org_api"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("Zoë Müller", "Zo__M_ller"),
        ] {
            assert_eq!(file_name(name), file);
        }
    }
}
