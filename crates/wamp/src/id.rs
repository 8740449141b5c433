//! Ids: whole numbers from 1 to 2^53, which every client can hold in a double.
//!
//! Sessions and publications have random ids; requests count 1, 2, 3 … per session and direction.

use std::fmt;

/// The largest id, 2^53.
pub const ID_MAX: u64 = 1 << 53;

/// One id, within its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u64);

impl Id {
    /// The first id of a sequence.
    pub const FIRST: Self = Self(1);
    /// The last one, after which a sequence begins again.
    pub const LAST: Self = Self(ID_MAX);

    /// The id with this number, when it is within 1 to 2^53.
    #[must_use]
    pub const fn new(number: u64) -> Option<Self> {
        if number >= 1 && number <= ID_MAX { Some(Self(number)) } else { None }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The one after it; 1 after the last.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 == ID_MAX { Self::FIRST } else { Self(self.0 + 1) }
    }

    /// An id drawn uniformly from the whole range, out of 64 random bits.
    #[must_use]
    pub const fn from_random_bits(bits: u64) -> Self {
        Self((bits & (ID_MAX - 1)) + 1)
    }

    /// An id drawn uniformly from the whole range, by the operating system's generator; `None` when that fails.
    #[must_use]
    pub fn random() -> Option<Self> {
        let mut bytes = [0; 8];
        aws_lc_rs::rand::fill(&mut bytes).ok()?;
        Some(Self::from_random_bits(u64::from_le_bytes(bytes)))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The ids of requests that this side sends: 1, 2, 3 … and 1 again after 2^53.
#[derive(Debug, Clone)]
pub struct Sequence {
    next: Id,
}

impl Default for Sequence {
    fn default() -> Self {
        Self { next: Id::FIRST }
    }
}

impl Sequence {
    /// A sequence that goes on with `next`.
    #[must_use]
    pub const fn from(next: Id) -> Self {
        Self { next }
    }

    /// Takes the next id.
    pub const fn take(&mut self) -> Id {
        let id = self.next;
        self.next = id.next();
        id
    }
}

/// Whether the ids of a peer's requests must have no gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gaps {
    /// Any id opens a request, as older clients draw theirs at random.
    #[default]
    Allowed,
    /// The specification's rule: each id is one more than the one before.
    Refused,
}

/// What an arriving request id means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// It opens a request.
    New,
    /// It was seen before: the continuation of a progressive call, or nothing.
    Old,
    /// Ids were left out: a protocol violation.
    Gap,
}

/// The highest request id seen from a peer.
#[derive(Debug, Clone, Default)]
pub struct Watermark {
    last: Option<Id>,
}

impl Watermark {
    /// Judges `id`, and remembers it when it is new. Whether an [`Order::New`] id is still in
    /// flight is for the owner of the calls to know: with gaps allowed the watermark cannot.
    pub fn judge(&mut self, id: Id, gaps: Gaps) -> Order {
        let expected = self.last.map_or(Id::FIRST, Id::next);
        if gaps == Gaps::Allowed || id == expected {
            self.last = Some(id);
            return Order::New;
        }
        if id > expected { Order::Gap } else { Order::Old }
    }

    /// The highest id so far.
    #[must_use]
    pub const fn last(&self) -> Option<Id> {
        self.last
    }
}
