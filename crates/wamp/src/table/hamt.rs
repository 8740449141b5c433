//! A hash map that shares its structure with its clones: a hash array mapped trie.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;

/// Each level tells 32 children apart by 5 bits of the hash.
const BITS: u32 = 5;

/// A persistent hash map. Cloning it takes constant time; a change copies the path to what changes, unless
/// nobody else holds it.
#[derive(Debug, Clone)]
pub struct Hamt<K, V> {
    root: Arc<Node<K, V>>,
    len: usize,
    hasher: RandomState,
}

#[derive(Debug, Clone)]
enum Node<K, V> {
    Branch {
        bitmap: u32,
        children: Vec<Arc<Self>>,
    },
    /// All keys of one hash: one, but for collisions.
    Leaf {
        hash: u64,
        entries: Vec<(K, V)>,
    },
}

impl<K, V> Default for Hamt<K, V> {
    fn default() -> Self {
        let root = Arc::new(Node::Branch { bitmap: 0, children: Vec::new() });
        Self { root, len: 0, hasher: RandomState::new() }
    }
}

const fn slot(hash: u64, depth: u32) -> u32 {
    // Thirteen levels use up the 64 bits; equal hashes share a leaf long before.
    1 << (hash >> (BITS * depth) & 31)
}

const fn index(bitmap: u32, slot: u32) -> usize {
    (bitmap & (slot - 1)).count_ones() as usize
}

impl<K: Hash + Eq + Clone, V: Clone> Hamt<K, V> {
    /// How many keys there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a key.
    pub fn get<Q>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        if self.len == 0 {
            return None;
        }
        let hash = self.hasher.hash_one(key);
        let mut node = &self.root;
        for depth in 0.. {
            match &**node {
                Node::Leaf { hash: found, entries } => {
                    let mut entries = entries.iter().filter(|_| *found == hash);
                    return entries.find(|(other, _)| other.borrow() == key).map(|(_, value)| value);
                }
                Node::Branch { bitmap, children } => {
                    let slot = slot(hash, depth);
                    if bitmap & slot == 0 {
                        return None;
                    }
                    node = &children[index(*bitmap, slot)];
                }
            }
        }
        None
    }

    /// Puts a value under a key, and gives the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(&key);
        let before = Node::insert(Arc::make_mut(&mut self.root), hash, 0, key, value);
        self.len += usize::from(before.is_none());
        before
    }

    /// Takes a key out.
    pub fn remove<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        self.get(key)?;
        let hash = self.hasher.hash_one(key);
        let removed = Node::remove(Arc::make_mut(&mut self.root), hash, 0, key);
        self.len -= usize::from(removed.is_some());
        removed
    }

    /// Keys and values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let mut open: Vec<&Node<K, V>> = vec![&self.root];
        let mut leaf = [].iter();
        std::iter::from_fn(move || {
            loop {
                if let Some((key, value)) = leaf.next() {
                    return Some((key, value));
                }
                match open.pop()? {
                    Node::Leaf { entries, .. } => leaf = entries.iter(),
                    Node::Branch { children, .. } => open.extend(children.iter().map(|child| &**child)),
                }
            }
        })
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Node<K, V> {
    fn insert(node: &mut Self, hash: u64, depth: u32, key: K, value: V) -> Option<V> {
        match node {
            Self::Leaf { hash: found, entries } if *found == hash => {
                if let Some((_, place)) = entries.iter_mut().find(|(other, _)| *other == key) {
                    return Some(std::mem::replace(place, value));
                }
                entries.push((key, value));
                None
            }
            Self::Leaf { hash: found, .. } => {
                let slot = slot(*found, depth);
                let leaf = std::mem::replace(node, Self::Branch { bitmap: slot, children: Vec::with_capacity(2) });
                if let Self::Branch { children, .. } = node {
                    children.push(Arc::new(leaf));
                }
                Self::insert(node, hash, depth, key, value)
            }
            Self::Branch { bitmap, children } => {
                let slot = slot(hash, depth);
                let at = index(*bitmap, slot);
                if *bitmap & slot == 0 {
                    *bitmap |= slot;
                    children.insert(at, Arc::new(Self::Leaf { hash, entries: vec![(key, value)] }));
                    return None;
                }
                Self::insert(Arc::make_mut(&mut children[at]), hash, depth + 1, key, value)
            }
        }
    }

    fn remove<Q>(node: &mut Self, hash: u64, depth: u32, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        match node {
            Self::Leaf { entries, .. } => {
                let at = entries.iter().position(|(other, _)| other.borrow() == key)?;
                Some(entries.swap_remove(at).1)
            }
            Self::Branch { bitmap, children } => {
                let slot = slot(hash, depth);
                if *bitmap & slot == 0 {
                    return None;
                }
                let at = index(*bitmap, slot);
                let removed = Self::remove(Arc::make_mut(&mut children[at]), hash, depth + 1, key);
                if children[at].is_empty() {
                    *bitmap &= !slot;
                    children.remove(at);
                }
                removed
            }
        }
    }

    const fn is_empty(&self) -> bool {
        match self {
            Self::Branch { children, .. } => children.is_empty(),
            Self::Leaf { entries, .. } => entries.is_empty(),
        }
    }
}
