//! Realms from outside: clients in memory that speak WAMP to a real router, with identity and audit for real.

mod authentication;
mod authorization;
mod bridge;
mod broker;
mod cancel;
mod client;
mod dealer;
mod feed;
mod history;
mod isolation;
mod limits;
mod meta;
mod sessions;
mod sharing;
mod slow;
mod storm;
