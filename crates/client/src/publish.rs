//! Publishing.

use crossgate_wamp::Value;
use crossgate_wamp::id::Id;
use crossgate_wamp::options::PublishOptions;

use crate::arguments::Arguments;
use crate::error::Error;
use crate::session::{Command, Session};

/// An event to be published.
#[derive(Debug, Clone, Default)]
pub struct Publish {
    topic: String,
    arguments: Arguments,
    options: PublishOptions,
}

impl Publish {
    /// An event without arguments.
    #[must_use]
    pub fn new(topic: impl Into<String>) -> Self {
        Self { topic: topic.into(), ..Self::default() }
    }

    /// One more positional argument.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.arguments = self.arguments.arg(value);
        self
    }

    /// One more keyword argument.
    #[must_use]
    pub fn kwarg(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.arguments = self.arguments.kwarg(name, value);
        self
    }

    /// All arguments at once, in place of those before.
    #[must_use]
    pub fn arguments(mut self, arguments: Arguments) -> Self {
        self.arguments = arguments;
        self
    }

    /// Who may receive it, whether it is retained, and so on. Whether it is acknowledged is the method's choice.
    #[must_use]
    pub fn options(mut self, options: PublishOptions) -> Self {
        self.options = options;
        self
    }
}

impl Session {
    /// Publishes, and waits until the router has taken it; gives the publication's id.
    ///
    /// # Errors
    /// The router refuses, or there is no session any more.
    pub async fn publish(&self, event: Publish) -> Result<Id, Error> {
        let Publish { topic, arguments, options } = event;
        let (payload, options) = (self.payload(arguments)?, Box::new(options));
        self.ask(|answer| Command::Publish { topic, options, payload, answer: Some(answer) }).await
    }

    /// Publishes without an answer: whether the router took it, nobody learns.
    ///
    /// # Errors
    /// It could not be sent.
    pub async fn publish_unacknowledged(&self, event: Publish) -> Result<(), Error> {
        let Publish { topic, arguments, options } = event;
        let (payload, options) = (self.payload(arguments)?, Box::new(options));
        self.tell(Command::Publish { topic, options, payload, answer: None }).await
    }
}
