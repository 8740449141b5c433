//! The tree. Finding costs one step per segment, no regular expression, and one allocation when there are parameters.

use std::sync::Arc;

use http::Method;

use super::path::{PathParams, Spans};
use super::template::{self, Segment};
use crate::bind::text::percent_decode;
use crate::contract::Operation;
use crate::fault::Fault;

/// Operations of several contracts, each under its prefix, with what answers them.
///
/// Precedence is by segment from the left: text before text mixed with parameters before a parameter. When the most
/// precise path does not have the method, a less precise one that has it answers.
#[derive(Debug)]
pub struct Table<T> {
    nodes: Vec<Node>,
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    operation: Arc<Operation>,
    target: T,
}

#[derive(Debug, Default)]
struct Node {
    /// Sorted by text.
    literals: Vec<(Box<str>, usize)>,
    /// Sorted by weight, the heaviest first.
    mixed: Vec<(Vec<String>, usize)>,
    parameter: Option<usize>,
    methods: Vec<(Method, usize)>,
}

/// What a table says about a method and a path.
#[derive(Debug)]
pub enum Match<'t, T> {
    /// An operation answers.
    Found {
        /// The operation.
        operation: &'t Arc<Operation>,
        /// What was given to [`Table::insert`].
        target: &'t T,
        /// The path's parameters, for [`crate::Request::path`].
        path: PathParams,
    },
    /// The path exists, with these methods (HEAD wherever there is GET), sorted.
    MethodNotAllowed {
        /// The value for the `Allow` header (RFC 9110 §10.2.1).
        allow: Vec<Method>,
    },
    /// There is no such path.
    NotFound,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Table<T> {
    /// An empty table.
    pub fn new() -> Self {
        Self { nodes: vec![Node::default()], entries: Vec::new() }
    }

    /// Adds an operation under a prefix: `""`, or `/api/v1` (text only, no slash at the end).
    ///
    /// # Errors
    /// When an operation with the same method and a path of the same shape is there already, when two mixed segments
    /// of equal weight could match one text, or when the prefix is malformed.
    pub fn insert(&mut self, prefix: &str, operation: Arc<Operation>, target: T) -> Result<(), Fault> {
        let path = prefix_segments(prefix).map_err(|message| operation.fault(message))?;
        let mut node = 0;
        for segment in path.iter().chain(operation.segments()) {
            node = self.child(node, segment).map_err(|message| {
                operation.fault(format!("path `{}` is ambiguous: {message}", operation.template()))
            })?;
        }
        let Some(node) = self.nodes.get_mut(node) else { return Ok(()) };
        if let Some((method, entry)) = node.methods.iter().find(|(method, _)| method == operation.method()) {
            let other = self.entries.get(*entry).map(|entry| entry.operation.origin()).unwrap_or_default();
            return Err(
                operation.fault(format!("{method} {prefix}{} is answered already by {other}", operation.template()))
            );
        }
        node.methods.push((operation.method().clone(), self.entries.len()));
        self.entries.push(Entry { operation, target });
        Ok(())
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every operation with its target, in the order of insertion.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<Operation>, &T)> {
        self.entries.iter().map(|entry| (&entry.operation, &entry.target))
    }

    /// Finds the operation for a method and the path of a request target (percent-encoded, without the query).
    /// HEAD finds GET where the contract does not describe HEAD.
    pub fn find(&self, method: &Method, path: &str) -> Match<'_, T> {
        let Some(rest) = path.strip_prefix('/') else { return Match::NotFound };
        let mut search = Search { nodes: &self.nodes, method, path, spans: Spans::default(), allow: Vec::new() };
        match search.walk(0, Some(rest)).and_then(|entry| self.entries.get(entry)) {
            Some(Entry { operation, target }) => {
                Match::Found { operation, target, path: PathParams::new(path, search.spans) }
            }
            None if search.allow.is_empty() => Match::NotFound,
            None => {
                let mut allow: Vec<Method> = search.allow;
                if allow.contains(&Method::GET) {
                    allow.push(Method::HEAD);
                }
                allow.sort_by(|a, b| a.as_str().cmp(b.as_str()));
                allow.dedup();
                Match::MethodNotAllowed { allow }
            }
        }
    }

    /// The child of a node for a segment, made when it is not there.
    fn child(&mut self, at: usize, segment: &Segment) -> Result<usize, String> {
        let new = self.nodes.len();
        let Some(node) = self.nodes.get_mut(at) else { return Ok(at) };
        let child = match segment {
            Segment::Literal(text) => match node.literals.binary_search_by(|(known, _)| known.as_ref().cmp(text)) {
                Ok(index) => return Ok(node.literals.get(index).map_or(at, |(_, child)| *child)),
                Err(index) => {
                    node.literals.insert(index, (text.as_str().into(), new));
                    new
                }
            },
            Segment::Parameter => *node.parameter.get_or_insert(new),
            Segment::Mixed(literals) => {
                if let Some((_, child)) = node.mixed.iter().find(|(known, _)| known == literals) {
                    return Ok(*child);
                }
                let weight = template::weight(literals);
                let same =
                    |known: &Vec<String>| template::weight(known) == weight && template::may_overlap(known, literals);
                if let Some((known, _)) = node.mixed.iter().find(|(known, _)| same(known)) {
                    let (a, b) = (literals.join("{…}"), known.join("{…}"));
                    return Err(format!("`{a}` and `{b}` could match the same text"));
                }
                let index = node.mixed.partition_point(|(known, _)| template::weight(known) >= weight);
                node.mixed.insert(index, (literals.clone(), new));
                new
            }
        };
        if child == new {
            self.nodes.push(Node::default());
        }
        Ok(child)
    }
}

