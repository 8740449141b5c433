//! Fetching key sets over HTTPS for identity.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use crossgate_identity::Fetch;

/// The most that a key set may weigh.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long fetching may take, all in all.
const TIMEOUT: Duration = Duration::from_secs(10);

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
            let mut response = request.send().await?;
            if !response.status().is_success() {
                return Err(format!("the server answered {}", response.status()).into());
            }
            let mut body = BytesMut::new();
            while let Some(chunk) = response.chunk().await? {
                if body.len() + chunk.len() > BODY_BYTES_MAX {
                    return Err(format!("the answer is larger than {BODY_BYTES_MAX} bytes").into());
                }
                body.extend_from_slice(&chunk);
            }
            Ok(body.freeze())
        })
    }
}
