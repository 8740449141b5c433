//! Checking client certificates: against the listener's authorities and their revocation lists.

use std::path::Path;
use std::sync::Arc;

use crossgate_certificates::{Fault as Flaw, Purpose, examine};
use jiff::Timestamp;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls_pki_types::CertificateRevocationListDer;
use x509_parser::prelude::FromDer as _;
use x509_parser::revocation_list::CertificateRevocationList;

use super::files::{self, Fault};
use crate::config::{ClientCertificate, CrlExpired, CrlScope, Tls};

/// The check that a listener's configuration asks for.
pub(super) fn verifier(
    tls: &Tls,
    provider: &Arc<CryptoProvider>,
    now: Timestamp,
    warnings: &mut Vec<String>,
) -> Result<Arc<dyn ClientCertVerifier>, Fault> {
    if tls.client_certificate == ClientCertificate::None {
        return Ok(WebPkiClientVerifier::no_client_auth());
    }
    let roots = authorities(tls, now, warnings)?;
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    for file in &tls.crls {
        let lists = files::revocation_lists(file)?;
        for list in &lists {
            warnings.extend(stale(list, file, now)?);
        }
        builder = builder.with_crls(lists);
    }
    if tls.crl_scope == CrlScope::Leaf {
        builder = builder.only_check_end_entity_revocation();
    }
    if tls.crl_expired == CrlExpired::Refuse {
        builder = builder.enforce_revocation_expiration();
    }
    if tls.client_certificate == ClientCertificate::Optional {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map_err(|error| match error {
        VerifierBuilderError::InvalidCrl(error) => Fault::new(format!("a file of tls.crls is not usable: {error:?}")),
        error => Fault::new(format!("client certificates cannot be checked: {error}")),
    })
}

fn authorities(tls: &Tls, now: Timestamp, warnings: &mut Vec<String>) -> Result<RootCertStore, Fault> {
    let mut roots = RootCertStore::empty();
    for file in &tls.client_ca {
        for certificate in files::certificates(file)? {
            for fault in examine(&certificate, Purpose::Authority, now).faults {
                let sentence = format!("the certificate in {} {fault}", file.display());
                match fault {
                    // The chain's signatures are what is looked at; an authority's own dates are not (RFC 5280 §6.1.1).
                    Flaw::Expired(_) | Flaw::NotYet(_) => warnings.push(sentence),
                    _ => return Err(Fault::new(sentence)),
                }
            }
            roots.add(certificate).map_err(|error| {
                Fault::new(format!("a certificate in {} cannot be an authority for clients: {error}", file.display()))
            })?;
        }
    }
    Ok(roots)
}

/// A warning when the list is past its next update.
fn stale(list: &CertificateRevocationListDer<'_>, file: &Path, now: Timestamp) -> Result<Option<String>, Fault> {
    let (_, parsed) = CertificateRevocationList::from_der(list)
        .map_err(|error| Fault::new(format!("{} is not a revocation list: {error}", file.display())))?;
    let next = parsed.next_update().map(|at| at.timestamp());
    Ok(next.filter(|next| now.as_second() > *next).map(|next| {
        let at = Timestamp::from_second(next).map_or_else(|_| "an unknown time".to_owned(), |at| at.to_string());
        format!("the revocation list in {} should have been replaced by {at}", file.display())
    }))
}
