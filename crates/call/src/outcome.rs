//! How a call succeeds: a closed list.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::{Error, Events, Payload, Result};

/// What a procedure answers. The door turns it into the response that the contract names.
#[derive(Debug)]
pub enum Outcome {
    /// A value.
    Value(Payload),
    /// A thing was made; `location` is its path, relative to the contract's prefix.
    Created {
        /// Where the new thing is.
        location: String,
        /// What it looks like.
        value: Payload,
    },
    /// The work was taken on and goes on; `location` tells how it goes.
    Accepted {
        /// Where to ask about it.
        location: String,
        /// When asking is worth while.
        retry_after: Duration,
        /// What is known of it now.
        value: Payload,
    },
    /// Done, with nothing to say.
    Empty,
    /// Bytes of a media type: a document, an image, metrics.
    Bytes {
        /// The media type, with its parameters.
        media_type: Cow<'static, str>,
        /// The content.
        bytes: Bytes,
    },
    /// It goes on: events, until either side ends it. The call itself has succeeded with this; its deadline is over. Only a
    /// door whose contract promises a stream passes it on.
    Stream(Events),
}

impl Outcome {
    /// Answers any serializable value.
    ///
    /// # Errors
    /// [`crate::Kind::Internal`] when the value cannot be written as JSON (a map with keys that are not text).
    pub fn value(value: &impl Serialize) -> Result<Self> {
        Ok(Self::Value(Payload::encode(value).map_err(Error::internal)?))
    }
}
