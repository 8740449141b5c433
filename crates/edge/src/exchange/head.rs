//! What a request's head must fulfil before anybody acts on it.

use http::header::{AUTHORIZATION, HOST};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode, Uri};

use crate::problem::Problem;

/// The header that carries an API key.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Headers that two parties could understand differently when there are two of them.
const SINGLE: [HeaderName; 3] = [HOST, AUTHORIZATION, API_KEY];

/// Refuses heads that are ambiguous or ask for what is never done here.
pub(super) fn check(head: &Parts, http1: bool) -> Result<(), Problem> {
    let bad = |detail: String| Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    for name in &SINGLE {
        if head.headers.get_all(name).iter().nth(1).is_some() {
            return bad(format!("the request has more than one {name} header"));
        }
    }
    let host = head.headers.get(HOST);
    if http1 && host.is_none() && head.version != http::Version::HTTP_10 {
        return bad("the request has no host header".into());
    }
    // RFC 9113 §8.3.1: they must not differ.
    if let (Some(host), Some(authority)) = (host, head.uri.authority())
        && !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes())
    {
        return bad("the host header and the address of the request differ".into());
    }
    // TRACE is a method like others that a path may not have: 405, and never an echo of the request.
    if head.method == Method::CONNECT {
        return Err(Problem::new(StatusCode::NOT_IMPLEMENTED, "CONNECT is not done here"));
    }
    Ok(())
}

/// The path to look up: slashes at its beginning count as one.
pub(super) fn path(uri: &Uri) -> &str {
    let path = uri.path();
    let extra = path.bytes().take_while(|byte| *byte == b'/').count().saturating_sub(1);
    path.get(extra..).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn checked(
        build: impl FnOnce(http::request::Builder) -> http::request::Builder,
        http1: bool,
    ) -> Option<StatusCode> {
        let (head, ()) = build(Request::builder()).body(()).unwrap().into_parts();
        check(&head, http1).err().map(|problem| problem.status())
    }

    #[test]
    fn ambiguous_heads_are_refused() {
        assert_eq!(checked(|r| r.header("host", "a"), true), None);
        assert_eq!(checked(|r| r, true), Some(StatusCode::BAD_REQUEST), "no host");
        assert_eq!(checked(|r| r.version(http::Version::HTTP_10), true), None);
        assert_eq!(checked(|r| r.header("host", "a").header("host", "b"), true), Some(StatusCode::BAD_REQUEST));
        let twice = |name: &'static str| {
            move |r: http::request::Builder| r.header("host", "a").header(name, "x").header(name, "x")
        };
        assert_eq!(checked(twice("authorization"), true), Some(StatusCode::BAD_REQUEST));
        assert_eq!(checked(twice("x-api-key"), true), Some(StatusCode::BAD_REQUEST));
        assert_eq!(checked(twice("accept"), true), None);
        assert_eq!(checked(|r| r.uri("https://a/").header("host", "b"), false), Some(StatusCode::BAD_REQUEST));
        assert_eq!(checked(|r| r.uri("https://a/").header("host", "A"), false), None);
        assert_eq!(checked(|r| r.method("CONNECT").header("host", "a"), true), Some(StatusCode::NOT_IMPLEMENTED));
    }

    #[test]
    fn slashes_at_the_beginning_count_as_one() {
        for (uri, expected) in
            [("/auth", "/auth"), ("//auth", "/auth"), ("http://a", "/"), ("///", "/"), ("/a//b", "/a//b")]
        {
            assert_eq!(path(&uri.parse().unwrap()), expected);
        }
    }
}
