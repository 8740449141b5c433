//! Whether a client would rather read a page or a document (RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::ACCEPT;

/// Media ranges looked at.
const RANGES_MAX: usize = 32;

/// Whether HTML is named, and not less wanted than JSON. A client that takes anything is a program.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
    let ranges: Vec<(&str, f32)> = lines.flat_map(|line| line.split(',')).take(RANGES_MAX).map(range).collect();
    let best = |names: &[&str]| {
        let named = ranges.iter().filter(|(name, _)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
        named.map(|(_, quality)| *quality).fold(0.0, f32::max)
    };
    let html = best(&["text/html", "text/*", "application/xhtml+xml"]);
    html > 0.0 && html >= best(&["application/json", "application/problem+json", "application/*", "*/*"])
}

fn range(text: &str) -> (&str, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
    (name, quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_pages_and_programs_get_documents() {
        for (accept, html) in [
            (Some("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"), true),
            (Some("text/html"), true),
            (Some("*/*"), false),
            (Some("application/json, text/html;q=0.5"), false),
            (Some("text/html;q=0"), false),
            (Some("application/json"), false),
            (Some(""), false),
            (Some(";;;q=x,,"), false),
            (None, false),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(accept) = accept {
                headers.insert(ACCEPT, accept.parse().expect("a header"));
            }
            assert_eq!(prefers_html(&headers), html, "{accept:?}");
        }
    }
}
