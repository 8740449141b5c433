//! What trusted proxies say about the caller: `Forwarded` (RFC 7239) and `X-Forwarded-*`.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName};

use crate::config::{Proxy, ProxyHeader};

/// Hops looked at, from the nearest; a longer list is taken for an attack and not followed further.
const HOPS_MAX: usize = 32;

const FORWARDED: HeaderName = HeaderName::from_static("forwarded");
const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Where a request came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The caller's address, as far as it is known.
    pub(crate) source: Option<IpAddr>,
    /// Whether the caller speaks HTTPS.
    pub(crate) secure: bool,
    /// The host that the caller asked for, when a proxy says so.
    pub(crate) host: Option<String>,
}

/// One element of the list: what one proxy said about the one who called it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hop {
    address: Option<IpAddr>,
    secure: Option<bool>,
    host: Option<String>,
}

/// Finds the caller behind the proxies: the nearest hop that no trusted proxy stands for.
pub(crate) fn origin(
    peer: Option<IpAddr>,
    tls: bool,
    headers: &HeaderMap,
    trusted: &[Proxy],
    header: ProxyHeader,
) -> Origin {
    let mut origin = Origin { source: peer, secure: tls, host: None };
    if !is_trusted(trusted, peer) {
        return origin;
    }
    let hops = match header {
        ProxyHeader::Forwarded => forwarded(headers),
        ProxyHeader::XForwardedFor => x_forwarded(headers),
    };
    for hop in hops.into_iter().flatten().rev().take(HOPS_MAX) {
        origin.source = hop.address;
        origin.secure = hop.secure.unwrap_or(origin.secure);
        origin.host = hop.host.or(origin.host);
        if hop.address.is_none() || !is_trusted(trusted, hop.address) {
            break;
        }
    }
    origin
}

fn is_trusted(trusted: &[Proxy], peer: Option<IpAddr>) -> bool {
    trusted.iter().any(|proxy| match (proxy, peer) {
        (Proxy::Network(network), Some(address)) => network.contains(address),
        (Proxy::Unix, None) => true,
        _ => false,
    })
}

/// The hops of `X-Forwarded-For`. Scheme and host are not per hop there: the nearest proxy's word counts.
fn x_forwarded(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let last = |name: &HeaderName| {
        let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
        Some(line.rsplit(',').next()?.trim().to_owned())
    };
    let mut hops = Vec::new();
    for line in headers.get_all(FOR) {
        for address in line.to_str().ok()?.split(',') {
            hops.push(Hop { address: node(address.trim()), ..Hop::default() });
        }
    }
    if hops.is_empty() && !headers.contains_key(PROTO) {
        return None;
    }
    let (secure, host) = (last(&PROTO).map(|proto| proto.eq_ignore_ascii_case("https")), last(&HOST));
    for hop in &mut hops {
        (hop.secure, hop.host) = (secure, host.clone());
    }
    Some(hops)
}

/// The hops of `Forwarded`; `None` when any part of it is malformed, since the rest cannot be relied on then.
fn forwarded(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for line in headers.get_all(FORWARDED) {
        let mut rest = line.to_str().ok()?;
        loop {
            let (hop, after) = element(rest)?;
            hops.push(hop);
            match after {
                Some(after) => rest = after,
                None => break,
            }
        }
    }
    Some(hops)
}

