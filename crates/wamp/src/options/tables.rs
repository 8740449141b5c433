//! Subscriptions and registrations.

use super::{Dict, OptionError};
use crate::dict::{DictWriter, Item};
use crate::id::Id;
use crate::uri::Match;
use crate::wire::Format;

fn policy(item: Item<'_>) -> Result<Match, OptionError> {
    let unknown = OptionError::new("match", "`exact`, `prefix` or `wildcard`");
    Match::parse(&item.text("match")?).ok_or(unknown)
}

/// SUBSCRIBE.Options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubscribeOptions {
    /// How the topic stands for others.
    pub policy: Match,
    /// The subscriber wants the retained event.
    pub get_retained: bool,
}

impl SubscribeOptions {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut options = Self::default();
        dict.each(&mut |key, item| {
            match key {
                "match" => options.policy = policy(item)?,
                "get_retained" => options.get_retained = item.boolean("get_retained")?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(self, format: Format) -> Dict {
        DictWriter::build(format, |out| {
            out.text("match", (self.policy != Match::Exact).then(|| self.policy.as_str()));
            out.flag("get_retained", self.get_retained);
        })
    }
}

/// Which callee of a shared registration gets a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Policy {
    /// There is only one.
    #[default]
    Single,
    /// The one that registered first.
    First,
    /// The one that registered last.
    Last,
    /// One after the other.
    RoundRobin,
    /// Any.
    Random,
    /// The one with the fewest calls in flight (an extension).
    LeastLoaded,
}

impl Policy {
    /// All policies.
    pub const ALL: [Self; 6] =
        [Self::Single, Self::First, Self::Last, Self::RoundRobin, Self::Random, Self::LeastLoaded];

    /// The option's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::First => "first",
            Self::Last => "last",
            Self::RoundRobin => "roundrobin",
            Self::Random => "random",
            Self::LeastLoaded => "leastloaded",
        }
    }

    /// Reads the option's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

/// REGISTER.Options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterOptions {
    /// How the procedure stands for others.
    pub policy: Match,
    /// How calls are shared.
    pub invoke: Policy,
    /// How many calls the callee takes at a time (Crossbar).
    pub concurrency: Option<u64>,
    /// Take the procedure away from those who have it (Crossbar).
    pub force_reregister: bool,
    /// The callee wants to know who calls.
    pub disclose_caller: Option<bool>,
    /// The callee watches the timeout itself.
    pub forward_timeout: bool,
}

impl RegisterOptions {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut options = Self::default();
        dict.each(&mut |key, item| {
            match key {
                "match" => options.policy = policy(item)?,
                "invoke" => {
                    let unknown = OptionError::new("invoke", "a known invocation policy");
                    options.invoke = Policy::parse(&item.text("invoke")?).ok_or(unknown)?;
                }
                "concurrency" => {
                    let number = item.unsigned("concurrency")?;
                    let positive = Some(number).filter(|number| *number > 0);
                    options.concurrency = Some(positive.ok_or(OptionError::new("concurrency", "at least 1"))?);
                }
                "force_reregister" => options.force_reregister = item.boolean("force_reregister")?,
                "disclose_caller" => options.disclose_caller = Some(item.boolean("disclose_caller")?),
                "forward_timeout" => options.forward_timeout = item.boolean("forward_timeout")?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(self, format: Format) -> Dict {
        DictWriter::build(format, |out| {
            out.text("match", (self.policy != Match::Exact).then(|| self.policy.as_str()));
            out.text("invoke", (self.invoke != Policy::Single).then(|| self.invoke.as_str()));
            out.unsigned("concurrency", self.concurrency);
            out.flag("force_reregister", self.force_reregister);
            out.boolean("disclose_caller", self.disclose_caller);
            out.flag("forward_timeout", self.forward_timeout);
        })
    }
}

/// What UNSUBSCRIBED and UNREGISTERED say when the router took something away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The subscription or registration.
    pub id: Id,
    /// Why, as a URI.
    pub reason: Option<String>,
}

impl Revocation {
    /// The details of `[35, 0, …]`.
    #[must_use]
    pub fn of_subscription(&self, format: Format) -> Dict {
        self.to_dict(format, "subscription")
    }

    /// The details of `[67, 0, …]`.
    #[must_use]
    pub fn of_registration(&self, format: Format) -> Dict {
        self.to_dict(format, "registration")
    }

    fn to_dict(&self, format: Format, key: &str) -> Dict {
        DictWriter::build(format, |out| {
            out.id(key, Some(self.id));
            out.text("reason", self.reason.as_deref());
        })
    }

    /// Reads either.
    ///
    /// # Errors
    /// Neither a subscription nor a registration is named.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let (mut id, mut reason) = (None, None);
        dict.each(&mut |key, item| {
            match key {
                "subscription" | "registration" => id = Some(item.id("subscription")?),
                "reason" => reason = item.string("reason")?,
                _ => {}
            }
            Ok(())
        })?;
        let id = id.ok_or(OptionError::new("subscription", "an id from 1 to 2^53"))?;
        Ok(Self { id, reason })
    }
}
