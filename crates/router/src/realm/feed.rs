//! A subscription of somebody who speaks no WAMP, as a stream of events: what was published since the last one that was seen,
//! where the realm keeps a history, and then what comes.
//!
//! Behind it is a [`Guest`](super::guest) that has joined its realm. What waits for it is in an ordinary outbox, bounded and
//! with the realm's policy for slow consumers; who kills the session, or takes the subscription away, ends the stream.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{Caller, Error, Event, Events, Format as PayloadFormat, Kind, Payload, Result};
use crossgate_identity::{Action, Grants};
use crossgate_wamp::broker::HistoryFilter;
use crossgate_wamp::id::Id;
use crossgate_wamp::message::{Event as WampEvent, Removed};
use crossgate_wamp::options::SubscribeOptions;
use crossgate_wamp::uri::Match;
use crossgate_wamp::uris::error as uri;
use crossgate_wamp::wire::Limits;
use crossgate_wamp::{Dict, Message};
use futures_util::stream::{Stream as _, unfold};

use super::authorize::{Refused, Wish};
use super::bridge::refusal;
use super::guest::{FORMAT, Guest};
use super::history::History;
use super::join::expire;
use super::outbox::Drain;
use super::session::Session;
use super::state::{Full, RealmState, Subscriber};
use super::switches::HistoryMatch;
use crate::permit::Origin;
use crate::router::Router;

/// How often it is looked whether the subscriber still may, while nothing comes. Before each event it is looked in any case.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// When to come back to a realm that is full.
const FULL_RETRY_AFTER: Duration = Duration::from_secs(5);

/// How many past events are asked for at a time.
const LOOK_BACK_EVENTS: usize = 1000;
/// How often they are asked for; who missed more is told that there is a gap. An answer holds at most 8 MiB.
const LOOK_BACKS_MAX: usize = 8;

/// The stream's last event: it says why there are no more.
const END: &str = "end";
/// Says that events were left out because they were not read fast enough, and how many in all.
const DROPPED: &str = "dropped";
/// Says that the stream could not be taken up where it ended.
const GAP: &str = "gap";

/// What somebody wants to hear of.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The topic or pattern.
    pub topic: String,
    /// How it stands for others.
    pub policy: HistoryMatch,
    /// The publication after which to go on.
    pub after: Option<u64>,
    /// The last event of each topic first, where it is retained.
    pub retained: bool,
    /// The procedure without whose grant the stream ends, besides that of the topic.
    pub door: Option<&'static str>,
}

impl Router {
    /// Subscribes in somebody's name. The stream ends when the session is killed, its caller's proof or grants end, its realm
    /// closes, or it is dropped.
    ///
    /// # Errors
    /// [`Kind::Forbidden`], [`Kind::Unauthenticated`] for a stranger, [`Kind::Invalid`] for what is no topic; [`Kind::Unavailable`]
    /// when the realm takes no more sessions.
    pub async fn bridge_events(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        origin: Origin,
        wanted: Wanted,
    ) -> Result<Events> {
        let guest = self.guest(caller, origin, "events")?;
        let (topic, policy) = (&wanted.topic, wanted.policy.policy());
        if self.realms().is_closed() {
            return Err(Error::unavailable("the router shuts down", FULL_RETRY_AFTER));
        }
        if !guest.realm.config.load().rules().allow(topic, policy) {
            return Err(Error::invalid(format!("`{topic}` cannot be subscribed to"), Vec::new()));
        }
        let grants = self.identity().grants();
        if let Err(refused) = judge(self, &guest.realm, &guest.session, &wanted).await {
            let is_stranger = caller.is_anonymous() && refused.error == uri::NOT_AUTHORIZED;
            let error = refusal(&refused);
            return Err(if is_stranger { Error::unauthenticated(error.public().to_owned()) } else { error });
        }
        let feed = Feed::begin(self, guest, wanted, grants).await?;
        let mut stream = Box::pin(unfold(feed, |mut feed| async move { Some((feed.next().await?, feed)) }));
        Ok(Events::new(move |cx| stream.as_mut().poll_next(cx)))
    }
}

