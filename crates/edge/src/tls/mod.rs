//! TLS by rustls with aws-lc-rs, named explicitly: the process-wide default provider plays no part.

mod clients;
mod files;
mod names;
mod refused;
mod supply;

use std::sync::Arc;

use crossgate_call::Clock;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;

use crate::config::{Tls, TlsVersion};

pub(crate) use files::Fault;
pub(crate) use supply::ALPN as CHALLENGE;
pub use supply::Supply;

/// What ALPN offers, best first (RFC 7301).
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// A listener's TLS, built and checked.
pub(crate) struct Built {
    pub(crate) config: Arc<ServerConfig>,
    /// For whoever asks for the answer to a challenge (RFC 8737), where certificates are ordered.
    pub(crate) challenges: Option<Arc<ServerConfig>>,
    /// What an operator should know although it works: a certificate that has expired.
    pub(crate) warnings: Vec<String>,
    /// When each certificate ends, in seconds since 1970, by its chain's file.
    pub(crate) ends: Vec<(String, i64)>,
}

/// Reads certificates, keys, authorities and revocation lists, and checks that they fit together.
pub(crate) fn build(listener: &str, tls: &Tls, clock: &Arc<dyn Clock>, supply: &Supply) -> Result<Built, Fault> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let now = clock.now();
    let mut warnings = Vec::new();
    let mut ends = Vec::new();
    let mut names = names::Names::ordering(&tls.acme, supply);
    for pair in &tls.certificates {
        let loaded = files::certificate(pair, &provider, now)?;
        warnings.extend(loaded.warning);
        ends.push((pair.chain.display().to_string(), loaded.not_after));
        names.add(&loaded.names, Arc::new(loaded.key));
    }
    let versions: &[_] = match tls.min_version {
        TlsVersion::V1_2 => &[&rustls::version::TLS13, &rustls::version::TLS12],
        TlsVersion::V1_3 => &[&rustls::version::TLS13],
    };
    let check = clients::verifier(tls, &provider, now, &mut warnings)?;
    let verifier = Arc::new(refused::Told { check, listener: listener.to_owned(), clock: Arc::clone(clock) });
    let builder = ServerConfig::builder_with_details(provider, Arc::new(ClockTime(Arc::clone(clock))))
        .with_protocol_versions(versions)
        .map_err(|error| Fault::new(format!("TLS cannot be set up: {error}")))?;
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(names));
    config.alpn_protocols = PROTOCOLS.iter().map(|name| name.to_vec()).collect();
    // Sessions are resumed by tickets alone (RFC 8446 §4.6.1, RFC 5077). The keys are made anew with each
    // reload: a session resumed skips the certificate check, so none may outlive the lists it was checked by.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer =
        aws_lc_rs::Ticketer::new().map_err(|error| Fault::new(format!("session tickets cannot be set up: {error}")))?;
    let challenges = (!tls.acme.is_empty()).then(|| supply::challenges(supply)).transpose()?;
    Ok(Built { config: Arc::new(config), challenges, warnings, ends })
}

/// Gives rustls the program's clock.
struct ClockTime(Arc<dyn Clock>);

impl std::fmt::Debug for ClockTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClockTime")
    }
}

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds)))
    }
}

/// Loads a private key with the provider that serves it.
fn signing_key(
    key: rustls_pki_types::PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<Arc<dyn rustls::sign::SigningKey>, rustls::Error> {
    provider.key_provider.load_private_key(key)
}
