//! Problem documents (RFC 9457), and the one table that turns an error's kind into an HTTP status.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use crossgate_call::{Error, Field, Kind, Trace};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde::Serialize;

/// The statuses of a kind: the one it has, then others that stand for it when the contract documents
/// them and not the first.
fn statuses(kind: Kind) -> &'static [StatusCode] {
    match kind {
        Kind::Unauthenticated => &[StatusCode::UNAUTHORIZED],
        Kind::Forbidden => &[StatusCode::FORBIDDEN],
        Kind::NoSuchProcedure | Kind::NotFound => &[StatusCode::NOT_FOUND],
        Kind::Invalid => &[StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY],
        Kind::Conflict => &[StatusCode::CONFLICT],
        Kind::TooLarge => &[StatusCode::PAYLOAD_TOO_LARGE],
        Kind::TooMany => &[StatusCode::TOO_MANY_REQUESTS],
        Kind::Unavailable => &[StatusCode::SERVICE_UNAVAILABLE],
        Kind::Deadline => &[StatusCode::GATEWAY_TIMEOUT],
        Kind::Internal => &[StatusCode::INTERNAL_SERVER_ERROR],
    }
}

/// A refusal or a failure, on its way to the caller.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<Field>,
    retry_after: Option<Duration>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// The document. Its members are in the order of their names, so that equal problems are equal bytes.
#[derive(Serialize)]
struct Document<'a> {
    detail: &'a str,
    #[serde(skip_serializing_if = "<[Field]>::is_empty")]
    errors: &'a [Field],
    /// What the caller quotes and the operator searches for: the trace id.
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    status: u16,
    title: &'a str,
    r#type: &'static str,
}

impl Problem {
    pub(crate) const MEDIA_TYPE: &'static str = "application/problem+json";

    /// A problem of HTTP itself, before there is a call that could fail.
    pub(crate) fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), retry_after: None, headers: Vec::new() }
    }

    /// How a failed call looks. `documents` tells which statuses the operation's contract documents.
    pub(crate) fn of(error: &Error, documents: impl Fn(u16) -> bool) -> Self {
        let statuses = statuses(error.kind());
        let documented = statuses.iter().find(|status| documents(status.as_u16()));
        let status = documented.or(statuses.first()).copied().unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // In the order in which they were found, which is the same each time.
        let errors = error.fields().to_vec();
        Self { errors, retry_after: error.retry_after(), ..Self::new(status, error.public().to_owned()) }
    }

    /// As [`Problem::of`], where no contract has a say.
    pub(crate) fn plainly(error: &Error) -> Self {
        Self::of(error, |_| false)
    }

    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    #[cfg(test)]
    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The JSON text. The reference goes into failures on our side alone: others explain themselves.
    pub(crate) fn document(&self, trace: Option<Trace>) -> Bytes {
        let document = Document {
            detail: &self.detail,
            errors: &self.errors,
            reference: trace.filter(|_| self.status.is_server_error()).map(|trace| trace.to_string()),
            status: self.status.as_u16(),
            title: self.status.canonical_reason().unwrap_or("Error"),
            r#type: "about:blank",
        };
        // Text and numbers always encode.
        serde_json::to_vec(&document).unwrap_or_default().into()
    }

    pub(crate) fn response(self, trace: Trace) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.document(Some(trace))));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Self::MEDIA_TYPE));
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, whole_seconds(wait).into());
        }
        for (name, value) in self.headers {
            headers.append(name, value);
        }
        response
    }
}

/// A wait in whole seconds, at least one, as `Retry-After` wants it (RFC 9110 §10.2.3).
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(problem: &Problem) -> String {
        String::from_utf8(problem.document("4bf92f3577b34da6a3ce929d0e0e4736".parse().ok()).to_vec()).unwrap()
    }

    #[test]
    fn a_problem_names_every_field_and_its_bytes_are_stable() {
        let fields = vec![Field::new("path", "/date", "is not a date"), Field::new("query", "/b", "is missing")];
        let problem = Problem::plainly(&Error::invalid("the request does not fit the contract", fields));
        assert_eq!(
            text(&problem),
            r#"{"detail":"the request does not fit the contract","errors":[{"in":"path","pointer":"/date","detail":"is not a date"},{"in":"query","pointer":"/b","detail":"is missing"}],"status":400,"title":"Bad Request","type":"about:blank"}"#
        );
    }

    #[test]
    fn a_failure_on_our_side_says_a_reference_and_no_cause() {
        let problem = Problem::plainly(&Error::internal("the password is hunter2"));
        assert!(text(&problem).contains(r#""reference":"4bf92f3577b34da6a3ce929d0e0e4736","status":500"#));
        assert!(!text(&problem).contains("hunter2"));
    }

    #[test]
    fn the_contract_may_fix_422_for_invalid_input() {
        let error = Error::invalid("no", Vec::new());
        assert_eq!(Problem::of(&error, |status| status == 422).status(), 422);
        assert_eq!(Problem::of(&error, |status| status == 422 || status == 400).status(), 400);
        assert_eq!(Problem::of(&error, |_| false).status(), 400);
    }

    #[test]
    fn waits_are_rounded_up_to_whole_seconds() {
        let seconds: Vec<_> =
            [0, 1, 1000, 1001].into_iter().map(|ms| whole_seconds(Duration::from_millis(ms))).collect();
        assert_eq!(seconds, [1, 1, 1, 2]);
    }
}
