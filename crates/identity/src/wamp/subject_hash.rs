//! OpenSSL's hash of a subject's name (`X509_subject_name_hash`, `openssl x509 -subject_hash`).
//!
//! The first four bytes, least significant first, of SHA-1 over the name in a canonical form: text is
//! UTF-8 in lower case (ASCII letters alone) without spaces around it and with single ones inside, and
//! the outermost SEQUENCE's tag is left out.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;

/// The hash; nothing for text that cannot be read.
pub(super) fn subject_hash(name: &X509Name<'_>) -> Option<u32> {
    let mut canonical = Vec::new();
    for set in name.iter_rdn() {
        let mut attributes = set.iter().map(attribute).collect::<Option<Vec<_>>>()?;
        attributes.sort_unstable();
        put(SET, &attributes.concat(), &mut canonical);
    }
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, &canonical);
    let first: [u8; 4] = hash.as_ref().get(..4)?.try_into().ok()?;
    Some(u32::from_le_bytes(first))
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> Option<Vec<u8>> {
    let mut inner = Vec::new();
    put(OBJECT_IDENTIFIER, attribute.attr_type().as_bytes(), &mut inner);
    let (tag, data) = (attribute.attr_value().tag().0, attribute.attr_value().data);
    match text(tag, data)? {
        Some(text) => put(UTF8_STRING, canonical_text(&text).as_bytes(), &mut inner),
        None => put(u8::try_from(tag).ok()?, data, &mut inner),
    }
    let mut outer = Vec::new();
    put(SEQUENCE, &inner, &mut outer);
    Some(outer)
}

/// The text of the kinds of string that have a canonical form; `Some(None)` for other values.
fn text(tag: u32, data: &[u8]) -> Option<Option<String>> {
    Some(match tag {
        // UTF8String, PrintableString, IA5String, VisibleString.
        12 | 19 | 22 | 26 => Some(String::from_utf8(data.to_vec()).ok()?),
        // T61String, which OpenSSL takes for Latin-1.
        20 => Some(data.iter().copied().map(char::from).collect()),
        // UniversalString.
        28 => return None,
        // BMPString.
        30 => {
            let units: Vec<u16> = data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            Some(String::from_utf16(&units).ok()?)
        }
        _ => None,
    })
}

fn canonical_text(text: &str) -> String {
    let words: Vec<String> = text
        .split([' ', '\t', '\n', '\u{b}', '\u{c}', '\r'])
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join(" ")
}

/// Appends tag, length and value (X.690 section 8.1).
fn put(tag: u8, value: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let length = value.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match significant {
        [] => out.push(0),
        [short] if *short < 0x80 => out.push(*short),
        // Never more than eight bytes.
        long => {
            out.push(0x80 | u8::try_from(long.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(long);
        }
    }
    out.extend_from_slice(value);
}
