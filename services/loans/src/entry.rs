//! What is written in the ledger: loans and the entries posted to them.

use jiff::Timestamp;

use crate::Day;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A charge; adds to the balance.
    Fee,
    /// Interest that has been charged; adds to the balance.
    Interest,
    /// Money received; takes off the balance.
    Payment,
    /// A correction that is no fee, interest or payment; its amount carries its sign.
    Adjustment,
    /// Undoes one earlier entry, which it names.
    Reversal,
}

impl Kind {
    /// The word in contracts, files and tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fee => "fee",
            Self::Interest => "interest",
            Self::Payment => "payment",
            Self::Adjustment => "adjustment",
            Self::Reversal => "reversal",
        }
    }

    /// Reads the word, as the ledger wrote it.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Fee, Self::Interest, Self::Payment, Self::Adjustment, Self::Reversal]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }

    /// What an amount of this kind does to the balance, in minor units.
    pub fn effect(self, amount_minor: i64) -> i64 {
        match self {
            Self::Payment => amount_minor.saturating_neg(),
            Self::Fee | Self::Interest | Self::Adjustment | Self::Reversal => amount_minor,
        }
    }
}

/// A loan's terms, fixed for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The day that the loan begins; it has no balance before.
    pub start_on: Day,
    /// What is owed on that day, in minor units.
    pub initial_minor: i64,
}

/// One loan as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loan {
    /// The lender's number for it.
    pub id: i64,
    /// Its terms.
    pub terms: Terms,
    /// The balance on the day asked about, in minor units; none when the loan begins later.
    pub balance_minor: Option<i64>,
    /// How many entries have been posted to it.
    pub entries: i64,
}

/// Where an entry came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Posted by a caller, under a key that makes repeating the request harmless.
    Posted {
        /// Who posted it.
        by: String,
        /// The caller's idempotency key.
        key: String,
    },
    /// Read from a lender's file.
    Imported,
}

/// One entry of the ledger. Entries are added and never changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The loan.
    pub loan_id: i64,
    /// Its number within the loan, from 1, in the order of posting.
    pub seq: i64,
    /// What it is.
    pub kind: Kind,
    /// The day from which it counts.
    pub effective_on: Day,
    /// When the ledger learned of it.
    pub posted_at: Timestamp,
    /// What it does to the balance, in minor units.
    pub effect_minor: i64,
    /// The entry that it undoes, for a reversal.
    pub reverses: Option<i64>,
    /// What the poster wrote beside it.
    pub note: Option<String>,
    /// Where it came from.
    pub origin: Origin,
    /// The reversal that has undone it, by now.
    pub reversed_by: Option<i64>,
}

impl Entry {
    /// The amount as it was posted, in minor units: without sign for fees, interest and payments.
    pub fn amount_minor(&self) -> i64 {
        // The effect of the effect: a payment's sign is turned back, the others' stay.
        self.kind.effect(self.effect_minor)
    }

    /// Whether it was posted by a caller on a later day (UTC) than it counts from.
    pub fn is_back_dated(&self) -> bool {
        matches!(self.origin, Origin::Posted { .. }) && self.effective_on < Day::of(self.posted_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_taken_off_and_everything_else_is_added() {
        for (kind, effect) in [(Kind::Fee, 5), (Kind::Interest, 5), (Kind::Payment, -5), (Kind::Adjustment, 5)] {
            assert_eq!(kind.effect(5), effect);
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::from_word("Fee"), None);
    }
}
