//! What is wrong with a request or an answer: every place at once, bounded.

/// The largest number of places named in one answer; one more entry then says how many more there are at least.
pub const FIELD_ERRORS_MAX: usize = 100;

/// The longest pointer that an error has, in bytes. Its tokens are keys that the sender chose, and an answer that
/// repeated a long one with every error would be many times the size of the request.
const POINTER_BYTES_MAX: usize = 1024;

/// One place in the input (or in an answer) that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where the value came from: `path`, `query`, `header`, `cookie` or `body`; `status` or `header` for answers.
    pub place: &'static str,
    /// JSON Pointer (RFC 6901) inside that place, `""` for the whole: `/patient_info/date_of_birth`. One of more than
    /// a kilobyte is cut and ends in `…`.
    pub pointer: String,
    /// A sentence for people that completes "this value …": `is required`, `must be an integer`.
    pub detail: String,
}

impl FieldError {
    pub(crate) fn new(place: &'static str, pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place, pointer: pointer.into(), detail: detail.into() }
    }
}

/// Why a request cannot become a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BindError {
    /// These places do not fit. Never empty.
    Invalid(Vec<FieldError>),
    /// The body's media type is not one that the operation takes.
    UnsupportedMediaType {
        /// The media types that the operation takes, as its contract writes them.
        expected: Vec<String>,
    },
}

/// A list of errors that stops growing at [`FIELD_ERRORS_MAX`] and counts the rest.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    list: Vec<FieldError>,
    more: usize,
}

impl Errors {
    pub(crate) fn push(&mut self, place: &'static str, pointer: impl Into<String>, detail: impl Into<String>) {
        self.add(FieldError::new(place, pointer, detail));
    }

    pub(crate) fn add(&mut self, mut error: FieldError) {
        if error.pointer.len() > POINTER_BYTES_MAX {
            error.pointer.truncate(error.pointer.floor_char_boundary(POINTER_BYTES_MAX));
            error.pointer.push('…');
        }
        if self.list.len() < FIELD_ERRORS_MAX {
            // Two keywords may object with one sentence (a type and its format, two branches); once is enough.
            if !self.list.contains(&error) {
                self.list.push(error);
            }
        } else {
            self.more += 1;
        }
    }

    /// Takes over everything that another list has found and counted.
    pub(crate) fn absorb(&mut self, other: Errors) {
        other.list.into_iter().for_each(|error| self.add(error));
        self.more += other.more;
    }

    /// Counts errors without looking at them.
    pub(crate) fn leave_out(&mut self, count: usize) {
        self.more += count;
    }

    /// Whether more errors would only be counted.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= FIELD_ERRORS_MAX
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The errors; empty when there were none.
    pub(crate) fn into_list(mut self) -> Vec<FieldError> {
        if self.more > 0 {
            let place = self.list.last().map_or("body", |last| last.place);
            self.list.push(FieldError::new(
                place,
                "",
                format!("has at least {} more errors that are not listed", self.more),
            ));
        }
        self.list
    }

    pub(crate) fn into_result(self) -> Result<(), Vec<FieldError>> {
        if self.is_empty() { Ok(()) } else { Err(self.into_list()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_stops_at_its_limit_and_counts_the_rest() {
        let mut errors = Errors::default();
        for index in 0..FIELD_ERRORS_MAX + 7 {
            errors.push("body", format!("/{index}"), "is required");
        }
        let list = errors.into_list();
        assert_eq!(list.len(), FIELD_ERRORS_MAX + 1);
        assert_eq!(list[FIELD_ERRORS_MAX].detail, "has at least 7 more errors that are not listed");
    }

    #[test]
    fn a_pointer_is_not_repeated_at_any_length() {
        let mut errors = Errors::default();
        errors.push("body", format!("/{}", "é".repeat(500_000)), "is required");
        let mut again = Errors::default();
        again.absorb(errors);
        let list = again.into_list();
        assert!(list[0].pointer.len() <= POINTER_BYTES_MAX + '…'.len_utf8());
        assert_eq!(list[0].pointer.matches('…').count(), 1);
    }

    #[test]
    fn the_same_sentence_about_one_place_is_said_once() {
        let mut errors = Errors::default();
        errors.push("body", "/a", "is required");
        errors.push("body", "/a", "is required");
        assert_eq!(errors.into_list().len(), 1);
    }
}
