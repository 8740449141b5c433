//! Cross-origin resource sharing (the Fetch standard's CORS protocol), by exact origins.

use std::collections::HashMap;

use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::Error;
use crate::config;

/// Request headers that any permitted page may send.
const HEADERS: &str = "authorization, content-type, x-api-key, idempotency-key, traceparent";
/// Response headers that its scripts may read, besides those that every script may.
const EXPOSED: HeaderValue = HeaderValue::from_static("location, retry-after, www-authenticate, x-trace-id");

/// The permissions, ready to be written.
#[derive(Debug)]
pub(crate) struct Cors {
    /// By origin, as browsers write it; the value to answer.
    origins: HashMap<String, HeaderValue>,
    credentials: bool,
    headers: HeaderValue,
    max_age_s: u64,
}

impl Cors {
    pub(crate) fn new(cors: &config::Cors) -> Result<Self, Error> {
        let mut origins = HashMap::new();
        for origin in &cors.origins {
            let value = HeaderValue::from_str(origin).ok().filter(|_| is_origin(origin)).ok_or_else(|| {
                Error::Config(format!(
                    "cors.origins: `{origin}` is not an origin; write `https://app.example`, without a path"
                ))
            })?;
            origins.insert(origin.clone(), value);
        }
        let mut headers = HEADERS.to_owned();
        for name in &cors.headers {
            let name: HeaderName = name
                .parse()
                .map_err(|_| Error::Config(format!("cors.headers: `{name}` is not the name of a header")))?;
            headers = format!("{headers}, {name}");
        }
        let headers = HeaderValue::try_from(headers).map_err(|_| Error::Config("cors.headers is too long".into()))?;
        Ok(Self { origins, credentials: cors.credentials, headers, max_age_s: cors.max_age_s })
    }

    /// Whether an origin's pages may act with the browser's own credentials.
    pub(crate) fn trusts(&self, origin: &str) -> bool {
        self.credentials && self.origins.contains_key(origin)
    }

    /// Adds what lets a permitted page read the answer.
    pub(crate) fn permit(&self, request: &HeaderMap, response: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        response.append(VARY, HeaderValue::from_static("origin"));
        let Some(origin) = request.get(ORIGIN).and_then(|origin| self.origins.get(origin.to_str().ok()?)) else {
            return;
        };
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if self.credentials {
            response.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }

    /// Adds what answers a preflight for a path that has these methods.
    pub(crate) fn preflight(&self, allow: &HeaderValue, response: &mut HeaderMap) {
        response.insert(ACCESS_CONTROL_ALLOW_METHODS, allow.clone());
        response.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
        response.insert(ACCESS_CONTROL_MAX_AGE, self.max_age_s.into());
    }
}

/// Whether a browser asks for permission with this request.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    *method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Scheme, host and perhaps a port, in the form in which browsers send it: lower case, nothing behind.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    matches!(scheme, "http" | "https") && !host.is_empty() && host.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cors(origins: &[&str], credentials: bool) -> Result<Cors, Error> {
        let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
        Cors::new(&config::Cors { origins, credentials, ..config::Cors::default() })
    }

    fn answered(cors: &Cors, origin: &'static str) -> HeaderMap {
        let mut response = HeaderMap::new();
        cors.permit(&HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]), &mut response);
        response
    }

    #[test]
    fn a_wildcard_and_a_path_are_no_origins() {
        for origin in
            ["*", "https://", "app.example", "https://app.example/", "https://App.example", "null", "https://*.example"]
        {
            assert!(cors(&[origin], false).is_err(), "{origin}");
        }
    }

    #[test]
    fn a_permitted_origin_is_named_and_another_is_not() {
        let cors = cors(&["https://app.example"], true).unwrap();
        let headers = answered(&cors, "https://app.example");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        let headers = answered(&cors, "https://evil.example");
        assert!(!headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert_eq!(headers[VARY], "origin", "a cache must not give the one's answer to the other");
    }

    #[test]
    fn pages_act_with_cookies_only_where_that_is_said() {
        assert!(cors(&["https://app.example"], true).unwrap().trusts("https://app.example"));
        assert!(!cors(&["https://app.example"], false).unwrap().trusts("https://app.example"));
    }
}
