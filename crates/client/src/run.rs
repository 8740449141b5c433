//! The task of one session: it alone reads and writes the connection, and owns the tables.

mod arrivals;
mod commands;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossgate_wamp::client::Client;
use crossgate_wamp::id::Id;
use crossgate_wamp::session::abort;
use crossgate_wamp::{Message, Payload, uris};
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tokio::time::{Instant, Sleep, sleep, timeout};

use crate::arguments::Arguments;
use crate::error::{Ended, WampError};
use crate::options::Limits;
use crate::register::Handler;
use crate::session::{Answer, Command, Details, Session, Shared};
use crate::subscribe::Sink;
use crate::transport::{Fault, Incoming, Transport};

/// Questions that may wait for the task.
const COMMANDS_MAX: usize = 64;
/// Questions that are taken before what they put together is sent.
const COMMANDS_PER_TURN: usize = 64;
/// While so much waits to be sent, nobody may put more to it, in bytes.
const UNSENT_BYTES_MAX: usize = 1024 * 1024;
/// How much larger than its payload a message may be, in bytes: the longest URI, and options.
const ENVELOPE_BYTES_MAX: usize = 16 * 1024;
/// For the last words on a connection.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What waits for an answer.
enum Token {
    Call { answer: Answer<Payload>, parts: Option<Sink> },
    Publish(Answer<Id>),
    Subscribe { answer: Answer<(Id, u64)>, sink: Sink },
    Register { answer: Answer<Id>, handler: Arc<dyn Handler>, concurrency: usize },
    Remove(Option<Answer<()>>),
}

/// A procedure that is registered.
struct Callee {
    handler: Arc<dyn Handler>,
    concurrency: usize,
    running: usize,
}

/// A call that is being answered.
struct Running {
    request: Id,
    registration: Id,
    task: AbortHandle,
}

type Finished = Result<Arguments, WampError>;

struct Run {
    transport: Transport,
    client: Client<Token>,
    commands: mpsc::Receiver<Command>,
    /// To make the sessions that handlers hold; it keeps nothing alive.
    users: mpsc::WeakSender<Command>,
    shared: Arc<Shared>,
    subscribers: HashMap<Id, Vec<(u64, Sink)>>,
    next_key: u64,
    callees: HashMap<Id, Callee>,
    handlers: JoinSet<Finished>,
    running: HashMap<tokio::task::Id, Running>,
    /// Until when the calls under way may take: then, or when all are answered, GOODBYE is said.
    leaving: Option<Instant>,
    /// GOODBYE was said.
    closing: bool,
    /// A ping was sent, and nothing came since.
    asked: bool,
    /// Nobody is left who could ask for anything.
    orphaned: bool,
}

/// What the loop waited for.
enum Turn {
    Flushed,
    Incoming(Incoming),
    Command(Option<Command>),
    Handled(Result<(tokio::task::Id, Finished), JoinError>),
    Silence,
    Stalled,
    Patience,
}

/// Starts the task.
pub(crate) fn start(transport: Transport, details: Details, limits: &Limits) -> Session {
    let (sender, commands) = mpsc::channel(COMMANDS_MAX);
    let (ended, watched) = watch::channel(None);
    let shared = Arc::new(Shared {
        details,
        ended: watched,
        payload_bytes_max: transport.send_bytes_max.saturating_sub(ENVELOPE_BYTES_MAX),
        limits: limits.clone(),
    });
    let run = Run {
        client: Client::new(transport.format()),
        transport,
        commands,
        users: sender.downgrade(),
        shared: Arc::clone(&shared),
        subscribers: HashMap::new(),
        next_key: 0,
        callees: HashMap::new(),
        handlers: JoinSet::new(),
        running: HashMap::new(),
        leaving: None,
        closing: false,
        asked: false,
        orphaned: false,
    };
    tokio::spawn(async move {
        let (how, rest) = run.run().await;
        tracing::debug!("the session has ended: {how}");
        ended.send_replace(Some(how));
        // Only now, so that whoever waited for an answer finds out how it ended.
        drop(rest);
    });
    Session { commands: sender, shared }
}

