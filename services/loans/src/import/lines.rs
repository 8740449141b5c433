//! Lines of a comma-separated file, with exact line numbers and bounded memory.
//!
//! The files hold numbers, words and dates, so a field never contains a line break: a quotation mark left open
//! is a fault of its line and cannot swallow the lines after it.

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is read, in bytes.
pub(super) const LINE_BYTES_MAX: u64 = 4096;

/// The most lines that one file may have.
pub const LINES_MAX: u64 = 10_000_000;

/// A file's lines, one by one.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    buffer: Vec<u8>,
    number: u64,
}

/// One line that is not blank: its number from 1, and its text or what makes it unreadable.
pub(super) type Line<'a> = (u64, Result<&'a str, String>);

impl<R: Read> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self { reader: BufReader::new(reader), buffer: Vec::new(), number: 0 }
    }

    /// The next line that is not blank, without its line end (LF or CRLF) and, on the first, without the byte order mark.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            self.buffer.clear();
            let read = (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number > LINES_MAX {
                return Err(io::Error::other(format!("more than {LINES_MAX} lines; split the file")));
            }
            if read as u64 == LINE_BYTES_MAX && !self.buffer.ends_with(b"\n") {
                self.reader.skip_until(b'\n')?;
                return Ok(Some((self.number, Err(format!("longer than {LINE_BYTES_MAX} bytes")))));
            }
            if !self.buffer.trim_ascii().is_empty() {
                break;
            }
        }
        let bytes = match self.number {
            1 => self.buffer.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&self.buffer),
            _ => &self.buffer,
        };
        let text = std::str::from_utf8(bytes.trim_ascii()).map_err(|_| "not UTF-8 text".to_owned());
        Ok(Some((self.number, text)))
    }
}

/// Splits a line into exactly `N` fields (RFC 4180 quoting, spaces around fields dropped).
pub(super) fn split<const N: usize>(line: &str) -> Result<[Cow<'_, str>; N], String> {
    let mut fields = Vec::with_capacity(N);
    let mut rest = Some(line);
    while let Some(text) = rest {
        let (field, after) = match text.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => match text.split_once(',') {
                Some((field, after)) => (Cow::Borrowed(field.trim()), Some(after)),
                None => (Cow::Borrowed(text.trim()), None),
            },
        };
        fields.push(field);
        rest = after;
    }
    let found = fields.len();
    fields.try_into().map_err(|_| format!("expected {N} columns separated by commas, found {found}"))
}

/// A field after its opening quotation mark, and what follows its comma.
fn quoted_field(text: &str) -> Result<(Cow<'_, str>, Option<&str>), String> {
    let mut field = String::new();
    let mut rest = text;
    while let Some((inside, after)) = rest.split_once('"') {
        field.push_str(inside);
        if let Some(more) = after.strip_prefix('"') {
            field.push('"');
            rest = more;
            continue;
        }
        let field = Cow::Owned(field.trim().to_owned());
        return match after.trim_start() {
            "" => Ok((field, None)),
            next => match next.strip_prefix(',') {
                Some(next) => Ok((field, Some(next))),
                None => Err("text after a closing quotation mark".to_owned()),
            },
        };
    }
    Err("a quotation mark is not closed on this line".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, Result<String, String>)> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        while let Some((number, text)) = lines.next().unwrap() {
            found.push((number, text.map(str::to_owned)));
        }
        found
    }

    #[test]
    fn lines_keep_their_numbers_past_blank_lines_and_either_line_end() {
        let found = all(b"\xEF\xBB\xBFa\r\n\r\n  \nb\n\nc");
        assert_eq!(found, [(1, Ok("a".into())), (4, Ok("b".into())), (6, Ok("c".into()))]);
    }

    #[test]
    fn an_unreadable_line_is_told_and_the_next_is_read() {
        let mut bytes = vec![b'x'; 10_000];
        bytes.extend_from_slice(b"\n\xFF\xFE\nc\n");
        let found = all(&bytes);
        assert_eq!(found.len(), 3);
        assert!(found[0].1.is_err() && found[1].1.is_err());
        assert_eq!(found[2], (3, Ok("c".into())));
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_read() {
        let mut bytes = vec![b'x'; usize::try_from(LINE_BYTES_MAX).unwrap() - 1];
        bytes.push(b'\n');
        assert!(all(&bytes)[0].1.is_ok());
    }

    #[test]
    fn fields_are_split_as_rfc_4180_says() {
        for (line, fields) in [
            ("1,2,3", ["1", "2", "3"]),
            (" 1 , 2 ,3 ", ["1", "2", "3"]),
            ("\"1\",\" 2 \", \"3\" ", ["1", "2", "3"]),
            ("\"a,b\",\"say \"\"x\"\"\",", ["a,b", "say \"x\"", ""]),
        ] {
            assert_eq!(split::<3>(line).unwrap(), fields, "{line}");
        }
        for (line, reason) in [
            ("1,2", "expected 3 columns separated by commas, found 2"),
            ("1,2,3,", "expected 3 columns separated by commas, found 4"),
            ("1,\"2,3", "a quotation mark is not closed on this line"),
            ("1,\"2\"x,3", "text after a closing quotation mark"),
        ] {
            assert_eq!(split::<3>(line).unwrap_err(), reason, "{line}");
        }
    }
}
