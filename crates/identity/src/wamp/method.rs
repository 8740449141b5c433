//! The authentication methods by name.

use crossgate_call::Proof;
use crossgate_wamp::auth::ScramDialect;

/// A way for a WAMP client to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WampMethod {
    /// Not at all.
    Anonymous,
    /// A secret that is shown.
    Ticket,
    /// A challenge signed with a shared secret.
    Wampcra,
    /// SCRAM, one of its dialects.
    Scram(ScramDialect),
    /// A challenge signed with an Ed25519 key.
    Cryptosign,
    /// A browser's cookie.
    Cookie,
    /// A TLS client certificate.
    Tls,
}

impl WampMethod {
    /// Every method.
    pub const ALL: [Self; 8] = [
        Self::Anonymous,
        Self::Ticket,
        Self::Wampcra,
        Self::Scram(ScramDialect::Autobahn),
        Self::Scram(ScramDialect::Wamp),
        Self::Cryptosign,
        Self::Cookie,
        Self::Tls,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Ticket => "ticket",
            Self::Wampcra => "wampcra",
            Self::Scram(dialect) => dialect.method(),
            Self::Cryptosign => "cryptosign",
            Self::Cookie => "cookie",
            Self::Tls => "tls",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }

    /// What the audit log calls it.
    pub(super) const fn proof(self) -> Proof {
        match self {
            Self::Anonymous => Proof::Anonymous,
            Self::Ticket | Self::Wampcra | Self::Scram(_) => Proof::Password,
            Self::Cryptosign => Proof::Signature,
            Self::Cookie => Proof::Session,
            Self::Tls => Proof::Certificate,
        }
    }
}
