//! One session: its task owns the router's side and hands it what `/send` brings; `/receive` takes from its queue.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::Caller;
use crossgate_wamp::serializer::{Serializer, append, split};
use tokio::sync::{Mutex, Notify, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::door::Door;
use crate::metrics::Talked;
use crate::wamp::{Peer, Queue, Step, Terms};

/// What GOODBYE says when the program stops.
const SHUTDOWN: &str = "wamp.close.system_shutdown";
/// The idle time is watched in so many steps, so that a session ends at most one step late.
const STEPS: u32 = 4;
/// The most bytes of one batched answer, unless one message alone has more.
const PACKED_BYTES: usize = 256 * 1024;

/// What `/send` brought, and where to say that it was taken.
pub(crate) struct Arrival {
    pub(crate) body: Bytes,
    pub(crate) taken: oneshot::Sender<bool>,
}

/// What `/receive` gets.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// One message, or a batch.
    Message(Bytes),
    /// Nothing came in time, or a newer request took its place.
    Nothing,
    /// The session is over.
    Over,
}

/// One session.
pub(crate) struct Session {
    pub(crate) form: Serializer,
    /// Who opened it: nobody else may use it.
    caller: Arc<Caller>,
    arrivals: mpsc::Sender<Arrival>,
    outgoing: Mutex<Outgoing>,
    /// Told when a newer `/receive` comes.
    newer: Notify,
    /// Number of `/receive` requests so far.
    asked: AtomicU64,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// Requests so far.
    requests: AtomicU64,
    /// Told when the client closes.
    closed: Notify,
    /// Told when the client has been told that the session is over.
    over: Notify,
}

struct Outgoing {
    queue: Queue,
    /// Taken from the queue and not yet fetched.
    rest: VecDeque<Bytes>,
}

/// What the task of a session needs.
pub(crate) struct Running {
    session: Arc<Session>,
    peer: Peer,
    arrivals: mpsc::Receiver<Arrival>,
}

/// What asks a session to end.
pub(crate) struct Ends {
    /// The program stops.
    pub(crate) stage: watch::Receiver<()>,
    /// The listener's TLS was replaced, of which who opened the session with a certificate is told: its next request comes
    /// over a connection that the new authorities and revocation lists have seen.
    pub(crate) renewed: Option<watch::Receiver<()>>,
}

impl Ends {
    async fn any(self) {
        let Self { mut stage, renewed } = self;
        let renewed = async {
            match renewed {
                // The door lives as long as its sessions; if it did not, that would be the end too.
                Some(mut renewed) => drop(renewed.changed().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stage.changed() => {}
            () = renewed => {}
        }
    }
}

/// A request that is being answered.
pub(crate) struct Busy<'a>(&'a Session);

impl Session {
    pub(crate) fn new(form: Serializer, caller: Arc<Caller>, (peer, queue): (Peer, Queue)) -> (Arc<Self>, Running) {
        let (sender, arrivals) = mpsc::channel(1);
        let session = Arc::new(Self {
            form,
            caller,
            arrivals: sender,
            outgoing: Mutex::new(Outgoing { queue, rest: VecDeque::new() }),
            newer: Notify::new(),
            asked: AtomicU64::new(0),
            busy: AtomicUsize::new(0),
            requests: AtomicU64::new(0),
            closed: Notify::new(),
            over: Notify::new(),
        });
        (Arc::clone(&session), Running { session, peer, arrivals })
    }

    /// Whether a request comes from whoever opened the session.
    pub(crate) fn belongs_to(&self, caller: &Caller) -> bool {
        let own = &*self.caller;
        own.id() == caller.id() && own.proof() == caller.proof() && own.certificate() == caller.certificate()
    }

