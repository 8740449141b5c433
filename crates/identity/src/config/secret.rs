//! A secret in the configuration: a reference to it, or the value itself.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use crossgate_store::secrets::SecretError;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// A `file:PATH` or `env:NAME` reference, or the secret itself. It never shows in `Debug`.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a reference or a value.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    pub(super) fn relative_to(&mut self, base: &Path) {
        let moved = self.0.expose_secret().strip_prefix("file:").map(|path| base.join(path));
        if let Some(path) = moved {
            *self = Self::new(format!("file:{}", path.display()));
        }
    }

    /// The secret itself.
    pub(crate) fn resolve(&self) -> Result<SecretString, SecretError> {
        crossgate_store::secrets::resolve_or_literal(self.0.expose_secret())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A secret: `file:PATH`, `env:NAME`, or the value itself."
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_in_no_debug_output() {
        let secret = Secret::new("hunter2-hunter2");
        assert!(!format!("{secret:?} {secret:#?}").contains("hunter2"));
    }

    #[test]
    fn a_relative_file_is_looked_for_beside_the_configuration() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("key"), "value\n").unwrap();
        let mut secret = Secret::new("file:key");
        secret.relative_to(directory.path());
        assert_eq!(secret.resolve().unwrap().expose_secret(), "value");
        let mut literal = Secret::new("value");
        literal.relative_to(directory.path());
        assert_eq!(literal.resolve().unwrap().expose_secret(), "value");
        assert!(Secret::new("file:/nowhere/at/all").resolve().is_err());
    }
}
