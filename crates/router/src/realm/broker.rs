//! Publications to events: who receives them, encoded once for each subscription and format.

use std::sync::Arc;

use bytes::Bytes;
use crossgate_wamp::broker::{PastEvent, Subscription};
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{Event, Removed};
use crossgate_wamp::options::{EventDetails, PublishOptions, SubscribeOptions};
use crossgate_wamp::uri::{Match, is_reserved};
use crossgate_wamp::uris::topic as meta_topic;
use crossgate_wamp::wire::{Format, Limits};
use crossgate_wamp::{Message, Payload, Text, meta};

use super::call::Who;
use super::outbox::{Class, Pushed};
use super::random;
use super::session::Session;
use super::state::{RealmState, Subscriber, locked};
use super::switches::Disclosure;

/// Events that the router leaves out for a session that reads too slowly: session, how many in all.
pub(crate) const ON_EVENTS_DROPPED: &str = "wamp.session.on_events_dropped";

/// One publication.
pub(crate) struct Publication<'a> {
    pub(crate) id: Id,
    pub(crate) topic: &'a Text,
    pub(crate) options: &'a PublishOptions,
    pub(crate) payload: &'a Payload,
    /// `None`: the router itself.
    pub(crate) publisher: Option<Who>,
    /// The publisher wants to be known, or the authorizer wants it.
    pub(crate) discloses: bool,
    pub(crate) trustlevel: Option<u64>,
}

/// The options of the router's own events.
static NO_OPTIONS: std::sync::LazyLock<PublishOptions> = std::sync::LazyLock::new(PublishOptions::default);

impl<'a> Publication<'a> {
    pub(crate) fn own(topic: &'a Text, payload: &'a Payload) -> Self {
        Self {
            id: random::publication(),
            topic,
            options: &NO_OPTIONS,
            payload,
            publisher: None,
            discloses: false,
            trustlevel: None,
        }
    }

    fn excludes(&self, session: Id) -> bool {
        self.options.excludes_publisher() && self.publisher.as_ref().is_some_and(|who| who.session == Some(session))
    }

    fn reaches(&self, session: &Session) -> bool {
        !self.excludes(session.id) && self.options.audience.admits(session.id, &session.authid, &session.authrole)
    }

    fn details(&self, disclosure: Disclosure) -> EventDetails {
        let discloses = match disclosure {
            Disclosure::Never => false,
            Disclosure::Always => true,
            Disclosure::Asked => self.discloses,
        };
        let who = self.publisher.as_ref().filter(|_| discloses);
        EventDetails {
            publisher: who.and_then(|who| who.session),
            publisher_authid: who.map(|who| who.authid.to_string()),
            publisher_authrole: who.map(|who| who.authrole.to_string()),
            trustlevel: self.trustlevel,
            passthru: self.options.passthru.clone(),
            ..EventDetails::default()
        }
    }

    fn past(&self, details: &EventDetails, at_us: i64) -> PastEvent {
        let publisher = self.publisher.as_ref().and_then(|who| who.session);
        PastEvent {
            publication: self.id,
            topic: Text::from(self.topic.as_str()),
            at_us,
            excluded_publisher: publisher.filter(|_| self.options.excludes_publisher()),
            audience: self.options.audience.clone(),
            details: details.clone(),
            payload: detached(self.payload),
        }
    }
}

/// The same arguments in bytes of their own: what is kept for long must not keep the frame alive that it came in.
fn detached(payload: &Payload) -> Payload {
    let (format, args) = (payload.format(), payload.args());
    let copied = args.map(|args| Payload::from_encoded(format, args, payload.kwargs(), &Limits::default()));
    match copied {
        Some(Ok(copied)) => copied,
        // It was read from a message, so it can be read again; and where there is nothing, nothing is kept.
        Some(Err(_)) | None => Payload::empty(format),
    }
}

/// One thing in each format, made on first use. `None` inside: it cannot be said in that format.
struct PerFormat<T>([Option<Option<T>>; Format::ALL.len()]);

impl<T: Clone> PerFormat<T> {
    const fn new() -> Self {
        Self([const { None }; Format::ALL.len()])
    }

    fn get(&mut self, format: Format, make: impl FnOnce() -> Option<T>) -> Option<&T> {
        let place = match format {
            Format::Json => 0,
            Format::MessagePack => 1,
            Format::Cbor => 2,
        };
        self.0[place].get_or_insert_with(make).as_ref()
    }
}

