//! `[realms.NAME]`: the switches, limits and policies of one realm.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crossgate_wamp::broker::HistoryLimits;
use crossgate_wamp::id::Gaps;
use crossgate_wamp::options::CancelMode;
use crossgate_wamp::uri::{Match, Rules, is_realm};
use schemars::JsonSchema;
use serde::Deserialize;

use super::outbox::{OutboxLimits, SlowConsumer};
use super::switches::{
    CancelDefault, Disclosure, GoodbyeReply, HistoryMatch, Keep, OnLeave, PartialResults, RealmAudit, RequestIds,
    TimeoutUnit, UriRules,
};

/// The longest time that may be configured, in milliseconds: a day.
const TIME_MS_MAX: u64 = 86_400_000;
/// The most topics whose events are kept in one realm.
const HISTORY_RULES_MAX: usize = 1000;
/// The most past events of one topic.
const HISTORY_EVENTS_MAX: usize = 10_000_000;
/// The longest time that past events are kept, in seconds: a hundred years.
const HISTORY_AGE_S_MAX: u64 = 100 * 366 * 86_400;
/// The least that an outbound queue must hold, in bytes.
const OUTBOX_BYTES_MIN: usize = 4096;

/// A realm. Every value has a default; a realm named with nothing under it works.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RealmConfig {
    /// Which characters URIs may have.
    pub uris: UriRules,
    /// Whether clients must count their request ids 1, 2, 3 as the specification says. Many count otherwise.
    pub request_ids: RequestIds,
    /// The unit of a call's `timeout`. The specification says milliseconds; Autobahn's Python client says seconds.
    pub timeout_unit: TimeoutUnit,
    /// What CANCEL means when it names no mode, as Autobahn's does.
    pub cancel_mode: CancelDefault,
    /// Which callees are asked for partial results. autobahn-js announces them, and that it cannot be interrupted.
    pub partial_results: PartialResults,
    /// Who learns who calls and publishes.
    pub disclosure: Disclosure,
    /// What the router answers to a client's GOODBYE.
    pub goodbye_reply: GoodbyeReply,
    /// The arguments of `wamp.session.on_leave`: the specification's three, or the session alone, which is what handlers
    /// written for Crossbar take.
    pub on_leave: OnLeave,
    /// After how many milliseconds a call ends whose caller set no timeout. 0: never.
    pub call_timeout_ms: u64,
    /// The longest timeout that a caller may ask for, in milliseconds; longer ones are shortened. 0: any.
    pub call_timeout_max_ms: u64,
    /// How long a call waits that came over HTTP, the console or the command line, in milliseconds.
    pub call_deadline_ms: u64,
    /// What the audit log keeps of calls between WAMP sessions, and of events.
    pub audit: RealmAudit,
    /// The most sessions at a time.
    pub sessions_max: usize,
    /// What each session may have.
    pub limits: SessionLimits,
    /// What the sessions of some roles may have instead.
    pub role_limits: BTreeMap<String, SessionLimits>,
    /// How many calls may wait for one registration whose callees are all at their `concurrency`.
    pub calls_waiting_max: usize,
    /// The most bytes that wait for one session to read them.
    pub outbox_bytes_max: usize,
    /// What happens to events for a session that reads too slowly.
    pub slow_consumer: SlowConsumer,
    /// For how many topics the last event is retained.
    pub retained_topics_max: usize,
    /// The most bytes of arguments of all retained events.
    pub retained_bytes_max: usize,
    /// Topics whose past events are kept, for `wamp.subscription.get_events`.
    pub history: Vec<HistoryRule>,
    /// Trust levels by role, disclosed as `trustlevel`.
    pub trustlevels: BTreeMap<String, u64>,
    /// How long a session has to answer the router's GOODBYE, in milliseconds.
    pub goodbye_wait_ms: u64,
}

