//! Bytes into a message. Only the envelope is read; dictionaries and arguments are slices of the input.

use bytes::Bytes;

use super::{Call, CallResult, Error, Event, Invocation, Kind, Message, Publish, Removed, Yield};
use crate::dict::{Dict, unsigned};
use crate::id::Id;
use crate::payload::Payload;
use crate::text::Text;
use crate::wire::{Budget, Format, Limits, Reader, Token, WireError, check_utf8, space};

/// No message has more fields: ERROR with arguments and keyword arguments.
const FIELDS_MAX: usize = 7;

/// Why bytes are not a message: each is a protocol violation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are not of the format, or beyond the limits.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// A value, and not a message.
    #[error("a message is an array that begins with its type")]
    NotAMessage,
    /// There is no such message.
    #[error("there is no message of type {0}")]
    UnknownKind(u64),
    /// Too few or too many fields.
    #[error("{kind} has {found} fields")]
    Count {
        /// The message.
        kind: &'static str,
        /// How many it had.
        found: usize,
    },
    /// A field of another type.
    #[error("field {field} of {kind} must be {expected}")]
    Field {
        /// The message.
        kind: &'static str,
        /// Counted from 0, the message's type.
        field: usize,
        /// What belongs there.
        expected: &'static str,
    },
}

impl Message {
    /// Reads one message, whose texts, dictionaries and arguments share `bytes`.
    ///
    /// # Errors
    /// The bytes are not a message within the limits.
    pub fn decode(format: Format, bytes: &Bytes, limits: &Limits) -> Result<Self, DecodeError> {
        let mut fields = Fields { format, bytes, ends: [(0, 0); FIELDS_MAX], count: 0, kind: Kind::Hello };
        fields.split(&mut Budget::new(bytes, limits)?)?;
        let code = fields.token(0)?.as_ref().and_then(unsigned).ok_or(DecodeError::NotAMessage)?;
        fields.kind = Kind::from_code(code).ok_or(DecodeError::UnknownKind(code))?;
        fields.message()
    }
}

/// Where the fields of a message are.
struct Fields<'b> {
    format: Format,
    bytes: &'b Bytes,
    ends: [(usize, usize); FIELDS_MAX],
    count: usize,
    kind: Kind,
}