impl RealmState {
    /// Delivers a publication to everybody who is subscribed and may have it.
    pub(crate) fn publish(&self, publication: &Publication<'_>) {
        let tables = self.tables.load();
        let config = self.config.load();
        let details = publication.details(config.disclosure);
        if publication.options.retain {
            let event = publication.past(&details, self.clock.now().as_microsecond());
            if !locked(&self.retained).keep(event) {
                tracing::warn!(realm = %self.name, "too many retained events: one was not retained");
            }
        }
        let mut payloads = PerFormat::new();
        let (mut delivered, mut dropped) = (0, 0);
        let mut slow = Vec::new();
        for subscription in tables.subscriptions.matching(publication.topic) {
            let mut details = details.clone();
            if subscription.policy != Match::Exact {
                details.topic = Some(publication.topic.as_str().to_owned());
            }
            let mut events = PerFormat::new();
            for (_, subscriber) in subscription.subscribers.iter() {
                let session = match subscriber {
                    Subscriber::Session(session) if publication.reaches(session) => session,
                    Subscriber::Session(_) => continue,
                    Subscriber::History(history) => {
                        let event = || publication.past(&details, self.clock.now().as_microsecond());
                        history.keep(&publication.options.audience, event);
                        continue;
                    }
                };
                let bytes = events.get(session.format, || {
                    let payload = payloads.get(session.format, || publication.payload.to_format(session.format).ok());
                    encode(subscription.id, publication.id, &details, payload?.clone(), session.format)
                });
                let pushed = bytes.map_or(Pushed::Dropped(1), |bytes| session.send_bytes(bytes.clone(), Class::Event));
                match pushed {
                    Pushed::Queued => delivered += 1,
                    Pushed::Dropped(events) => {
                        delivered += u64::from(events == 0);
                        dropped += events;
                        slow.push((session, events));
                    }
                    Pushed::Closed => {}
                }
            }
        }
        self.metrics.published(delivered, dropped);
        if publication.topic != ON_EVENTS_DROPPED {
            slow.iter().for_each(|(session, events)| self.tell_slow(session, *events));
        }
    }

    /// Tells of a session that loses events, each time that their number has doubled: telling costs next to nothing.
    fn tell_slow(&self, session: &Session, events: u64) {
        let dropped = session.outbox.dropped();
        let before = dropped.saturating_sub(events);
        if dropped.checked_ilog2() != before.checked_ilog2() {
            self.emit(ON_EVENTS_DROPPED, || vec![session.id.into(), dropped.into()]);
        }
    }

    /// Subscribes a session and sends SUBSCRIBED before any event can come. `None`: the session has ended, or has too many.
    pub(crate) fn subscribe(
        &self,
        session: &Arc<Session>,
        request: Id,
        options: SubscribeOptions,
        topic: &str,
    ) -> Option<()> {
        let created = self.now();
        let subscribed = self.change(|tables| {
            let held = tables.subscriptions.of_session(session.id).len();
            let known = tables.subscriptions.lookup(options.policy, topic);
            let is_held = known.is_some_and(|known| tables.subscriptions.is_subscribed(session.id, known.id));
            if session.has_ended() || (held >= session.limits.subscriptions_max && !is_held) {
                return None;
            }
            let handle = Subscriber::Session(Arc::clone(session));
            let done = tables.subscriptions.subscribe(session.id, handle, options.policy, topic, &created);
            let subscription = done.subscription.id;
            session.send(&Message::Subscribed { request, subscription }, Class::Control);
            Some(done)
        })?;
        let subscription = &subscribed.subscription;
        if options.get_retained {
            self.send_retained(session, subscription);
        }
        if !is_reserved(topic) {
            if subscribed.created {
                let details = || meta::created(session.id, meta::subscription_details(subscription));
                self.emit(meta_topic::SUBSCRIPTION_ON_CREATE, details);
            }
            if subscribed.added {
                let changed = || meta::changed(session.id, subscription.id);
                self.emit(meta_topic::SUBSCRIPTION_ON_SUBSCRIBE, changed);
            }
        }
        Some(())
    }

    fn send_retained(&self, session: &Session, subscription: &Subscription<Subscriber>) {
        let retained = locked(&self.retained).clone();
        let who = (session.id, &*session.authid, &*session.authrole);
        for event in retained.events(subscription.policy, &subscription.topic, who) {
            let mut details = EventDetails { retained: true, ..event.details.clone() };
            details.topic = (subscription.policy != Match::Exact).then(|| event.topic.as_str().to_owned());
            let payload = event.payload.to_format(session.format).ok();
            let bytes = payload
                .and_then(|payload| encode(subscription.id, event.publication, &details, payload, session.format));
            if let Some(bytes) = bytes {
                session.send_bytes(bytes, Class::Event);
            }
        }
    }

    /// Unsubscribes a session; `false` when it was not subscribed.
    pub(crate) fn unsubscribe(&self, session: &Session, request: Id, subscription: Id) -> bool {
        let Some(gone) = self.change(|tables| tables.subscriptions.unsubscribe(session.id, subscription)) else {
            return false;
        };
        session.send(&Message::Unsubscribed(Removed::Asked(request)), Class::Control);
        self.tell_unsubscribed(session.id, &gone);
        true
    }
}

fn encode(
    subscription: Id,
    publication: Id,
    details: &EventDetails,
    payload: Payload,
    format: Format,
) -> Option<Bytes> {
    let details = details.to_dict(format);
    Message::Event(Event { subscription, publication, details, payload }).to_bytes(format).ok()
}
