//! Why the doors cannot be opened as configured.

use std::io;

/// A configuration that cannot be carried out. Each says in a sentence what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration contradicts itself.
    #[error("{0}")]
    Config(String),
    /// A socket could not be opened.
    #[error("listener `{listener}` cannot listen on {address}: {cause}")]
    Bind {
        /// The listener's name.
        listener: String,
        /// Where it was to listen.
        address: String,
        /// What the operating system said.
        cause: io::Error,
    },
    /// Certificates, keys or revocation lists are not usable.
    #[error("listener `{listener}`: {fault}")]
    Tls {
        /// The listener's name.
        listener: String,
        /// What is wrong with which file.
        fault: String,
    },
    /// Two contracts claim the same path.
    #[error("the contracts cannot be mounted together: {0}")]
    Mount(String),
    /// The change needs a restart.
    #[error("this change needs a restart: {0}")]
    Restart(String),
}