async fn judge(
    router: &Arc<Router>,
    realm: &Arc<RealmState>,
    session: &Session,
    wanted: &Wanted,
) -> std::result::Result<(), Refused> {
    let policy = wanted.policy.policy();
    let options = SubscribeOptions { policy, get_retained: wanted.retained }.to_dict(FORMAT);
    let wish = Wish { action: Action::Subscribe, uri: &wanted.topic, policy, options: &options };
    router.judge(realm, session, wish).await.map(drop)
}

struct Feed {
    router: Weak<Router>,
    realm: Arc<RealmState>,
    session: Arc<Session>,
    drain: Drain,
    wanted: Wanted,
    /// Under which it was found that the subscriber may.
    grants: Arc<Grants>,
    /// To be told before what came meanwhile.
    past: VecDeque<Event>,
    /// The publications among them, which may also have come meanwhile.
    told: HashSet<Id>,
    batch: VecDeque<Bytes>,
    /// How many events were left out, as far as the subscriber was told.
    dropped: u64,
    ended: bool,
}

impl Feed {
    async fn begin(router: &Arc<Router>, guest: Guest, wanted: Wanted, grants: Arc<Grants>) -> Result<Self> {
        let Guest { realm, session, drain } = guest;
        realm.join(&session, || true).map_err(|full| {
            let words = match full {
                Full::Realm => "the realm has as many sessions as it may; try again later",
                Full::Role => "the role has as many sessions as it may; try again later",
                Full::Gone => "the session has ended",
            };
            Error::unavailable(words, FULL_RETRY_AFTER)
        })?;
        realm.announce(&session);
        expire(&realm, &session);
        let mut feed = Self {
            router: Arc::downgrade(router),
            realm,
            session,
            drain,
            grants,
            past: VecDeque::new(),
            told: HashSet::new(),
            batch: VecDeque::new(),
            dropped: 0,
            ended: false,
            wanted,
        };
        let options = SubscribeOptions {
            policy: feed.wanted.policy.policy(),
            get_retained: feed.wanted.retained && feed.wanted.after.is_none(),
        };
        // Its first and only request.
        let request = Id::from_random_bits(1);
        if feed.realm.subscribe(&feed.session, request, options, &feed.wanted.topic).is_none() {
            return Err(Error::new(Kind::TooMany, "this role may have no subscriptions"));
        }
        // Subscribed first, so that nothing is lost in between; what is in both is told once.
        feed.look_back().await;
        Ok(feed)
    }

    /// Takes up the stream where it ended, as far as the history goes.
    async fn look_back(&mut self) {
        let Some(after) = self.wanted.after else { return };
        let Some((history, seen)) = self.kept().zip(Id::new(after)) else { return self.tell_gap(after) };
        let (authid, authrole) = (Arc::clone(&self.session.authid), Arc::clone(&self.session.authrole));
        let from = HistoryFilter { from_publication: Some(seen), limit: Some(1), ..HistoryFilter::default() };
        let known = history.events(&from, &authid, &authrole).await;
        if known.map_or(true, |events| events.is_empty()) {
            return self.tell_gap(after);
        }
        let topic = (self.wanted.policy.policy() == Match::Exact).then(|| self.wanted.topic.clone());
        let mut since = HistoryFilter {
            after_publication: Some(seen),
            topic,
            limit: Some(LOOK_BACK_EVENTS),
            ..HistoryFilter::default()
        };
        for _ in 0..LOOK_BACKS_MAX {
            let Ok(events) = history.events(&since, &authid, &authrole).await else { break };
            let Some(last) = events.last().map(|event| event.publication) else { return };
            for past in events {
                let details = past.details.to_dict(FORMAT);
                let payload = past.payload.to_format(FORMAT).ok();
                let event = payload.map(|payload| event(past.publication, past.topic.as_str(), &details, &payload));
                self.told.insert(past.publication);
                self.past.extend(event);
            }
            since.after_publication = Some(last);
        }
        // There are more than are kept for one subscriber, or they cannot be read any further.
        self.tell_gap(since.after_publication.map_or(after, Id::get));
    }

    fn tell_gap(&mut self, after: u64) {
        self.past.push_back(notice(GAP, &serde_json::json!({"after": after})));
    }

