//! What a configuration must fulfil before a socket is opened.

use std::collections::HashSet;

use super::{ClientCertificate, Config, Endpoint, Listener};
use crate::Error;

/// The least that holds a request's head; hyper's own lower limit.
const HEADER_BYTES_MIN: usize = 8192;

/// Says what is wrong with the configuration, if anything is.
pub(crate) fn check(config: &Config) -> Result<(), Error> {
    let mut names = HashSet::new();
    for listener in &config.listeners {
        if listener.name.is_empty() {
            return Err(Error::Config(format!("the listener at {} has no name", listener.address)));
        }
        if !names.insert(&*listener.name) {
            return Err(Error::Config(format!("two listeners are named `{}`", listener.name)));
        }
        if let Some(wrong) = wrong(listener) {
            return Err(Error::Config(format!("listener `{}`: {wrong}", listener.name)));
        }
    }
    let faulty = match &config.acme {
        Some(acme) => acme.wrong(config.wanted()),
        None => config.wanted().next().map(|_| "tls.acme needs [edge.acme], which names the authority".to_owned()),
    };
    if let Some(wrong) = faulty {
        return Err(Error::Config(wrong));
    }
    if config.tokens.requests_per_minute == 0 {
        return Err(Error::Config("tokens.requests_per_minute must be at least 1".into()));
    }
    Ok(())
}

fn wrong(listener: &Listener) -> Option<String> {
    let (limits, timeouts) = (&listener.limits, &listener.timeouts);
    let counts = [
        ("limits.connections", limits.connections as u64),
        ("limits.connections_per_ip", limits.connections_per_ip as u64),
        ("limits.h2_streams", limits.h2_streams.into()),
        ("limits.requests_per_connection", limits.requests_per_connection),
        ("timeouts.handshake_ms", timeouts.handshake_ms),
        ("timeouts.headers_ms", timeouts.headers_ms),
        ("timeouts.body_ms", timeouts.body_ms),
        ("timeouts.idle_ms", timeouts.idle_ms),
        ("timeouts.keep_alive_ms", timeouts.keep_alive_ms),
    ];
    if let Some((name, _)) = counts.iter().find(|(_, count)| *count == 0) {
        return Some(format!("{name} must be at least 1"));
    }
    if limits.header_bytes < HEADER_BYTES_MIN || u32::try_from(limits.header_bytes).is_err() {
        return Some(format!("limits.header_bytes must be between {HEADER_BYTES_MIN} and 4294967295"));
    }
    if let Some(wrong) = listener.wamp.wrong() {
        return Some(wrong);
    }
    if let (Endpoint::Unix(_), Err(wrong)) = (&listener.address, mode(listener)) {
        return Some(wrong);
    }
    if let (Endpoint::Tcp(address), None) = (&listener.address, &listener.tls)
        && let Some(wrong) = exposed(address.ip(), listener)
    {
        return Some(wrong);
    }
    let tls = listener.tls.as_ref()?;
    if tls.certificates.is_empty() && tls.acme.is_empty() {
        return Some(
            "tls.certificates is empty; name a chain and its key, or order a certificate with tls.acme".into(),
        );
    }
    match tls.client_certificate {
        ClientCertificate::None if !tls.client_ca.is_empty() || !tls.crls.is_empty() => Some(
            "tls.client_ca and tls.crls have no effect while tls.client_certificate is `none`; say `optional` or `required`".into(),
        ),
        ClientCertificate::Optional | ClientCertificate::Required if tls.client_ca.is_empty() => {
            Some("tls.client_certificate needs tls.client_ca, the authorities that sign client certificates".into())
        }
        _ => None,
    }
}

/// Says why a plain listener may not be on this address, unless it may.
pub(crate) fn exposed(address: std::net::IpAddr, listener: &Listener) -> Option<String> {
    let reachable = listener.tls.is_none() && !address.to_canonical().is_loopback();
    // Without anything to serve it answers challenges alone (ACME, http-01), and those are no secret.
    (reachable && !listener.insecure_plain && !listener.serve.is_empty()).then(|| {
        format!(
            "plain HTTP on {address} would let others on the network read tokens and passwords; \
             add [tls], listen on 127.0.0.1, or say insecure_plain = true"
        )
    })
}

/// A unix socket's permission bits.
pub(crate) fn mode(listener: &Listener) -> Result<u32, String> {
    u32::from_str_radix(&listener.mode, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| format!("mode `{}` is not octal permission bits; write \"0660\"", listener.mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(edit: impl FnOnce(&mut Listener)) -> String {
        let mut config = Config::default();
        edit(&mut config.listeners[0]);
        check(&config).map_or_else(|error| error.to_string(), |()| "fine".into())
    }

    #[test]
    fn plain_http_beyond_this_machine_must_be_asked_for() {
        let open: Endpoint = "0.0.0.0:0".parse().unwrap();
        assert!(verdict(|l| l.address = open.clone()).contains("insecure_plain"));
        assert_eq!(
            verdict(|l| (l.address, l.serve) = (open.clone(), Vec::new())),
            "fine",
            "it answers challenges alone"
        );
        assert_eq!(verdict(|l| (l.address, l.insecure_plain) = (open, true)), "fine");
        assert_eq!(verdict(|l| l.address = "[::1]:0".parse().unwrap()), "fine");
    }

    #[test]
    fn limits_that_would_stop_everything_are_refused() {
        assert!(verdict(|l| l.limits.connections = 0).contains("limits.connections must be"));
        assert!(verdict(|l| l.timeouts.idle_ms = 0).contains("timeouts.idle_ms"));
        assert!(verdict(|l| l.limits.header_bytes = 100).contains("limits.header_bytes"));
    }

    #[test]
    fn names_are_there_and_unique() {
        assert!(verdict(|l| l.name.clear()).contains("has no name"));
        let config = Config { listeners: vec![Listener::local(), Listener::local()], ..Config::default() };
        assert!(check(&config).unwrap_err().to_string().contains("two listeners"));
    }
}
