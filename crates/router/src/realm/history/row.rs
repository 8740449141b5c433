//! An event as a row of the store, and back.

use crossgate_store::{Error, Param, Params, Result, Row};
use crossgate_wamp::broker::PastEvent;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::{EventDetails, PublishOptions};
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Dict, Payload, Text, Value};

/// The format of the small dictionaries, whatever the event came in.
const OWN: Format = Format::Cbor;

pub(super) const INSERT: &str = "INSERT INTO wamp_history (kept_by, publication, at, bytes, topic, format, audience, \
                                 details, args, kwargs) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

/// The columns that [`read`] reads, in its order.
pub(super) const COLUMNS: &str = "publication, at, topic, format, audience, details, args, kwargs";

/// An event's values for [`INSERT`].
pub(super) struct Line<'a> {
    kept_by: i64,
    event: &'a PastEvent,
    audience: Option<Dict>,
    details: Dict,
}

impl<'a> Line<'a> {
    pub(super) fn new(kept_by: i64, event: &'a PastEvent) -> Self {
        let audience = (!event.audience.is_everybody())
            .then(|| PublishOptions { audience: event.audience.clone(), ..PublishOptions::default() }.to_dict(OWN));
        Self { kept_by, event, audience, details: event.details.to_dict(OWN) }
    }
}

impl Params for Line<'_> {
    fn count(&self) -> usize {
        10
    }

    fn at(&self, index: usize) -> Param<'_> {
        let event = self.event;
        let value = match index {
            0 => Some(Param::Int(self.kept_by)),
            1 => Some(Param::Int(event.publication.get().cast_signed())),
            2 => Some(Param::Int(event.at_us)),
            3 => Some(Param::Int(i64::try_from(event.size()).unwrap_or(i64::MAX))),
            4 => Some(Param::Text(event.topic.as_str())),
            5 => Some(Param::Text(event.payload.format().as_str())),
            6 => self.audience.as_ref().map(|audience| Param::Blob(audience.bytes())),
            7 => Some(Param::Blob(self.details.bytes())),
            8 => event.payload.args().map(Param::Blob),
            9 => event.payload.kwargs().map(Param::Blob),
            _ => None,
        };
        value.unwrap_or(Param::Null)
    }
}

/// Reads [`COLUMNS`].
pub(super) fn read(row: Row<'_>) -> Result<PastEvent> {
    let publication = Id::new(row.get(0)?).ok_or_else(|| wrong("its publication is no id"))?;
    let options = match row.get::<Option<&[u8]>>(4)? {
        Some(audience) => PublishOptions::read(&dict(audience)?).map_err(wrong)?,
        None => PublishOptions::default(),
    };
    let details = EventDetails::read(&dict(row.get(5)?)?).map_err(wrong)?;
    let name: &str = row.get(3)?;
    let format = Format::ALL.into_iter().find(|format| format.as_str() == name);
    let format = format.ok_or_else(|| wrong("its format is not known"))?;
    let payload = match row.get::<Option<&[u8]>>(6)? {
        Some(args) => Payload::from_encoded(format, args, row.get(7)?, &Limits::default()).map_err(wrong)?,
        None => Payload::empty(format),
    };
    Ok(PastEvent {
        publication,
        at_us: row.get(1)?,
        topic: Text::from(row.get::<&str>(2)?),
        excluded_publisher: None,
        audience: options.audience,
        details,
        payload,
    })
}

fn dict(bytes: &[u8]) -> Result<Dict> {
    match Value::read(OWN, bytes).map_err(wrong)? {
        Value::Map(map) => Ok(Dict::from_map(OWN, &map)),
        _ => Err(wrong("what should be a dictionary is none")),
    }
}

fn wrong(what: impl std::fmt::Display) -> Error {
    Error::other(format!("a past event cannot be read: {what}"))
}
