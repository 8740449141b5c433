//! How a client proves who it is.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossgate_wamp::auth::{ScramDialect, cryptosign_public_key, from_hex};
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::error::Error;

/// One way to prove who this is. No formatting shows the secret.
#[derive(Clone)]
#[non_exhaustive]
pub enum Credential {
    /// Not at all.
    Anonymous,
    /// A secret that is shown: a ticket, or a bearer token, which needs no `authid`.
    Ticket {
        /// Who this is.
        authid: Option<String>,
        /// The ticket, or the token.
        ticket: SecretString,
    },
    /// A secret that is not shown: WAMP-CRA, salted or not.
    Cra {
        /// Who this is.
        authid: String,
        /// The secret; where the router salts it, the password.
        secret: SecretString,
    },
    /// A password that is not shown, with a router that proves that it knows it, too.
    Scram {
        /// As the specification has it, or as Autobahn does it.
        dialect: ScramDialect,
        /// Who this is.
        authid: String,
        /// The password.
        password: SecretString,
    },
    /// A private key.
    Cryptosign {
        /// Who this is; a router may know it by the key.
        authid: Option<String>,
        /// The Ed25519 key's 32 bytes.
        key: SigningKey,
    },
    /// The certificate that TLS shows.
    Tls {
        /// Who this is; a router may know it by the certificate.
        authid: Option<String>,
    },
}

/// An Ed25519 key: its seed of 32 bytes.
pub struct SigningKey(SecretBox<[u8; 32]>);

impl Clone for SigningKey {
    fn clone(&self) -> Self {
        Self(SecretBox::new(Box::new(*self.0.expose_secret())))
    }
}

impl SigningKey {
    /// Reads a key: 64 hex digits, or base64 of 32 bytes.
    ///
    /// # Errors
    /// It is neither; the text is not repeated.
    pub fn parse(text: &SecretString) -> Result<Self, Error> {
        let text = text.expose_secret().trim();
        let decoded = || STANDARD.decode(text).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let seed = from_hex::<32>(text).or_else(decoded);
        let seed =
            seed.ok_or_else(|| Error::Usage("a cryptosign key is 64 hex digits, or 32 bytes in base64".into()))?;
        Ok(Self(SecretBox::new(Box::new(seed))))
    }

    pub(crate) fn seed(&self) -> &[u8; 32] {
        self.0.expose_secret()
    }

    /// The public key, which the router knows.
    ///
    /// # Errors
    /// The key is none.
    pub fn public_key(&self) -> Result<[u8; 32], Error> {
        cryptosign_public_key(self.seed()).map_err(|error| Error::Usage(error.to_string()))
    }
}

impl Credential {
    /// A ticket, or a bearer token.
    #[must_use]
    pub fn ticket(authid: Option<&str>, ticket: SecretString) -> Self {
        Self::Ticket { authid: authid.map(str::to_owned), ticket }
    }

    /// WAMP-CRA.
    #[must_use]
    pub fn cra(authid: &str, secret: SecretString) -> Self {
        Self::Cra { authid: authid.to_owned(), secret }
    }

    /// SCRAM.
    #[must_use]
    pub fn scram(dialect: ScramDialect, authid: &str, password: SecretString) -> Self {
        Self::Scram { dialect, authid: authid.to_owned(), password }
    }

    /// Cryptosign, with a key as [`SigningKey::parse`] reads it.
    ///
    /// # Errors
    /// The key is none.
    pub fn cryptosign(authid: Option<&str>, key: &SecretString) -> Result<Self, Error> {
        Ok(Self::Cryptosign { authid: authid.map(str::to_owned), key: SigningKey::parse(key)? })
    }

    /// The method's name on the wire.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Ticket { .. } => "ticket",
            Self::Cra { .. } => "wampcra",
            Self::Scram { dialect, .. } => dialect.method(),
            Self::Cryptosign { .. } => "cryptosign",
            Self::Tls { .. } => "tls",
        }
    }

    pub(crate) fn authid(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Ticket { authid, .. } | Self::Cryptosign { authid, .. } | Self::Tls { authid } => authid.as_deref(),
            Self::Cra { authid, .. } | Self::Scram { authid, .. } => Some(authid),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({} {:?})", self.method(), self.authid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_hex_and_base64_and_never_repeated() {
        let hex: String = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7".into();
        let base64 = STANDARD.encode(from_hex::<32>(&hex).unwrap());
        let public = |text: &str| SigningKey::parse(&text.into()).unwrap().public_key().unwrap();
        assert_eq!(public(&hex), public(&format!("{base64}\n")));
        for wrong in ["", "00", &hex[2..], "a secret that is no key"] {
            let Err(error) = SigningKey::parse(&wrong.into()) else { panic!("{wrong}") };
            assert!(wrong.len() < 4 || !error.to_string().contains(wrong));
        }
    }

    #[test]
    fn no_formatting_shows_a_secret() {
        for credential in [
            Credential::ticket(Some("joe"), "hunter2".into()),
            Credential::cra("joe", "hunter2".into()),
            Credential::scram(ScramDialect::Wamp, "joe", "hunter2".into()),
        ] {
            let shown = format!("{credential:?}");
            assert!(shown.contains("joe") && !shown.contains("hunter2"), "{shown}");
        }
    }
}
