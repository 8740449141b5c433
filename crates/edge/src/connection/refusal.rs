//! The answer to plain HTTP on a TLS port.

use std::future::poll_fn;

use http::StatusCode;
use tokio::io::AsyncWriteExt as _;

use crate::problem::Problem;
use crate::socket::{Socket, poll_discard};

/// How much of the request is read while the peer takes in the answer, in bytes.
const DISCARD_BYTES_MAX: usize = 64 * 1024;

/// Tells a client that it forgot the `s`, in the words of HTTP/1.1, which every client understands here.
pub(super) async fn use_https(mut socket: Socket) -> std::io::Result<()> {
    let problem = Problem::new(StatusCode::BAD_REQUEST, "this port speaks TLS; use https");
    let body = problem.document(None);
    let head = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        Problem::MEDIA_TYPE,
        body.len()
    );
    socket.write_all(head.as_bytes()).await?;
    socket.write_all(&body).await?;
    socket.shutdown().await?;
    let mut budget = DISCARD_BYTES_MAX;
    poll_fn(|cx| poll_discard(&mut socket, cx, &mut budget)).await;
    Ok(())
}
