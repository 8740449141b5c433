//! Keys made on the spot, a clock that stands still, a web that answers what it is told to.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use crossgate_call::{Caller, Clock, ManualClock, Realm};
use crossgate_identity::{BoxError, Config, Credentials, Fetch, Identity, PeerCertificate, Refusal};
use crossgate_store::Store;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// Where the tests' clock begins.
pub(crate) const NOW_S: i64 = 1_800_000_000;
pub(crate) const ISSUER: &str = "https://issuer.example/";
pub(crate) const AUDIENCE: &str = "https://gate.example";

/// A web of one document: what it answers, one answer after the other, the last one for ever.
#[derive(Default)]
pub(crate) struct Web {
    answers: Mutex<VecDeque<Result<Bytes, String>>>,
    asked: Mutex<Vec<String>>,
}

impl Web {
    pub(crate) fn answers(&self, answers: impl IntoIterator<Item = Result<Value, &'static str>>) {
        let answers =
            answers.into_iter().map(|answer| answer.map(|value| value.to_string().into()).map_err(str::to_owned));
        *self.answers.lock().unwrap() = answers.collect();
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Fetch for Web {
    fn get(&self, url: &str) -> Pin<Box<dyn Future<Output = Result<Bytes, BoxError>> + Send + '_>> {
        self.asked.lock().unwrap().push(url.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let answer = answer.unwrap_or_else(|| Err("nobody is there".to_owned())).map_err(BoxError::from);
        // Not at once: whoever comes meanwhile must wait for this fetch, and not make another.
        Box::pin(async move {
            tokio::task::yield_now().await;
            answer
        })
    }
}

/// An identity with everything around it in the test's hands.
pub(crate) struct World {
    pub(crate) identity: Arc<Identity>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) web: Arc<Web>,
    pub(crate) realm: Realm,
}

impl World {
    pub(crate) async fn open(config: &str) -> Self {
        Self::open_with(config, Store::temporary().unwrap()).await
    }

    pub(crate) async fn open_with(config: &str, store: Store) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_second(NOW_S).unwrap()));
        let web = Arc::new(Web::default());
        let fetch = Arc::clone(&web) as Arc<dyn Fetch>;
        let identity =
            Identity::open(parsed(config), store, fetch, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        Self { identity, clock, web, realm: Realm::new("test") }
    }

    pub(crate) async fn caller(&self, c: Given<'_>) -> Result<Arc<Caller>, Refusal> {
        let realm = &self.realm;
        let Given { authorization, api_key, session, certificate } = c;
        self.identity.caller(&Credentials { realm, authorization, api_key, session, certificate }).await
    }

    pub(crate) async fn bearer(&self, token: &str) -> Result<Arc<Caller>, Refusal> {
        self.caller(Given { authorization: Some(&format!("Bearer {token}")), ..Given::default() }).await
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.clock.now().as_second()
    }
}

/// Credentials without their realm.
#[derive(Clone, Copy, Default)]
pub(crate) struct Given<'a> {
    pub(crate) authorization: Option<&'a str>,
    pub(crate) api_key: Option<&'a str>,
    pub(crate) session: Option<&'a str>,
    pub(crate) certificate: Option<&'a Arc<PeerCertificate>>,
}

pub(crate) fn parsed(config: &str) -> Config {
    toml::from_str(config).unwrap_or_else(|error| panic!("{error}\n{config}"))
}

/// A key pair of any kind, with everything that a test may want to do with it.
pub(crate) struct Pair {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: String,
    encoding: EncodingKey,
    pub(crate) public_der: Vec<u8>,
    pub(crate) private_der: Vec<u8>,
}

