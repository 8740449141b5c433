//! The paths of HTTP long-poll.
//!
//! The specification answers `/send` and `/close` with 202 and calls that "no content". autobahn-js takes 200 and 204
//! for success and nothing else, so 204 it is.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::Caller;
use crossgate_wamp::serializer::Serializer;
use crossgate_wamp::wire::Format;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Response, StatusCode};
use http_body_util::Full;
use serde::Deserialize;
use serde_json::json;

use super::body::Body;
use super::{Answer, Exchange, caller, nothing, websocket};
use crate::config::{Surface, WampTransport};
use crate::door::State;
use crate::longpoll::{Ends, Received, Refused, Session};
use crate::problem::Problem;
use crate::wamp::{self, Terms};
use crate::ws;

/// The largest body of `/open`, in bytes.
const OPEN_BYTES_MAX: usize = 4096;
/// When to try again while there are too many sessions, in seconds.
const RETRY_AFTER_S: u64 = 10;

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Open,
    Receive(&'a str),
    Send(&'a str),
    Close(&'a str),
}

/// The body of `/open`.
#[derive(Deserialize)]
struct Opening {
    protocols: Vec<String>,
}

/// What the path asks for, if it is one of long-poll's here.
pub(super) fn at<'a>(state: &State, path: &'a str) -> Option<Step<'a>> {
    let wamp = &state.listener.wamp;
    if !state.serves(Surface::Wamp) || !wamp.speaks(WampTransport::Longpoll) {
        return None;
    }
    match path.strip_prefix(&*wamp.longpoll_path)?.strip_prefix('/')?.split_once('/') {
        None if path.ends_with("/open") => Some(Step::Open),
        Some((id, "receive")) => Some(Step::Receive(id)),
        Some((id, "send")) => Some(Step::Send(id)),
        Some((id, "close")) => Some(Step::Close(id)),
        None | Some(_) => None,
    }
}

/// Answers one of them.
pub(super) async fn answer(x: &Exchange<'_>, step: Step<'_>, body: &mut Body) -> Answer {
    match stepped(x, step, body).await {
        Ok(answer) => answer,
        Err(problem) => problem.response(x.trace),
    }
}

async fn stepped(x: &Exchange<'_>, step: Step<'_>, body: &mut Body) -> Result<Answer, Problem> {
    if x.head.method != Method::POST {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "long-poll is spoken by POST alone");
        return Err(problem.header(ALLOW, HeaderValue::from_static("POST, OPTIONS")));
    }
    let wamp = &x.state.listener.wamp;
    ws::origin_permitted(&x.head.headers, &wamp.origins, websocket::own(x))?;
    let caller = caller::known(x, "wamp.longpoll").await?.caller;
    match step {
        Step::Open => open(x, caller, body).await,
        Step::Receive(id) => {
            let session = find(x, id, &caller)?;
            let _busy = session.touch();
            match session.receive(Duration::from_millis(wamp.longpoll.poll_ms)).await {
                Received::Message(message) => Ok(message_answer(session.form.format, message)),
                Received::Nothing => Ok(nothing()),
                Received::Over => Err(gone()),
            }
        }
        Step::Send(id) => {
            let session = find(x, id, &caller)?;
            let _busy = session.touch();
            let bytes = read(x, body, wamp.message_bytes_max).await?;
            if session.send(bytes).await {
                return Ok(nothing());
            }
            Err(Problem::new(StatusCode::BAD_REQUEST, "the session is over, or the message is malformed"))
        }
        Step::Close(id) => {
            find(x, id, &caller)?.close();
            Ok(nothing())
        }
    }
}

async fn open(x: &Exchange<'_>, caller: Arc<Caller>, body: &mut Body) -> Result<Answer, Problem> {
    let (door, wamp) = (&x.peer.door, &x.state.listener.wamp);
    let bytes = read(x, body, OPEN_BYTES_MAX).await?;
    let opening: Opening = serde_json::from_slice(&bytes)
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, r#"the body must be {"protocols": ["wamp.2.json"]}"#))?;
    let forms = wamp.forms();
    let form = Serializer::choose(opening.protocols.iter().map(String::as_str), &forms).ok_or_else(|| {
        let forms: Vec<&str> = forms.iter().map(|form| form.subprotocol()).collect();
        Problem::new(StatusCode::BAD_REQUEST, format!("name one of these in protocols: {}", forms.join(", ")))
    })?;
    let place =
        door.longpoll.enter(x.from.source, wamp.longpoll.sessions, wamp.longpoll.sessions_per_ip).map_err(refused)?;
    let facts = websocket::facts(x, "longpoll", Some(form));
    let halves = wamp::connect(&door.shared, x.state, facts);
    let (session, running) = Session::new(form, caller, halves);
    let (door, terms) = (Arc::clone(door), Terms::new(wamp, false));
    let idle = Duration::from_millis(wamp.longpoll.idle_ms);
    let registry = Arc::clone(&door.longpoll);
    let renewed = x.peer.renewed.clone();
    let task = Box::new(move |stage| -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(running.run(door, terms, idle, Ends { stage, renewed }))
    });
    let id = registry.open(session, place, task).map_err(refused)?;
    let document = json!({"protocol": form.subprotocol(), "transport": id});
    let mut answer = Response::new(Full::new(document.to_string().into()));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(answer)
}

/// A session, for whoever opened it: to anybody else it does not exist.
fn find(x: &Exchange<'_>, id: &str, caller: &Caller) -> Result<Arc<Session>, Problem> {
    x.peer.door.longpoll.find(id).filter(|session| session.belongs_to(caller)).ok_or_else(gone)
}

fn gone() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "there is no such session, or no longer")
}

fn refused(why: Refused) -> Problem {
    let (status, detail) = match why {
        Refused::Share => (StatusCode::TOO_MANY_REQUESTS, "too many sessions from your address"),
        Refused::Full => (StatusCode::SERVICE_UNAVAILABLE, "there are too many sessions"),
        Refused::Closing => (StatusCode::SERVICE_UNAVAILABLE, "no sessions are opened at the moment"),
    };
    Problem::new(status, detail).header(RETRY_AFTER, RETRY_AFTER_S.into())
}

async fn read(x: &Exchange<'_>, body: &mut Body, bytes_max: usize) -> Result<Bytes, Problem> {
    body.read(x.peer, bytes_max, x.state.listener.timeouts.body()).await.map_err(|unreadable| unreadable.problem())
}

fn message_answer(format: Format, message: Bytes) -> Answer {
    let media_type = match format {
        Format::Json => "application/json",
        Format::MessagePack => "application/msgpack",
        Format::Cbor => "application/cbor",
    };
    let mut answer = Response::new(Full::new(message));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}
