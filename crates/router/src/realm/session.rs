//! One session: who it is, what waits for it, the calls it made and those it was asked to answer.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use crossgate_call::{Caller, Trace};
use crossgate_identity::{WampSession, WampTransport, WampWelcome};
use crossgate_wamp::id::{Id, Sequence};
use crossgate_wamp::options::{CancelMode, InterruptOptions};
use crossgate_wamp::session::{ClientFeatures, Features};
use crossgate_wamp::wire::Format;
use crossgate_wamp::{Map, Message};
use jiff::Timestamp;

use super::call::{InFlight, Who};
use super::callee::Member;
use super::config::SessionLimits;
use super::outbox::{Class, Outbox, Pushed};
use super::testament::Testaments;

/// How many ended progressive calls are remembered, whose last arguments may still come.
const UNFINISHED_MAX: usize = 256;

/// A session of a realm.
pub(crate) struct Session {
    pub(crate) id: Id,
    pub(crate) caller: Arc<Caller>,
    pub(crate) authid: Arc<str>,
    pub(crate) authrole: Arc<str>,
    pub(crate) welcome: WampWelcome,
    pub(crate) client: Arc<WampTransport>,
    /// What `wamp.session.get` answers since `wamp.session.modify_details` changed it; nothing is decided by it. Until then it is
    /// made when somebody asks: in memory it would be larger than all the rest of a session.
    modified: ArcSwapOption<Map>,
    pub(crate) features: ClientFeatures,
    pub(crate) limits: SessionLimits,
    pub(crate) trustlevel: Option<u64>,
    /// Where it came in, as the audit log says it: `wamp`, or the door of a guest.
    pub(crate) door: &'static str,
    pub(crate) source: Option<std::net::IpAddr>,
    /// Tells sessions of one browser from others.
    pub(crate) cookie: Option<[u8; 32]>,
    pub(crate) format: Format,
    pub(crate) outbox: Outbox,
    /// The largest message that the peer receives, in bytes.
    pub(crate) message_bytes_max: usize,
    /// When it joined.
    pub(crate) since: Timestamp,
    pub(crate) began: Instant,
    /// The messages that came from it.
    received: AtomicU64,
    /// The requests that were counted for traces.
    traces: (u128, AtomicU64),
    calls: Mutex<Made>,
    invocations: Mutex<Asked>,
    pub(crate) testaments: Mutex<Testaments>,
    ended: AtomicBool,
    parted: AtomicBool,
}

/// What a session is made of.
pub(crate) struct Joining {
    pub(crate) id: Id,
    pub(crate) welcome: WampWelcome,
    pub(crate) client: Arc<WampTransport>,
    pub(crate) features: ClientFeatures,
    pub(crate) limits: SessionLimits,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) door: &'static str,
    pub(crate) source: Option<std::net::IpAddr>,
    pub(crate) cookie: Option<[u8; 32]>,
    pub(crate) format: Format,
    pub(crate) outbox: Outbox,
    pub(crate) message_bytes_max: usize,
    pub(crate) since: Timestamp,
    pub(crate) began: Instant,
    pub(crate) trace: u128,
}

/// The calls that the session waits for.
#[derive(Default)]
struct Made {
    calls: HashMap<Id, Arc<InFlight>>,
    /// Progressive calls that ended before their caller's last message.
    unfinished: VecDeque<Id>,
    closed: bool,
}

/// The calls that the session was asked to answer.
#[derive(Default)]
struct Asked {
    ids: Sequence,
    entries: HashMap<Id, Invocation>,
    closed: bool,
}

/// A call that is with this callee.
#[derive(Clone)]
pub(crate) struct Invocation {
    pub(crate) call: Arc<InFlight>,
    pub(crate) member: Arc<Member>,
    /// Whether it takes up a place among the callee's concurrent calls.
    pub(crate) holds_place: bool,
}

/// Why a callee was not asked.
pub(crate) enum NotAsked {
    /// It is gone, or busy beyond its limit.
    Gone,
    /// The message is larger than it receives.
    TooLarge,
    /// The message cannot be said in its format.
    Unsayable,
}

