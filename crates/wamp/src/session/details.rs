//! HELLO.Details and WELCOME.Details.

use super::features::{read_router, write_router};
use super::{BrokerFeatures, ClientFeatures, DealerFeatures};
use crate::dict::{Dict, DictWriter, OptionError};
use crate::value::Map;
use crate::wire::Format;

/// The most authentication methods that a client may list.
pub const AUTH_METHODS_MAX: usize = 16;

/// What a client says about itself in HELLO.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HelloDetails {
    /// Its roles, with the features that it announces under each.
    pub roles: ClientFeatures,
    /// The authentication methods it can do, in its order. Absent is the same as `anonymous` alone.
    pub authmethods: Option<Vec<String>>,
    /// Who it wants to be.
    pub authid: Option<String>,
    /// In which role.
    pub authrole: Option<String>,
    /// What its methods need.
    pub authextra: Map,
    /// Its own description of itself.
    pub agent: Option<String>,
}

impl HelloDetails {
    /// The methods to try, in order.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        let absent = self.authmethods.is_none().then_some("anonymous");
        absent.into_iter().chain(self.authmethods.iter().flatten().map(String::as_str))
    }

    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type, no role is announced, or there are too many methods.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut details = Self::default();
        dict.each(&mut |key, item| {
            match key {
                "roles" => details.roles = ClientFeatures::read(item)?,
                "authmethods" => details.authmethods = Some(item.texts("authmethods")?),
                "authid" => details.authid = item.string("authid")?,
                "authrole" => details.authrole = item.string("authrole")?,
                "agent" => details.agent = item.string("agent")?,
                "authextra" => {
                    let map = item.value("authextra")?.as_map().cloned();
                    details.authextra = map.ok_or(OptionError::new("authextra", "a dictionary"))?;
                }
                _ => {}
            }
            Ok(())
        })?;
        if details.roles.is_empty() {
            return Err(OptionError::new("roles", "a dictionary with at least one role"));
        }
        if details.authmethods.as_ref().is_some_and(|methods| methods.len() > AUTH_METHODS_MAX) {
            return Err(OptionError::new("authmethods", "a list of no more than 16 methods"));
        }
        Ok(details)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        DictWriter::build(format, |out| {
            self.roles.write(out);
            out.texts("authmethods", self.authmethods.as_deref());
            out.text("authid", self.authid.as_deref());
            out.text("authrole", self.authrole.as_deref());
            out.text("agent", self.agent.as_deref());
            if !self.authextra.is_empty() {
                out.value("authextra", Some(&self.authextra.clone().into()));
            }
        })
    }
}

/// As whom a session joined.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(missing_docs, reason = "the specification's names")]
pub struct AuthInfo {
    pub realm: String,
    pub authid: String,
    pub authrole: String,
    pub authmethod: String,
    pub authprovider: String,
    pub authextra: Map,
}

/// What a router says in WELCOME.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Welcome {
    /// As whom the client joined.
    pub auth: AuthInfo,
    /// The router's features.
    pub broker: BrokerFeatures,
    /// The router's features.
    pub dealer: DealerFeatures,
    /// The router's description of itself.
    pub agent: Option<String>,
}

impl Welcome {
    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        DictWriter::build(format, |out| {
            out.text("realm", Some(&self.auth.realm));
            out.text("authid", Some(&self.auth.authid));
            out.text("authrole", Some(&self.auth.authrole));
            out.text("authmethod", Some(&self.auth.authmethod));
            out.text("authprovider", Some(&self.auth.authprovider));
            out.value("authextra", Some(&self.auth.authextra.clone().into()));
            out.text("agent", self.agent.as_deref());
            write_router(out, self.broker, self.dealer);
        })
    }

    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut welcome = Self::default();
        dict.each(&mut |key, item| {
            let auth = &mut welcome.auth;
            match key {
                "realm" => auth.realm = item.text("realm")?.into_owned(),
                "authid" => auth.authid = item.text("authid")?.into_owned(),
                "authrole" => auth.authrole = item.text("authrole")?.into_owned(),
                "authmethod" => auth.authmethod = item.text("authmethod")?.into_owned(),
                "authprovider" => auth.authprovider = item.text("authprovider")?.into_owned(),
                "authextra" => auth.authextra = item.value("authextra")?.as_map().cloned().unwrap_or_default(),
                "agent" => welcome.agent = item.string("agent")?,
                "roles" => (welcome.broker, welcome.dealer) = read_router(item)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(welcome)
    }
}
