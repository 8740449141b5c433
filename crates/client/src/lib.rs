//! A WAMP client: it connects outwards, proves who it is, and calls, registers, publishes and subscribes.
//!
//! What a session *is* (messages, serializers, which answer belongs to which request) is `crossgate-wamp`'s; here are
//! the sockets, TLS, the credentials, and the task that drives one session. Nothing here knows a router's insides, a
//! service or a configuration.
//!
//! ```no_run
//! use crossgate_client::{Call, ConnectOptions, Credential, connect};
//!
//! # async fn example() -> Result<(), crossgate_client::Error> {
//! let credential = Credential::ticket(Some("joe"), "the ticket".into());
//! let options = ConnectOptions::new("wss://router.example/ws".parse()?, "realm1").credential(credential);
//! let session = connect(&options).await?;
//! let sum = session.call(Call::new("com.example.add").arg(2_u64).arg(40_u64)).await?;
//! assert_eq!(sum.args, [42_u64.into()]);
//! session.leave().await?;
//! # Ok(())
//! # }
//! ```

mod arguments;
mod call;
mod credential;
mod dial;
mod error;
mod join;
mod options;
mod proof;
mod publish;
mod register;
mod run;
mod session;
mod subscribe;
mod target;
mod tls;
mod transport;
mod worker;

pub use arguments::Arguments;
pub use call::{Call, Calling};
pub use credential::{Credential, SigningKey};
pub use error::{Ended, Error, WampError};
pub use join::connect;
pub use options::{ConnectOptions, Limits};
pub use publish::Publish;
pub use register::{Answered, CONCURRENCY, Handler, Invocation, Register, Registration};
pub use session::{Details, Session};
pub use subscribe::{Event, Subscription};
pub use target::{Target, TargetError};
pub use tls::Tls;
pub use worker::{Backoff, Notice, Worker};

pub use crossgate_wamp as wamp;
