//! A private certificate authority and a server certificate, for the demonstration's TLS.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;
use jiff::{Timestamp, ToSpan as _};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};

/// How long the authority is valid.
const CA_DAYS: i64 = 3650;
/// How long a server certificate is valid: what browsers accept at the most.
const SERVER_DAYS: i64 = 397;
/// Certificates are valid from a little before now, for clocks that are a little behind.
const BACKDATE_HOURS: i64 = 1;

/// PEM texts of an authority and of a server certificate signed by it.
pub(crate) struct Pki {
    pub(crate) ca_certificate: String,
    pub(crate) ca_key: String,
    pub(crate) server_certificate: String,
    pub(crate) server_key: String,
}

/// Makes an authority and a certificate for `localhost` and the loopback addresses.
pub(crate) fn loopback(now: Timestamp) -> anyhow::Result<Pki> {
    let ca_key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "Crossgate private CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    validity(&mut authority, now, CA_DAYS)?;
    let ca_certificate = authority.self_signed(&ca_key)?.pem();
    let ca_key_pem = ca_key.serialize_pem();
    let issuer = Issuer::new(authority, ca_key);

    let server_key = KeyPair::generate()?;
    let mut server = CertificateParams::new(vec!["localhost".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.subject_alt_names.push(SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    server.subject_alt_names.push(SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)));
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    validity(&mut server, now, SERVER_DAYS)?;
    let server_certificate = server.signed_by(&server_key, &issuer)?.pem();

    Ok(Pki { ca_certificate, ca_key: ca_key_pem, server_certificate, server_key: server_key.serialize_pem() })
}

fn validity(params: &mut CertificateParams, now: Timestamp, days: i64) -> anyhow::Result<()> {
    let date = |at: Timestamp| {
        let date = at.to_zoned(jiff::tz::TimeZone::UTC).date();
        rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = date(now.checked_sub(BACKDATE_HOURS.hours()).context("the clock is off")?);
    params.not_after = date(now.checked_add((days * 24).hours()).context("the clock is off")?);
    Ok(())
}
