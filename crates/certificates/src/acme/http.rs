//! Requests to the authority, by whatever client the program has.

use std::pin::Pin;
use std::sync::Arc;

use ::http::{Request, Response};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use instant_acme::{BodyWrapper, BytesResponse, HttpClient};

/// Why a request got no answer.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// A request on its way.
pub type Sent = Pin<Box<dyn Future<Output = Result<Response<Bytes>, BoxError>> + Send>>;

/// An HTTPS client: checks certificates, follows no redirects, and limits how long an answer takes and how large it is.
pub trait Http: Send + Sync + 'static {
    /// Sends a request and reads its answer.
    fn send(&self, request: Request<Bytes>) -> Sent;
}

/// The client in the form that the library takes.
pub(super) struct Client(pub(super) Arc<dyn Http>);

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, instant_acme::Error>> + Send>> {
        let http = Arc::clone(&self.0);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            let body = body.to_bytes();
            let answer = http.send(Request::from_parts(parts, body)).await.map_err(instant_acme::Error::Other)?;
            let (parts, body) = answer.into_parts();
            Ok(BytesResponse { parts, body: Box::new(body) })
        })
    }
}
