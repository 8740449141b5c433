//! The loans service against a real database: its ledger, its import, its procedures, and its contract.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod importing;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod model;
#[cfg(test)]
mod posting;
#[cfg(test)]
mod reading;