impl Fields<'_> {
    /// Finds the fields, and checks all that is in them.
    fn split(&mut self, budget: &mut Budget) -> Result<(), DecodeError> {
        budget.item()?;
        let end = if self.format == Format::Json {
            check_utf8(self.bytes)?;
            space(self.bytes, self.split_json(budget)?)
        } else {
            self.split_counted(budget)?
        };
        if end != self.bytes.len() {
            return Err(WireError::malformed(end, "more than one message").into());
        }
        if self.count == 0 { Err(DecodeError::NotAMessage) } else { Ok(()) }
    }

    fn split_json(&mut self, budget: &mut Budget) -> Result<usize, DecodeError> {
        let mut at = space(self.bytes, 0);
        if self.bytes.get(at) != Some(&b'[') {
            return Err(self.not_an_array(budget));
        }
        at = space(self.bytes, at + 1);
        if self.bytes.get(at) == Some(&b']') {
            return Ok(at + 1);
        }
        loop {
            at = self.field(space(self.bytes, at), budget)?;
            at = space(self.bytes, at);
            match self.bytes.get(at) {
                Some(b',') => at += 1,
                Some(b']') => return Ok(at + 1),
                Some(_) => return Err(WireError::malformed(at, "a comma or the end is due").into()),
                None => return Err(WireError::short(at).into()),
            }
        }
    }

    fn split_counted(&mut self, budget: &mut Budget) -> Result<usize, DecodeError> {
        let (length, mut at) = match self.format.array_head(self.bytes)? {
            Some(head) => head,
            None => return Err(self.not_an_array(budget)),
        };
        let mut left = length;
        loop {
            match left {
                Some(0) => return Ok(at),
                Some(count) => left = Some(count - 1),
                None if self.bytes.get(at) == Some(&crate::wire::CBOR_BREAK) => return Ok(at + 1),
                None => {}
            }
            at = self.field(at, budget)?;
        }
    }

    /// A value that is no array, or no value at all: the second is told first.
    fn not_an_array(&self, budget: &mut Budget) -> DecodeError {
        match self.format.skip(self.bytes, 0, budget) {
            Ok(_) => DecodeError::NotAMessage,
            Err(error) => error.into(),
        }
    }

    fn field(&mut self, at: usize, budget: &mut Budget) -> Result<usize, DecodeError> {
        let end = self.format.skip(self.bytes, at, budget)?;
        match self.ends.get_mut(self.count) {
            Some(place) => *place = (at, end),
            None => return Err(DecodeError::Count { kind: "the message", found: self.count + 1 }),
        }
        self.count += 1;
        Ok(end)
    }

    fn slice(&self, field: usize) -> Result<&[u8], DecodeError> {
        let place = self.ends.get(field).filter(|_| field < self.count);
        let slice = place.and_then(|(from, to)| self.bytes.get(*from..*to));
        slice.ok_or_else(|| DecodeError::Count { kind: self.kind.name(), found: self.count })
    }

    fn token(&self, field: usize) -> Result<Option<Token<'_>>, DecodeError> {
        Ok(Reader::new(self.format, self.slice(field)?).next()?)
    }

    fn wrong(&self, field: usize, expected: &'static str) -> DecodeError {
        DecodeError::Field { kind: self.kind.name(), field, expected }
    }

    fn number(&self, field: usize) -> Result<u64, DecodeError> {
        self.token(field)?.as_ref().and_then(unsigned).ok_or_else(|| self.wrong(field, "a whole number"))
    }

    fn id(&self, field: usize) -> Result<Id, DecodeError> {
        Id::new(self.number(field)?).ok_or_else(|| self.wrong(field, "an id from 1 to 2^53"))
    }

    fn text(&self, field: usize) -> Result<Text, DecodeError> {
        match self.token(field)? {
            Some(Token::Text(text)) => Ok(Text::shared(self.bytes, text)),
            _ => Err(self.wrong(field, "text")),
        }
    }

    fn dict(&self, field: usize) -> Result<Dict, DecodeError> {
        let bytes = self.slice(field)?;
        if !matches!(self.token(field)?, Some(Token::Map(_))) {
            return Err(self.wrong(field, "a dictionary"));
        }
        Ok(Dict::checked(self.format, self.bytes.slice_ref(bytes)))
    }

    /// The arguments, from `field` on.
    fn payload(&self, field: usize) -> Result<Payload, DecodeError> {
        let values = match self.count.checked_sub(field) {
            None => return Err(DecodeError::Count { kind: self.kind.name(), found: self.count }),
            Some(0) => return Ok(Payload::empty(self.format)),
            Some(values @ 1..=2) => values as u8,
            Some(_) => return Err(DecodeError::Count { kind: self.kind.name(), found: self.count }),
        };
        let tail = self.bytes.slice(self.ends[field].0..self.ends[self.count - 1].1);
        match self.token(field)? {
            Some(Token::Array(_)) => {}
            Some(Token::Binary(_)) if values == 1 => {}
            _ => return Err(self.wrong(field, "a list, or one binary")),
        }
        if values == 2 && !matches!(self.token(field + 1)?, Some(Token::Map(_))) {
            return Err(self.wrong(field + 1, "a dictionary"));
        }
        Ok(Payload::checked(self.format, tail, values))
    }

    /// Checks that there are exactly `count` fields.
    fn exactly(&self, count: usize) -> Result<(), DecodeError> {
        if self.count == count {
            return Ok(());
        }
        Err(DecodeError::Count { kind: self.kind.name(), found: self.count })
    }

    fn message(&self) -> Result<Message, DecodeError> {
        match self.kind {
            Kind::Hello | Kind::Welcome | Kind::Abort | Kind::Challenge | Kind::Authenticate | Kind::Goodbye => {
                self.session_message()
            }
            Kind::Publish | Kind::Published | Kind::Event | Kind::EventReceived => self.event_message(),
            Kind::Call | Kind::Cancel | Kind::Result | Kind::Invocation | Kind::Interrupt | Kind::Yield => {
                self.call_message()
            }
            Kind::Error => Ok(Message::Error(Error {
                request_kind: self.request_kind()?,
                request: self.id(2)?,
                details: self.dict(3)?,
                error: self.text(4)?,
                payload: self.payload(5)?,
            })),
            _ => self.table_message(),
        }
    }

    /// The kind of request that an ERROR answers.
    fn request_kind(&self) -> Result<Kind, DecodeError> {
        let kind = Kind::from_code(self.number(1)?).filter(|kind| {
            use Kind::{Call, Invocation, Publish, Register, Subscribe, Unregister, Unsubscribe};
            matches!(kind, Publish | Subscribe | Unsubscribe | Call | Register | Unregister | Invocation)
        });
        kind.ok_or_else(|| self.wrong(1, "the type of a request"))
    }

    fn session_message(&self) -> Result<Message, DecodeError> {
        if self.kind != Kind::Abort {
            self.exactly(3)?;
        }
        Ok(match self.kind {
            Kind::Hello => Message::Hello { realm: self.text(1)?, details: self.dict(2)? },
            Kind::Welcome => Message::Welcome { session: self.id(1)?, details: self.dict(2)? },
            Kind::Challenge => Message::Challenge { method: self.text(1)?, extra: self.dict(2)? },
            Kind::Authenticate => Message::Authenticate { signature: self.text(1)?, extra: self.dict(2)? },
            Kind::Goodbye => Message::Goodbye { details: self.dict(1)?, reason: self.text(2)? },
            _ => Message::Abort { details: self.dict(1)?, reason: self.text(2)?, payload: self.payload(3)? },
        })
    }

    fn event_message(&self) -> Result<Message, DecodeError> {
        Ok(match self.kind {
            Kind::Publish => Message::Publish(Publish {
                request: self.id(1)?,
                options: self.dict(2)?,
                topic: self.text(3)?,
                payload: self.payload(4)?,
            }),
            Kind::Published => {
                self.exactly(3)?;
                Message::Published { request: self.id(1)?, publication: self.id(2)? }
            }
            Kind::Event => Message::Event(Event {
                subscription: self.id(1)?,
                publication: self.id(2)?,
                details: self.dict(3)?,
                payload: self.payload(4)?,
            }),
            _ => {
                self.exactly(2)?;
                Message::EventReceived { publication: self.id(1)? }
            }
        })
    }

    fn call_message(&self) -> Result<Message, DecodeError> {
        Ok(match self.kind {
            Kind::Call => Message::Call(Call {
                request: self.id(1)?,
                options: self.dict(2)?,
                procedure: self.text(3)?,
                payload: self.payload(4)?,
            }),
            Kind::Result => {
                Message::Result(CallResult { request: self.id(1)?, details: self.dict(2)?, payload: self.payload(3)? })
            }
            Kind::Invocation => Message::Invocation(Invocation {
                request: self.id(1)?,
                registration: self.id(2)?,
                details: self.dict(3)?,
                payload: self.payload(4)?,
            }),
            Kind::Yield => {
                Message::Yield(Yield { request: self.id(1)?, options: self.dict(2)?, payload: self.payload(3)? })
            }
            Kind::Cancel => {
                self.exactly(3)?;
                Message::Cancel { request: self.id(1)?, options: self.dict(2)? }
            }
            _ => {
                self.exactly(3)?;
                Message::Interrupt { request: self.id(1)?, options: self.dict(2)? }
            }
        })
    }

    /// Subscriptions and registrations.
    fn table_message(&self) -> Result<Message, DecodeError> {
        match self.kind {
            Kind::Subscribe | Kind::Register => self.exactly(4)?,
            Kind::Subscribed | Kind::Registered => self.exactly(3)?,
            // Autobahn may add a dictionary to the requests; it says nothing that a router needs.
            Kind::Unsubscribe | Kind::Unregister if self.count == 4 => drop(self.dict(3)?),
            Kind::Unsubscribe | Kind::Unregister => self.exactly(3)?,
            _ => {}
        }
        Ok(match self.kind {
            Kind::Subscribe => {
                Message::Subscribe { request: self.id(1)?, options: self.dict(2)?, topic: self.text(3)? }
            }
            Kind::Register => {
                Message::Register { request: self.id(1)?, options: self.dict(2)?, procedure: self.text(3)? }
            }
            Kind::Subscribed => Message::Subscribed { request: self.id(1)?, subscription: self.id(2)? },
            Kind::Registered => Message::Registered { request: self.id(1)?, registration: self.id(2)? },
            Kind::Unsubscribe => Message::Unsubscribe { request: self.id(1)?, subscription: self.id(2)? },
            Kind::Unregister => Message::Unregister { request: self.id(1)?, registration: self.id(2)? },
            Kind::Unsubscribed => Message::Unsubscribed(self.removed()?),
            _ => Message::Unregistered(self.removed()?),
        })
    }

    fn removed(&self) -> Result<Removed, DecodeError> {
        if self.number(1)? == 0 {
            self.exactly(3)?;
            return Ok(Removed::Revoked(self.dict(2)?));
        }
        self.exactly(2)?;
        Ok(Removed::Asked(self.id(1)?))
    }
}
