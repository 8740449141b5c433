//! Identity from outside: what its public interface answers to honest and hostile credentials.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail like tests")]

mod api_keys;
mod certificates;
mod configuration;
mod grants;
mod hostile;
mod jwks;
mod kit;
mod oauth;
mod passwords;
mod signed;
mod tokens;
mod wamp;
