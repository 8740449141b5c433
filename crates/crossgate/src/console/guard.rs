//! What a browser must show before a form is acted on, and the session cookie.
//!
//! Forms are protected against other sites twice: the cookie is `SameSite=Lax`, so it does not travel with
//! their posts; and a post must say that it comes from this very origin (Fetch Metadata, else `Origin`).

use crossgate_edge::session_cookie_name;
use http::header::{HOST, ORIGIN};
use http::request::Parts;

/// Bytes of a path that sign-in may lead back to.
const NEXT_BYTES_MAX: usize = 512;

/// The `Set-Cookie` that begins a session: over TLS with the prefix that makes browsers insist on `Secure`, `Path=/`
/// and no `Domain` (RFC 6265bis §4.1.3.2), which they refuse on a plain listener. It lasts as long as the browser runs; the session itself ends on the server.
pub(crate) fn cookie_set(secure: bool, value: &str) -> String {
    let name = session_cookie_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
}

/// The `Set-Cookie` that takes the session's cookie away.
pub(crate) fn cookie_clear(secure: bool) -> String {
    format!("{}; Max-Age=0", cookie_set(secure, ""))
}

/// Whether a post comes from one of our own pages. A request that does not say is taken for a stranger's.
pub(crate) fn same_origin(request: &Parts) -> bool {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = header("sec-fetch-site") {
        return site == "same-origin";
    }
    let authority = request.uri.authority().map(http::uri::Authority::as_str).or_else(|| header(HOST.as_str()));
    let origin = header(ORIGIN.as_str()).and_then(|origin| {
        let (scheme, rest) = origin.split_once("://")?;
        matches!(scheme, "http" | "https").then_some(rest)
    });
    match (origin, authority) {
        (Some(origin), Some(authority)) => origin.eq_ignore_ascii_case(authority),
        _ => false,
    }
}

/// Where sign-in may lead back to: a path on this server and nothing else (no open redirect), and not sign-in itself.
pub(crate) fn safe_next(next: Option<&str>) -> &str {
    let local = |path: &&str| {
        let bytes = path.as_bytes();
        let visible = bytes.iter().all(|byte| (0x21..0x7f).contains(byte) && *byte != b'\\');
        bytes.len() <= NEXT_BYTES_MAX && bytes.first() == Some(&b'/') && bytes.get(1) != Some(&b'/') && visible
    };
    next.filter(local).filter(|path| !path.starts_with("/sign-")).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Parts {
        let mut builder = http::Request::post("/sign-in");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("a request").into_parts().0
    }

    #[test]
    fn only_a_post_from_this_very_origin_is_ours() {
        let host = ("host", "bank.example:8443");
        for (headers, ours) in [
            (vec![host, ("origin", "https://bank.example:8443")], true),
            (vec![host, ("origin", "https://BANK.example:8443")], true),
            (vec![host, ("sec-fetch-site", "same-origin"), ("origin", "https://seen-through-a-proxy")], true),
            (vec![host, ("sec-fetch-site", "same-site"), ("origin", "https://bank.example:8443")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            (vec![host, ("origin", "https://bank.example")], false),
            (vec![host, ("origin", "https://evil.example")], false),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "ftp://bank.example:8443")], false),
            (vec![host], false),
            (vec![], false),
        ] {
            assert_eq!(same_origin(&request(&headers)), ours, "{headers:?}");
        }
    }

    #[test]
    fn sign_in_leads_back_to_our_own_pages_only() {
        for (next, safe) in [
            (Some("/loans/1?date=2020-10-31"), "/loans/1?date=2020-10-31"),
            (Some("//evil.example"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("/a\r\nSet-Cookie: x"), "/"),
            (Some("/sign-in?next=/"), "/"),
            (Some("/sign-out"), "/"),
            (Some(""), "/"),
            (None, "/"),
        ] {
            assert_eq!(safe_next(next), safe, "{next:?}");
        }
        assert_eq!(safe_next(Some(&format!("/{}", "a".repeat(NEXT_BYTES_MAX)))), "/");
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let set = cookie_set(true, "v");
        assert_eq!(set, "__Host-crossgate=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(!cookie_set(false, "v").contains("Secure"));
        assert!(cookie_clear(true).ends_with("Max-Age=0"));
    }
}
