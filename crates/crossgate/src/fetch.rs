//! HTTPS to others: key sets for identity, orders at a certificate authority.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use crossgate_call::{Clock as _, SystemClock};
use crossgate_certificates::acme;
use crossgate_identity::Fetch;

/// The most that an answer may weigh, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a question and its answer may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The same, at an authority, which may be busy.
const ORDER_TIMEOUT: Duration = Duration::from_secs(30);

type Fetched<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Box<dyn std::error::Error + Send + Sync>>> + Send + 'a>>;

/// An HTTPS client that follows no redirects: a key set's address is configured, and what it
/// redirects to is not.
pub(crate) struct HttpsFetch(reqwest::Client);

impl HttpsFetch {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!("crossgate/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }
}

impl Fetch for HttpsFetch {
    fn get(&self, url: &str) -> Fetched<'_> {
        let request = self.0.get(url);
        Box::pin(async move {
            let response = request.send().await?;
            if !response.status().is_success() {
                return Err(format!("the server answered {}", response.status()).into());
            }
            read(response).await
        })
    }
}

async fn read(mut response: reqwest::Response) -> Result<Bytes, acme::BoxError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > BODY_BYTES_MAX {
            return Err(format!("the answer is larger than {BODY_BYTES_MAX} bytes").into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// An HTTPS client for a certificate authority's directory.
pub(crate) struct Orders(reqwest::Client);

impl Orders {
    /// Trusts the authorities in that file, and nobody else, when there is one; else those of the system.
    pub(crate) fn new(roots: Option<&Path>) -> anyhow::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .https_only(true)
            .timeout(ORDER_TIMEOUT);
        if let Some(file) = roots {
            let roots = crossgate_certificates::authorities(file, SystemClock.now())?;
            let roots = roots.iter().map(|root| reqwest::Certificate::from_der(root)).collect::<Result<Vec<_>, _>>()?;
            builder = builder.tls_certs_only(roots);
        }
        Ok(Self(builder.build()?))
    }
}

impl acme::Http for Orders {
    fn send(&self, request: http::Request<Bytes>) -> acme::Sent {
        let client = self.0.clone();
        Box::pin(async move {
            let response = client.execute(request.try_into()?).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let mut answer = http::Response::new(read(response).await?);
            (*answer.status_mut(), *answer.headers_mut()) = (status, headers);
            Ok(answer)
        })
    }
}
