//! How many connections a listener holds, in all and per source.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The count of one listener's open connections.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: AtomicUsize,
    left: Notify,
    sources: Mutex<HashMap<IpAddr, usize>>,
}

/// A connection's place; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    gate: Arc<Gate>,
    source: Option<IpAddr>,
}

impl Gate {
    /// Waits until fewer than `limit` connections are open. There is one acceptor per gate, so a place
    /// that is free now is still free when it accepts.
    pub(crate) async fn wait(&self, limit: usize) {
        loop {
            let left = self.left.notified();
            if !self.is_full(limit) {
                return;
            }
            left.await;
        }
    }

    pub(crate) fn is_full(&self, limit: usize) -> bool {
        self.open.load(Ordering::Acquire) >= limit
    }

    /// Takes a place, unless the source holds `limit_per_ip` already.
    pub(crate) fn enter(self: &Arc<Self>, peer: Option<IpAddr>, limit_per_ip: usize) -> Option<Place> {
        let source = peer.map(network_of);
        if let Some(source) = source {
            let mut sources = self.sources();
            let count = sources.entry(source).or_default();
            if *count >= limit_per_ip {
                return None;
            }
            *count += 1;
        }
        self.open.fetch_add(1, Ordering::AcqRel);
        Some(Place { gate: Arc::clone(self), source })
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(source) = self.source {
            let mut sources = self.gate.sources();
            if let Some(count) = sources.get_mut(&source) {
                *count -= 1;
                if *count == 0 {
                    sources.remove(&source);
                }
            }
        }
        self.gate.open.fetch_sub(1, Ordering::AcqRel);
        self.gate.left.notify_one();
    }
}

/// What counts as one source: an IPv4 address, or the /64 network that one IPv6 subscriber has.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_source_has_its_share_and_gets_it_back() {
        let gate = Arc::new(Gate::default());
        let source: IpAddr = "2001:db8::1".parse().unwrap();
        let neighbour: IpAddr = "2001:db8::2".parse().unwrap();
        let place = gate.enter(Some(source), 1).unwrap();
        assert!(gate.enter(Some(neighbour), 1).is_none(), "one /64 is one source");
        assert!(gate.enter(Some("192.0.2.1".parse().unwrap()), 1).is_some());
        drop(place);
        assert!(gate.enter(Some(neighbour), 1).is_some());
        assert!(gate.sources().is_empty(), "nothing is kept of sources that have left");
    }

    #[tokio::test]
    async fn a_full_gate_waits_until_somebody_leaves() {
        let gate = Arc::new(Gate::default());
        let place = gate.enter(None, 1).unwrap();
        let mut waiting = Box::pin(gate.wait(1));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(place);
        waiting.await;
    }
}
