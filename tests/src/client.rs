//! Clients of the running program.

use std::sync::Arc;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;

use crate::{Answer, EventStream, Leaf, PATIENCE};

/// Which HTTP a client offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Http {
    /// Both, as browsers do; the server chooses.
    Any,
    /// HTTP/1.1 alone.
    One,
    /// HTTP/2 alone.
    Two,
}

/// Somebody who talks to one door of the program, with whatever credentials it has been given.
#[derive(Clone, Debug)]
pub struct Visitor {
    client: reqwest::Client,
    base: String,
    headers: HeaderMap,
}

/// What a TLS client of the kit trusts and shows.
pub(crate) fn tls(root: CertificateDer<'static>, http: Http, certificate: Option<&Leaf>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root).expect("the authority's certificate is one");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("the provider speaks TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    let mut config = match certificate {
        None => builder.with_no_client_auth(),
        Some(leaf) => {
            let chain = vec![CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).expect("a certificate")];
            let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).expect("a key");
            builder.with_client_auth_cert(chain, key).expect("the key is the certificate's")
        }
    };
    config.alpn_protocols = match http {
        Http::Any => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        Http::One => vec![b"http/1.1".to_vec()],
        Http::Two => vec![b"h2".to_vec()],
    };
    config
}

impl Visitor {
    pub(crate) fn new(base: String, root: CertificateDer<'static>, http: Http, certificate: Option<&Leaf>) -> Self {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(root, http, certificate))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE);
        let builder = match http {
            Http::Any => builder,
            Http::One => builder.http1_only(),
            Http::Two => builder.http2_prior_knowledge(),
        };
        Self { client: builder.build().expect("the client is configured well"), base, headers: HeaderMap::new() }
    }

    /// A visitor of a door over TLS that asks for it by `name`.
    pub(crate) fn named(address: &str, name: &str, root: CertificateDer<'static>) -> Self {
        let address: std::net::SocketAddr = address.parse().expect("an address and a port");
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(root, Http::Any, None))
            .resolve(name, address)
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .expect("the client is configured well");
        Self { client, base: format!("https://{name}:{}", address.port()), headers: HeaderMap::new() }
    }

    /// The same visitor with a header more on every request.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut with = self.clone();
        let name = HeaderName::try_from(name).expect("a header's name");
        with.headers.insert(name, HeaderValue::try_from(value).expect("a header's value"));
        with
    }

    /// The same visitor with a bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header(AUTHORIZATION.as_str(), &format!("Bearer {token}"))
    }

    /// Where it goes: `https://127.0.0.1:40123`.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When there is no answer: no connection, a handshake that failed.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).headers(self.headers.clone());
        if let Some((media_type, bytes)) = body {
            request = request.header(CONTENT_TYPE, media_type).body(bytes);
        }
        Answer::read(request.send().await?).await
    }

    /// Sends a request that must be answered.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn request(&self, method: Method, path: &str, body: Option<(&str, Vec<u8>)>) -> Answer {
        let asked = format!("{method} {}{path}", self.base);
        self.send(method, path, body).await.unwrap_or_else(|error| panic!("{asked}: {error:?}"))
    }

    /// Opens a stream of events that must begin.
    ///
    /// # Panics
    /// When it does not.
    pub async fn events(&self, path: &str) -> EventStream {
        let request = self.client.get(format!("{}{path}", self.base)).headers(self.headers.clone());
        let response = request.send().await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        assert_eq!(response.status(), 200, "{path}: {:?}", response.text().await);
        EventStream::new(response)
    }

    /// Whether a stream of events begins; it is let go at once.
    pub async fn opens(&self, path: &str) -> bool {
        let request = self.client.get(format!("{}{path}", self.base)).headers(self.headers.clone());
        request.send().await.is_ok_and(|response| response.status() == 200)
    }

    /// Gets a path.
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, None).await
    }

    /// Posts a JSON value.
    pub async fn post(&self, path: &str, value: &Value) -> Answer {
        self.request(Method::POST, path, Some(("application/json", value.to_string().into_bytes()))).await
    }

    /// Posts a form.
    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form(fields);
        self.request(Method::POST, path, Some(("application/x-www-form-urlencoded", body.into_bytes()))).await
    }

    /// Gets a token by the client credentials grant (RFC 6749 §4.4), with the secret in the form.
    ///
    /// # Panics
    /// When there is none.
    pub async fn token(&self, client: &str, secret: &str) -> String {
        let fields = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret)];
        let answer = self.post_form("/oauth/token", &fields).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }
}

/// `application/x-www-form-urlencoded` of fields.
fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        text.bytes()
            .map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}
