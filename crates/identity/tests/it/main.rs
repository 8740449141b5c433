//! Identity from outside: what its public interface answers to honest and hostile credentials.

mod api_keys;
mod certificates;
mod configuration;
mod grants;
mod hostile;
mod jwks;
mod kit;
mod oauth;
mod passwords;
mod tokens;
