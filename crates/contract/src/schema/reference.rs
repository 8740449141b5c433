//! `$ref`: within the document only.

use crate::bind::text::percent_decode;

/// The JSON Pointer that a reference names in this document.
///
/// # Errors
/// A sentence, for references out of the document and for anchors.
pub(crate) fn resolve(reference: &str) -> Result<String, String> {
    let Some(fragment) = reference.strip_prefix('#') else {
        return Err(format!(
            "`{reference}` points out of this file; only references within it (`#/…`) are followed, so copy the target in"
        ));
    };
    let pointer =
        percent_decode(fragment, false).ok_or_else(|| format!("`{reference}` is not percent-encoded UTF-8"))?;
    if crate::pointer::is_valid(&pointer) {
        Ok(pointer.into_owned())
    } else {
        Err(format!(
            "`{reference}` must be a JSON Pointer such as `#/components/schemas/Name`; anchors are not followed"
        ))
    }
}
