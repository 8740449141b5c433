//! Formats of plain text.

/// RFC 9562 §4: 8-4-4-4-12 hexadecimal digits, either case.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// RFC 4648 §4: padded, without line breaks, the unused bits zero.
pub(super) fn is_base64(text: &str) -> bool {
    if !text.len().is_multiple_of(4) {
        return false;
    }
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let unused_bits = match padding {
        0 => 0,
        1 => 0b11,
        2 => 0b1111,
        _ => return false,
    };
    digits.bytes().all(|byte| sextet(byte).is_some())
        && (unused_bits == 0 || digits.bytes().last().and_then(sextet).is_some_and(|last| last & unused_bits == 0))
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}