    /// The history that the wanted events are in.
    fn kept(&self) -> Option<Arc<History>> {
        let tables = self.realm.tables.load();
        let subscriptions = &tables.subscriptions;
        let (policy, topic) = (self.wanted.policy.policy(), self.wanted.topic.as_str());
        let own = subscriptions.lookup(policy, topic);
        // A topic's events may also be kept under a pattern that stands for it.
        let wider = (policy == Match::Exact).then(|| subscriptions.matching(topic)).into_iter().flatten();
        own.into_iter().chain(wider).find_map(|subscription| match subscription.subscribers.get(self.realm.own_id) {
            Some(Subscriber::History(history)) => Some(Arc::clone(history)),
            _ => None,
        })
    }

    async fn next(&mut self) -> Option<Event> {
        while !self.ended {
            if let Err(why) = self.still_may().await {
                return Some(self.end(&why));
            }
            if let Some(event) = self.past.pop_front() {
                return Some(event);
            }
            let dropped = self.session.outbox.dropped();
            if dropped > self.dropped {
                self.dropped = dropped;
                return Some(notice(DROPPED, &serde_json::json!({"events": dropped})));
            }
            if let Some(bytes) = self.batch.pop_front() {
                match self.read(&bytes) {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let mut batch = Vec::new();
            match tokio::time::timeout(LOOK_EVERY, self.drain.next(&mut batch)).await {
                Ok(true) => self.batch.extend(batch),
                Ok(false) if self.drain.overflowed() => return Some(self.end("you read too slowly")),
                Ok(false) => return Some(self.end("the session was ended")),
                Err(_) => {}
            }
        }
        None
    }

    /// Looks again when the grants have been replaced.
    async fn still_may(&mut self) -> std::result::Result<(), String> {
        let Some(router) = self.router.upgrade() else { return Err("the router shuts down".into()) };
        let grants = router.identity().grants();
        if Arc::ptr_eq(&grants, &self.grants) {
            return Ok(());
        }
        if let Some(door) = self.wanted.door
            && !grants.permits(self.session.caller.roles(), Action::Call, door)
        {
            return Err(format!("none of your roles may call `{door}` any more"));
        }
        judge(&router, &self.realm, &self.session, &self.wanted).await.map_err(|refused| refused.words)?;
        self.grants = grants;
        Ok(())
    }

    /// A message to the guest: an event, or the end. Others are for those who speak WAMP.
    fn read(&mut self, bytes: &Bytes) -> Option<Event> {
        match Message::decode(FORMAT, bytes, &Limits::default()).ok()? {
            Message::Event(WampEvent { publication, details, payload, .. }) => {
                if self.told.remove(&publication) {
                    return None;
                }
                let topic = details.to_map().ok().and_then(|map| Some(map.get("topic")?.as_text()?.to_owned()));
                Some(event(publication, topic.as_deref().unwrap_or(&self.wanted.topic), &details, &payload))
            }
            Message::Unsubscribed(Removed::Revoked(_)) => Some(self.end("the subscription was taken away")),
            Message::Goodbye { reason, .. } => Some(self.end(reason.as_str())),
            _ => None,
        }
    }

    fn end(&mut self, why: &str) -> Event {
        self.ended = true;
        notice(END, &serde_json::json!({"reason": why}))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.session.part();
        self.realm.leave(&self.session);
    }
}

fn notice(kind: &'static str, data: &serde_json::Value) -> Event {
    Event { id: None, kind: Some(kind), data: Payload::from_value(data.clone()) }
}

/// An event's data: the topic, the arguments as they are, and what EVENT says besides.
fn event(publication: Id, topic: &str, details: &Dict, payload: &crossgate_wamp::Payload) -> Event {
    let mut data = br#"{"topic":"#.to_vec();
    data.extend_from_slice(serde_json::Value::from(topic).to_string().as_bytes());
    for (name, part) in [
        (&br#","args":"#[..], payload.args().unwrap_or(b"[]")),
        (br#","kwargs":"#, payload.kwargs().unwrap_or(b"{}")),
        (br#","details":"#, details.bytes()),
    ] {
        data.extend_from_slice(name);
        data.extend_from_slice(part);
    }
    data.push(b'}');
    let data = Payload::from_bytes(PayloadFormat::Json, data.into());
    Event { id: Some(publication.get().to_string()), kind: None, data }
}
