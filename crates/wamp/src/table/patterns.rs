//! What is kept under a URI and a match policy, and found by the URIs that it stands for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Hamt;
use crate::uri::Match;

/// A table by exact URI, prefix and wildcard pattern. Its clones share its structure.
#[derive(Debug, Clone)]
pub struct Patterns<V> {
    exact: Hamt<Arc<str>, V>,
    prefixes: Hamt<Arc<str>, V>,
    /// How many prefixes there are of each length in bytes: only these are tried.
    lengths: Arc<BTreeMap<usize, usize>>,
    wildcards: Arc<Component<V>>,
}

impl<V> Default for Patterns<V> {
    fn default() -> Self {
        Self {
            exact: Hamt::default(),
            prefixes: Hamt::default(),
            lengths: Arc::default(),
            wildcards: Arc::new(Component::default()),
        }
    }
}

/// A place in the tree of wildcard patterns, one level for each component.
#[derive(Debug, Clone)]
struct Component<V> {
    literal: BTreeMap<Arc<str>, Arc<Self>>,
    wildcard: Option<Arc<Self>>,
    value: Option<V>,
}

impl<V> Default for Component<V> {
    fn default() -> Self {
        Self { literal: BTreeMap::new(), wildcard: None, value: None }
    }
}

impl<V: Clone> Patterns<V> {
    /// What is kept under exactly this pattern and policy.
    #[must_use]
    pub fn get(&self, policy: Match, pattern: &str) -> Option<&V> {
        match policy {
            Match::Exact => self.exact.get(pattern),
            Match::Prefix => self.prefixes.get(pattern),
            Match::Wildcard => {
                let mut place = &self.wildcards;
                for part in pattern.split('.') {
                    place = if part.is_empty() { place.wildcard.as_ref() } else { place.literal.get(part) }?;
                }
                place.value.as_ref()
            }
        }
    }

    /// Puts a value under a pattern, and gives the one before.
    pub fn insert(&mut self, policy: Match, pattern: &str, value: V) -> Option<V> {
        match policy {
            Match::Exact => self.exact.insert(pattern.into(), value),
            Match::Prefix => {
                let before = self.prefixes.insert(pattern.into(), value);
                if before.is_none() {
                    *Arc::make_mut(&mut self.lengths).entry(pattern.len()).or_default() += 1;
                }
                before
            }
            Match::Wildcard => {
                let mut place = Arc::make_mut(&mut self.wildcards);
                for part in pattern.split('.') {
                    let next = if part.is_empty() {
                        place.wildcard.get_or_insert_default()
                    } else {
                        place.literal.entry(part.into()).or_default()
                    };
                    place = Arc::make_mut(next);
                }
                place.value.replace(value)
            }
        }
    }

    /// Takes a pattern out.
    pub fn remove(&mut self, policy: Match, pattern: &str) -> Option<V> {
        match policy {
            Match::Exact => self.exact.remove(pattern),
            Match::Prefix => {
                let removed = self.prefixes.remove(pattern)?;
                let lengths = Arc::make_mut(&mut self.lengths);
                if let Some(count) = lengths.get_mut(&pattern.len()) {
                    *count -= 1;
                }
                lengths.retain(|_, count| *count > 0);
                Some(removed)
            }
            Match::Wildcard => {
                self.get(policy, pattern)?;
                Arc::make_mut(&mut self.wildcards).remove(&mut pattern.split('.'))
            }
        }
    }

    /// Everything that stands for `uri`, the best first: the exact one, prefixes from the longest on, then
    /// wildcards from the one with the longest literal beginning on, by the literal components after each wildcard.
    pub fn matching<'t>(&'t self, uri: &'t str) -> impl Iterator<Item = (Match, &'t V)> {
        let exact = self.exact.get(uri).map(|value| (Match::Exact, value));
        let prefixes =
            self.lengths.range(..=uri.len()).rev().filter_map(move |(length, _)| {
                self.prefixes.get(uri.get(..*length)?).map(|value| (Match::Prefix, value))
            });
        exact.into_iter().chain(prefixes).chain(self.wildcards(uri).map(|value| (Match::Wildcard, value)))
    }

    /// The wildcard patterns that stand for `uri`. A literal component is preferred to a wildcard where two patterns
    /// first differ, which is the specification's order. No more places are visited than the tree has.
    fn wildcards<'t>(&'t self, uri: &'t str) -> impl Iterator<Item = &'t V> {
        let root = (!self.wildcards.is_bare()).then_some((&*self.wildcards, Some(uri)));
        let mut open: Vec<(&Component<V>, Option<&str>)> = root.into_iter().collect();
        std::iter::from_fn(move || {
            while let Some((place, rest)) = open.pop() {
                let Some(rest) = rest else {
                    if let Some(value) = &place.value {
                        return Some(value);
                    }
                    continue;
                };
                let (part, rest) = rest.split_once('.').map_or((rest, None), |(part, rest)| (part, Some(rest)));
                open.extend(place.wildcard.as_deref().map(|next| (next, rest)));
                open.extend(place.literal.get(part).map(|next| (&**next, rest)));
            }
            None
        })
    }
}

impl<V: Clone> Component<V> {
    /// Takes out what is kept below this place, and what has become empty by it. It goes as deep as the pattern has components.
    fn remove(&mut self, parts: &mut dyn Iterator<Item = &str>) -> Option<V> {
        let Some(part) = parts.next() else { return self.value.take() };
        let next = if part.is_empty() { self.wildcard.as_mut() } else { self.literal.get_mut(part) }?;
        let removed = Arc::make_mut(next).remove(parts);
        if next.is_bare() {
            if part.is_empty() {
                self.wildcard = None;
            } else {
                self.literal.remove(part);
            }
        }
        removed
    }
}

impl<V> Component<V> {
    fn is_bare(&self) -> bool {
        self.value.is_none() && self.wildcard.is_none() && self.literal.is_empty()
    }
}