impl Run {
    /// Runs until the session has ended; gives back what was still waiting.
    async fn run(mut self) -> (Ended, impl Sized) {
        let how = self.turns().await;
        self.handlers.abort_all();
        let _ = self.transport.close();
        // The connection is of no use any more; whether the last words arrive makes no difference here.
        let _ = timeout(LAST_WORDS, poll_fn(|cx| self.transport.poll_flush(cx))).await;
        let waiting: Vec<Token> = self.client.abandon().collect();
        (how, (waiting, self))
    }

    async fn turns(&mut self) -> Ended {
        let ping = self.silence();
        let mut silence = Box::pin(sleep(ping.unwrap_or_default()));
        let mut stalled = Box::pin(sleep(self.shared.limits.send));
        let mut taken = self.transport.taken.bytes();
        loop {
            let idle = self.transport.unsent_bytes == 0;
            let turn = self.turn(ping.map(|_| &mut silence), &mut stalled).await;
            let done = match turn {
                Ok(Turn::Flushed) => Ok(None),
                Ok(Turn::Incoming(incoming)) => {
                    self.asked = false;
                    rearm(&mut silence, ping);
                    self.incoming(incoming)
                }
                Ok(Turn::Command(Some(command))) => self.commands(command),
                Ok(Turn::Command(None)) => {
                    self.orphaned = true;
                    self.leave()
                }
                Ok(Turn::Handled(handled)) => self.handled(handled),
                Ok(Turn::Silence) if self.asked => Ok(Some(Ended::Lost("the router gives no sign of life".into()))),
                Ok(Turn::Silence) => {
                    self.asked = true;
                    rearm(&mut silence, ping);
                    self.transport.ping().map(|()| None)
                }
                Ok(Turn::Stalled) if self.transport.taken.bytes() == taken => {
                    Ok(Some(Ended::Lost("the router takes nothing of what is sent to it".into())))
                }
                Ok(Turn::Stalled) => {
                    taken = self.transport.taken.bytes();
                    rearm(&mut stalled, Some(self.shared.limits.send));
                    Ok(None)
                }
                Ok(Turn::Patience) if self.closing => Ok(Some(Ended::Left)),
                Ok(Turn::Patience) => self.goodbye(),
                Err(fault) => Err(fault),
            };
            match done {
                Ok(None) => {}
                Ok(Some(how)) => return how,
                // After GOODBYE there is nothing to lose.
                Err(_) if self.closing => return Ended::Left,
                Err(fault) => return Ended::Lost(fault),
            }
            if idle && self.transport.unsent_bytes > 0 {
                taken = self.transport.taken.bytes();
                rearm(&mut stalled, Some(self.shared.limits.send));
            }
        }
    }

    /// Waits for the next thing to do.
    async fn turn(
        &mut self,
        silence: Option<&mut std::pin::Pin<Box<Sleep>>>,
        stalled: &mut std::pin::Pin<Box<Sleep>>,
    ) -> Result<Turn, Fault> {
        let unsent = self.transport.unsent_bytes;
        // What comes in may have to be answered, too; the router takes answers before it is read from again.
        let room = unsent < UNSENT_BYTES_MAX;
        let transport = &mut self.transport;
        let moved = poll_fn(move |cx| {
            if unsent > 0
                && let Poll::Ready(flushed) = transport.poll_flush(cx)
            {
                return Poll::Ready(flushed.map(|()| Turn::Flushed));
            }
            if room && let Poll::Ready(received) = transport.poll_receive(cx) {
                return Poll::Ready(received.map(Turn::Incoming));
            }
            Poll::Pending
        });
        tokio::select! {
            moved = moved => moved,
            command = self.commands.recv(), if room && !self.orphaned => Ok(Turn::Command(command)),
            Some(handled) = self.handlers.join_next_with_id(), if room => Ok(Turn::Handled(handled)),
            () = elapsed(silence) => Ok(Turn::Silence),
            () = stalled, if unsent > 0 => Ok(Turn::Stalled),
            () = until(self.leaving) => Ok(Turn::Patience),
        }
    }

