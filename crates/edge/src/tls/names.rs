//! Which certificate answers for which name (SNI, RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The certificates of a listener by DNS name. A name may have several, of different key types; the first
/// that the client can check is taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    exact: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// By what follows the `*.`: a wildcard stands for one label (RFC 9525 §6.3).
    wildcard: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// In the order of the configuration, for clients that name nothing that is known.
    all: Vec<Arc<CertifiedKey>>,
}

impl Names {
    /// Adds a certificate under the names that it is for.
    pub(super) fn add(&mut self, names: &[String], key: Arc<CertifiedKey>) {
        for name in names {
            let (table, name) = match name.strip_prefix("*.") {
                Some(rest) => (&mut self.wildcard, rest),
                None => (&mut self.exact, name.as_str()),
            };
            table.entry(name.to_owned()).or_default().push(Arc::clone(&key));
        }
        self.all.push(key);
    }

    fn candidates(&self, name: &str) -> &[Arc<CertifiedKey>] {
        let parent = || name.split_once('.').and_then(|(_, parent)| self.wildcard.get(parent));
        self.exact.get(name).or_else(parent).unwrap_or(&self.all)
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // rustls gives the name in lower case.
        let candidates = hello.server_name().map_or(&*self.all, |name| self.candidates(name));
        let suits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        candidates.iter().find(suits).cloned()
    }
}
