//! What clients send and receive, as bytes: the frames of three ways to speak WAMP, and those of the bare relay.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

/// Bytes of the argument that calls and events carry.
const ARGUMENT: [u8; 64] = [b'x'; 64];
/// The bytes of every message of the bare servers: about what a CALL of the same argument has in JSON.
const BARE_BYTES: usize = 112;
/// Longer messages than this are none of ours.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// What clients have to mask their frames with (RFC 6455 §5.3); any four bytes do.
const MASK: [u8; 4] = [0x5a, 0x13, 0xc7, 0x2e];

pub(super) const PROCEDURE: &str = "bench.echo";
pub(super) const TOPIC: &str = "bench.event";

/// How messages are written and framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Dialect {
    WebsocketJson,
    WebsocketCbor,
    RawsocketMsgpack,
    /// Frames as RawSocket's around bytes that mean nothing but who sent them.
    Bare,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Cbor,
    Msgpack,
    Bare,
}

/// The kinds of messages, by their numbers.
pub(super) mod kind {
    pub(in crate::wamp) const HELLO: u64 = 1;
    pub(in crate::wamp) const WELCOME: u64 = 2;
    pub(in crate::wamp) const PUBLISH: u64 = 16;
    pub(in crate::wamp) const SUBSCRIBE: u64 = 32;
    pub(in crate::wamp) const SUBSCRIBED: u64 = 33;
    pub(in crate::wamp) const EVENT: u64 = 36;
    pub(in crate::wamp) const CALL: u64 = 48;
    pub(in crate::wamp) const RESULT: u64 = 50;
    pub(in crate::wamp) const REGISTER: u64 = 64;
    pub(in crate::wamp) const REGISTERED: u64 = 65;
    pub(in crate::wamp) const INVOCATION: u64 = 68;
    pub(in crate::wamp) const YIELD: u64 = 70;
}

/// A message whose id is still to be written.
pub(super) struct Template {
    format: Format,
    kind: u64,
    /// What stands before the id, and after it.
    parts: [Vec<u8>; 2],
}

impl Dialect {
    fn format(self) -> Format {
        match self {
            Self::WebsocketJson => Format::Json,
            Self::WebsocketCbor => Format::Cbor,
            Self::RawsocketMsgpack => Format::Msgpack,
            Self::Bare => Format::Bare,
        }
    }

