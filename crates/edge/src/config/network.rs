//! Networks in CIDR notation (RFC 4632), and the proxies that are believed.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// A network: an address and the number of leading bits that count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Whether the address lies in the network. IPv4 addresses mapped into IPv6 count as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => shifted32(net.to_bits() ^ ip.to_bits(), self.bits) == 0,
            (IpAddr::V6(net), IpAddr::V6(ip)) => shifted128(net.to_bits() ^ ip.to_bits(), self.bits) == 0,
            _ => false,
        }
    }
}

/// The leading `bits` of a difference; no bits leave nothing.
fn shifted32(difference: u32, bits: u32) -> u32 {
    difference.checked_shr(32 - bits).unwrap_or(0)
}

fn shifted128(difference: u128, bits: u32) -> u128 {
    difference.checked_shr(128 - bits).unwrap_or(0)
}

impl FromStr for Network {
    type Err = NotAProxy;

    fn from_str(text: &str) -> Result<Self, NotAProxy> {
        let refuse = || NotAProxy(text.to_owned());
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| refuse())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(refuse()) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// A peer whose word about the real caller is believed.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum Proxy {
    /// Any peer in the network.
    Network(Network),
    /// Any peer of a unix socket.
    Unix,
}

/// The text is neither a network nor `unix`.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not a network; write `10.0.0.0/8`, `fd00::/8`, a single address, or `unix` for the peers of a unix socket"
)]
pub struct NotAProxy(String);

impl TryFrom<String> for Proxy {
    type Error = NotAProxy;

    fn try_from(text: String) -> Result<Self, NotAProxy> {
        if text == "unix" { Ok(Self::Unix) } else { text.parse().map(Self::Network) }
    }
}

impl JsonSchema for Proxy {
    fn schema_name() -> Cow<'static, str> {
        "Proxy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A network in CIDR notation, a single address, or `unix` for the peers of a unix socket.",
            "examples": ["10.0.0.0/8", "fd00::/8", "192.0.2.7", "unix"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_contains_its_addresses_and_no_others() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
        ];
        for (network, address, expected) in cases {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), expected, "{network} {address}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/x", "/8"] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