impl Default for RealmConfig {
    fn default() -> Self {
        Self {
            uris: UriRules::default(),
            request_ids: RequestIds::default(),
            timeout_unit: TimeoutUnit::default(),
            cancel_mode: CancelDefault::default(),
            partial_results: PartialResults::default(),
            disclosure: Disclosure::default(),
            goodbye_reply: GoodbyeReply::default(),
            on_leave: OnLeave::default(),
            call_timeout_ms: 0,
            call_timeout_max_ms: 0,
            call_deadline_ms: 30_000,
            audit: RealmAudit::default(),
            sessions_max: 100_000,
            limits: SessionLimits::default(),
            role_limits: BTreeMap::new(),
            calls_waiting_max: 1024,
            outbox_bytes_max: 4 << 20,
            slow_consumer: SlowConsumer::default(),
            retained_topics_max: 10_000,
            retained_bytes_max: 64 << 20,
            history: Vec::new(),
            trustlevels: BTreeMap::new(),
            goodbye_wait_ms: 2_000,
        }
    }
}

/// What one session may have at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SessionLimits {
    /// Sessions of this role in the realm, together.
    pub sessions_max: usize,
    /// Subscriptions.
    pub subscriptions_max: usize,
    /// Registrations.
    pub registrations_max: usize,
    /// Calls that it waits for.
    pub calls_max: usize,
    /// Calls that it has been asked to answer; beyond them others are asked.
    pub invocations_max: usize,
    /// Testaments.
    pub testaments_max: usize,
    /// Bytes of all its testaments.
    pub testament_bytes_max: usize,
    /// Messages per second that it may send in the long run; one that sends faster is read from more slowly. 0: any.
    pub messages_per_second: u32,
    /// How many of them may come at once.
    pub messages_burst: u32,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            sessions_max: 100_000,
            subscriptions_max: 10_000,
            registrations_max: 10_000,
            calls_max: 4096,
            invocations_max: 65_536,
            testaments_max: 64,
            testament_bytes_max: 1 << 20,
            messages_per_second: 0,
            messages_burst: 100,
        }
    }
}

/// A topic whose events are kept.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryRule {
    /// The topic or pattern.
    pub topic: String,
    /// How the topic stands for others: `exact`, `prefix` or `wildcard`.
    #[serde(default)]
    pub r#match: HistoryMatch,
    /// Where: `memory`, or `store`, where they survive a restart.
    #[serde(default)]
    pub keep: Keep,
    /// The most events; beyond it the oldest go.
    #[serde(default = "history_events")]
    pub events_max: usize,
    /// The most bytes of arguments, and of names of those who may see them, of all events together; beyond it the oldest
    /// go. An event that has more by itself is not kept.
    #[serde(default = "history_bytes")]
    pub bytes_max: usize,
    /// How long an event is kept, in seconds; without it, for any time.
    #[serde(default)]
    pub age_max_s: Option<u64>,
}

const fn history_events() -> usize {
    1000
}

const fn history_bytes() -> usize {
    1 << 20
}

/// A value that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("realms.{realm}.{key}: {problem}")]
pub struct RealmConfigError {
    /// The realm.
    pub realm: String,
    /// The key.
    pub key: String,
    /// What is wrong with it.
    pub problem: String,
}

impl HistoryRule {
    pub(crate) const fn policy(&self) -> Match {
        self.r#match.policy()
    }

    pub(crate) const fn limits(&self) -> HistoryLimits {
        HistoryLimits { events_max: self.events_max, bytes_max: self.bytes_max }
    }

    /// How long events are kept, in microseconds.
    pub(crate) fn age_max_us(&self) -> Option<i64> {
        self.age_max_s.map(|age| i64::try_from(age.saturating_mul(1_000_000)).unwrap_or(i64::MAX))
    }
}

