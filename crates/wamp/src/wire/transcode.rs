//! One format into another, token by token.
//!
//! What each format lacks, and what stands for it:
//!
//! | | JSON | MessagePack | CBOR |
//! |---|---|---|---|
//! | binary | `"\u0000"` and base64 | as it is | as it is |
//! | text that begins with NUL and is base64 | becomes binary elsewhere | – | – |
//! | infinity, not a number | `null` | as it is | as it is |
//! | whole numbers beyond 64 bits | digits | the digits as text | tags 2 and 3 |
//! | keys that are not text | their JSON text | as they are | as they are |
//! | tags, extension types, `undefined` | – | an extension's data as binary | the tag's content, `null` |
//!
//! Refused are keys that are arrays or maps on the way to JSON, and numbers of more than 4096 bits. Keys that
//! stand twice in a map stand twice in the other format. Doubles stay doubles; singles and halves become doubles.

use super::{Format, Reader, WireError, Writer};

/// Appends to `out`, in the format `to`, the one value that `bytes` hold in the format `from`. On an error
/// `out` holds the beginning of it.
///
/// # Errors
/// The bytes are not of the format, or hold what the other format cannot say.
pub fn transcode(from: Format, bytes: &[u8], to: Format, out: &mut Vec<u8>) -> Result<(), WireError> {
    let mut reader = Reader::new(from, bytes);
    let mut writer = Writer::new(to, out);
    while let Some(token) = reader.next()? {
        writer.token(&token)?;
    }
    Ok(())
}
