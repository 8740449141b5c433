//! Kinds of error and WAMP's error URIs: the one table, in both directions.

use std::time::Duration;

use crossgate_call::{Error, Field, Kind};
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Payload, Text, Value};

/// The thing that a call asked about is not there.
pub(crate) const NOT_FOUND: &str = "crossgate.error.not_found";
/// The input does not fit the state of the thing.
pub(crate) const CONFLICT: &str = "crossgate.error.conflict";
/// The caller calls too often.
pub(crate) const TOO_MANY: &str = "crossgate.error.too_many";

/// When to try again what is unavailable, when nobody said.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest sentence of a callee that is passed on, in bytes.
const SENTENCE_BYTES_MAX: usize = 1024;

/// The URI of a kind.
pub(crate) const fn uri_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Unauthenticated => uri::AUTHENTICATION_REQUIRED,
        Kind::Forbidden => uri::NOT_AUTHORIZED,
        Kind::NoSuchProcedure => uri::NO_SUCH_PROCEDURE,
        Kind::NotFound => NOT_FOUND,
        Kind::Invalid => uri::INVALID_ARGUMENT,
        Kind::Conflict => CONFLICT,
        Kind::TooLarge => uri::PAYLOAD_SIZE_EXCEEDED,
        Kind::TooMany => TOO_MANY,
        Kind::Unavailable => uri::UNAVAILABLE,
        Kind::Deadline => uri::TIMEOUT,
        Kind::Internal => uri::RUNTIME_ERROR,
    }
}

/// The kind of a callee's URI. What is not in the table is the callee's own matter, and an internal error to others.
fn kind_of(error: &str) -> Kind {
    match error {
        uri::AUTHENTICATION_REQUIRED => Kind::Unauthenticated,
        uri::NOT_AUTHORIZED | uri::AUTHORIZATION_DENIED => Kind::Forbidden,
        uri::NO_SUCH_PROCEDURE => Kind::NoSuchProcedure,
        NOT_FOUND | uri::NO_SUCH_SESSION | uri::NO_SUCH_REGISTRATION | uri::NO_SUCH_SUBSCRIPTION => Kind::NotFound,
        uri::INVALID_ARGUMENT => Kind::Invalid,
        CONFLICT => Kind::Conflict,
        uri::PAYLOAD_SIZE_EXCEEDED => Kind::TooLarge,
        TOO_MANY => Kind::TooMany,
        uri::UNAVAILABLE
        | uri::NO_AVAILABLE_CALLEE
        | uri::MAX_CONCURRENCY_REACHED
        | uri::NETWORK_FAILURE
        | uri::CANCELED => Kind::Unavailable,
        uri::TIMEOUT => Kind::Deadline,
        _ => Kind::Internal,
    }
}

/// An error as the arguments of ERROR: its sentence, and what programs read under their names.
pub(crate) fn to_wamp(error: &Error, format: Format) -> (Text, Payload) {
    let fields: Vec<Value> = error.fields().iter().map(field).collect();
    let wait = error.retry_after().map(|wait| wait.as_millis() as u64);
    let kwargs = Map::new()
        .with_some("fields", (!fields.is_empty()).then_some(Value::List(fields)))
        .with_some("retry_after_ms", wait);
    let args = vec![Value::from(error.public())];
    (Text::from_static(uri_of(error.kind())), Payload::from_values(format, args, kwargs))
}

fn field(field: &Field) -> Value {
    let map = Map::new().with("in", field.place).with("pointer", field.pointer.as_str());
    map.with("detail", field.detail.as_str()).into()
}

/// A callee's ERROR for somebody who speaks no WAMP. The sentence is the callee's where its kind is one that
/// callers can do something about; of faults it is for the operator alone.
pub(crate) fn from_wamp(error: &str, payload: &Payload) -> Error {
    let kind = kind_of(error);
    let sentence = sentence(payload);
    match kind {
        Kind::Internal => {
            let said = sentence.unwrap_or_default();
            Error::internal(format!("the callee answered {error}: {said}"))
        }
        Kind::Unavailable | Kind::TooMany => {
            let wait = payload.kwarg_values().ok().and_then(|kwargs| kwargs.get("retry_after_ms")?.as_unsigned());
            let wait = wait.map_or(RETRY_AFTER, Duration::from_millis);
            let words = sentence.unwrap_or_else(|| "nobody can answer now; try again later".to_owned());
            if kind == Kind::TooMany { Error::too_many(words, wait) } else { Error::unavailable(words, wait) }
        }
        Kind::Invalid => {
            Error::invalid(sentence.unwrap_or_else(|| "the input does not fit".to_owned()), read_fields(payload))
        }
        kind => Error::new(kind, sentence.unwrap_or_else(|| kind.as_str().replace('_', " "))),
    }
}

/// The first argument, when that is text.
pub(crate) fn sentence(payload: &Payload) -> Option<String> {
    let args = payload.arg_values().ok()?;
    let text = args.first()?.as_text()?;
    let end = (0..=text.len().min(SENTENCE_BYTES_MAX)).rev().find(|end| text.is_char_boundary(*end))?;
    Some(text.get(..end)?.to_owned())
}

fn read_fields(payload: &Payload) -> Vec<Field> {
    /// The places that a contract knows; others are the input's.
    const PLACES: [&str; 5] = ["path", "query", "header", "cookie", "body"];
    let kwargs = payload.kwarg_values().unwrap_or_default();
    let fields = kwargs.get("fields").and_then(Value::as_list).unwrap_or_default();
    let text = |map: &Map, key: &str| map.get(key).and_then(Value::as_text).unwrap_or_default().to_owned();
    fields
        .iter()
        .filter_map(Value::as_map)
        .map(|map| {
            let named = text(map, "in");
            let place = PLACES.into_iter().find(|place| *place == named).unwrap_or("input");
            Field::new(place, text(map, "pointer"), text(map, "detail"))
        })
        .collect()
}
