//! Payloads that the router must not look into, in both dialects.

use crate::dict::{DictWriter, Item, OptionError};

/// The attributes that travel with an opaque payload, from request to delivery and from answer to answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the specification's names; the last three are Autobahn's")]
pub struct Passthru {
    pub ppt_scheme: Option<String>,
    pub ppt_serializer: Option<String>,
    pub ppt_cipher: Option<String>,
    pub ppt_keyid: Option<String>,
    pub enc_algo: Option<String>,
    pub enc_key: Option<String>,
    pub enc_serializer: Option<String>,
}

impl Passthru {
    /// Whether the specification's payload passthru mode is in use: its scheme is there and not empty.
    #[must_use]
    pub fn is_passthru(&self) -> bool {
        self.ppt_scheme.as_ref().is_some_and(|scheme| !scheme.is_empty())
    }

    /// Whether Autobahn's payload transparency is in use.
    #[must_use]
    pub const fn is_transparent(&self) -> bool {
        self.enc_algo.is_some()
    }

    /// Whether there is nothing to carry on.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn place(&mut self, key: &str) -> Option<(&'static str, &mut Option<String>)> {
        Some(match key {
            "ppt_scheme" => ("ppt_scheme", &mut self.ppt_scheme),
            "ppt_serializer" => ("ppt_serializer", &mut self.ppt_serializer),
            "ppt_cipher" => ("ppt_cipher", &mut self.ppt_cipher),
            "ppt_keyid" => ("ppt_keyid", &mut self.ppt_keyid),
            "enc_algo" => ("enc_algo", &mut self.enc_algo),
            "enc_key" => ("enc_key", &mut self.enc_key),
            "enc_serializer" => ("enc_serializer", &mut self.enc_serializer),
            _ => return None,
        })
    }

    pub(crate) fn see(&mut self, key: &str, item: Item<'_>) -> Result<(), OptionError> {
        if let Some((name, place)) = self.place(key) {
            *place = item.string(name)?;
        }
        Ok(())
    }

    pub(crate) fn write(&self, out: &mut DictWriter<'_>) {
        out.text("ppt_scheme", self.ppt_scheme.as_deref());
        out.text("ppt_serializer", self.ppt_serializer.as_deref());
        out.text("ppt_cipher", self.ppt_cipher.as_deref());
        out.text("ppt_keyid", self.ppt_keyid.as_deref());
        out.text("enc_algo", self.enc_algo.as_deref());
        out.text("enc_key", self.enc_key.as_deref());
        out.text("enc_serializer", self.enc_serializer.as_deref());
    }
}
