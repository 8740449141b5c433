//! Why a connection is closed, in numbers (RFC 6455 §7.4).

/// A close code that we send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// All is said.
    Normal = 1000,
    /// The program stops.
    GoingAway = 1001,
    /// The peer broke the protocol.
    Protocol = 1002,
    /// Text where the subprotocol is binary, or the other way round.
    Unsupported = 1003,
    /// Text that is not UTF-8, or compressed data that does not decompress.
    Invalid = 1007,
    /// The peer does what nobody is let do.
    Policy = 1008,
    /// A frame or message is larger than allowed.
    TooBig = 1009,
}

/// Whether a peer may send this code: those of the RFC and the registry of it, and those for applications.
pub(super) fn may_arrive(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}
