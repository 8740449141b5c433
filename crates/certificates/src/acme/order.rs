//! One order: names are proved, a key is made, the certificate is fetched and looked at.

use std::sync::Arc;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, ChallengeHandle, ChallengeType, Identifier, NewOrder, Order,
    OrderStatus, RetryPolicy,
};
use jiff::Timestamp;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};

use super::account::said;
use super::hook::Record;
use super::{Answer, Challenge, Config, Place, Wanted};
use crate::{Purpose, examine};

/// How long the authority may take to look at our answers, and to issue.
const VALIDATION_MAX: Duration = Duration::from_secs(120);

/// A certificate that was issued, checked.
pub(super) struct Got {
    pub(super) chain: String,
    pub(super) key: String,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
}

/// Orders it. What was put up for the authority to look at is taken down again, however it ends.
pub(super) async fn order(
    account: &Account,
    config: &Config,
    wanted: &Wanted,
    place: &Arc<dyn Place>,
    replaces: Option<CertificateIdentifier<'_>>,
    now: Timestamp,
) -> Result<Got, String> {
    let identifiers: Vec<_> = wanted.names().into_iter().map(Identifier::Dns).collect();
    let mut request = NewOrder::new(&identifiers);
    if let Some(old) = replaces {
        request = request.replaces(old);
    }
    let mut order = account.new_order(&request).await.map_err(|error| said(&error))?;
    let mut up = Up { place: Arc::clone(place), answers: Vec::new(), records: Vec::new() };
    let proved = prove(&mut order, config, config.challenge(wanted), &mut up).await;
    if let Some(hook) = &config.hook {
        for record in &up.records {
            record.cleanup(hook).await;
        }
    }
    drop(up);
    proved?;
    let key = wanted.key.generate().map_err(|error| error.to_string())?;
    order.finalize_csr(&request_for(wanted, &key)?).await.map_err(|error| said(&error))?;
    let chain = order.poll_certificate(&patience()).await.map_err(|error| said(&error))?;
    looked_at(&chain, wanted, &key, now)
}

fn patience() -> RetryPolicy {
    RetryPolicy::new().initial_delay(Duration::from_millis(250)).timeout(VALIDATION_MAX)
}

/// What is up for the authority to look at.
struct Up {
    place: Arc<dyn Place>,
    answers: Vec<Answer>,
    records: Vec<Record>,
}

impl Drop for Up {
    fn drop(&mut self) {
        self.answers.iter().for_each(|answer| self.place.withdraw(answer));
    }
}

/// Proves every name that the authority has not seen proved lately.
async fn prove(order: &mut Order, config: &Config, challenge: Challenge, up: &mut Up) -> Result<(), String> {
    let kind = match challenge {
        Challenge::Http01 => ChallengeType::Http01,
        Challenge::TlsAlpn01 => ChallengeType::TlsAlpn01,
        Challenge::Dns01 => ChallengeType::Dns01,
    };
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization.map_err(|error| said(&error))?;
        match authorization.status {
            AuthorizationStatus::Valid => continue,
            AuthorizationStatus::Pending => {}
            other => return Err(format!("the authority holds an authorization that is {other:?}")),
        }
        let offered: Vec<_> = authorization.challenges.iter().map(|offer| format!("{:?}", offer.r#type)).collect();
        let mut handle = authorization
            .challenge(kind.clone())
            .ok_or_else(|| format!("the authority does not offer this challenge; it offers {}", offered.join(", ")))?;
        put_up(&handle, challenge, config, up).await?;
        handle.set_ready().await.map_err(|error| said(&error))?;
    }
    match order.poll_ready(&patience()).await {
        Ok(OrderStatus::Ready) => Ok(()),
        Ok(status) => Err(why(order).await.unwrap_or_else(|| format!("the order ended as {status:?}"))),
        Err(error) => Err(why(order).await.unwrap_or_else(|| said(&error))),
    }
}

async fn put_up(
    handle: &ChallengeHandle<'_>,
    challenge: Challenge,
    config: &Config,
    up: &mut Up,
) -> Result<(), String> {
    let Identifier::Dns(name) = handle.identifier().identifier else {
        return Err("the authority asks for a name that was not ordered".to_owned());
    };
    let proof = handle.key_authorization();
    let answer = match challenge {
        Challenge::Http01 => Answer::Http { token: handle.token.clone(), text: proof.as_str().to_owned() },
        Challenge::TlsAlpn01 => alpn(name, proof.digest().as_ref())?,
        Challenge::Dns01 => {
            let hook = config.hook.as_ref().ok_or("dns-01 needs acme.hook")?;
            // On the list first: what a failed hook left half done is cleaned up too.
            up.records.push(Record { domain: name.clone(), value: proof.dns_value() });
            return match up.records.last() {
                Some(record) => record.present(hook).await,
                None => Ok(()),
            };
        }
    };
    up.place.answer(&answer)?;
    up.answers.push(answer);
    Ok(())
}

/// The certificate that answers tls-alpn-01: for the one name, signed by itself, with the proof in a critical extension
/// (RFC 8737 §3).
fn alpn(name: &str, digest: &[u8]) -> Result<Answer, String> {
    let made = || {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let certificate = params.self_signed(&key)?;
        Ok::<_, rcgen::Error>((certificate.der().clone(), key))
    };
    let (certificate, key) = made().map_err(|error| format!("the challenge's certificate cannot be made: {error}"))?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok(Answer::Alpn { name: name.to_owned(), certificate, key })
}

/// Why the authority was not convinced, in its own words.
async fn why(order: &mut Order) -> Option<String> {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let Ok(mut authorization) = authorization else { continue };
        if authorization.refresh().await.is_err() {
            continue;
        }
        for problem in authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref()) {
            reasons.push(format!("{}: {problem}", authorization.identifier()));
        }
    }
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

fn request_for(wanted: &Wanted, key: &KeyPair) -> Result<Vec<u8>, String> {
    let made = || {
        let mut params = CertificateParams::new(wanted.names())?;
        params.distinguished_name = DistinguishedName::new();
        Ok::<_, rcgen::Error>(params.serialize_request(key)?.der().to_vec())
    };
    made().map_err(|error| format!("the request cannot be made: {error}"))
}

/// Nothing is served that clients would refuse, whoever issued it.
fn looked_at(chain: &str, wanted: &Wanted, key: &KeyPair, now: Timestamp) -> Result<Got, String> {
    let wrong = |why: String| format!("the authority sent a certificate that cannot be used: it {why}");
    let first = CertificateDer::from_pem_slice(chain.as_bytes()).map_err(|_| wrong("is not PEM".to_owned()))?;
    let examined = examine(&first, Purpose::Server, now);
    if let Some(fault) = examined.faults.first() {
        return Err(wrong(fault.to_string()));
    }
    let facts = examined.facts.ok_or_else(|| wrong("is malformed".to_owned()))?;
    if let Some(name) = wanted.names().iter().find(|name| !facts.names.contains(&format!("DNS:{name}"))) {
        return Err(wrong(format!("lacks {name}")));
    }
    if !crate::authority::belongs(&first, key) {
        return Err(wrong("is for another key".to_owned()));
    }
    let (not_before, not_after) = (facts.not_before, facts.not_after);
    Ok(Got { chain: chain.to_owned(), key: key.serialize_pem(), not_before, not_after })
}
