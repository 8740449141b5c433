//! The floors: what the same bytes cost when nobody looks at them. A relay that passes frames from callers to a callee and
//! back, and a loop that writes one frame to everybody.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::ensure;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::wire::{Dialect, kind};

const READ_BYTES: usize = 64 * 1024;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to write the address.
    #[arg(long)]
    ready_file: PathBuf,
    /// Write each event to everybody, instead of passing calls on.
    #[arg(long)]
    spread: bool,
    /// On one thread.
    #[arg(long)]
    single: bool,
}

/// What is to be written to a connection: many put it there, its one writer takes all there is.
#[derive(Default)]
struct Queue {
    bytes: Mutex<Vec<u8>>,
    filled: Notify,
}

impl Queue {
    fn bytes(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, frame: &[u8]) {
        let mut bytes = self.bytes();
        let was_empty = bytes.is_empty();
        bytes.extend_from_slice(frame);
        drop(bytes);
        if was_empty {
            self.filled.notify_one();
        }
    }
}

#[derive(Default)]
struct Relay {
    callee: Mutex<Option<Arc<Queue>>>,
    callers: Mutex<HashMap<u8, Arc<Queue>>>,
}

impl Relay {
    fn callers(&self) -> MutexGuard<'_, HashMap<u8, Arc<Queue>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The queue of a caller, or of the callee.
    fn target(&self, caller: Option<u8>) -> Option<Arc<Queue>> {
        match caller {
            Some(caller) => self.callers().get(&caller).map(Arc::clone),
            None => self.callee.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

/// Serves until it is killed.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    use tokio::runtime::Builder;
    let mut builder = if arguments.single { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    builder.enable_all().build()?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        std::fs::write(&arguments.ready_file, listener.local_addr()?.to_string())?;
        if arguments.spread { spread(listener).await } else { relay(listener).await }
    })
}

/// The answer to what comes before the work, if it is that.
fn greeting(message: &[u8]) -> Option<[u8; 10]> {
    let answer = match u64::from(*message.get(1)?) {
        kind::HELLO => kind::WELCOME,
        kind::REGISTER => kind::REGISTERED,
        kind::SUBSCRIBE => kind::SUBSCRIBED,
        _ => return None,
    };
    Some([0, 0, 0, 6, 0, answer as u8, 0, 0, 0, 1])
}

async fn relay(listener: TcpListener) -> anyhow::Result<()> {
    let relay = Arc::new(Relay::default());
    for number in (0..=u8::MAX).cycle() {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let relay = Arc::clone(&relay);
        tokio::spawn(async move {
            let queue = Arc::new(Queue::default());
            relay.callers().insert(number, Arc::clone(&queue));
            let (read, write) = stream.into_split();
            let writer = tokio::spawn(drain(write, Arc::clone(&queue)));
            // A connection that ends is the load's business.
            let _ = pass(read, &relay, number, &queue).await;
            writer.abort();
        });
    }
    Ok(())
}

/// Writes all that is queued, as often as there is something.
async fn drain(mut stream: OwnedWriteHalf, queue: Arc<Queue>) {
    let mut bytes = Vec::new();
    loop {
        std::mem::swap(&mut *queue.bytes(), &mut bytes);
        if bytes.is_empty() {
            queue.filled.notified().await;
        } else if stream.write_all(&bytes).await.is_err() {
            return;
        }
        bytes.clear();
    }
}

/// Puts each frame of a caller into the callee's queue, and each of the callee's into that of the caller whom it names.
async fn pass(mut stream: OwnedReadHalf, relay: &Relay, number: u8, own: &Arc<Queue>) -> anyhow::Result<()> {
    let (mut input, mut targets) = (Vec::new(), HashMap::new());
    loop {
        input.reserve(READ_BYTES);
        ensure!(stream.read_buf(&mut input).await? > 0, "closed");
        let mut at = 0;
        while let Some(frame) = Dialect::Bare.unframe(&input[at..])? {
            let message = &mut input[at + frame.head..at + frame.head + frame.bytes];
            if let Some(answer) = greeting(message) {
                if u64::from(message[1]) == kind::REGISTER {
                    *relay.callee.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(own));
                }
                own.put(&answer);
            } else {
                let target = if u64::from(message[1]) == kind::INVOCATION {
                    message[0] = number;
                    None
                } else {
                    Some(message[0])
                };
                let target = targets.entry(target).or_insert_with(|| relay.target(target));
                if let Some(target) = target {
                    target.put(&input[at..at + frame.head + frame.bytes]);
                }
            }
            at += frame.head + frame.bytes;
        }
        input.drain(..at);
    }
}

/// One task writes to everybody: nobody is woken, and nothing is looked up.
async fn spread(listener: TcpListener) -> anyhow::Result<()> {
    let mut event = Vec::new();
    Dialect::Bare.frame(&mut event, |output| Dialect::Bare.publish().write(1, output));
    event[5] = kind::EVENT as u8;
    let subscribers: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (subscribers, event) = (Arc::clone(&subscribers), event.clone());
        tokio::spawn(async move {
            // A connection that ends is the load's business.
            let _ = listen(stream, &subscribers, &event).await;
        });
    }
}

/// Puts a subscriber among the others; of a publisher, writes as many events to all as it published.
async fn listen(mut stream: TcpStream, subscribers: &Mutex<Vec<TcpStream>>, event: &[u8]) -> anyhow::Result<()> {
    let (mut input, mut all) = (Vec::new(), Vec::new());
    loop {
        input.reserve(READ_BYTES);
        ensure!(stream.read_buf(&mut input).await? > 0, "closed");
        let (mut at, mut events) = (0, 0);
        while let Some(frame) = Dialect::Bare.unframe(&input[at..])? {
            let message = &input[at + frame.head..at + frame.head + frame.bytes];
            match greeting(message) {
                Some(answer) => stream.write_all(&answer).await?,
                None => events += 1,
            }
            if u64::from(message[1]) == kind::SUBSCRIBE {
                subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(stream);
                return Ok(());
            }
            at += frame.head + frame.bytes;
        }
        input.drain(..at);
        if events > 0 && all.is_empty() {
            all = std::mem::take(&mut *subscribers.lock().unwrap_or_else(PoisonError::into_inner));
        }
        let frames = event.repeat(events);
        for subscriber in &mut all {
            subscriber.write_all(&frames).await?;
        }
    }
}