impl Pair {
    pub(crate) fn make(algorithm: Algorithm) -> Self {
        let (encoding, public_der, private_der) = match algorithm {
            Algorithm::EdDSA => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let private = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
                (EncodingKey::from_ed_der(&private), spki(pair.public_key()), private)
            }
            Algorithm::ES256 | Algorithm::ES384 => {
                let curve = if algorithm == Algorithm::ES256 {
                    &ECDSA_P256_SHA256_FIXED_SIGNING
                } else {
                    &ECDSA_P384_SHA384_FIXED_SIGNING
                };
                let pair = EcdsaKeyPair::generate(curve).unwrap();
                let private = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
                (EncodingKey::from_ec_der(&private), spki(pair.public_key()), private)
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let private: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                let private = private.as_ref().to_vec();
                (
                    EncodingKey::from_rsa_pem(pem("PRIVATE KEY", &private).as_bytes()).unwrap(),
                    spki(pair.public_key()),
                    private,
                )
            }
        };
        Self { algorithm, kid: format!("{algorithm:?}-1"), encoding, public_der, private_der }
    }

    pub(crate) fn named(mut self, kid: &str) -> Self {
        self.kid = kid.to_owned();
        self
    }

    pub(crate) fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der)
    }

    pub(crate) fn private_pem(&self) -> String {
        pem("PRIVATE KEY", &self.private_der)
    }

    /// The public key as a JSON Web Key, the way the widely used library writes it.
    pub(crate) fn jwk(&self) -> Value {
        let jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&self.encoding, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        jwk["kid"] = self.kid.as_str().into();
        jwk["use"] = "sig".into();
        jwk
    }

    /// A token as honest issuers make it.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_with(
            &json!({"typ": "at+jwt", "alg": format!("{:?}", self.algorithm), "kid": self.kid}),
            &claims.to_string(),
        )
    }

    /// A well-signed token with any header and any claims.
    pub(crate) fn token_with(&self, header: &Value, claims: &str) -> String {
        sign(&header.to_string(), claims, &self.encoding, self.algorithm)
    }
}

fn spki(public: &impl aws_lc_rs::encoding::AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
    public.as_der().unwrap().as_ref().to_vec()
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn sign(header: &str, claims: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

pub(crate) fn jwks<'p>(pairs: impl IntoIterator<Item = &'p Pair>) -> Value {
    json!({"keys": pairs.into_iter().map(Pair::jwk).collect::<Vec<_>>()})
}

/// The claims of a token that is in order.
pub(crate) fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "client_id": "app", "jti": "1",
        "iat": NOW_S, "exp": NOW_S + 600, "roles": ["reader"],
    })
}

/// As [`claims`], with some replaced; `null` removes one.
pub(crate) fn claims_but(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// A configuration with the role `reader` and one issuer, whose keys and further settings are given.
pub(crate) fn issuer(keys: &str) -> String {
    format!(
        "[issuers.test]\nissuer = \"{ISSUER}\"\naudience = [\"{AUDIENCE}\"]\n{keys}\n[roles.reader]\nallow = [{{ uri = \"loans.balance\" }}]\n[roles.writer]\n"
    )
}

pub(crate) fn public_key(pair: &Pair) -> String {
    format!("public_key = '''{}'''", pair.public_pem())
}

/// A configuration that issues tokens, with the keys of a pair.
pub(crate) fn issuing(key: &Pair, more: &str) -> String {
    format!("{more}\n[tokens]\nissuer = \"https://gate.example\"\nkey = '''{}'''\n", key.private_pem())
}

/// A certificate with these names, signed by itself: identity trusts the listener with the chain.
pub(crate) fn certificate(common_name: &str, sans: Vec<rcgen::SanType>) -> Arc<PeerCertificate> {
    certificate_until(common_name, sans, NOW_S + 1_000_000_000)
}

/// As [`certificate`], until a second since 1970.
pub(crate) fn certificate_until(
    common_name: &str,
    sans: Vec<rcgen::SanType>,
    not_after_s: i64,
) -> Arc<PeerCertificate> {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let ends = std::time::Duration::from_secs(u64::try_from(not_after_s).unwrap());
    params.not_after = (std::time::SystemTime::UNIX_EPOCH + ends).into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
    params.subject_alt_names = sans;
    let certificate = params.self_signed(&key).unwrap();
    Arc::new(PeerCertificate::parse(&[certificate.der().clone()]).unwrap())
}

pub(crate) fn dns(name: &str) -> rcgen::SanType {
    rcgen::SanType::DnsName(name.try_into().unwrap())
}

/// Something that a fuzzed closure may use although a panic might leave it in disorder: the test has
/// failed by then.
pub(crate) struct Shared<T>(pub(crate) T);

impl<T> std::panic::RefUnwindSafe for Shared<T> {}

impl<T> std::ops::Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A runtime for tests that are no async functions.
pub(crate) fn runtime() -> Shared<tokio::runtime::Runtime> {
    Shared(tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap())
}