    /// Counts a request.
    pub(crate) fn touch(&self) -> Busy<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self)
    }

    /// Hands over what a client sent; false when the session is over or does not take it.
    pub(crate) async fn send(&self, body: Bytes) -> bool {
        let (taken, answer) = oneshot::channel();
        self.arrivals.send(Arrival { body, taken }).await.is_ok() && answer.await.unwrap_or(false)
    }

    /// Waits for a message. A client that lost its connection asks again before we notice, so the newest
    /// request gets it.
    pub(crate) async fn receive(&self, within: Duration) -> Received {
        let turn = self.asked.fetch_add(1, Ordering::AcqRel) + 1;
        self.newer.notify_waiters();
        let replaced = async {
            loop {
                let newer = self.newer.notified();
                let mut newer = pin!(newer);
                newer.as_mut().enable();
                if self.asked.load(Ordering::Acquire) != turn {
                    return;
                }
                newer.await;
            }
        };
        tokio::select! {
            biased;
            () = replaced => Received::Nothing,
            message = timeout(within, self.fetch()) => message.unwrap_or(Received::Nothing),
        }
    }

    async fn fetch(&self) -> Received {
        let mut outgoing = self.outgoing.lock().await;
        let Outgoing { queue, rest } = &mut *outgoing;
        if rest.is_empty() {
            let mut batch = Vec::new();
            if !queue.next(&mut batch).await {
                self.over.notify_one();
                return Received::Over;
            }
            rest.extend(batch);
        }
        if !self.form.batched {
            return rest.pop_front().map_or(Received::Nothing, Received::Message);
        }
        let mut packed = Vec::new();
        while let Some(message) =
            rest.pop_front_if(|next| packed.is_empty() || packed.len() + next.len() <= PACKED_BYTES)
        {
            // Only a message of four gigabytes does not fit; there are none.
            let _ = append(self.form.format, &message, &mut packed);
        }
        Received::Message(packed.into())
    }

    /// Ends the session.
    pub(crate) fn close(&self) {
        self.closed.notify_one();
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Running {
    /// Hands over what arrives, until either side has enough, nobody asks any more, or the program stops.
    pub(crate) async fn run(mut self, door: Arc<Door>, terms: Terms, idle: Duration, ends: Ends) {
        let talk = &door.metrics.longpoll;
        let _open = talk.begin();
        let how = self.serve(&terms, idle, ends).await;
        talk.ended(how);
        // Nothing more is taken; what is queued may still be fetched, for a while.
        self.arrivals.close();
        if how == Talked::Session {
            let fetched = async {
                tokio::select! {
                    () = self.session.over.notified() => {}
                    () = self.session.closed.notified() => {}
                }
            };
            let _ = timeout(terms.goodbye, fetched).await;
        }
        self.peer.lost().await;
    }

    async fn serve(&mut self, terms: &Terms, idle: Duration, ends: Ends) -> Talked {
        let mut ended = pin!(ends.any());
        let session = Arc::clone(&self.session);
        let mut abandoned = pin!(abandoned(&session, idle));
        let mut late = pin!(sleep(terms.join));
        let mut stopping = pin!(sleep(terms.goodbye));
        let mut told = false;
        loop {
            tokio::select! {
                biased;
                () = ended.as_mut(), if !told => {
                    told = true;
                    self.peer.close(SHUTDOWN);
                    stopping.as_mut().reset(Instant::now() + terms.goodbye);
                }
                () = session.closed.notified() => return Talked::Peer,
                () = session.over.notified() => return Talked::Session,
                arrival = self.arrivals.recv() => {
                    let Some(arrival) = arrival else { return Talked::Lost };
                    match deliver(&mut self.peer, session.form, arrival).await {
                        Some(Step::Continue) => {}
                        Some(Step::Close) => return Talked::Session,
                        None => return Talked::Fault,
                    }
                }
                () = stopping.as_mut(), if told => return Talked::Stopped,
                () = late.as_mut() => {
                    if !self.peer.has_joined() {
                        return Talked::Fault;
                    }
                    late.as_mut().reset(Instant::now() + terms.join);
                }
                () = abandoned.as_mut() => return Talked::Dead,
            }
        }
    }
}

/// Hands a body to the router's side; `None` when it is malformed.
async fn deliver(peer: &mut Peer, form: Serializer, arrival: Arrival) -> Option<Step> {
    let Arrival { body, taken } = arrival;
    let mut step = Step::Continue;
    if form.batched {
        for message in split(form.format, body) {
            let Ok(message) = message else {
                let _ = taken.send(false);
                return None;
            };
            step = peer.receive(message).await;
            if step == Step::Close {
                break;
            }
        }
    } else {
        step = peer.receive(body).await;
    }
    let _ = taken.send(true);
    Some(step)
}

/// Ends when there was no request for the idle time.
async fn abandoned(session: &Session, idle: Duration) {
    let (mut quiet, mut seen) = (0, 0);
    while quiet < STEPS {
        sleep(idle / STEPS).await;
        let requests = session.requests.load(Ordering::Relaxed);
        let active = requests != seen || session.busy.load(Ordering::Relaxed) > 0;
        seen = requests;
        quiet = if active { 0 } else { quiet + 1 };
    }
}