    fn silence(&self) -> Option<Duration> {
        let limits = &self.shared.limits;
        limits.ping.filter(|_| self.transport.name == "websocket" || limits.rawsocket_ping)
    }

    /// Takes what users ask for, as much as has come together.
    fn commands(&mut self, first: Command) -> Result<Option<Ended>, Fault> {
        let mut next = Some(first);
        let mut taken = 0;
        while let Some(command) = next {
            if let Some(ended) = self.command(command)? {
                return Ok(Some(ended));
            }
            taken += 1;
            let room = taken < COMMANDS_PER_TURN && self.transport.unsent_bytes < UNSENT_BYTES_MAX;
            next = if room { self.commands.try_recv().ok() } else { None };
        }
        Ok(None)
    }

    /// Lets the calls under way end, then says GOODBYE.
    fn leave(&mut self) -> Result<Option<Ended>, Fault> {
        if self.leaving.is_none() {
            self.leaving = Instant::now().checked_add(self.shared.limits.goodbye);
        }
        if self.running.is_empty() { self.goodbye() } else { Ok(None) }
    }

    fn goodbye(&mut self) -> Result<Option<Ended>, Fault> {
        let Some(goodbye) = self.client.goodbye() else { return Ok(None) };
        self.closing = true;
        self.leaving = Instant::now().checked_add(self.shared.limits.goodbye);
        self.transport.send(&goodbye)?;
        Ok(None)
    }

    /// A handler is done: its answer goes to the router.
    fn handled(&mut self, handled: Result<(tokio::task::Id, Finished), JoinError>) -> Result<Option<Ended>, Fault> {
        let (task, finished) = match handled {
            Ok((task, finished)) => (task, finished),
            Err(error) if error.is_cancelled() => {
                (error.id(), Err(WampError::new(uris::error::CANCELED, "the call was canceled")))
            }
            Err(error) => {
                tracing::error!("a handler panicked");
                (
                    error.id(),
                    Err(WampError::new(uris::error::RUNTIME_ERROR, "the call failed; the callee's log says why")),
                )
            }
        };
        if let Some(Running { request, registration, .. }) = self.running.remove(&task) {
            if let Some(callee) = self.callees.get_mut(&registration) {
                callee.running = callee.running.saturating_sub(1);
            }
            if let Some(message) = self.answer(request, finished) {
                self.transport.send(&message)?;
            }
        }
        if self.leaving.is_some() && !self.closing && self.running.is_empty() { self.goodbye() } else { Ok(None) }
    }

    fn answer(&mut self, request: Id, finished: Finished) -> Option<Message> {
        let format = self.client.format();
        let fits = |payload: &Payload| payload.len() <= self.shared.payload_bytes_max;
        match finished {
            Ok(arguments) => {
                let payload = arguments.into_payload(format);
                if fits(&payload) {
                    return self.client.answer(request, false, payload);
                }
                let words = Arguments::from("the result is larger than the router takes").into_payload(format);
                self.client.fail(request, uris::error::PAYLOAD_SIZE_EXCEEDED, words)
            }
            Err(WampError { uri, args, kwargs }) => {
                let payload = Payload::from_values(format, args, kwargs);
                let payload = if fits(&payload) { payload } else { Payload::empty(format) };
                self.client.fail(request, &uri, payload)
            }
        }
    }

    /// Gives up because the router broke the rules.
    fn violated(&mut self, words: String) -> Ended {
        let message = abort(self.client.format(), uris::error::PROTOCOL_VIOLATION, &words);
        // It is told why, if it still listens.
        let _ = self.transport.send(&message);
        Ended::Violation(words)
    }
}

fn rearm(sleep: &mut std::pin::Pin<Box<Sleep>>, after: Option<Duration>) {
    if let Some(at) = after.and_then(|after| Instant::now().checked_add(after)) {
        sleep.as_mut().reset(at);
    }
}

async fn elapsed(sleep: Option<&mut std::pin::Pin<Box<Sleep>>>) {
    match sleep {
        Some(sleep) => sleep.await,
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
