//! One test binary for everything that looks at Crossgate from outside: one link, many tests.
#![allow(clippy::expect_used, clippy::panic, reason = "a test that cannot go on says why, and stops")]

mod journeys;
mod tidy;