/// One `forwarded-element`: pairs with semicolons between them, up to a comma or the end.
fn element(text: &str) -> Option<(Hop, Option<&str>)> {
    let mut hop = Hop::default();
    let mut rest = text.trim_start_matches([' ', '\t']);
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = value(after)?;
        match &*name.to_ascii_lowercase() {
            "for" => hop.address = node(&value),
            "proto" => hop.secure = Some(value.eq_ignore_ascii_case("https")),
            "host" => hop.host = Some(value),
            name if !name.is_empty() && name.bytes().all(is_token) => {}
            _ => return None,
        }
        let after = after.trim_start_matches([' ', '\t']);
        if let Some(after) = after.strip_prefix(',') {
            return Some((hop, Some(after)));
        }
        if after.is_empty() {
            return Some((hop, None));
        }
        rest = after.strip_prefix(';')?;
    }
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte)).unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(end)?;
        return (!token.is_empty()).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, quoted.get(at + 1..)?)),
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// An address with or without port; `unknown` and obfuscated names (RFC 7239 §6) are no address.
fn node(text: &str) -> Option<IpAddr> {
    let address = match text.parse::<SocketAddr>() {
        Ok(socket) => socket.ip(),
        Err(_) => text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).parse().ok()?,
    };
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(trusted: &[&str], header: ProxyHeader, lines: &[(&'static str, &str)]) -> Origin {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        let trusted: Vec<_> = trusted.iter().map(|text| Proxy::try_from((*text).to_owned()).unwrap()).collect();
        origin("10.0.0.1".parse().ok(), false, &headers, &trusted, header)
    }

    fn source(origin: &Origin) -> Option<String> {
        origin.source.map(|source| source.to_string())
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let lines = [("x-forwarded-for", "192.0.2.9"), ("x-forwarded-proto", "https"), ("forwarded", "for=192.0.2.9")];
        for header in [ProxyHeader::XForwardedFor, ProxyHeader::Forwarded] {
            let origin = seen(&["172.16.0.0/12"], header, &lines);
            assert_eq!((source(&origin).as_deref(), origin.secure), (Some("10.0.0.1"), false));
        }
    }

    #[test]
    fn only_the_header_that_the_proxy_sets_is_believed() {
        let lines = [("forwarded", "for=192.0.2.66;proto=https"), ("x-forwarded-for", "192.0.2.7")];
        let origin = seen(&["10.0.0.0/8"], ProxyHeader::XForwardedFor, &lines);
        assert_eq!((source(&origin).as_deref(), origin.secure), (Some("192.0.2.7"), false));
    }

    #[test]
    fn the_caller_is_the_nearest_hop_that_is_no_trusted_proxy() {
        let cases = [
            ("192.0.2.7", Some("192.0.2.7")),
            ("203.0.113.66, 192.0.2.7", Some("192.0.2.7")),
            ("203.0.113.66, 192.0.2.7, 10.9.9.9", Some("192.0.2.7")),
            ("192.0.2.7:4711", Some("192.0.2.7")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("192.0.2.7, nonsense", None),
            ("10.1.1.1", Some("10.1.1.1")),
        ];
        for (list, expected) in cases {
            let origin = seen(&["10.0.0.0/8"], ProxyHeader::XForwardedFor, &[("x-forwarded-for", list)]);
            assert_eq!(source(&origin).as_deref(), expected, "{list}");
        }
    }

    #[test]
    fn forwarded_is_read_as_rfc_7239_writes_it() {
        let cases = [
            (r#"for=192.0.2.43"#, Some("192.0.2.43"), false),
            (r#"For="[2001:db8:cafe::17]:4711""#, Some("2001:db8:cafe::17"), false),
            (r#"for=192.0.2.60;proto=http;by=203.0.113.43"#, Some("192.0.2.60"), false),
            (r#"for=192.0.2.60; proto=https"#, Some("10.0.0.1"), false), // a space where none may be
            (r#"for=192.0.2.60;proto=https"#, Some("192.0.2.60"), true),
            (r#"for=203.0.113.1, for=192.0.2.43;proto=HTTPS, for=10.2.2.2"#, Some("192.0.2.43"), true),
            (r#"for="_hidden", for=10.2.2.2"#, None, false),
            (r#"for=unknown"#, None, false),
            (r#"for="192.0.2.43"#, Some("10.0.0.1"), false),
            (r#"nonsense"#, Some("10.0.0.1"), false),
        ];
        for (line, expected, secure) in cases {
            let origin = seen(&["10.0.0.0/8"], ProxyHeader::Forwarded, &[("forwarded", line)]);
            assert_eq!((source(&origin).as_deref(), origin.secure), (expected, secure), "{line}");
        }
        let origin = seen(&["10.0.0.0/8"], ProxyHeader::Forwarded, &[("forwarded", r#"for=192.0.2.1;host="a\"b""#)]);
        assert_eq!(origin.host.as_deref(), Some("a\"b"));
    }

    #[test]
    fn no_header_makes_it_panic_or_name_an_untrusted_hop_beyond_the_nearest() {
        bolero::check!().with_type::<String>().for_each(|text: &String| {
            let Ok(value) = http::HeaderValue::from_str(text) else { return };
            for (name, header) in [(FORWARDED, ProxyHeader::Forwarded), (FOR, ProxyHeader::XForwardedFor)] {
                let headers = HeaderMap::from_iter([(name, value.clone())]);
                let origin = origin("192.0.2.1".parse().ok(), true, &headers, &[], header);
                assert_eq!(origin.source, "192.0.2.1".parse().ok(), "nobody is trusted");
                let everybody = [Proxy::Network("0.0.0.0/0".parse().unwrap()), Proxy::Network("::/0".parse().unwrap())];
                super::origin("192.0.2.1".parse().ok(), true, &headers, &everybody, header);
            }
        });
    }
}
