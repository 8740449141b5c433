//! Who looks at a page, and what a page may ask for in that person's name.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crossgate_call::{Payload, Result, Trace};
use secrecy::SecretString;
use serde_json::Value;

/// An answer that is on its way.
pub(crate) type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// The procedures that the pages call.
pub(crate) const LOANS_LIST: &str = "loans.list";
/// One loan's entries.
pub(crate) const LOANS_HISTORY: &str = "loans.history";
/// One loan's balance at a date.
pub(crate) const LOANS_BALANCE: &str = "loans.balance";
/// The recent calls.
pub(crate) const AUDIT_LIST: &str = "audit.list";

/// How the realms of WAMP sessions are doing.
pub(crate) const REALMS_LIST: &str = "realms.list";
/// A realm's sessions.
pub(crate) const REALMS_SESSIONS: &str = "realms.sessions";
/// What they registered.
pub(crate) const REALMS_REGISTRATIONS: &str = "realms.registrations";
/// What they subscribed to.
pub(crate) const REALMS_SUBSCRIPTIONS: &str = "realms.subscriptions";
/// Ends a session.
pub(crate) const SESSIONS_KILL: &str = "sessions.kill";
/// What log daemons reported.
pub(crate) const LOGBOOK_SEARCH: &str = "logbook.search";
/// The same as it comes.
pub(crate) const LOGBOOK_TAIL: &str = "logbook.tail";
/// Who joined and left.
pub(crate) const LOGBOOK_PRESENCE: &str = "logbook.presence";
/// All of them.
pub(crate) const PROCEDURES: [&str; 12] = [
    LOANS_LIST,
    LOANS_HISTORY,
    LOANS_BALANCE,
    AUDIT_LIST,
    REALMS_LIST,
    REALMS_SESSIONS,
    REALMS_REGISTRATIONS,
    REALMS_SUBSCRIPTIONS,
    SESSIONS_KILL,
    LOGBOOK_SEARCH,
    LOGBOOK_TAIL,
    LOGBOOK_PRESENCE,
];

/// Who looks at a page.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    /// The caller's name; nothing when nobody in particular looks.
    pub(crate) name: Option<Arc<str>>,
    /// The caller's roles.
    pub(crate) roles: Vec<Arc<str>>,
    /// The realm that the listener serves.
    pub(crate) realm: String,
    /// How the caller proved who it is.
    pub(crate) proof: &'static str,
    /// Whether the connection is TLS.
    pub(crate) secure: bool,
    /// The trace of this request, quoted on pages that report a fault.
    pub(crate) trace: Trace,
    /// Which of the pages' procedures the caller's roles grant.
    pub(crate) granted: Vec<&'static str>,
}

impl Visitor {
    /// Whether the visitor's roles grant a procedure. For showing links; the router decides again at each call.
    pub(crate) fn may(&self, procedure: &str) -> bool {
        self.granted.contains(&procedure)
    }
}

/// What a page asks for, in the visitor's name. The real one is the router and identity; tests give another.
pub(crate) trait Door: Send + Sync {
    /// Calls a procedure: admitted, audited and answered like any other call of this caller.
    fn call<'a>(&'a self, procedure: &'a str, input: Value) -> Pending<'a, Payload>;
    /// Checks a password and begins a session; gives the cookie's value.
    fn begin<'a>(&'a self, user: &'a str, password: &'a SecretString) -> Pending<'a, SecretString>;
    /// Ends a session. A session that does not exist has ended.
    fn end<'a>(&'a self, cookie: &'a str) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}
