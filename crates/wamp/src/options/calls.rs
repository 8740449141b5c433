//! Calls, invocations, and their answers.

use super::{Dict, OptionError, Passthru};
use crate::dict::DictWriter;
use crate::id::Id;
use crate::wire::Format;

/// CALL.Options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallOptions {
    /// After how much time the call ends, in milliseconds by the specification and in seconds for Autobahn's
    /// Python client. 0 and none: never.
    pub timeout: Option<u64>,
    /// The caller takes partial results.
    pub receive_progress: bool,
    /// More arguments will follow under the same request.
    pub progress: bool,
    /// The callee may know who calls.
    pub disclose_me: Option<bool>,
    /// The call may run twice (an extension): it goes to another callee when its callee is lost.
    pub repeatable: bool,
    /// The payload's own attributes.
    pub passthru: Passthru,
}

impl CallOptions {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut options = Self::default();
        dict.each(&mut |key, item| {
            match key {
                "timeout" => options.timeout = Some(item.unsigned("timeout")?),
                "receive_progress" => options.receive_progress = item.boolean("receive_progress")?,
                "progress" => options.progress = item.boolean("progress")?,
                "disclose_me" => options.disclose_me = Some(item.boolean("disclose_me")?),
                "x_repeatable" => options.repeatable = item.boolean("x_repeatable")?,
                _ => options.passthru.see(key, item)?,
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        DictWriter::build(format, |out| {
            out.unsigned("timeout", self.timeout);
            out.flag("receive_progress", self.receive_progress);
            out.flag("progress", self.progress);
            out.boolean("disclose_me", self.disclose_me);
            out.flag("x_repeatable", self.repeatable);
            self.passthru.write(out);
        })
    }
}

/// How a call is canceled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelMode {
    /// The caller gets its ERROR at once, the callee learns nothing.
    Skip,
    /// The callee is interrupted, and its answer is the call's.
    Kill,
    /// The caller gets its ERROR at once, and the callee is interrupted.
    KillNoWait,
}

impl CancelMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Skip, Self::Kill, Self::KillNoWait];

    /// The option's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Kill => "kill",
            Self::KillNoWait => "killnowait",
        }
    }

    /// Reads the option's value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }
}

/// CANCEL.Options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CancelOptions {
    /// How. The specification has no default; Autobahn sends none.
    pub mode: Option<CancelMode>,
}

impl CancelOptions {
    /// Reads them.
    ///
    /// # Errors
    /// There is no such mode.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut options = Self::default();
        dict.each(&mut |key, item| {
            if key == "mode" {
                let unknown = OptionError::new("mode", "`skip`, `kill` or `killnowait`");
                options.mode = Some(CancelMode::parse(&item.text("mode")?).ok_or(unknown)?);
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(self, format: Format) -> Dict {
        DictWriter::build(format, |out| out.text("mode", self.mode.map(CancelMode::as_str)))
    }
}

/// INTERRUPT.Options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InterruptOptions {
    /// Whether an answer is awaited (`kill`) or not (`killnowait`).
    pub mode: Option<CancelMode>,
    /// Why, as an error's URI.
    pub reason: Option<String>,
}

impl InterruptOptions {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mode = CancelOptions::read(dict)?.mode;
        let mut options = Self { mode, reason: None };
        dict.each(&mut |key, item| {
            if key == "reason" {
                options.reason = item.string("reason")?;
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        DictWriter::build(format, |out| {
            out.text("mode", self.mode.map(CancelMode::as_str));
            out.text("reason", self.reason.as_deref());
        })
    }
}

/// INVOCATION.Details.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the specification's names")]
pub struct InvocationDetails {
    pub procedure: Option<String>,
    pub caller: Option<Id>,
    pub caller_authid: Option<String>,
    pub caller_authrole: Option<String>,
    pub trustlevel: Option<u64>,
    pub timeout: Option<u64>,
    pub receive_progress: bool,
    pub progress: bool,
    pub passthru: Passthru,
}

impl InvocationDetails {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut details = Self::default();
        dict.each(&mut |key, item| {
            match key {
                "procedure" => details.procedure = item.string("procedure")?,
                "caller" => details.caller = Some(item.id("caller")?),
                "caller_authid" => details.caller_authid = item.string("caller_authid")?,
                "caller_authrole" => details.caller_authrole = item.string("caller_authrole")?,
                "trustlevel" => details.trustlevel = Some(item.unsigned("trustlevel")?),
                "timeout" => details.timeout = Some(item.unsigned("timeout")?),
                "receive_progress" => details.receive_progress = item.boolean("receive_progress")?,
                "progress" => details.progress = item.boolean("progress")?,
                _ => details.passthru.see(key, item)?,
            }
            Ok(())
        })?;
        Ok(details)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        if *self == Self::default() {
            return Dict::empty(format);
        }
        DictWriter::build(format, |out| {
            out.text("procedure", self.procedure.as_deref());
            out.id("caller", self.caller);
            out.text("caller_authid", self.caller_authid.as_deref());
            out.text("caller_authrole", self.caller_authrole.as_deref());
            out.unsigned("trustlevel", self.trustlevel);
            out.unsigned("timeout", self.timeout);
            out.flag("receive_progress", self.receive_progress);
            out.flag("progress", self.progress);
            self.passthru.write(out);
        })
    }
}

/// YIELD.Options.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct YieldOptions {
    /// More results will follow.
    pub progress: bool,
    /// The payload's own attributes.
    pub passthru: Passthru,
}

impl YieldOptions {
    /// Reads them.
    ///
    /// # Errors
    /// An attribute has the wrong type.
    pub fn read(dict: &Dict) -> Result<Self, OptionError> {
        let mut options = Self::default();
        dict.each(&mut |key, item| match key {
            "progress" => {
                options.progress = item.boolean("progress")?;
                Ok(())
            }
            _ => options.passthru.see(key, item),
        })?;
        Ok(options)
    }

    /// Writes them.
    #[must_use]
    pub fn to_dict(&self, format: Format) -> Dict {
        if *self == Self::default() {
            return Dict::empty(format);
        }
        DictWriter::build(format, |out| {
            out.flag("progress", self.progress);
            self.passthru.write(out);
        })
    }
}

/// RESULT.Details: what a router takes over from [`YieldOptions`], attribute for attribute.
pub type ResultDetails = YieldOptions;