/// What a CALL under some id is.
pub(crate) enum Request {
    New,
    /// It belongs to a call that is under way.
    Continues(Arc<InFlight>),
    /// It belongs to one that has ended.
    Late,
    TooMany,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    pub(crate) fn new(joining: Joining) -> Self {
        Self {
            id: joining.id,
            caller: Arc::clone(&joining.welcome.caller),
            authid: Arc::clone(&joining.welcome.authid),
            authrole: Arc::clone(&joining.welcome.authrole),
            welcome: joining.welcome,
            client: joining.client,
            modified: ArcSwapOption::empty(),
            features: joining.features,
            limits: joining.limits,
            trustlevel: joining.trustlevel,
            door: joining.door,
            source: joining.source,
            cookie: joining.cookie,
            format: joining.format,
            outbox: joining.outbox,
            message_bytes_max: joining.message_bytes_max,
            since: joining.since,
            began: joining.began,
            received: AtomicU64::new(0),
            traces: (joining.trace, AtomicU64::new(0)),
            calls: Mutex::default(),
            invocations: Mutex::default(),
            testaments: Mutex::default(),
            ended: AtomicBool::new(false),
            parted: AtomicBool::new(false),
        }
    }

    /// The session as authorizers see it: what is told about its connection is shown to `see`.
    pub(crate) fn seen<T>(&self, see: impl FnOnce(&WampSession<'_>) -> T) -> T {
        see(&WampSession {
            session: self.id,
            welcome: &self.welcome,
            transport: &self.client.details(self.since),
            serializer: self.format.as_str(),
        })
    }

    /// What `wamp.session.get` answers.
    pub(crate) fn details(&self) -> Map {
        match &*self.modified.load() {
            Some(modified) => Map::clone(modified),
            None => self.seen(|seen| seen.join_details()),
        }
    }

    /// Has `wamp.session.get` answer something else.
    pub(crate) fn modify_details(&self, details: Map) {
        self.modified.store(Some(Arc::new(details)));
    }

    pub(crate) fn who(&self) -> Who {
        Who { session: Some(self.id), authid: Arc::clone(&self.authid), authrole: Arc::clone(&self.authrole) }
    }

    /// A trace of its own for each request, without asking for random numbers each time.
    pub(crate) fn trace(&self) -> Trace {
        let count = self.traces.1.fetch_add(1, Ordering::Relaxed);
        Trace::from_random(self.traces.0.wrapping_add(u128::from(count)))
    }

    /// Counts a message that came from it.
    pub(crate) fn count_received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    /// How many messages came from it.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// What the client announced as a callee.
    pub(crate) fn callee_features(&self) -> Features {
        self.features.callee.unwrap_or_default()
    }

    /// Whether the session has ended, whatever its connection does.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Ends the session; `false` when it had ended before.
    pub(crate) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::AcqRel)
    }

    /// Sends a message.
    pub(crate) fn send(&self, message: &Message, class: Class) -> Pushed {
        match message.to_bytes(self.format) {
            Ok(bytes) => self.send_bytes(bytes, class),
            Err(error) => {
                tracing::warn!(session = %self.id, %error, "a message could not be written in the session's format");
                Pushed::Dropped(1)
            }
        }
    }

    /// Sends an encoded message, unless the peer said that it does not receive messages as large.
    pub(crate) fn send_bytes(&self, bytes: Bytes, class: Class) -> Pushed {
        if bytes.len() > self.message_bytes_max {
            return Pushed::Dropped(1);
        }
        self.outbox.push(bytes, class)
    }

    /// Judges the id of a CALL.
    pub(crate) fn request(&self, request: Id, progress: bool) -> Request {
        let mut made = locked(&self.calls);
        if let Some(call) = made.calls.get(&request) {
            return Request::Continues(Arc::clone(call));
        }
        if let Some(place) = made.unfinished.iter().position(|id| *id == request) {
            if !progress {
                made.unfinished.remove(place);
            }
            return Request::Late;
        }
        if made.closed || made.calls.len() >= self.limits.calls_max { Request::TooMany } else { Request::New }
    }

    /// Remembers a call that the session waits for; `false` when the session has ended.
    pub(crate) fn remember_call(&self, request: Id, call: &Arc<InFlight>) -> bool {
        let mut made = locked(&self.calls);
        if !made.closed {
            made.calls.insert(request, Arc::clone(call));
        }
        !made.closed
    }

    pub(crate) fn call(&self, request: Id) -> Option<Arc<InFlight>> {
        locked(&self.calls).calls.get(&request).cloned()
    }

    /// Forgets a call that has its answer. `unfinished`: more arguments for it may still come.
    pub(crate) fn forget_call(&self, request: Id, unfinished: bool) {
        let mut made = locked(&self.calls);
        made.calls.remove(&request);
        if unfinished && !made.closed {
            if made.unfinished.len() >= UNFINISHED_MAX {
                made.unfinished.pop_front();
            }
            made.unfinished.push_back(request);
        }
    }

    /// How many calls it waits for, and how many it was asked to answer.
    pub(crate) fn load(&self) -> (usize, usize) {
        let waits = locked(&self.calls).calls.len();
        (waits, locked(&self.invocations).entries.len())
    }

    /// Asks this callee: takes the next id, and sends what `encode` makes of it, in one step, so that the ids on the
    /// wire have no gaps.
    pub(crate) fn ask(&self, invocation: Invocation, encode: impl FnOnce(Id) -> Option<Bytes>) -> Result<Id, NotAsked> {
        let mut asked = locked(&self.invocations);
        if asked.closed || asked.entries.len() >= self.limits.invocations_max {
            return Err(NotAsked::Gone);
        }
        let mut ids = asked.ids.clone();
        let id = ids.take();
        let bytes = encode(id).ok_or(NotAsked::Unsayable)?;
        if bytes.len() > self.message_bytes_max {
            return Err(NotAsked::TooLarge);
        }
        if self.outbox.push(bytes, Class::Rpc) == Pushed::Closed {
            return Err(NotAsked::Gone);
        }
        asked.ids = ids;
        asked.entries.insert(id, invocation);
        Ok(id)
    }

    /// The invocation with an id; `Err` when this callee was never asked it.
    pub(crate) fn invocation(&self, id: Id, ends: bool) -> Result<Option<Invocation>, ()> {
        let mut asked = locked(&self.invocations);
        let entry = if ends { asked.entries.remove(&id) } else { asked.entries.get(&id).cloned() };
        match entry {
            Some(entry) => Ok(Some(entry)),
            // Its ids are counted: what is below the next one was asked, and this answer is late.
            None if id < asked.ids.clone().take() => Ok(None),
            None => Err(()),
        }
    }

    /// Interrupts an invocation. With `release` the callee is not waited for any more, and the place that it took up is
    /// given back: to the member that is returned.
    pub(crate) fn interrupt(&self, id: Id, mode: CancelMode, reason: &str, release: bool) -> Option<Arc<Member>> {
        let mut asked = locked(&self.invocations);
        let entry = asked.entries.get_mut(&id)?;
        let released = (release && std::mem::take(&mut entry.holds_place)).then(|| Arc::clone(&entry.member));
        let options = InterruptOptions { mode: Some(mode), reason: Some(reason.to_owned()) }.to_dict(self.format);
        self.send(&Message::Interrupt { request: id, options }, Class::Rpc);
        released
    }

    /// Closes the connection when the client has not left it by then: it did not answer the router's GOODBYE.
    pub(crate) fn close_unanswered(self: &Arc<Self>, wait: Duration) {
        let session = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            if !session.parted.load(Ordering::Acquire) {
                session.outbox.close();
            }
        });
    }

    /// The client has answered the router's GOODBYE, or its connection is gone.
    pub(crate) fn part(&self) {
        self.parted.store(true, Ordering::Release);
    }

    /// Takes everything that is under way: what it waits for, and what it was asked. Nothing comes after.
    pub(crate) fn close(&self) -> (Vec<Arc<InFlight>>, Vec<(Id, Invocation)>) {
        let made = {
            let mut made = locked(&self.calls);
            made.closed = true;
            std::mem::take(&mut made.calls).into_values().collect()
        };
        let mut asked: Vec<(Id, Invocation)> = {
            let mut asked = locked(&self.invocations);
            asked.closed = true;
            std::mem::take(&mut asked.entries).into_iter().collect()
        };
        asked.sort_unstable_by_key(|(id, _)| *id);
        (made, asked)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", &self.id)
            .field("authid", &self.authid)
            .field("authrole", &self.authrole)
            .finish_non_exhaustive()
    }
}
