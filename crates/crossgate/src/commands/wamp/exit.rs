//! What scripts learn from the exit code.

use std::process::ExitCode;

use crossgate_client::Error;
use crossgate_client::wamp::uris::error as uri;

/// Interrupted, as shells have it: 128 and SIGINT.
pub(super) const INTERRUPTED: u8 = 130;

/// Says what went wrong, and gives its code.
pub(in crate::commands) fn failed(error: &Error) -> ExitCode {
    super::super::complain(&anyhow::Error::msg(super::show::harmless(&error.to_string())));
    ExitCode::from(code(error))
}

fn code(error: &Error) -> u8 {
    match error {
        Error::Usage(_) | Error::Target(_) | Error::TooLarge { .. } => 2,
        Error::Wamp(error) if error.uri == uri::TIMEOUT => 6,
        Error::Wamp(_) => 3,
        Error::Connect { .. } | Error::Ended(_) => 4,
        Error::Handshake(_) | Error::Refused { .. } => 5,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossgate_client::{Ended, WampError};

    #[test]
    fn each_kind_of_failure_has_its_code() {
        let refused = Error::Refused { reason: uri::NO_SUCH_REALM.into(), message: None };
        for (error, expected) in [
            (Error::Usage("x".into()), 2),
            (WampError::new(uri::NO_SUCH_PROCEDURE, "x").into(), 3),
            (Ended::Lost("x".into()).into(), 4),
            (Error::Connect { target: "x".into(), why: "x".into() }, 4),
            (refused, 5),
            (WampError::new(uri::TIMEOUT, "x").into(), 6),
            (Error::Busy(1), 1),
        ] {
            assert_eq!(code(&error), expected, "{error}");
        }
    }
}
