//! An ordered list that shares its structure with its clones: the subscribers of a topic, the callees of a procedure.

use std::sync::Arc;

use crate::id::Id;

/// How many entries are copied for one change.
const CHUNK_LEN: usize = 128;

/// Entries that are copied together.
type Chunk<T> = Arc<Vec<(Id, T)>>;

/// Sessions in the order in which they came, each with what its owner keeps about it.
#[derive(Debug, Clone)]
pub struct Roster<T> {
    chunks: Arc<Vec<Chunk<T>>>,
    len: usize,
}

impl<T> Default for Roster<T> {
    fn default() -> Self {
        Self { chunks: Arc::default(), len: 0 }
    }
}

impl<T: Clone> Roster<T> {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Id, &T)> {
        self.chunks.iter().flat_map(|chunk| chunk.iter()).map(|(id, entry)| (*id, entry))
    }

    /// What is kept about a session.
    #[must_use]
    pub fn get(&self, session: Id) -> Option<&T> {
        self.iter().find(|(id, _)| *id == session).map(|(_, entry)| entry)
    }

    /// Adds a session at the end. It must not be in already.
    pub fn push(&mut self, session: Id, entry: T) {
        let chunks = Arc::make_mut(&mut self.chunks);
        match chunks.last_mut().filter(|chunk| chunk.len() < CHUNK_LEN) {
            Some(chunk) => Arc::make_mut(chunk).push((session, entry)),
            None => chunks.push(Arc::new(vec![(session, entry)])),
        }
        self.len += 1;
    }

    /// Takes a session out.
    pub fn remove(&mut self, session: Id) -> Option<T> {
        let place = |chunk: &Chunk<T>| chunk.iter().position(|(id, _)| *id == session);
        let (at, inner) = self.chunks.iter().enumerate().find_map(|(at, chunk)| Some((at, place(chunk)?)))?;
        let chunks = Arc::make_mut(&mut self.chunks);
        let (_, entry) = Arc::make_mut(&mut chunks[at]).remove(inner);
        if chunks[at].is_empty() {
            chunks.remove(at);
        }
        self.len -= 1;
        Some(entry)
    }
}
