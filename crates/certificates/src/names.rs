//! Names that a certificate is for (RFC 5280 §4.2.1.6).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use rcgen::SanType;
use rcgen::string::Ia5String;

use crate::{Error, Result};

/// The longest DNS name, and the longest label in it (RFC 1035 §2.3.4).
const DNS_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;
/// The longest URI or e-mail address that is put into a certificate, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// A subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A host, lower case; `*.` in front stands for one label.
    Dns(String),
    /// An address.
    Ip(IpAddr),
    /// A URI: a SPIFFE id, for one.
    Uri(String),
    /// An e-mail address.
    Email(String),
}

impl Name {
    /// A DNS name, as certificates write it.
    ///
    /// # Errors
    /// When it is none: wrong characters, too long, a `*` anywhere but as the whole first label.
    pub fn dns(text: &str) -> Result<Self> {
        let name = text.to_ascii_lowercase();
        let wrong = |why: &str| Err(Error::refused(format!("`{text}` is no DNS name: {why}")));
        if !name.is_ascii() {
            return wrong("write it in its ASCII form (xn--...)");
        }
        if name.is_empty() || name.len() > DNS_BYTES_MAX {
            return wrong("a name has 1 to 253 characters");
        }
        let labels = name.strip_prefix("*.").unwrap_or(&name);
        for label in labels.split('.') {
            let fine = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
            if label.is_empty()
                || label.len() > LABEL_BYTES_MAX
                || !fine
                || label.starts_with('-')
                || label.ends_with('-')
            {
                return wrong("labels are letters, digits and hyphens; a `*` stands for the whole first label");
            }
        }
        Ok(Self::Dns(name))
    }

    /// A URI with a scheme.
    ///
    /// # Errors
    /// When it has none, or characters that URIs do not have.
    pub fn uri(text: &str) -> Result<Self> {
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
        let fine = text.len() <= TEXT_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte));
        if !fine
            || scheme.is_empty()
            || !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
        {
            return Err(Error::refused(format!("`{text}` is no URI; write one like spiffe://example.org/worker")));
        }
        Ok(Self::Uri(text.to_owned()))
    }

    /// An e-mail address.
    ///
    /// # Errors
    /// When it is not `somebody@example.org`.
    pub fn email(text: &str) -> Result<Self> {
        match text.split_once('@') {
            Some((local, host))
                if !local.is_empty()
                    && text.len() <= TEXT_BYTES_MAX
                    && local.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Self::dns(host).map(|_| Self::Email(text.to_owned()))
            }
            _ => Err(Error::refused(format!("`{text}` is no e-mail address"))),
        }
    }

    pub(crate) fn san(&self) -> Result<SanType> {
        let text = |text: &str| Ia5String::try_from(text);
        Ok(match self {
            Self::Dns(name) => SanType::DnsName(text(name)?),
            Self::Ip(address) => SanType::IpAddress(*address),
            Self::Uri(uri) => SanType::URI(text(uri)?),
            Self::Email(address) => SanType::Rfc822Name(text(address)?),
        })
    }

    /// Reads back what `Display` wrote.
    pub(crate) fn written(text: &str) -> Result<Self> {
        match text.split_once(':') {
            Some(("DNS", name)) => Self::dns(name),
            Some(("IP", address)) => {
                address.parse().map(Self::Ip).map_err(|_| Error::refused(format!("`{text}` is no address")))
            }
            Some(("URI", uri)) => Self::uri(uri),
            Some(("email", address)) => Self::email(address),
            _ => Err(Error::refused(format!("`{text}` is no name that is issued here"))),
        }
    }
}

/// What people type for a server: an address, a URI (it has `://`), else a DNS name.
impl FromStr for Name {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        if text.contains("://") { Self::uri(text) } else { Self::dns(text) }
    }
}

/// As OpenSSL writes it: `DNS:example.org`.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "DNS:{name}"),
            Self::Ip(address) => write!(f, "IP:{address}"),
            Self::Uri(uri) => write!(f, "URI:{uri}"),
            Self::Email(address) => write!(f, "email:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_and_read_back() {
        for (text, written) in [
            ("Example.ORG", "DNS:example.org"),
            ("*.example.org", "DNS:*.example.org"),
            ("localhost", "DNS:localhost"),
            ("127.0.0.1", "IP:127.0.0.1"),
            ("::1", "IP:::1"),
            ("spiffe://example.org/a", "URI:spiffe://example.org/a"),
        ] {
            let name: Name = text.parse().unwrap();
            assert_eq!(name.to_string(), written);
            assert_eq!(Name::written(written).unwrap(), name);
        }
        assert_eq!(Name::written("email:joe@example.org").unwrap(), Name::email("joe@example.org").unwrap());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in ["", ".", "a..b", "a.*.b", "*", "*x.org", "-a.org", "bücher.example", "a b", "a/b", "x\n.org"] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong:?}");
        }
        for wrong in ["", "nothing", "://x", "http://a b", "ht tp://a"] {
            assert!(Name::uri(wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["joe", "@example.org", "joe@", "j oe@example.org"] {
            assert!(Name::email(wrong).is_err(), "{wrong:?}");
        }
    }
}
