//! Publications and events.

use super::{Dict, OptionError, Passthru};
use crate::dict::DictWriter;
use crate::id::Id;
use crate::wire::Format;

/// Who may receive a publication: all conditions must hold. `None` is no condition; an empty list of the
/// eligible is nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the specification's names")]
pub struct Audience {
    pub exclude: Option<Vec<Id>>,
    pub exclude_authid: Option<Vec<String>>,
    pub exclude_authrole: Option<Vec<String>>,
    pub eligible: Option<Vec<Id>>,
    pub eligible_authid: Option<Vec<String>>,
    pub eligible_authrole: Option<Vec<String>>,
}

impl Audience {
    /// Whether there is no condition.
    #[must_use]
    pub const fn is_everybody(&self) -> bool {
        self.exclude.is_none()
            && self.exclude_authid.is_none()
            && self.exclude_authrole.is_none()
            && self.eligible.is_none()
            && self.eligible_authid.is_none()
            && self.eligible_authrole.is_none()
    }

    /// Whether sessions are named, which mean nothing later: such events stay out of the history.
    #[must_use]
    pub const fn names_sessions(&self) -> bool {
        self.exclude.is_some() || self.eligible.is_some()
    }

    /// The bytes of all names and ids in it.
    #[must_use]
    pub fn size(&self) -> usize {
        let ids = [&self.exclude, &self.eligible].into_iter().flatten().map(|ids| size_of_val(&**ids));
        let names = [&self.exclude_authid, &self.exclude_authrole, &self.eligible_authid, &self.eligible_authrole];
        let names = names.into_iter().flatten().flatten().map(|name| size_of::<String>() + name.len());
        ids.sum::<usize>() + names.sum::<usize>()
    }

    /// Whether a session may receive the publication.
    #[must_use]
    pub fn admits(&self, session: Id, authid: &str, authrole: &str) -> bool {
        let among_ids = |list: &Option<Vec<Id>>| list.as_ref().map(|list| list.contains(&session));
        let lists_sessions = (among_ids(&self.exclude), among_ids(&self.eligible));
        lists_sessions.0 != Some(true) && lists_sessions.1 != Some(false) && self.admits_principal(authid, authrole)
    }

    /// The same without the conditions on sessions, for events of the past.
    #[must_use]
    pub fn admits_principal(&self, authid: &str, authrole: &str) -> bool {
        fn among(list: Option<&Vec<String>>, name: &str) -> Option<bool> {
            list.map(|list| list.iter().any(|listed| listed == name))
        }
        among(self.exclude_authid.as_ref(), authid) != Some(true)
            && among(self.exclude_authrole.as_ref(), authrole) != Some(true)
            && among(self.eligible_authid.as_ref(), authid) != Some(false)
            && among(self.eligible_authrole.as_ref(), authrole) != Some(false)
    }
}

/// PUBLISH.Options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PublishOptions {
    /// The publisher waits for PUBLISHED or ERROR.
    pub acknowledge: bool,
    /// The publisher gets no event of its own; true unless it says otherwise.
    pub exclude_me: Option<bool>,
    /// The subscribers may know who publishes.
    pub disclose_me: Option<bool>,
    /// The event is kept for later subscribers.
    pub retain: bool,
    /// Who may receive it.
    pub audience: Audience,
    /// The payload's own attributes.
    pub passthru: Passthru,
}

impl PublishOptions {
    /// Whether the publisher is left out.
    #[must_use]
    pub fn excludes_publisher(&self) -> bool {
        self.exclude_me.unwrap_or(true)
    }

    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut options = Self::default();
        dict.each(&mut |key, item| {
            let audience = &mut options.audience;
            match key {
                "acknowledge" => options.acknowledge = item.boolean("acknowledge")?,
                "exclude_me" => options.exclude_me = Some(item.boolean("exclude_me")?),
                "disclose_me" => options.disclose_me = Some(item.boolean("disclose_me")?),
                "retain" => options.retain = item.boolean("retain")?,
                "exclude" => audience.exclude = item.ids("exclude")?,
                "exclude_authid" => audience.exclude_authid = Some(item.texts("exclude_authid")?),
                "exclude_authrole" => audience.exclude_authrole = Some(item.texts("exclude_authrole")?),
                "eligible" => audience.eligible = item.ids("eligible")?,
                "eligible_authid" => audience.eligible_authid = Some(item.texts("eligible_authid")?),
                "eligible_authrole" => audience.eligible_authrole = Some(item.texts("eligible_authrole")?),
                _ => options.passthru.see(key, item)?,
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        if *self == Self::default() {
            return Dict::empty(format);
        }
        DictWriter::build(format, |out| {
            out.flag("acknowledge", self.acknowledge);
            out.boolean("exclude_me", self.exclude_me);
            out.boolean("disclose_me", self.disclose_me);
            out.flag("retain", self.retain);
            out.ids("exclude", self.audience.exclude.as_deref());
            out.texts("exclude_authid", self.audience.exclude_authid.as_deref());
            out.texts("exclude_authrole", self.audience.exclude_authrole.as_deref());
            out.ids("eligible", self.audience.eligible.as_deref());
            out.texts("eligible_authid", self.audience.eligible_authid.as_deref());
            out.texts("eligible_authrole", self.audience.eligible_authrole.as_deref());
            self.passthru.write(out);
        })
    }
}

/// EVENT.Details.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the specification's names; the last is Autobahn's")]
pub struct EventDetails {
    pub topic: Option<String>,
    pub publisher: Option<Id>,
    pub publisher_authid: Option<String>,
    pub publisher_authrole: Option<String>,
    pub trustlevel: Option<u64>,
    pub retained: bool,
    pub passthru: Passthru,
    pub x_acknowledged_delivery: bool,
}

impl EventDetails {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut details = Self::default();
        dict.each(&mut |key, item| {
            match key {
                "topic" => details.topic = item.string("topic")?,
                "publisher" => details.publisher = Some(item.id("publisher")?),
                "publisher_authid" => details.publisher_authid = item.string("publisher_authid")?,
                "publisher_authrole" => details.publisher_authrole = item.string("publisher_authrole")?,
                "trustlevel" => details.trustlevel = Some(item.unsigned("trustlevel")?),
                "retained" => details.retained = item.boolean("retained")?,
                "x_acknowledged_delivery" => {
                    details.x_acknowledged_delivery = item.boolean("x_acknowledged_delivery")?;
                }
                _ => details.passthru.see(key, item)?,
            }
            Ok(())
        })?;
        Ok(details)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        if *self == Self::default() {
            return Dict::empty(format);
        }
        DictWriter::build(format, |out| {
            out.text("topic", self.topic.as_deref());
            out.id("publisher", self.publisher);
            out.text("publisher_authid", self.publisher_authid.as_deref());
            out.text("publisher_authrole", self.publisher_authrole.as_deref());
            out.unsigned("trustlevel", self.trustlevel);
            out.flag("retained", self.retained);
            out.flag("x_acknowledged_delivery", self.x_acknowledged_delivery);
            self.passthru.write(out);
        })
    }
}
