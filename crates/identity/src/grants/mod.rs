//! Who may what: roles, compiled once, asked on every call. Nothing is permitted that is not granted.

mod pattern;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use crate::config::{Action, GrantRule, Match, Rate, Role};
use crate::fault::{Faults, suggestion};
pub use pattern::{Pattern, Wildcard};

/// The role of callers without credentials.
pub const ANONYMOUS: &str = "anonymous";
/// The role of those who run the program on its own data directory.
pub const OPERATOR: &str = "operator";
/// The longest role name, in bytes.
const ROLE_BYTES_MAX: usize = 128;

/// The grants in force.
#[derive(Debug)]
pub struct Grants {
    roles: HashMap<Arc<str>, Compiled>,
    caller_rate: Option<Rate>,
    /// Whether any role denies anything; most configurations do not, and pay nothing for it.
    denies: bool,
}

#[derive(Debug)]
struct Compiled {
    /// As written, for explanations.
    rules: Vec<Rule>,
    allow: [Patterns; Action::ALL.len()],
    deny: [Patterns; Action::ALL.len()],
    rate: Option<Rate>,
}

#[derive(Debug)]
struct Rule {
    allows: bool,
    pattern: Pattern,
    actions: Vec<Action>,
    written: String,
}

/// The patterns for one action, sorted by how they are looked up.
#[derive(Debug, Default)]
struct Patterns {
    exact: HashSet<Box<str>>,
    prefix: Vec<Box<str>>,
    wildcard: Vec<Wildcard>,
}

impl Patterns {
    fn add(&mut self, pattern: Pattern) {
        match pattern {
            Pattern::Exact(uri) => {
                self.exact.insert(uri);
            }
            Pattern::Prefix(prefix) => self.prefix.push(prefix),
            Pattern::Wildcard(wildcard) => self.wildcard.push(wildcard),
        }
    }

    fn matches(&self, uri: &str) -> bool {
        self.prefix.iter().any(|prefix| uri.starts_with(&**prefix))
            || (!self.exact.is_empty() && self.exact.contains(uri))
            || self.wildcard.iter().any(|wildcard| wildcard.matches(uri))
    }
}

/// Why something is permitted or not; `Display` gives a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is.
    pub permitted: bool,
    /// The role whose rule decided; none when no rule matches.
    pub role: Option<Arc<str>>,
    /// That rule: `allow loans. (prefix)`.
    pub rule: Option<String>,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.permitted { "permitted" } else { "refused" };
        match (&self.role, &self.rule) {
            (Some(role), Some(rule)) => write!(f, "{verdict}: role `{role}` says {rule}"),
            _ => write!(f, "{verdict}: no rule of the caller's roles matches"),
        }
    }
}

impl Grants {
    pub(crate) fn compile(roles: &BTreeMap<String, Role>, caller_rate: Option<Rate>, faults: &mut Faults) -> Self {
        let mut compiled: HashMap<Arc<str>, Compiled> =
            roles.iter().map(|(name, role)| (Arc::from(name.as_str()), compile_role(name, role, faults))).collect();
        compiled.entry(ANONYMOUS.into()).or_insert_with(|| compile_role(ANONYMOUS, &Role::default(), faults));
        compiled.entry(OPERATOR.into()).or_insert_with(|| compile_role(OPERATOR, &everything(), faults));
        if let Some(rate) = caller_rate {
            check_rate("caller_rate", rate, faults);
        }
        let denies = roles.values().any(|role| !role.deny.is_empty());
        Self { roles: compiled, caller_rate, denies }
    }

    /// Nothing at all, for where roles do not matter.
    pub(crate) fn none() -> Self {
        Self { roles: HashMap::new(), caller_rate: None, denies: false }
    }

    /// Whether one of the roles allows it and none denies it. Roles that are not configured grant nothing.
    pub fn permits(&self, roles: &[Arc<str>], action: Action, uri: &str) -> bool {
        let mut held = roles.iter().filter_map(|role| self.roles.get(role));
        let allowed = held.any(|role| role.allow[action as usize].matches(uri));
        allowed && !(self.denies && self.denied(roles, action, uri))
    }

    fn denied(&self, roles: &[Arc<str>], action: Action, uri: &str) -> bool {
        let mut held = roles.iter().filter_map(|role| self.roles.get(role));
        held.any(|role| role.deny[action as usize].matches(uri))
    }

    /// Whether a whole pattern is permitted, for WAMP's pattern-based registrations and subscriptions:
    /// one rule must allow everything that it matches, and none may deny any of it.
    pub fn permits_pattern(&self, roles: &[Arc<str>], action: Action, uri: &str, kind: Match) -> bool {
        let Ok(wanted) = Pattern::requested(uri, kind) else { return false };
        let rules = || {
            let held = roles.iter().filter_map(|role| self.roles.get(role));
            held.flat_map(|role| &role.rules).filter(|rule| rule.actions.contains(&action))
        };
        rules().any(|rule| rule.allows && rule.pattern.covers(&wanted))
            && !rules().any(|rule| !rule.allows && rule.pattern.overlaps(&wanted))
    }

