//! WAMP realms at run time: sessions, the broker and the dealer.
//!
//! A connection's task brings each message to its [`Peer`], and routes it itself: over a snapshot of the realm's tables,
//! to the [`Outbox`] of whoever gets it. Nothing on that way waits for another task, except for an authorizer that has to
//! be asked and a full audit log. Tables are changed by one holder at a time and replaced as a whole.

mod authorize;
mod broker;
mod call;
mod callee;
mod config;
mod dealer;
mod dispatch;
mod errors;
mod history;
mod join;
mod local;
mod meta;
mod metrics;
mod outbox;
mod pace;
mod peer;
mod publish;
mod random;
mod realms;
mod register;
mod session;
mod state;
mod switches;
mod testament;
mod transport;

pub use config::{HistoryRule, RealmConfig, RealmConfigError, SessionLimits};
pub use outbox::{Class, Drain, Outbox, OutboxLimits, Pushed, SlowConsumer};
pub use peer::{Peer, Step};
pub use realms::RealmSummary;
pub use switches::{
    CancelDefault, Disclosure, GoodbyeReply, HistoryMatch, Keep, OnLeave, RealmAudit, RequestIds, TimeoutUnit, UriRules,
};
pub use transport::Transport;

pub(crate) use meta::{DEADLINE as META_DEADLINE, Procedure as MetaProcedure};
pub(crate) use realms::Realms;
pub(crate) use state::RealmState;
