//! A message into bytes: the envelope is written, dictionaries and arguments are copied as they are, or
//! transcoded when they came in another format.

use super::{Kind, Message, Removed};
use crate::dict::Dict;
use crate::id::Id;
use crate::payload::Payload;
use crate::wire::{Format, WireError, Writer};

impl Message {
    /// Appends the message to `out`. On an error `out` holds the beginning of it.
    ///
    /// # Errors
    /// A dictionary or the arguments came in another format, and this one cannot say them.
    pub fn encode(&self, format: Format, out: &mut Vec<u8>) -> Result<(), WireError> {
        let mut envelope = Envelope { writer: Writer::new(format, out) };
        envelope.message(self)?;
        envelope.writer.end();
        Ok(())
    }

    /// The message in bytes of its own.
    ///
    /// # Errors
    /// As for [`Self::encode`].
    pub fn to_bytes(&self, format: Format) -> Result<bytes::Bytes, WireError> {
        let mut out = Vec::with_capacity(64 + self.payload().map_or(0, Payload::len));
        self.encode(format, &mut out)?;
        Ok(out.into())
    }

    /// The application's arguments, of messages that can have them.
    #[must_use]
    pub const fn payload(&self) -> Option<&Payload> {
        match self {
            Self::Abort { payload, .. } => Some(payload),
            Self::Error(message) => Some(&message.payload),
            Self::Publish(message) => Some(&message.payload),
            Self::Event(message) => Some(&message.payload),
            Self::Call(message) => Some(&message.payload),
            Self::Result(message) => Some(&message.payload),
            Self::Invocation(message) => Some(&message.payload),
            Self::Yield(message) => Some(&message.payload),
            _ => None,
        }
    }
}

struct Envelope<'o> {
    writer: Writer<'o>,
}

impl Envelope<'_> {
    fn message(&mut self, message: &Message) -> Result<(), WireError> {
        let kind = message.kind();
        match message {
            Message::Hello { realm: text, details: dict }
            | Message::Challenge { method: text, extra: dict }
            | Message::Authenticate { signature: text, extra: dict } => {
                self.begin(kind, 3);
                self.writer.text(text);
                self.dict(dict)
            }
            Message::Welcome { session: id, details: dict }
            | Message::Cancel { request: id, options: dict }
            | Message::Interrupt { request: id, options: dict } => {
                self.ids(kind, 3, &[*id]);
                self.dict(dict)
            }
            Message::Abort { details, reason, payload } => {
                self.begin(kind, 3 + payload.fields());
                self.dict(details)?;
                self.writer.text(reason);
                payload.write(&mut self.writer)
            }
            Message::Goodbye { details, reason } => {
                self.begin(kind, 3);
                self.dict(details)?;
                self.writer.text(reason);
                Ok(())
            }
            Message::Subscribe { request, options, topic: uri }
            | Message::Register { request, options, procedure: uri } => {
                self.ids(kind, 4, &[*request]);
                self.dict(options)?;
                self.writer.text(uri);
                Ok(())
            }
            Message::Published { request: first, publication: second }
            | Message::Subscribed { request: first, subscription: second }
            | Message::Unsubscribe { request: first, subscription: second }
            | Message::Registered { request: first, registration: second }
            | Message::Unregister { request: first, registration: second } => {
                self.ids(kind, 3, &[*first, *second]);
                Ok(())
            }
            Message::Unsubscribed(removed) | Message::Unregistered(removed) => self.removed(kind, removed),
            Message::EventReceived { publication } => {
                self.ids(kind, 2, &[*publication]);
                Ok(())
            }
            _ => self.with_payload(message),
        }
    }

    fn with_payload(&mut self, message: &Message) -> Result<(), WireError> {
        let kind = message.kind();
        match message {
            Message::Error(error) => {
                self.begin(kind, 5 + error.payload.fields());
                self.writer.unsigned(error.request_kind.code());
                self.writer.unsigned(error.request.get());
                self.dict(&error.details)?;
                self.writer.text(&error.error);
                error.payload.write(&mut self.writer)
            }
            Message::Publish(publish) => {
                self.request(kind, publish.request, &publish.options, &publish.topic, &publish.payload)
            }
            Message::Call(call) => self.request(kind, call.request, &call.options, &call.procedure, &call.payload),
            Message::Event(event) => {
                let ids = [event.subscription, event.publication];
                self.delivery(kind, &ids, &event.details, &event.payload)
            }
            Message::Invocation(invocation) => {
                let ids = [invocation.request, invocation.registration];
                self.delivery(kind, &ids, &invocation.details, &invocation.payload)
            }
            Message::Result(result) => self.delivery(kind, &[result.request], &result.details, &result.payload),
            Message::Yield(answer) => self.delivery(kind, &[answer.request], &answer.options, &answer.payload),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, kind: Kind, fields: usize) {
        self.writer.array(fields);
        self.writer.unsigned(kind.code());
    }

    fn ids(&mut self, kind: Kind, fields: usize, ids: &[Id]) {
        self.begin(kind, fields);
        ids.iter().for_each(|id| self.writer.unsigned(id.get()));
    }

    fn dict(&mut self, dict: &Dict) -> Result<(), WireError> {
        self.writer.transcoded(dict.format(), dict.bytes())
    }

    fn request(
        &mut self,
        kind: Kind,
        request: Id,
        options: &Dict,
        uri: &str,
        payload: &Payload,
    ) -> Result<(), WireError> {
        self.ids(kind, 4 + payload.fields(), &[request]);
        self.dict(options)?;
        self.writer.text(uri);
        payload.write(&mut self.writer)
    }

    fn delivery(&mut self, kind: Kind, ids: &[Id], details: &Dict, payload: &Payload) -> Result<(), WireError> {
        self.ids(kind, 2 + ids.len() + payload.fields(), ids);
        self.dict(details)?;
        payload.write(&mut self.writer)
    }

    fn removed(&mut self, kind: Kind, removed: &Removed) -> Result<(), WireError> {
        match removed {
            Removed::Asked(request) => {
                self.ids(kind, 2, &[*request]);
                Ok(())
            }
            Removed::Revoked(details) => {
                self.begin(kind, 3);
                self.writer.unsigned(0);
                self.dict(details)
            }
        }
    }
}
