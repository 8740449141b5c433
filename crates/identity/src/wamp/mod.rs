//! Who a WAMP client is: the authentication methods, static and dynamic, and what dynamic authorizers are
//! asked.
//!
//! Nothing here sends a message. [`crate::Identity::wamp_begin`] takes a HELLO and says what there is to do
//! ([`WampStep`]): welcome the client, challenge it, ask an authenticator, or refuse it. The two in the middle
//! go on with [`crate::Identity::wamp_answer`] and [`crate::Identity::wamp_decided`], which use the attempt up.
//!
//! A name that nobody has is challenged like one that somebody has, at the same cost and with the same
//! refusal at the end.

mod answer;
mod ask;
mod attempt;
mod authorize;
mod begin;
mod certificate;
mod challenge;
mod compile;
mod cookie;
mod decoy;
mod grant;
mod method;
mod principal;
mod returned;
mod rule;
mod set;
mod step;
mod subject_hash;
mod transport;

pub use attempt::{WAMP_CHALLENGE_LIFETIME, WampAsked, WampAttempt};
pub use authorize::{WampSession, WampVerdict, wamp_authorization_failed, wamp_authorizer_args, wamp_not_authorized};
pub(crate) use compile::compile;
pub use cookie::WampCookie;
pub use method::WampMethod;
pub use rule::{WampAuthorizer, WampRule};
pub(crate) use set::Compiled;
pub use step::{WampAsk, WampAskError, WampHello, WampStep, WampWelcome};
pub use transport::{WAMP_ATTEMPTS_MAX, WampAttempts, WampTransport};
