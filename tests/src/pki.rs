//! A private certificate authority, made on the spot.

use std::sync::atomic::{AtomicU64, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

/// Names that every server certificate of the kit is good for.
const SERVER_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate authority.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    serials: AtomicU64,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// The certificate in PEM.
    pub certificate: String,
    /// The key, PKCS #8 in PEM.
    pub key: String,
    /// The certificate's serial number.
    pub serial: u64,
}

impl Authority {
    /// Makes an authority of that name.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names are good names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority signs itself");
        Self { issuer, serials: AtomicU64::new(1000) }
    }

    /// Its certificate in PEM.
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Its certificate in DER, for a client's list of roots.
    pub fn der(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// A certificate for a server on this machine, also good for `names`.
    pub fn server(&self, names: &[&str]) -> Leaf {
        let names = SERVER_NAMES.iter().chain(names).map(|name| (*name).to_owned()).collect();
        self.leaf(names, "crossgate test server", ExtendedKeyUsagePurpose::ServerAuth, 2100)
    }

    /// A certificate for a client.
    pub fn client(&self, common_name: &str) -> Leaf {
        self.leaf(vec![format!("{common_name}.test")], common_name, ExtendedKeyUsagePurpose::ClientAuth, 2100)
    }

    /// A client certificate that ended long ago.
    pub fn expired_client(&self, common_name: &str) -> Leaf {
        self.leaf(vec![format!("{common_name}.test")], common_name, ExtendedKeyUsagePurpose::ClientAuth, 2020)
    }

    /// A revocation list, in PEM, that names the given certificates.
    pub fn revocation_list(&self, revoked: &[&Leaf]) -> String {
        let entry = |leaf: &&Leaf| RevokedCertParams {
            serial_number: SerialNumber::from(leaf.serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(self.serials.fetch_add(1, Ordering::Relaxed)),
            issuing_distribution_point: None,
            revoked_certs: revoked.iter().map(entry).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        list.signed_by(&self.issuer).expect("an authority signs its list").pem().expect("PEM of DER")
    }

    fn leaf(&self, names: Vec<String>, common_name: &str, usage: ExtendedKeyUsagePurpose, until_year: i32) -> Leaf {
        let serial = self.serials.fetch_add(1, Ordering::Relaxed);
        let mut params = CertificateParams::new(names).expect("the names are host names and addresses");
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.serial_number = Some(SerialNumber::from(serial));
        params.not_before = date_time_ymd(2019, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().expect("a key can be made");
        let certificate = params.signed_by(&key, &self.issuer).expect("the authority signs");
        Leaf { certificate: certificate.pem(), key: key.serialize_pem(), serial }
    }
}

/// A key that signs tokens: ECDSA P-256, PKCS #8 in PEM.
pub(crate) fn signing_key() -> String {
    KeyPair::generate().expect("a key can be made").serialize_pem()
}
