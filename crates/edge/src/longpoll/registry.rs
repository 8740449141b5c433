//! The open sessions of one listener.

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

use super::session::Session;
use crate::gate::{Gate, Place};

/// Tasks that wait for the accept loop to take them over.
const TASKS_MAX: usize = 64;
/// The random bytes of an id.
const ID_BYTES: usize = 24;

/// A task that the accept loop runs, and ends with the connections; it is given the stage.
pub(crate) type Task = Box<dyn FnOnce(watch::Receiver<()>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Why a session was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There are too many.
    Full,
    /// There are too many from the same address.
    Share,
    /// The listener closes.
    Closing,
}

/// The sessions by their ids.
pub(crate) struct Registry {
    sessions: Mutex<HashMap<String, Arc<Session>>>,
    gate: Arc<Gate>,
    tasks: mpsc::Sender<Task>,
}

impl Registry {
    /// An empty registry, and the tasks of its sessions, which the accept loop runs.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Task>) {
        let (tasks, receiver) = mpsc::channel(TASKS_MAX);
        (Self { sessions: Mutex::default(), gate: Arc::default(), tasks }, receiver)
    }

    /// A place for one more session.
    pub(crate) fn enter(&self, source: Option<IpAddr>, most: usize, most_per_ip: usize) -> Result<Place, Refused> {
        if self.gate.is_full(most) {
            return Err(Refused::Full);
        }
        self.gate.enter(source, most_per_ip).ok_or(Refused::Share)
    }

    /// Puts a session under a new id, and its task into the accept loop's hands.
    pub(crate) fn open(self: &Arc<Self>, session: Arc<Session>, place: Place, task: Task) -> Result<String, Refused> {
        let id = id().ok_or(Refused::Closing)?;
        self.lock().insert(id.clone(), session);
        let entry = Entry { registry: Arc::clone(self), id: id.clone(), _place: place };
        let task: Task = Box::new(move |stage| {
            let running = task(stage);
            Box::pin(async move {
                let _entry = entry;
                running.await;
            })
        });
        // When it cannot be run it is dropped, and the entry in it takes the session out again.
        self.tasks.try_send(task).map_err(|_| Refused::Closing)?;
        Ok(id)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Session>> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the session out when its task ends.
struct Entry {
    registry: Arc<Registry>,
    id: String,
    _place: Place,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.id);
    }
}

/// An id that nobody can guess, in hexadecimal digits.
fn id() -> Option<String> {
    let mut bytes = [0; ID_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