    /// Whether a rule of one of the roles denies some of what the pattern matches.
    pub(crate) fn forbids(&self, roles: &[Arc<str>], action: Action, wanted: &Pattern) -> bool {
        let held = roles.iter().filter_map(|role| self.roles.get(role));
        let mut rules = held.flat_map(|role| &role.rules).filter(|rule| rule.actions.contains(&action));
        self.denies && rules.any(|rule| !rule.allows && rule.pattern.overlaps(wanted))
    }

    /// Which rule decides, for `crossgate check` and for operators who wonder.
    pub fn decision(&self, roles: &[Arc<str>], action: Action, uri: &str) -> Decision {
        let find = |allows: bool| {
            roles.iter().find_map(|role| {
                let rules = &self.roles.get(role)?.rules;
                let applies =
                    |rule: &&Rule| rule.allows == allows && rule.actions.contains(&action) && rule.pattern.matches(uri);
                Some((Arc::clone(role), rules.iter().find(applies)?.written.clone()))
            })
        };
        let denied = find(false);
        let permitted = denied.is_none();
        match denied.or_else(|| find(true)) {
            Some((role, rule)) => Decision { permitted, role: Some(role), rule: Some(rule) },
            None => Decision { permitted: false, role: None, rule: None },
        }
    }

    /// How often one caller may call.
    pub fn caller_rate(&self) -> Option<Rate> {
        self.caller_rate
    }

    /// How often the holders of a role together may call.
    pub fn role_rate(&self, role: &str) -> Option<Rate> {
        self.roles.get(role)?.rate
    }

    /// The roles whose rate is limited.
    pub fn rated_roles(&self) -> impl Iterator<Item = (&Arc<str>, Rate)> {
        self.roles.iter().filter_map(|(name, role)| Some((name, role.rate?)))
    }

    /// Every configured role.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<str>> {
        self.roles.keys()
    }

    /// The configured role of that name, shared.
    pub(crate) fn role(&self, name: &str) -> Option<&Arc<str>> {
        self.roles.get_key_value(name).map(|(name, _)| name)
    }

    /// The roles of those names; an unknown one is a fault.
    pub(crate) fn named(&self, key: &str, names: &[String], faults: &mut Faults) -> Vec<Arc<str>> {
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            match self.role(name) {
                Some(role) => found.push(Arc::clone(role)),
                None => faults.add(key, unknown_role(name, self)),
            }
        }
        found
    }
}

/// What to say about a role that is not configured.
pub(crate) fn unknown_role(name: &str, grants: &Grants) -> String {
    let hint = suggestion(name, grants.roles().map(|role| &**role));
    format!("there is no role `{name}`{hint}; add `[identity.roles.{name}]` or correct the name")
}

/// What operators may do when the configuration does not say: whoever may run the program on its data
/// directory can change the data directory.
fn everything() -> Role {
    let all = GrantRule { uri: String::new(), r#match: Match::Prefix, actions: Action::ALL.to_vec() };
    Role { allow: vec![all], ..Role::default() }
}

fn compile_role(name: &str, role: &Role, faults: &mut Faults) -> Compiled {
    let key = format!("roles.{name}");
    if name.is_empty() || name.len() > ROLE_BYTES_MAX || name.chars().any(|c| c.is_control() || c.is_whitespace()) {
        faults.add(&key, format!("a role's name is 1 to {ROLE_BYTES_MAX} bytes without spaces"));
    }
    if let Some(rate) = role.rate {
        check_rate(&format!("{key}.rate"), rate, faults);
    }
    let mut compiled =
        Compiled { rules: Vec::new(), allow: Default::default(), deny: Default::default(), rate: role.rate };
    for (list, rules, allows) in [("allow", &role.allow, true), ("deny", &role.deny, false)] {
        for (index, rule) in rules.iter().enumerate() {
            compile_rule(&format!("{key}.{list}[{index}]"), rule, allows, &mut compiled, faults);
        }
    }
    compiled
}

fn compile_rule(key: &str, rule: &GrantRule, allows: bool, into: &mut Compiled, faults: &mut Faults) {
    if rule.actions.is_empty() {
        faults.add(
            key,
            "names no action; leave `actions` out for `call`, or name some of call, register, publish, subscribe",
        );
    }
    let Some(pattern) = faults.keep(key, Pattern::parse(&rule.uri, rule.r#match)) else { return };
    let tables = if allows { &mut into.allow } else { &mut into.deny };
    for action in &rule.actions {
        tables[*action as usize].add(pattern.clone());
    }
    let verb = if allows { "allow" } else { "deny" };
    let kind = match rule.r#match {
        Match::Exact => "exact",
        Match::Prefix => "prefix",
        Match::Wildcard => "wildcard",
    };
    let written = format!("{verb} `{}` ({kind})", rule.uri);
    into.rules.push(Rule { allows, pattern, actions: rule.actions.clone(), written });
}

pub(crate) fn check_rate(key: &str, rate: Rate, faults: &mut Faults) {
    if !rate.per_second.is_finite() || rate.per_second <= 0.0 || rate.burst == 0 {
        faults.add(key, "`per_second` and `burst` are more than zero; leave the rate out for no limit");
    }
}
