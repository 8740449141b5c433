//! The session cookie (RFC 6265).

use http::HeaderMap;
use http::header::COOKIE;

/// What the session cookie is called. Over HTTPS its name begins with `__Host-`, so that browsers take it from
/// this host alone, for the whole host, and send it over HTTPS alone.
pub fn session_cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-crossgate" } else { "crossgate" }
}

/// The cookie that stands for who joined a WAMP realm with it.
pub(crate) fn wamp_cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-crossgate-wamp" } else { "crossgate-wamp" }
}

/// Its value.
pub(crate) fn wamp_cookie(headers: &HeaderMap, secure: bool) -> Option<&str> {
    single(headers, wamp_cookie_name(secure))
}

/// The session cookie's value. A request that has two of them (another host may have planted one) has none.
pub fn session_cookie(headers: &HeaderMap, secure: bool) -> Option<&str> {
    single(headers, session_cookie_name(secure))
}

fn single<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim_matches([' ', '\t']).split_once('='))
        .filter(|(known, value)| *known == name && is_value(value))
        .map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// `cookie-octet` (RFC 6265 §4.1.1), at least one.
fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e);
    !value.is_empty() && value.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(lines: &[&str]) -> HeaderMap {
        lines.iter().map(|line| (COOKIE, HeaderValue::from_str(line).unwrap())).collect()
    }

    #[test]
    fn the_session_is_found_among_other_cookies_and_lines() {
        for lines in [&["a=b; __Host-crossgate=s3cret; c=d"][..], &["a=b", "__Host-crossgate=s3cret"]] {
            assert_eq!(session_cookie(&headers(lines), true), Some("s3cret"));
        }
    }

    #[test]
    fn the_plain_cookie_does_not_count_over_https_nor_the_other_way_round() {
        let headers = headers(&["crossgate=planted"]);
        assert_eq!(session_cookie(&headers, true), None);
        assert_eq!(session_cookie(&headers, false), Some("planted"));
    }

    #[test]
    fn two_sessions_are_none() {
        assert_eq!(session_cookie(&headers(&["crossgate=a; crossgate=b"]), false), None);
    }

    #[test]
    fn no_header_makes_it_panic_or_give_more_than_a_cookie_may_hold() {
        bolero::check!().with_type::<String>().for_each(|text: &String| {
            let Ok(value) = HeaderValue::from_str(text) else { return };
            let headers = HeaderMap::from_iter([(COOKIE, value)]);
            for secure in [true, false] {
                if let Some(found) = session_cookie(&headers, secure) {
                    assert!(is_value(found) && text.contains(found));
                }
            }
        });
    }
}
