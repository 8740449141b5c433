//! Certificates and challenges' answers that come while the program runs (ACME), shared by all listeners.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use crossgate_certificates::acme::{Answer, Place};
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerConfig};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::Fault;

/// The protocol that asks for a challenge's answer (RFC 8737 §6.2).
pub(crate) const ALPN: &[u8] = b"acme-tls/1";
/// Answers that are up at one time, of each kind. An order has a hundred names at the most.
const ANSWERS_MAX: usize = 1000;

/// What was supplied. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Supply(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    certificates: ArcSwap<HashMap<String, Arc<CertifiedKey>>>,
    /// http-01: what is said, by token.
    said: Mutex<HashMap<String, String>>,
    /// tls-alpn-01: what is shown, by name.
    shown: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

impl Supply {
    /// The certificate of that id, once there is one.
    pub(super) fn certificate(&self, id: &str) -> Option<Arc<CertifiedKey>> {
        self.0.certificates.load().get(id).cloned()
    }

    /// What http-01 says for a token.
    pub(crate) fn said(&self, token: &str) -> Option<String> {
        locked(&self.0.said).get(token).cloned()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Place for Supply {
    fn answer(&self, answer: &Answer) -> Result<(), String> {
        let full = |length: usize| {
            (length >= ANSWERS_MAX).then_some("too many challenges wait to be looked at").map_or(Ok(()), Err)
        };
        match answer {
            Answer::Http { token, text } => {
                let mut said = locked(&self.0.said);
                full(said.len())?;
                said.insert(token.clone(), text.clone());
            }
            Answer::Alpn { name, certificate, key } => {
                // Not held against each other: the library does not know the extension, which is critical.
                let key = signing_key(key.clone_key())?;
                let key = Arc::new(CertifiedKey::new(vec![certificate.clone()], key));
                let mut shown = locked(&self.0.shown);
                full(shown.len())?;
                shown.insert(name.to_ascii_lowercase(), key);
            }
        }
        Ok(())
    }

    fn withdraw(&self, answer: &Answer) {
        match answer {
            Answer::Http { token, .. } => drop(locked(&self.0.said).remove(token)),
            Answer::Alpn { name, .. } => drop(locked(&self.0.shown).remove(&name.to_ascii_lowercase())),
        }
    }

    fn serve(
        &self,
        id: &str,
        chain: Vec<CertificateDer<'static>>,
        key: PrivatePkcs8KeyDer<'static>,
    ) -> Result<(), String> {
        let key = certified(chain, key)?;
        self.0.certificates.rcu(|old| {
            let mut new = HashMap::clone(old);
            new.insert(id.to_owned(), Arc::clone(&key));
            new
        });
        Ok(())
    }
}

fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: PrivatePkcs8KeyDer<'static>,
) -> Result<Arc<CertifiedKey>, String> {
    let key = CertifiedKey::new(chain, signing_key(key)?);
    key.keys_match().map_err(|error| format!("the certificate and its key do not serve: {error}"))?;
    Ok(Arc::new(key))
}

fn signing_key(key: PrivatePkcs8KeyDer<'static>) -> Result<Arc<dyn SigningKey>, String> {
    super::signing_key(PrivateKeyDer::Pkcs8(key), &aws_lc_rs::default_provider())
        .map_err(|error| format!("the key does not serve: {error}"))
}

/// TLS for whoever asks for a challenge's answer: no client certificate, no sessions, nothing but the answer.
pub(super) fn challenges(supply: &Supply) -> Result<Arc<ServerConfig>, Fault> {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Fault::new(format!("TLS cannot be set up: {error}")))?;
    let shown = Shown(supply.clone());
    let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Shown(Supply);

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        locked(&self.0.0.shown).get(hello.server_name()?).cloned()
    }
}
