//! URIs: RFC 3986.

use std::net::Ipv6Addr;

/// `URI`: with a scheme.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    is_scheme(scheme) && after_scheme(rest)
}

/// `URI-reference`: a URI or a relative reference, whose first segment holds no colon.
pub(super) fn is_uri_reference(text: &str) -> bool {
    if is_uri(text) {
        return true;
    }
    let first = text.split(['/', '?', '#']).next().unwrap_or_default();
    !first.contains(':') && after_scheme(text)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn after_scheme(rest: &str) -> bool {
    let (rest, fragment) = cut(rest, '#');
    let (hierarchy, query) = cut(rest, '?');
    let pieces_fit = [fragment, query].iter().all(|piece| piece.is_none_or(|piece| all(piece, b":@/?")));
    if !pieces_fit {
        return false;
    }
    match hierarchy.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            is_authority(authority) && all(path, b":@/")
        }
        None => all(hierarchy, b":@/"),
    }
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_authority(authority: &str) -> bool {
    let host_port = match authority.rsplit_once('@') {
        Some((user, host_port)) => {
            if !all(user, b":") {
                return false;
            }
            host_port
        }
        None => authority,
    };
    let (host, port) = match host_port.strip_prefix('[') {
        Some(rest) => {
            let Some((literal, port)) = rest.split_once(']') else { return false };
            if !is_ip_literal(literal) {
                return false;
            }
            ("", port)
        }
        None => match host_port.find(':') {
            Some(colon) => host_port.split_at(colon),
            None => (host_port, ""),
        },
    };
    let port_fits =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()));
    port_fits && all(host, b"")
}

fn is_ip_literal(literal: &str) -> bool {
    if let Some(future) = literal.strip_prefix(['v', 'V']) {
        return future.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_hexdigit())
                && !address.is_empty()
                && !address.contains('%')
                && all(address, b":")
        });
    }
    literal.parse::<Ipv6Addr>().is_ok()
}

/// Only unreserved characters, sub-delimiters, percent sequences, and the `extra` ones.
fn all(text: &str, extra: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => {
                bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
                    && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
            }
            byte => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte) || extra.contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}
