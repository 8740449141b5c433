//! WebSocket, a client's side. hyper does the HTTP of the handshake, tokio-websockets the frames.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crossgate_wamp::auth::random_bytes;
use crossgate_wamp::serializer::Serializer;
use futures_util::{Sink as _, Stream as _};
use http::header::{
    CONNECTION, HOST, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE, USER_AGENT,
};
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming as Body;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio_websockets::{ClientBuilder, CloseCode, Error as WsError, Limits, Message, WebSocketStream};

use super::{Fault, Frames, Incoming};
use crate::error::Error;
use crate::options::ConnectOptions;

/// What the key is hashed with (RFC 6455 §1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The largest head of the router's answer, in bytes.
const HEAD_BYTES_MAX: usize = 16 * 1024;

/// Shakes hands: the frames, and their form, which is the router's choice among ours.
pub(super) async fn open<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
    stream: S,
    host: &str,
    path: &str,
    options: &ConnectOptions,
) -> Result<(WebSocket<TokioIo<Upgraded>>, Serializer), Error> {
    let key = STANDARD.encode(random_bytes::<16>().map_err(|error| Error::Usage(error.to_string()))?);
    let request = request(host, path, &key, options)?;
    let broken =
        |error: hyper::Error| Error::Handshake(format!("what answers there does not speak WebSocket: {error}"));
    let mut builder = hyper::client::conn::http1::Builder::new();
    let handshake = builder.max_buf_size(HEAD_BYTES_MAX).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(broken)?;
    // It reads and writes until the upgrade; whoever gives up before that, drops it.
    let mut driver = JoinSet::new();
    driver.spawn(connection.with_upgrades());
    let response = sender.send_request(request).await.map_err(broken)?;
    let form = judge(&response, &key, options)?;
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    Ok((WebSocket::new(TokioIo::new(upgraded), form.format.is_text(), options.limits.message_bytes_max), form))
}

fn request(host: &str, path: &str, key: &str, options: &ConnectOptions) -> Result<Request<Empty<Bytes>>, Error> {
    if options.serializers.is_empty() {
        return Err(Error::Usage("no serializer is named".into()));
    }
    let forms: Vec<_> = options.serializers.iter().map(|form| form.subprotocol()).collect();
    Request::get(path)
        .header(HOST, host)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_VERSION, "13")
        .header(SEC_WEBSOCKET_KEY, key)
        .header(SEC_WEBSOCKET_PROTOCOL, forms.join(", "))
        .header(USER_AGENT, &options.agent)
        .body(Empty::new())
        .map_err(|error| Error::Usage(format!("the request cannot be made: {error}")))
}

/// Checks the answer (RFC 6455 §4.1); gives the form of messages.
fn judge(response: &Response<Body>, key: &str, options: &ConnectOptions) -> Result<Serializer, Error> {
    let refuse = |why: String| Err(Error::Handshake(why));
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let hint = if response.status() == StatusCode::NOT_FOUND { "; is WAMP at that path?" } else { "" };
        return refuse(format!("the router does not open a WebSocket: HTTP status {}{hint}", response.status()));
    }
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    if header(SEC_WEBSOCKET_ACCEPT) != Some(accept(key).as_str()) {
        return refuse("what answers there does not speak WebSocket: its answer is not to our key".to_owned());
    }
    if response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return refuse("the router uses a WebSocket extension that was not asked for".to_owned());
    }
    let chosen = header(SEC_WEBSOCKET_PROTOCOL).and_then(Serializer::from_subprotocol);
    match chosen.filter(|form| options.serializers.contains(form)) {
        Some(form) => Ok(form),
        None => refuse("the router speaks none of the serializers that were offered".to_owned()),
    }
}

/// The answer to a key (§4.2.2).
fn accept(key: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(key.as_bytes());
    context.update(GUID);
    STANDARD.encode(context.finish())
}

/// The frames of a stream.
pub(super) struct WebSocket<S> {
    stream: WebSocketStream<S>,
    text: bool,
    /// A pong waits to be sent. Nothing more is read before it is, so that a router that asks and does not take
    /// the answers fills no memory here.
    pong: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    pub(super) fn new(stream: S, text: bool, message_bytes_max: usize) -> Self {
        let limits = Limits::default().max_payload_len(Some(message_bytes_max));
        Self { stream: ClientBuilder::new().limits(limits).take_over(stream), text, pong: false }
    }

    fn put(&mut self, message: Message) -> Result<(), Fault> {
        Pin::new(&mut self.stream).start_send(message).map_err(|error| words(&error))
    }
}

fn words(error: &WsError) -> Fault {
    match error {
        WsError::AlreadyClosed => "it is closed".to_owned(),
        WsError::PayloadTooLong { len, max_len } => {
            format!("a message of {len} bytes came, and {max_len} are the most")
        }
        other => other.to_string(),
    }
}

fn closing(payload: &[u8]) -> String {
    match payload {
        [a, b, reason @ ..] => {
            let code = u16::from_be_bytes([*a, *b]);
            let reason = String::from_utf8_lossy(reason);
            let separator = if reason.is_empty() { "" } else { ": " };
            format!("the router closed it with code {code}{separator}{}", reason.escape_debug())
        }
        _ => "the router closed it".to_owned(),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Frames for WebSocket<S> {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Incoming, Fault>> {
        if self.pong {
            ready!(self.poll_flush(cx))?;
        }
        let message = match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
            Some(Ok(message)) => message,
            Some(Err(error)) => return Poll::Ready(Err(words(&error))),
            None => return Poll::Ready(Ok(Incoming::Closed("the router closed it".to_owned()))),
        };
        let incoming = if message.is_close() {
            Incoming::Closed(closing(message.as_payload()))
        } else if message.is_ping() {
            // The library has put the answer behind what waits.
            self.pong = true;
            Incoming::Life
        } else if message.is_pong() {
            Incoming::Life
        } else if message.is_text() == self.text {
            Incoming::Frame(message.into_payload().into())
        } else {
            let (is, should) = if self.text { ("binary", "text") } else { ("text", "binary") };
            return Poll::Ready(Err(format!("a {is} message came, and this form is {should}")));
        };
        Poll::Ready(Ok(incoming))
    }

    fn send(&mut self, frame: Bytes) -> Result<(), Fault> {
        self.put(if self.text { Message::text(frame) } else { Message::binary(frame) })
    }

    fn ping(&mut self) -> Result<(), Fault> {
        self.put(Message::ping(Bytes::new()))
    }

    fn close(&mut self) -> Result<(), Fault> {
        self.put(Message::close(Some(CloseCode::NORMAL_CLOSURE), ""))
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx)).map_err(|error| words(&error))?;
        self.pong = false;
        Poll::Ready(Ok(()))
    }
}
