//! Who is calling.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// A named, isolated space of procedures and topics. HTTP listeners serve one realm each.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Realm(Arc<str>);

impl Realm {
    /// Names a realm. The name is taken as it is; configuration decides which names exist.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The realm's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a caller proved who it is. Recorded in the audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// No credentials were presented.
    Anonymous,
    /// A bearer token (JWT), checked against its issuer's keys.
    Token,
    /// A TLS client certificate, checked against the listener's certificate authorities.
    Certificate,
    /// An API key, compared with its stored digest.
    ApiKey,
    /// A challenge signed with the caller's own key.
    Signature,
    /// A user's password, compared with its argon2 hash.
    Password,
    /// A browser session that began with one of the other proofs.
    Session,
    /// The operating system: somebody who may run the program on its own data directory.
    Local,
}

impl Proof {
    /// The word used in audit records and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::ApiKey => "api_key",
            Self::Signature => "signature",
            Self::Password => "password",
            Self::Session => "session",
            Self::Local => "local",
        }
    }
}

/// What `identity` states about a caller whose credentials it has checked.
#[derive(Clone, Debug)]
pub struct Vouched {
    /// The stable name of the caller: a user name, a client id, a token's subject.
    pub id: Arc<str>,
    /// The roles it holds; grants and rate limits hang on these names.
    pub roles: Vec<Arc<str>>,
    /// The realm the caller acts in.
    pub realm: Realm,
    /// How it proved itself.
    pub proof: Proof,
    /// When the proof ends, for proofs that end.
    pub expires: Option<Timestamp>,
    /// SHA-256 of the client certificate's DER, in lower-case hex, when one was presented and verified.
    pub certificate: Option<Arc<str>>,
}

/// A caller whose identity has been verified. It cannot be changed once made.
///
/// Only `crates/identity` makes one (`tests/it/tidy.rs` keeps it so): holding a `Caller` means that
/// somebody checked.
#[derive(Clone, Debug)]
pub struct Caller(Vouched);

impl Caller {
    /// Turns what identity has verified into a caller. For `crates/identity` alone.
    pub fn vouch(mut vouched: Vouched) -> Self {
        vouched.roles.sort_unstable();
        vouched.roles.dedup();
        Self(vouched)
    }

    /// The caller's stable name.
    pub fn id(&self) -> &Arc<str> {
        &self.0.id
    }

    /// Its roles, sorted, each once.
    pub fn roles(&self) -> &[Arc<str>] {
        &self.0.roles
    }

    /// Whether it holds the role.
    pub fn has_role(&self, role: &str) -> bool {
        self.0.roles.iter().any(|held| &**held == role)
    }

    /// The realm it acts in.
    pub fn realm(&self) -> &Realm {
        &self.0.realm
    }

    /// How it proved itself.
    pub fn proof(&self) -> Proof {
        self.0.proof
    }

    /// When its proof ends, if it does.
    pub fn expires(&self) -> Option<Timestamp> {
        self.0.expires
    }

    /// SHA-256 of its client certificate in lower-case hex, if it presented one.
    pub fn certificate(&self) -> Option<&Arc<str>> {
        self.0.certificate.as_ref()
    }

    /// Whether nobody in particular is calling.
    pub fn is_anonymous(&self) -> bool {
        self.0.proof == Proof::Anonymous
    }
}