    /// As the load's argument has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::WebsocketJson => "websocket-json",
            Self::WebsocketCbor => "websocket-cbor",
            Self::RawsocketMsgpack => "rawsocket-msgpack",
            Self::Bare => "bare",
        }
    }

    pub(super) fn is_websocket(self) -> bool {
        matches!(self, Self::WebsocketJson | Self::WebsocketCbor)
    }

    /// What is sent before the first message.
    pub(super) fn opening(self, path: &str) -> Vec<u8> {
        let subprotocol = match self {
            Self::WebsocketJson => "wamp.2.json",
            Self::WebsocketCbor => "wamp.2.cbor",
            // 16 MiB at the most, MessagePack.
            Self::RawsocketMsgpack => return vec![0x7f, 0xf2, 0, 0],
            Self::Bare => return Vec::new(),
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
        )
        .into_bytes()
    }

    /// How many bytes of the input answer the opening; `None` when there are not enough yet.
    pub(super) fn opened(self, input: &[u8]) -> anyhow::Result<Option<usize>> {
        if self == Self::Bare {
            return Ok(Some(0));
        }
        if self == Self::RawsocketMsgpack {
            let Some(answer) = input.first_chunk::<4>() else { return Ok(None) };
            ensure!(answer[0] == 0x7f && answer[1] & 0x0f == 2, "RawSocket was refused: {answer:?}");
            return Ok(Some(4));
        }
        let Some(end) = input.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        ensure!(input.starts_with(b"HTTP/1.1 101"), "WebSocket was refused: {}", String::from_utf8_lossy(input));
        Ok(Some(end + 4))
    }

    pub(super) fn hello(self, realm: &str) -> Vec<u8> {
        let roles = json!({"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}});
        self.message(&json!([kind::HELLO, realm, {"roles": roles}]))
    }

    pub(super) fn register(self) -> Vec<u8> {
        self.message(&json!([kind::REGISTER, 1, {}, PROCEDURE]))
    }

    pub(super) fn subscribe(self) -> Vec<u8> {
        self.message(&json!([kind::SUBSCRIBE, 1, {}, TOPIC]))
    }

    pub(super) fn call(self) -> Template {
        // The relay changes nothing: what is sent is what is received.
        let kind = if self == Self::Bare { kind::INVOCATION } else { kind::CALL };
        self.template(kind, &json!([{}, PROCEDURE, [argument()]]))
    }

    pub(super) fn answer(self) -> Template {
        let kind = if self == Self::Bare { kind::RESULT } else { kind::YIELD };
        self.template(kind, &json!([{}, [argument()]]))
    }

    pub(super) fn publish(self) -> Template {
        self.template(kind::PUBLISH, &json!([{}, TOPIC, [argument()]]))
    }

    fn message(self, message: &Value) -> Vec<u8> {
        match self.format() {
            Format::Json => message.to_string().into_bytes(),
            Format::Cbor => {
                let mut bytes = Vec::new();
                // Writing to memory does not fail.
                let _ = ciborium::into_writer(message, &mut bytes);
                bytes
            }
            Format::Msgpack => {
                let mut bytes = Vec::new();
                let _ = rmpv::encode::write_value(&mut bytes, &to_msgpack(message));
                bytes
            }
            Format::Bare => vec![0, message[0].as_u64().unwrap_or_default() as u8, 0, 0, 0, 1],
        }
    }

    fn template(self, kind: u64, rest: &Value) -> Template {
        let rest = rest.as_array().map(Vec::as_slice).unwrap_or_default();
        let format = self.format();
        let mut before = Vec::new();
        let mut after = Vec::new();
        match format {
            Format::Json => {
                before.extend_from_slice(format!("[{kind},").as_bytes());
                for part in rest {
                    after.extend_from_slice(format!(",{part}").as_bytes());
                }
                after.push(b']');
            }
            Format::Cbor | Format::Msgpack => {
                let head = if format == Format::Cbor { 0x80 } else { 0x90 };
                before.push(head | (rest.len() + 2) as u8);
                integer(format, kind, &mut before);
                after = rest.iter().flat_map(|part| self.message(part)).collect();
            }
            Format::Bare => after = vec![b'x'; BARE_BYTES - 6],
        }
        Template { format, kind, parts: [before, after] }
    }

    /// Appends a frame around a message.
    pub(super) fn frame(self, output: &mut Vec<u8>, message: impl FnOnce(&mut Vec<u8>)) {
        let start = output.len();
        // The head's size depends on the message's: one of four bytes is assumed, and made room for if it is another.
        let room = if self.is_websocket() { 8 } else { 4 };
        output.resize(start + room, 0);
        message(output);
        let bytes = output.len() - start - room;
        if !self.is_websocket() {
            output[start..start + 4].copy_from_slice(&(bytes as u32).to_be_bytes());
            return;
        }
        let opcode = 0x80 | if self == Self::WebsocketJson { 1 } else { 2 };
        for (byte, mask) in output[start + room..].iter_mut().zip(MASK.iter().cycle()) {
            *byte ^= mask;
        }
        if bytes < 126 {
            output.drain(start..start + 2);
            output[start..start + 2].copy_from_slice(&[opcode, 0x80 | bytes as u8]);
            output[start + 2..start + 6].copy_from_slice(&MASK);
        } else {
            let [high, low] = (bytes as u16).to_be_bytes();
            output[start..start + 4].copy_from_slice(&[opcode, 0x80 | 126, high, low]);
            output[start + 4..start + 8].copy_from_slice(&MASK);
        }
    }

    /// The first frame of the input; `None` when it is not there as a whole.
    pub(super) fn unframe(self, input: &[u8]) -> anyhow::Result<Option<Frame>> {
        let (is_message, is_ping, head, bytes) = if self.is_websocket() {
            let [first, second, rest @ ..] = input else { return Ok(None) };
            let (head, bytes) = match (second & 0x7f, rest) {
                (126, [a, b, ..]) => (4, usize::from(u16::from_be_bytes([*a, *b]))),
                (126, _) => return Ok(None),
                (127, _) => bail!("a message is larger than any of ours"),
                (bytes, _) => (2, usize::from(bytes)),
            };
            let opcode = first & 0x0f;
            ensure!(opcode != 8, "the server closed: {}", String::from_utf8_lossy(rest));
            (opcode < 8, opcode == 9, head, bytes)
        } else {
            let Some([kind, a, b, c]) = input.first_chunk::<4>() else { return Ok(None) };
            (*kind == 0, *kind == 1, 4, u32::from_be_bytes([0, *a, *b, *c]) as usize)
        };
        ensure!(bytes <= MESSAGE_BYTES_MAX, "a message of {bytes} bytes");
        let whole = input.len() >= head + bytes;
        Ok(whole.then_some(Frame { is_message, is_ping, head, bytes }))
    }

    /// Kind and first id of a message.
    pub(super) fn head(self, message: &[u8]) -> anyhow::Result<(u64, u64)> {
        let read = || match self.format() {
            Format::Json => {
                let (kind, rest) = digits(message.strip_prefix(b"[")?)?;
                Some((kind, digits(rest).map_or(0, |(id, _)| id)))
            }
            Format::Cbor | Format::Msgpack => {
                let (kind, rest) = read_integer(self.format(), message.get(1..)?)?;
                Some((kind, read_integer(self.format(), rest).map_or(0, |(id, _)| id)))
            }
            Format::Bare => {
                let [sender, kind, id @ ..] = message.first_chunk::<6>()?;
                Some((u64::from(*kind), u64::from(*sender) << 32 | u64::from(u32::from_be_bytes(*id))))
            }
        };
        read().with_context(|| format!("a message of another kind: {}", String::from_utf8_lossy(message)))
    }

    /// Whether the message ends with the argument.
    pub(super) fn carries(self, message: &[u8]) -> bool {
        let message = if self == Self::WebsocketJson { message.strip_suffix(b"\"]]") } else { Some(message) };
        message.is_some_and(|message| message.ends_with(&ARGUMENT))
    }
}

/// Where a frame's parts are.
pub(super) struct Frame {
    pub(super) is_message: bool,
    pub(super) is_ping: bool,
    pub(super) head: usize,
    pub(super) bytes: usize,
}

impl Template {
    pub(super) fn write(&self, id: u64, output: &mut Vec<u8>) {
        let [before, after] = &self.parts;
        output.extend_from_slice(before);
        match self.format {
            Format::Json => output.extend_from_slice(id.to_string().as_bytes()),
            Format::Bare => {
                // Who sent it, which the relay fills in; the kind; the id.
                output.extend_from_slice(&[(id >> 32) as u8, self.kind as u8]);
                output.extend_from_slice(&(id as u32).to_be_bytes());
            }
            format => integer(format, id, output),
        }
        output.extend_from_slice(after);
    }
}

fn argument() -> Value {
    Value::from(String::from_utf8_lossy(&ARGUMENT))
}

fn integer(format: Format, value: u64, output: &mut Vec<u8>) {
    let bytes = value.to_be_bytes();
    let cbor = format == Format::Cbor;
    if value <= if cbor { 0x17 } else { 0x7f } {
        return output.push(value as u8);
    }
    match value {
        0..=0xff => output.extend_from_slice(&[if cbor { 0x18 } else { 0xcc }, bytes[7]]),
        0x100..=0xffff => {
            output.push(if cbor { 0x19 } else { 0xcd });
            output.extend_from_slice(&bytes[6..]);
        }
        0x1_0000..=0xffff_ffff => {
            output.push(if cbor { 0x1a } else { 0xce });
            output.extend_from_slice(&bytes[4..]);
        }
        _ => {
            output.push(if cbor { 0x1b } else { 0xcf });
            output.extend_from_slice(&bytes);
        }
    }
}

fn read_integer(format: Format, bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let cbor = format == Format::Cbor;
    let size = match first {
        0..=0x17 => return Some((u64::from(*first), rest)),
        0x18..=0x7f if !cbor => return Some((u64::from(*first), rest)),
        0x18 | 0xcc => 1,
        0x19 | 0xcd => 2,
        0x1a | 0xce => 4,
        0x1b | 0xcf => 8,
        _ => return None,
    };
    let value = rest.get(..size)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value, &rest[size..]))
}

