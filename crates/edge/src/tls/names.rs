//! Which certificate answers for which name (SNI, RFC 6066 §3).

use std::collections::HashMap;
use std::sync::Arc;

use crossgate_certificates::acme::Wanted;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Supply;

/// The certificates of a listener by DNS name. A name may have several, of different key types; the first
/// that the client can check is taken.
#[derive(Debug, Default)]
pub(super) struct Names {
    exact: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// By what follows the `*.`: a wildcard stands for one label (RFC 9525 §6.3).
    wildcard: HashMap<String, Vec<Arc<CertifiedKey>>>,
    /// In the order of the configuration, for clients that name nothing that is known.
    all: Vec<Arc<CertifiedKey>>,
    /// Names whose certificates are ordered, and the ids by which they are supplied.
    ordered: Vec<(Vec<String>, String)>,
    supply: Supply,
}

impl Names {
    /// With certificates that are yet to come.
    pub(super) fn ordering(wanted: &[Wanted], supply: &Supply) -> Self {
        let ordered = wanted.iter().map(|wanted| (wanted.names(), wanted.id())).collect();
        Self { ordered, supply: supply.clone(), ..Self::default() }
    }

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

    /// The configured certificates that are for this name.
    fn configured(&self, name: &str) -> &[Arc<CertifiedKey>] {
        let parent = || name.split_once('.').and_then(|(_, parent)| self.wildcard.get(parent));
        self.exact.get(name).or_else(parent).map_or(&[], Vec::as_slice)
    }

    /// The ordered certificates that have come: for a name, or any.
    fn supplied(&self, name: Option<&str>) -> impl Iterator<Item = Arc<CertifiedKey>> {
        let fits =
            move |names: &[String]| name.is_none_or(|name| names.iter().any(|pattern| stands_for(pattern, name)));
        self.ordered.iter().filter(move |(names, _)| fits(names)).filter_map(|(_, id)| self.supply.certificate(id))
    }

    /// Whether the name's certificate is ordered, has come or not. Showing another one instead helps nobody.
    fn orders(&self, name: &str) -> bool {
        self.ordered.iter().any(|(names, _)| names.iter().any(|pattern| stands_for(pattern, name)))
    }
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let suits = |key: &Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        // rustls gives the name in lower case.
        if let Some(name) = hello.server_name() {
            let named = self.configured(name).iter().cloned().chain(self.supplied(Some(name))).find(suits);
            if named.is_some() || !self.configured(name).is_empty() || self.orders(name) {
                return named;
            }
        }
        self.all.iter().cloned().chain(self.supplied(None)).find(suits)
    }
}

/// Whether a name of a certificate is for this one; `*.` is one label (RFC 9525 §6.3).
fn stands_for(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(parent) => name.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
        None => pattern == name,
    }
}
