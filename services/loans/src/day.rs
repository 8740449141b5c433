//! A day of the calendar, as callers write it and as the ledger stores it.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};

/// A day of the Gregorian calendar, from 0001-01-01 to 9999-12-31.
///
/// It is kept and stored as the integer `yyyymmdd`, which sorts as the calendar does, costs nothing to
/// bind to a statement, and can be read by a person who looks at the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(i32);

/// Why a text is not a [`Day`]. The sentences are for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADay {
    /// Not written as year-month-day.
    #[error("a date is written year-month-day, as in 2020-10-31")]
    Grammar,
    /// Written well, but no such day exists.
    #[error("{0} is not a day of the calendar")]
    Calendar(String),
}

impl Day {
    /// The first day that can be written.
    pub const FIRST: Self = Self(10_101);
    /// The last day that can be written.
    pub const LAST: Self = Self(99_991_231);

    /// Reads `year-month-day`: four digits of year, one or two of month and of day, as `strptime`'s
    /// `%Y-%m-%d` takes it (ASCII digits only). `2020-2-9` and `2020-02-09` are the same day.
    ///
    /// # Errors
    /// [`NotADay`].
    pub fn parse(text: &str) -> Result<Self, NotADay> {
        let mut parts = text.split('-');
        let (Some(year), Some(month), Some(day), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotADay::Grammar);
        };
        if year.len() != 4 || month.len() > 2 || day.len() > 2 {
            return Err(NotADay::Grammar);
        }
        match (digits(year), digits(month), digits(day)) {
            (Some(year), Some(month), Some(day)) => {
                Self::new(year, month, day).ok_or_else(|| NotADay::Calendar(text.to_owned()))
            }
            _ => Err(NotADay::Grammar),
        }
    }

    fn new(year: i16, month: i16, day: i16) -> Option<Self> {
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (year > 0).then(|| Self::of_date(date))
    }

    /// The day that `instant` falls on in UTC, in which the ledger thinks.
    pub fn of(instant: Timestamp) -> Self {
        Self::of_date(instant.to_zoned(TimeZone::UTC).date()).clamp(Self::FIRST, Self::LAST)
    }

    fn of_date(date: Date) -> Self {
        Self(i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day()))
    }

    /// The day as the ledger stores it: the integer `yyyymmdd`.
    pub fn stored(self) -> i64 {
        i64::from(self.0)
    }

    /// Reads what [`Day::stored`] wrote. `None` for an integer that is no day.
    pub fn from_stored(stored: i64) -> Option<Self> {
        let stored = i32::try_from(stored).ok().filter(|stored| (1..=Self::LAST.0).contains(stored))?;
        let part = |value: i32| i16::try_from(value).ok();
        Self::new(part(stored / 10_000)?, part(stored / 100 % 100)?, part(stored % 100)?)
    }
}

/// One to four ASCII digits as a number.
fn digits(text: &str) -> Option<i16> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_strptime_reads_it_and_written_in_one_way() {
        for (text, canonical) in [
            ("2020-10-31", "2020-10-31"),
            ("2020-2-9", "2020-02-09"),
            ("2020-02-29", "2020-02-29"),
            ("0001-1-1", "0001-01-01"),
            ("9999-12-31", "9999-12-31"),
        ] {
            let day = Day::parse(text).unwrap();
            assert_eq!(day.to_string(), canonical);
            assert_eq!(Day::from_stored(day.stored()), Some(day));
        }
    }

    #[test]
    fn what_is_not_a_day_is_refused_with_the_reason() {
        for text in ["2020-02-30", "2019-02-29", "2020-13-01", "2020-00-10", "2020-1-0", "0000-01-01", "1900-2-29"] {
            assert_eq!(Day::parse(text), Err(NotADay::Calendar(text.to_owned())));
        }
        for text in [
            "",
            "garbage",
            "20201031",
            "2020-10",
            "2020-10-31-1",
            "20-10-31",
            "02020-10-31",
            "2020-010-31",
            "2020-10-031",
            "+020-1-1",
            "2020-+1-1",
            "2020--1-1",
            "2020-02- 9",
            " 2020-02-09",
            "２020-03-01",
            "2020/03/01",
            "2020-03-0x",
            "2020-03-",
        ] {
            assert_eq!(Day::parse(text), Err(NotADay::Grammar), "{text}");
        }
    }

    #[test]
    fn days_sort_as_the_calendar_does() {
        let sorted = ["0999-12-31", "2019-12-31", "2020-01-01", "2020-02-29", "2020-10-01"];
        assert!(sorted.windows(2).all(|pair| Day::parse(pair[0]).unwrap() < Day::parse(pair[1]).unwrap()));
    }

    #[test]
    fn the_day_of_an_instant_is_its_day_in_utc() {
        let last_second: Timestamp = "2020-10-31T23:59:59Z".parse().unwrap();
        assert_eq!(Day::of(last_second).to_string(), "2020-10-31");
        assert_eq!(Day::of(Timestamp::MIN), Day::FIRST);
        assert_eq!(Day::of(Timestamp::MAX).to_string(), "9999-12-30");
    }

    #[test]
    fn any_text_is_a_day_or_refused_and_a_day_is_read_back_from_its_text() {
        bolero::check!().for_each(|bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            if let Ok(day) = Day::parse(&text) {
                assert_eq!(Day::parse(&day.to_string()), Ok(day));
                assert_eq!(Day::from_stored(day.stored()), Some(day));
            }
        });
    }

    #[test]
    fn no_integer_that_is_no_day_is_read_back() {
        for stored in [i64::MIN, -20_200_101, 0, 20_200_230, 20_201_301, 99_991_232, 100_000_101, i64::MAX] {
            assert_eq!(Day::from_stored(stored), None, "{stored}");
        }
    }
}
