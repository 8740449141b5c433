//! What several tests need: arbitrary values and messages.

use bytes::Bytes;
use crossgate_wamp::id::{ID_MAX, Id};
use crossgate_wamp::message::{Call, CallResult, Error, Event, Invocation, Kind, Publish, Removed, Yield};
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Dict, Map, Message, Payload, Text, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// The bytes of hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    assert!(digits.len().is_multiple_of(2), "{digits}");
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex")).collect()
}

pub(crate) fn id(number: u64) -> Id {
    Id::new(number).expect("an id")
}

pub(crate) fn any_id() -> impl Strategy<Value = Id> {
    prop_oneof![1_u64..300, 1..=ID_MAX].prop_map(id)
}

/// Text that means the same in every format: it does not begin with NUL.
pub(crate) fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", "\\PC{0,12}", "[\"\\\\\n\r\t\u{1}é😀]{1,6}"]
        .prop_map(|text: String| text.trim_start_matches('\0').to_owned())
}

/// Values that all three formats can say.
pub(crate) fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-40_i64..300).prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::Float),
        any_text().prop_map(Value::Text),
        vec(any::<u8>(), 0..40).prop_map(Value::Binary),
    ];
    leaf.prop_recursive(5, 60, 20, |inner| {
        prop_oneof![vec(inner.clone(), 0..20).prop_map(Value::List), map_of(inner).prop_map(Value::Map)]
    })
}

fn map_of(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map> {
    vec((any_text(), value), 0..20).prop_map(|pairs| pairs.into_iter().collect())
}

pub(crate) fn any_map() -> impl Strategy<Value = Map> {
    prop_oneof![Just(Map::new()), map_of(any_value())]
}

pub(crate) fn any_format() -> impl Strategy<Value = Format> {
    proptest::sample::select(Format::ALL.to_vec())
}

fn any_payload(format: Format) -> impl Strategy<Value = Payload> {
    prop_oneof![
        Just(Payload::empty(format)),
        (vec(any_value(), 0..4), any_map()).prop_map(move |(args, kwargs)| Payload::from_values(format, args, kwargs)),
        vec(any::<u8>(), 0..40).prop_map(move |data| Payload::transparent(format, &data)),
    ]
}

/// Any message, whose dictionaries and arguments are in the given format.
pub(crate) fn any_message(format: Format) -> impl Strategy<Value = Message> {
    let parts = (any_id(), any_id(), any_map(), any_text(), any_payload(format), 0..Kind::ALL.len());
    parts.prop_map(move |(first, second, map, text, payload, kind)| {
        let dict = Dict::from_map(format, &map);
        let text = Text::from(text);
        build(Kind::ALL[kind], (first, second), dict, text, payload)
    })
}

fn build(kind: Kind, (first, second): (Id, Id), dict: Dict, text: Text, payload: Payload) -> Message {
    match kind {
        Kind::Hello => Message::Hello { realm: text, details: dict },
        Kind::Welcome => Message::Welcome { session: first, details: dict },
        Kind::Abort => Message::Abort { details: dict, reason: text, payload },
        Kind::Challenge => Message::Challenge { method: text, extra: dict },
        Kind::Authenticate => Message::Authenticate { signature: text, extra: dict },
        Kind::Goodbye => Message::Goodbye { details: dict, reason: text },
        Kind::Error => {
            Message::Error(Error { request_kind: Kind::Call, request: first, details: dict, error: text, payload })
        }
        Kind::Publish => Message::Publish(Publish { request: first, options: dict, topic: text, payload }),
        Kind::Published => Message::Published { request: first, publication: second },
        Kind::Subscribe => Message::Subscribe { request: first, options: dict, topic: text },
        Kind::Subscribed => Message::Subscribed { request: first, subscription: second },
        Kind::Unsubscribe => Message::Unsubscribe { request: first, subscription: second },
        Kind::Unsubscribed => Message::Unsubscribed(Removed::Asked(first)),
        Kind::Event => Message::Event(Event { subscription: first, publication: second, details: dict, payload }),
        Kind::Call => Message::Call(Call { request: first, options: dict, procedure: text, payload }),
        Kind::Cancel => Message::Cancel { request: first, options: dict },
        Kind::Result => Message::Result(CallResult { request: first, details: dict, payload }),
        Kind::Register => Message::Register { request: first, options: dict, procedure: text },
        Kind::Registered => Message::Registered { request: first, registration: second },
        Kind::Unregister => Message::Unregister { request: first, registration: second },
        Kind::Unregistered => Message::Unregistered(Removed::Revoked(dict)),
        Kind::Invocation => {
            Message::Invocation(Invocation { request: first, registration: second, details: dict, payload })
        }
        Kind::Interrupt => Message::Interrupt { request: first, options: dict },
        Kind::Yield => Message::Yield(Yield { request: first, options: dict, payload }),
        Kind::EventReceived => Message::EventReceived { publication: first },
    }
}

/// What a message says, apart from its format.
pub(crate) fn meaning(message: &Message) -> Value {
    let bytes = message.to_bytes(Format::Cbor).expect("CBOR can say everything");
    Value::read(Format::Cbor, &bytes).expect("what was written can be read")
}

pub(crate) fn decode(format: Format, bytes: impl Into<Bytes>) -> Result<Message, crossgate_wamp::message::DecodeError> {
    Message::decode(format, &bytes.into(), &Limits::default())
}
