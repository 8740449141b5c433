//! WAMP realms at run time: sessions, the broker and the dealer.
//!
//! A connection's task brings each message to its [`Peer`], and routes it itself: over a snapshot of the realm's tables,
//! to the [`Outbox`] of whoever gets it. Nothing on that way waits for another task, except for an authorizer that has to
//! be asked and a full audit log. Tables are changed by one holder at a time and replaced as a whole.

mod authorize;
mod bridge;
mod broker;
mod call;
mod callee;
mod config;
mod dealer;
mod dispatch;
mod errors;
mod feed;
mod guest;
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
mod view;

pub use bridge::{Arguments, WampError};
pub use config::{HistoryRule, RealmConfig, RealmConfigError, SessionLimits};
pub use feed::Wanted;
pub use outbox::{Class, Drain, Outbox, OutboxLimits, Pushed, SlowConsumer, turn};
pub use peer::{Peer, Step};
pub use realms::RealmSummary;
pub use switches::{
    CancelDefault, Disclosure, GoodbyeReply, HistoryMatch, Keep, OnLeave, PartialResults, RealmAudit, RequestIds,
    TimeoutUnit, UriRules,
};
pub use transport::Transport;
pub use view::{RegistrationView, SessionView, SubscriptionView};

pub(crate) use meta::{DEADLINE as META_DEADLINE, Procedure as MetaProcedure};
pub(crate) use realms::Realms;
pub(crate) use state::RealmState;