fn prefix_segments(prefix: &str) -> Result<Vec<Segment>, String> {
    if prefix.is_empty() {
        return Ok(Vec::new());
    }
    match prefix.strip_prefix('/') {
        Some(rest) if !rest.is_empty() && !rest.ends_with('/') && !rest.contains(['{', '}', '?', '#']) => {
            Ok(rest.split('/').map(|segment| Segment::Literal(segment.to_owned())).collect())
        }
        _ => Err(format!("prefix `{prefix}` must be empty or like `/api/v1`")),
    }
}

struct Search<'t, 'p> {
    nodes: &'t [Node],
    method: &'p Method,
    path: &'p str,
    spans: Spans,
    allow: Vec<Method>,
}

impl Search<'_, '_> {
    /// Each node is visited at most once: a node has one way to it from the root, and its depth fixes the segment.
    /// Recursion is as deep as the longest template.
    fn walk(&mut self, at: usize, rest: Option<&str>) -> Option<usize> {
        let node = self.nodes.get(at)?;
        let Some(rest) = rest else { return self.method_of(node) };
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        let kept = self.spans.count();
        if let Some(child) = literal(node, segment)
            && let Some(found) = self.walk(child, after)
        {
            return Some(found);
        }
        if segment.is_empty() {
            return None;
        }
        let start = self.path.len() - rest.len();
        for (literals, child) in &node.mixed {
            self.spans.truncate(kept);
            if template::match_mixed(literals, segment, start, &mut self.spans)
                && let Some(found) = self.walk(*child, after)
            {
                return Some(found);
            }
        }
        self.spans.truncate(kept);
        let child = node.parameter?;
        if self.spans.push(start, start + segment.len())
            && let Some(found) = self.walk(child, after)
        {
            return Some(found);
        }
        self.spans.truncate(kept);
        None
    }

    fn method_of(&mut self, node: &Node) -> Option<usize> {
        let by = |wanted: &Method| node.methods.iter().find(|(method, _)| method == wanted).map(|(_, entry)| *entry);
        let found = by(self.method).or_else(|| if self.method == Method::HEAD { by(&Method::GET) } else { None });
        if found.is_none() {
            self.allow.extend(node.methods.iter().map(|(method, _)| method.clone()));
        }
        found
    }
}

fn literal(node: &Node, segment: &str) -> Option<usize> {
    if node.literals.is_empty() {
        return None;
    }
    let decoded = if segment.contains('%') { percent_decode(segment, false)? } else { segment.into() };
    let index = node.literals.binary_search_by(|(known, _)| known.as_ref().cmp(decoded.as_ref())).ok()?;
    node.literals.get(index).map(|(_, child)| *child)
}
