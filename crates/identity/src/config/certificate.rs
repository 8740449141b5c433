//! `[[identity.certificates]]`.

use schemars::JsonSchema;
use serde::Deserialize;

/// Whom a client certificate stands for. Everything that is written must match; at least one must be
/// written. The listener has checked the certificate against its authorities before this is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CertificateRule {
    /// The caller's name; when empty, the name that matched (DNS name, URI, e-mail, common name, in this order).
    pub id: String,
    /// The SHA-256 of the certificate (DER), 64 hex digits; colons between them are allowed.
    pub sha256: Option<String>,
    /// The subject's common name. A certificate with several has none.
    pub common_name: Option<String>,
    /// A DNS name among the subject's alternative names; `*.` in front stands for one label.
    pub san_dns: Option<String>,
    /// A URI among the subject's alternative names (a SPIFFE id, for instance).
    pub san_uri: Option<String>,
    /// An e-mail address among the subject's alternative names.
    pub san_email: Option<String>,
    /// The roles that it gives.
    pub roles: Vec<String>,
}