fn digits(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let start = bytes.iter().position(|byte| !b", ".contains(byte))?;
    let rest = &bytes[start..];
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    Some((std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?, &rest[end..]))
}

fn to_msgpack(value: &Value) -> rmpv::Value {
    match value {
        Value::Array(values) => rmpv::Value::Array(values.iter().map(to_msgpack).collect()),
        Value::Object(entries) => {
            rmpv::Value::Map(entries.iter().map(|(key, value)| (key.as_str().into(), to_msgpack(value))).collect())
        }
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => number.as_u64().unwrap_or_default().into(),
        Value::Bool(value) => (*value).into(),
        Value::Null => rmpv::Value::Nil,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_framed_is_read_again() {
        for dialect in [Dialect::WebsocketJson, Dialect::WebsocketCbor, Dialect::RawsocketMsgpack, Dialect::Bare] {
            for id in [1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 1 << 31] {
                let mut output = vec![b'?'];
                dialect.frame(&mut output, |output| dialect.call().write(id, output));
                let mut output = output.split_off(1);
                if dialect.is_websocket() {
                    // Servers do not mask.
                    let head = if output[1] == 0x80 | 126 { 4 } else { 2 };
                    let payload: Vec<u8> =
                        output[head + 4..].iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
                    output.truncate(head);
                    output[1] &= 0x7f;
                    output.extend(payload);
                }
                let frame = dialect.unframe(&output).unwrap().unwrap();
                assert!(frame.is_message && !frame.is_ping);
                let message = &output[frame.head..];
                assert_eq!((message.len(), dialect.carries(message)), (frame.bytes, true));
                let kind = if dialect == Dialect::Bare { kind::INVOCATION } else { kind::CALL };
                assert_eq!(dialect.head(message).unwrap(), (kind, id), "{dialect:?}");
                assert!(dialect.unframe(&output[..output.len() - 1]).unwrap().is_none());
            }
        }
    }
}
