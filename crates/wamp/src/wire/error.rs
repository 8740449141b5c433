//! Why bytes are not a message.

/// Why bytes were refused. The sentences are for the peer that sent them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The message is larger than allowed.
    #[error("the message has {bytes} bytes, {max} are allowed")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// Arrays and maps nest too deep.
    #[error("arrays and maps nest deeper than {max}")]
    TooDeep {
        /// The limit.
        max: usize,
    },
    /// Too many values.
    #[error("the message holds more than {max} values")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// The bytes are not of the format.
    #[error("{what} at byte {at}")]
    Malformed {
        /// Where, counted from the start of the bytes.
        at: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// A valid value of one format has no counterpart in another.
    #[error("the payload cannot be written in another format: {0}")]
    Untranslatable(&'static str),
}

impl WireError {
    pub(crate) const fn malformed(at: usize, what: &'static str) -> Self {
        Self::Malformed { at, what }
    }

    pub(crate) const fn short(at: usize) -> Self {
        Self::Malformed { at, what: "the message ends inside a value" }
    }
}
