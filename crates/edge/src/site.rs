//! Pages: whatever no contract describes.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use crossgate_call::{Caller, Trace};
use http::{Request, Response};

/// Answers paths that no contract has: the console, the API explorer. It also answers its own 404.
///
/// The body is read and bounded, the caller known (anonymous for most), HEAD arrives as GET, and requests
/// that another origin's page makes do not arrive. Security headers that the answer lacks are added.
pub trait Site: Send + Sync {
    /// Answers one request.
    fn serve(&self, request: Request<Bytes>, visit: Visit) -> Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;
}

/// Who asks for a page, and how.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// The trace that the request belongs to.
    pub trace: Trace,
    /// The address that it came from; none for unix sockets.
    pub source: Option<IpAddr>,
    /// Whether the browser speaks HTTPS, to us or to a trusted proxy. Decides the session cookie's name:
    /// [`crate::session_cookie_name`].
    pub secure: bool,
    /// The listener's name.
    pub listener: Arc<str>,
}
