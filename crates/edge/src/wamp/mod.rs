//! What the transports of WAMP share: how a connection is talked over once its handshake is done.
//!
//! A transport gives two small machines without any IO: one takes bytes apart ([`Decode`]), one puts frames
//! together ([`Encode`]). The conversation runs them: it reads, hands each message to the router's side of the session,
//! and writes what that side wants to be sent, many messages at a time and flushed once.

mod converse;
mod framing;
mod link;
mod part;
mod peer;
mod reader;
mod terms;
mod ticker;
mod writer;

pub(crate) use converse::{Connection, Conversation, converse};
pub(crate) use framing::{Control, Decode, Encode, Fault, HEAD_BYTES_MAX, Head, Incoming, TooLarge};
pub(crate) use peer::{Peer, Queue, Step, connect};
pub(crate) use terms::{Facts, Terms};
