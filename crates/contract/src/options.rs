//! What a contract's owner may choose.

/// How a contract is read and how strictly its requests are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Accept what a lenient Python server (connexion 2) accepts: formats are not enforced, integers may
    /// have leading zeros or a plus sign, booleans any case, a repeated scalar parameter keeps its last
    /// value, badly percent-encoded text is taken as it stands, and documents are not searched for
    /// misspelt fields.
    pub compat: bool,
    /// Refuse query parameters that the operation does not describe.
    pub strict_query: bool,
    /// Accept a JSON object that says the same key twice; the last one wins.
    pub duplicate_keys: bool,
    /// The largest body in bytes; an operation may say otherwise with `x-crossgate-body-bytes-max`.
    pub body_bytes_max: usize,
    /// How deeply arrays and objects may nest in a JSON body, at most [`Options::DEPTH_CEILING`].
    pub depth_max: usize,
}

impl Options {
    /// The largest `depth_max` that has an effect; deeper input would cost stack instead of heap.
    pub const DEPTH_CEILING: usize = 120;
}

impl Default for Options {
    fn default() -> Self {
        Self { compat: false, strict_query: false, duplicate_keys: false, body_bytes_max: 1 << 20, depth_max: 64 }
    }
}
