//! Whom to trust, and what to show.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::{Error as PemError, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls_platform_verifier::Verifier;

use crate::error::Error;

/// No chain or key of a sane issuer is larger, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The TLS of a client. By default it trusts the authorities that the system trusts, and shows nothing.
/// There is no way to trust everybody.
#[derive(Default)]
pub struct Tls {
    /// Authorities instead of the system's.
    roots: Option<Vec<CertificateDer<'static>>>,
    identity: Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)>,
    server_name: Option<ServerName<'static>>,
}

impl Clone for Tls {
    fn clone(&self) -> Self {
        Self {
            roots: self.roots.clone(),
            identity: self.identity.as_ref().map(|(chain, key)| (chain.clone(), key.clone_key())),
            server_name: self.server_name.clone(),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("roots", &self.roots.as_ref().map(Vec::len))
            .field("identity", &self.identity.is_some())
            .field("server_name", &self.server_name)
            .finish()
    }
}

fn usage(sentence: String) -> Error {
    Error::Usage(sentence)
}

impl Tls {
    /// Trusts the authorities of a PEM file, and no others.
    ///
    /// # Errors
    /// It cannot be read, or holds no certificate.
    pub fn trust_file(mut self, file: &Path) -> Result<Self, Error> {
        self.roots = Some(certificates(&read(file)?, &file.display().to_string())?);
        Ok(self)
    }

    /// Shows a certificate: PEM files of the chain, the own one first, and of the key.
    ///
    /// # Errors
    /// They cannot be read, or hold something else.
    pub fn identity_files(mut self, chain: &Path, key: &Path) -> Result<Self, Error> {
        let found = certificates(&read(chain)?, &chain.display().to_string())?;
        let name = key.display();
        let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| match error {
            PemError::NoItemsFound => {
                usage(format!("{name} contains no private key in PEM form, or an encrypted one; store it decrypted"))
            }
            // The parser's own words could quote a line of the key.
            _ => usage(format!("the private key in {name} is not well-formed PEM")),
        })?;
        self.identity = Some((found, key));
        Ok(self)
    }

    /// Expects the router's certificate to be for another name than the address has.
    ///
    /// # Errors
    /// It is no name.
    pub fn server_name(mut self, name: &str) -> Result<Self, Error> {
        self.server_name = Some(self::name(name)?);
        Ok(self)
    }

    /// The name that the router's certificate must be for.
    pub(crate) fn name_for(&self, host: &str) -> Result<ServerName<'static>, Error> {
        self.server_name.clone().map_or_else(|| name(host), Ok)
    }

    /// Whether a certificate is shown.
    pub(crate) const fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    pub(crate) fn config(&self, alpn: Option<&str>) -> Result<ClientConfig, Error> {
        let failed = |error: rustls::Error| usage(format!("TLS cannot be set up: {error}"));
        let provider = Arc::new(provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(failed)?;
        let builder = match &self.roots {
            Some(roots) => {
                let mut store = RootCertStore::empty();
                for root in roots {
                    store.add(root.clone()).map_err(failed)?;
                }
                builder.with_root_certificates(store)
            }
            None => {
                let verifier = Verifier::new(provider).map_err(failed)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
            }
        };
        let mut config = match &self.identity {
            Some((chain, key)) => builder.with_client_auth_cert(chain.clone(), key.clone_key()).map_err(failed)?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        Ok(config)
    }
}

fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

fn name(host: &str) -> Result<ServerName<'static>, Error> {
    ServerName::try_from(host.to_owned()).map_err(|_| usage(format!("`{host}` is not the name of a server")))
}

fn certificates(text: &[u8], name: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let found = found.map_err(|error| usage(format!("{name} is not well-formed PEM: {error}")))?;
    if found.is_empty() { Err(usage(format!("{name} contains no certificate in PEM form"))) } else { Ok(found) }
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let failed = |error: std::io::Error| usage(format!("cannot read {}: {error}", file.display()));
    if std::fs::metadata(file).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(usage(format!("{} is larger than {FILE_BYTES_MAX} bytes", file.display())));
    }
    std::fs::read(file).map_err(failed)
}
