//! Dates, times and durations: RFC 3339.

/// `full-date`, with the days that the month has.
pub(super) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = bytes else { return false };
    let (Some(year), Some(month), Some(day)) =
        (number(&[*y1, *y2, *y3, *y4]), number(&[*m1, *m2]), number(&[*d1, *d2]))
    else {
        return false;
    };
    day >= 1 && day <= days_in(year, month)
}

fn days_in(year: u32, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

/// `full-time`: the offset is required. A leap second must be one: 23:59:60 UTC.
pub(super) fn is_time(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else { return false };
    let [h1, h2, b':', m1, m2, b':', s1, s2] = clock.as_bytes() else { return false };
    let (Some(hour), Some(minute), Some(second)) = (number(&[*h1, *h2]), number(&[*m1, *m2]), number(&[*s1, *s2]))
    else {
        return false;
    };
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            if end == 0 {
                return false;
            }
            fraction.get(end..).unwrap_or_default()
        }
        None => rest,
    };
    let Some(offset) = offset_minutes(rest) else { return false };
    if hour > 23 || minute > 59 || second > 60 {
        return false;
    }
    let utc = (i64::from(hour) * 60 + i64::from(minute) - offset).rem_euclid(24 * 60);
    second < 60 || utc == 23 * 60 + 59
}

/// The offset from UTC in minutes.
fn offset_minutes(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hour, minute) = (number(&[*h1, *h2])?, number(&[*m1, *m2])?);
            let minutes = i64::from(hour) * 60 + i64::from(minute);
            (hour <= 23 && minute <= 59).then_some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

/// `date-time`; the separator is `T` or `t`.
pub(super) fn is_date_time(text: &str) -> bool {
    match text.split_once(['T', 't']) {
        Some((date, time)) => is_date(date) && is_time(time),
        None => false,
    }
}

/// `duration` of RFC 3339 appendix A: units in order, at least one, none skipped within a half, weeks alone.
pub(super) fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    if let Some(weeks) = rest.strip_suffix('W') {
        return !weeks.is_empty() && weeks.bytes().all(|byte| byte.is_ascii_digit());
    }
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let date_fits = date.is_empty() || units(date, b"YMD");
    let time_fits = time.is_none_or(|time| units(time, b"HMS"));
    date_fits && time_fits && (!date.is_empty() || time.is_some())
}

/// Digits and a unit, repeated; the units consecutive in `order`.
fn units(text: &str, order: &[u8]) -> bool {
    let mut expected: Option<usize> = None;
    let mut digits = 0_usize;
    for byte in text.bytes() {
        if byte.is_ascii_digit() {
            digits += 1;
            continue;
        }
        let Some(index) = order.iter().position(|unit| *unit == byte) else { return false };
        if digits == 0 || expected.is_some_and(|expected| expected != index) {
            return false;
        }
        expected = Some(index + 1);
        digits = 0;
    }
    digits == 0 && expected.is_some()
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        char::from(*digit).to_digit(10).and_then(|digit| number.checked_mul(10)?.checked_add(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_their_units_in_order() {
        for good in ["P1Y", "P1Y2M3D", "P1YT1S", "PT36H", "PT1H2M3S", "P4W", "P0D", "PT0S", "P1M", "PT1M"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in [
            "", "P", "PT", "P1", "1D", "P1D2Y", "PT1D", "P1H", "P1Y3D", "PT1H3S", "P1W2D", "P1.5D", "-P1D", "P1DT",
            "P٣D",
        ] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn a_leap_second_is_the_last_of_a_utc_day() {
        assert!(is_time("23:59:60Z"));
        assert!(is_time("01:29:60+01:30"));
        assert!(is_time("15:59:60.5-08:00"));
        assert!(!is_time("23:59:60+01:00"));
        assert!(!is_time("12:00:60Z"));
    }
}