impl RealmConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn validate(&self, realm: &str) -> Result<(), RealmConfigError> {
        let fault = |key: &str, problem: String| {
            Err(RealmConfigError { realm: realm.to_owned(), key: key.to_owned(), problem })
        };
        if !is_realm(realm) {
            return fault(
                "",
                "a realm's name is a letter and then letters, digits, `_`, `-`, `@` or dots, 3 to 255 in all".into(),
            );
        }
        for (key, value) in [
            ("call_timeout_ms", self.call_timeout_ms),
            ("call_timeout_max_ms", self.call_timeout_max_ms),
            ("call_deadline_ms", self.call_deadline_ms),
            ("goodbye_wait_ms", self.goodbye_wait_ms),
        ] {
            if value > TIME_MS_MAX {
                return fault(key, format!("must be at most {TIME_MS_MAX}"));
            }
        }
        if self.outbox_bytes_max < OUTBOX_BYTES_MIN {
            return fault("outbox_bytes_max", format!("must be at least {OUTBOX_BYTES_MIN}"));
        }
        match self.history_fault() {
            Some(problem) => fault("history", problem),
            None => Ok(()),
        }
    }

    fn history_fault(&self) -> Option<String> {
        if self.history.len() > HISTORY_RULES_MAX {
            return Some(format!("names more than {HISTORY_RULES_MAX} topics"));
        }
        let mut seen = BTreeSet::new();
        self.history.iter().find_map(|rule| {
            let topic = &rule.topic;
            if !self.rules().allow(topic, rule.policy()) {
                return Some(format!("`{topic}` is not a topic under its `match`"));
            }
            if !seen.insert((rule.policy().as_str(), topic)) {
                return Some(format!("`{topic}` is there twice"));
            }
            if rule.events_max > HISTORY_EVENTS_MAX {
                return Some(format!("`{topic}`: events_max must be at most {HISTORY_EVENTS_MAX}"));
            }
            let is_aged = rule.age_max_s.is_none_or(|age| (1..=HISTORY_AGE_S_MAX).contains(&age));
            (!is_aged).then(|| format!("`{topic}`: age_max_s must be from 1 to {HISTORY_AGE_S_MAX}"))
        })
    }

    pub(crate) const fn rules(&self) -> Rules {
        match self.uris {
            UriRules::Loose => Rules::Loose,
            UriRules::Strict => Rules::Strict,
        }
    }

    pub(crate) const fn gaps(&self) -> Gaps {
        match self.request_ids {
            RequestIds::Lenient => Gaps::Allowed,
            RequestIds::Strict => Gaps::Refused,
        }
    }

    pub(crate) const fn default_cancel(&self) -> CancelMode {
        match self.cancel_mode {
            CancelDefault::Skip => CancelMode::Skip,
            CancelDefault::Kill => CancelMode::Kill,
            CancelDefault::KillNoWait => CancelMode::KillNoWait,
        }
    }

    /// How long a call may take whose caller said `asked`.
    pub(crate) fn call_timeout(&self, asked: Option<u64>) -> Option<Duration> {
        let unit_ms = match self.timeout_unit {
            TimeoutUnit::Milliseconds => 1,
            TimeoutUnit::Seconds => 1000,
        };
        let asked =
            asked.filter(|timeout| *timeout > 0).map(|timeout| timeout.saturating_mul(unit_ms).min(TIME_MS_MAX));
        let timeout = asked.or((self.call_timeout_ms > 0).then_some(self.call_timeout_ms));
        let most = if self.call_timeout_max_ms > 0 { self.call_timeout_max_ms } else { u64::MAX };
        timeout.map(|timeout| Duration::from_millis(timeout.min(most)))
    }

    pub(crate) fn limits_of(&self, role: &str) -> SessionLimits {
        self.role_limits.get(role).copied().unwrap_or(self.limits)
    }

    pub(crate) const fn outbox(&self) -> OutboxLimits {
        OutboxLimits { bytes_max: self.outbox_bytes_max, slow_consumer: self.slow_consumer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_in_the_realms_unit_shortened_to_its_most_and_made_up_for_who_sets_none() {
        let realm = |timeout_unit, call_timeout_ms, call_timeout_max_ms| RealmConfig {
            timeout_unit,
            call_timeout_ms,
            call_timeout_max_ms,
            ..RealmConfig::default()
        };
        let (ms, s) = (TimeoutUnit::Milliseconds, TimeoutUnit::Seconds);
        for (config, asked, expected) in [
            (realm(ms, 0, 0), Some(300), Some(300)),
            (realm(s, 0, 0), Some(2), Some(2_000)),
            (realm(ms, 0, 0), None, None),
            (realm(ms, 0, 0), Some(0), None),
            (realm(ms, 700, 0), Some(0), Some(700)),
            (realm(ms, 700, 500), None, Some(500)),
            (realm(ms, 0, 500), Some(9_000), Some(500)),
            (realm(s, 0, 0), Some(u64::MAX), Some(TIME_MS_MAX)),
        ] {
            assert_eq!(config.call_timeout(asked), expected.map(Duration::from_millis), "{asked:?}");
        }
    }
}
