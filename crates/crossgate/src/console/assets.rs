//! The console's style sheet, scripts and pictures: in the binary, and named by their content so that browsers
//! may keep them for ever.

use aws_lc_rs::digest;
use bytes::Bytes;

/// Hex digits of the content's SHA-256 in an asset's name: 64 bits, enough to tell one build's file from another's.
const HASH_DIGITS: usize = 16;

/// One embedded file.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Where pages find it: `/assets/console.0123456789abcdef.css`.
    pub(crate) path: String,
    /// Its entity tag, quoted (RFC 9110 §8.8.3).
    pub(crate) etag: String,
    /// Its media type.
    pub(crate) media_type: &'static str,
    /// Its content.
    pub(crate) bytes: Bytes,
}

/// Every embedded file.
#[derive(Debug)]
pub(crate) struct Assets {
    /// The one style sheet.
    pub(crate) style: Asset,
    /// What makes a page of calls refresh itself.
    pub(crate) script: Asset,
    /// What shows log lines as they come.
    pub(crate) logs: Asset,
    /// What sends requests from the API explorer.
    pub(crate) explorer: Asset,
    /// The logo, also the site's icon.
    pub(crate) logo: Asset,
}

impl Assets {
    /// Names every file by its content.
    pub(crate) fn new() -> Self {
        let text = "text/javascript; charset=utf-8";
        Self {
            style: asset(
                "console",
                "css",
                "text/css; charset=utf-8",
                include_bytes!("../../../../console/console.css"),
            ),
            script: asset("console", "js", text, include_bytes!("../../../../console/console.js")),
            logs: asset("logs", "js", text, include_bytes!("../../../../console/logs.js")),
            explorer: asset("explorer", "js", text, include_bytes!("../../../../console/explorer.js")),
            logo: asset("logo", "svg", "image/svg+xml", include_bytes!("../../../../console/logo.svg")),
        }
    }

    /// The file at a path, if there is one of exactly that content.
    pub(crate) fn find(&self, path: &str) -> Option<&Asset> {
        [&self.style, &self.script, &self.logs, &self.explorer, &self.logo].into_iter().find(|asset| asset.path == path)
    }
}

fn asset(name: &str, extension: &str, media_type: &'static str, content: &'static [u8]) -> Asset {
    let hash = content_hash(content);
    Asset {
        path: format!("/assets/{name}.{hash}.{extension}"),
        etag: format!("\"{hash}\""),
        media_type,
        bytes: Bytes::from_static(content),
    }
}

/// The first digits of the content's SHA-256, in lower-case hex.
pub(crate) fn content_hash(content: &[u8]) -> String {
    let digest = digest::digest(&digest::SHA256, content);
    let mut hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    hex.truncate(HASH_DIGITS);
    hex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_under_its_hashed_name_and_under_no_other() {
        let assets = Assets::new();
        assert!(assets.find(&assets.style.path).is_some());
        assert!(assets.find("/assets/console.css").is_none());
        assert!(assets.find("/assets/console.0000000000000000.css").is_none());
        assert!(assets.find("/assets/../Cargo.toml").is_none());
    }

    #[test]
    fn a_hash_is_that_of_the_content() {
        // FIPS 180-2, SHA-256 of "abc".
        assert_eq!(content_hash(b"abc"), "ba7816bf8f01cfea");
    }

    #[test]
    fn the_logo_carries_no_script_and_no_style() {
        let logo = String::from_utf8(Assets::new().logo.bytes.to_vec()).expect("text");
        assert!(logo.starts_with("<svg") && !logo.contains("<script") && !logo.contains("style"), "{logo}");
    }
}
