//! Grants against a matcher that is too simple to be wrong.

use std::sync::Arc;

use crossgate_identity::{Action, Match};
use proptest::prelude::*;

use crate::kit::*;

#[derive(Clone, Debug)]
struct Rule {
    role: usize,
    allows: bool,
    uri: String,
    kind: Match,
    actions: Vec<Action>,
}

const ROLES: [&str; 3] = ["r0", "r1", "r2"];

fn component() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("ab")].prop_map(str::to_owned)
}

fn uri() -> impl Strategy<Value = String> {
    prop::collection::vec(component(), 1..4).prop_map(|parts| parts.join("."))
}

fn pattern() -> impl Strategy<Value = (String, Match)> {
    let wildcard = prop::collection::vec(prop::option::of(component()), 2..4).prop_map(|mut parts| {
        if parts.iter().all(Option::is_some) {
            parts[0] = None;
        }
        parts.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>().join(".")
    });
    let prefix = (uri(), prop_oneof![Just(""), Just(".")]).prop_map(|(uri, dot)| format!("{uri}{dot}"));
    prop_oneof![
        uri().prop_map(|uri| (uri, Match::Exact)),
        prefix.prop_map(|prefix| (prefix, Match::Prefix)),
        Just((String::new(), Match::Prefix)),
        wildcard.prop_map(|wildcard| (wildcard, Match::Wildcard)),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let actions = prop::sample::subsequence(Action::ALL.to_vec(), 1..=4);
    (0..ROLES.len(), prop::bool::weighted(0.8), pattern(), actions)
        .prop_map(|(role, allows, (uri, kind), actions)| Rule { role, allows, uri, kind, actions })
}

/// The specification, written down as plainly as possible.
fn matches(pattern: &str, kind: Match, uri: &str) -> bool {
    match kind {
        Match::Exact => pattern == uri,
        Match::Prefix => uri.len() >= pattern.len() && &uri[..pattern.len()] == pattern,
        Match::Wildcard => {
            let (wanted, have): (Vec<_>, Vec<_>) = (pattern.split('.').collect(), uri.split('.').collect());
            wanted.len() == have.len()
                && (0..have.len()).all(|index| wanted[index].is_empty() || wanted[index] == have[index])
        }
    }
}

fn expected(rules: &[Rule], held: &[usize], action: Action, uri: &str) -> bool {
    let mut applying = rules.iter().filter(|rule| {
        held.contains(&rule.role) && rule.actions.contains(&action) && matches(&rule.uri, rule.kind, uri)
    });
    let any = applying.clone().next().is_some();
    any && applying.all(|rule| rule.allows)
}

fn config(rules: &[Rule]) -> String {
    let mut text = String::new();
    for (index, role) in ROLES.iter().enumerate() {
        text.push_str(&format!("[roles.{role}]\n"));
        for (list, allows) in [("allow", true), ("deny", false)] {
            let written: Vec<String> = rules
                .iter()
                .filter(|rule| rule.role == index && rule.allows == allows)
                .map(|rule| {
                    let actions: Vec<String> =
                        rule.actions.iter().map(|action| format!("\"{}\"", action.as_str())).collect();
                    let kind = format!("{:?}", rule.kind).to_lowercase();
                    format!("{{ uri = \"{}\", match = \"{kind}\", actions = [{}] }}", rule.uri, actions.join(", "))
                })
                .collect();
            text.push_str(&format!("{list} = [{}]\n", written.join(", ")));
        }
    }
    text
}

/// Roles as callers hold them.
fn roles(held: &[usize]) -> Vec<Arc<str>> {
    held.iter().map(|index| ROLES[*index].into()).chain(["not-configured".into()]).collect()
}

/// One identity whose configuration is replaced for each case.
fn world() -> World {
    runtime().block_on(World::open(""))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_compiled_grants_and_their_explanation_agree_with_the_plain_matcher(
        rules in prop::collection::vec(rule(), 0..8),
        held in prop::sample::subsequence(vec![0, 1, 2], 0..=3),
        uris in prop::collection::vec(uri(), 1..8),
    ) {
        thread_local!(static WORLD: World = world());
        WORLD.with(|world| {
            world.identity.reload(parsed(&config(&rules))).unwrap();
            let grants = world.identity.grants();
            for uri in &uris {
                for action in Action::ALL {
                    let expected = expected(&rules, &held, action, uri);
                    assert_eq!(grants.permits(&roles(&held), action, uri), expected, "{action:?} {uri}");
                    assert_eq!(grants.decision(&roles(&held), action, uri).permitted, expected, "{action:?} {uri}");
                }
            }
        });
    }

    #[test]
    fn a_permitted_pattern_lets_nobody_have_a_uri_that_is_not_permitted(
        rules in prop::collection::vec(rule(), 0..6),
        held in prop::sample::subsequence(vec![0, 1, 2], 1..=3),
        (wanted, kind) in pattern(),
        uris in prop::collection::vec(uri(), 16),
    ) {
        thread_local!(static WORLD: World = world());
        WORLD.with(|world| {
            world.identity.reload(parsed(&config(&rules))).unwrap();
            let grants = world.identity.grants();
            if grants.permits_pattern(&roles(&held), Action::Register, &wanted, kind) {
                for uri in uris.iter().filter(|uri| matches(&wanted, kind, uri)) {
                    assert!(expected(&rules, &held, Action::Register, uri), "{wanted} {kind:?} {uri}");
                }
            }
            if kind == Match::Exact {
                let pattern = grants.permits_pattern(&roles(&held), Action::Register, &wanted, kind);
                assert_eq!(pattern, grants.permits(&roles(&held), Action::Register, &wanted));
            }
        });
    }
}

#[tokio::test]
async fn nothing_is_permitted_that_is_not_written_down() {
    let world = World::open("[roles.reader]\nallow = [{ uri = \"loans.balance\" }]\n[roles.empty]\n").await;
    let grants = world.identity.grants();
    let reader: Vec<Arc<str>> = vec!["reader".into()];
    assert!(grants.permits(&reader, Action::Call, "loans.balance"));
    for (roles, action, uri) in [
        (vec!["reader"], Action::Register, "loans.balance"),
        (vec!["reader"], Action::Call, "loans.balance.x"),
        (vec!["reader"], Action::Call, "loans"),
        (vec!["reader"], Action::Call, ""),
        (vec!["empty"], Action::Call, "loans.balance"),
        (vec!["anonymous"], Action::Call, "loans.balance"),
        (vec!["unheard-of"], Action::Call, "loans.balance"),
        (vec![], Action::Call, "loans.balance"),
    ] {
        let roles: Vec<Arc<str>> = roles.into_iter().map(Arc::from).collect();
        assert!(!grants.permits(&roles, action, uri), "{roles:?} {action:?} {uri}");
        assert_eq!(grants.decision(&roles, action, uri).to_string(), "refused: no rule of the caller's roles matches");
    }
    assert_eq!(
        grants.decision(&reader, Action::Call, "loans.balance").to_string(),
        "permitted: role `reader` says allow `loans.balance` (exact)"
    );
}

#[tokio::test]
async fn one_denial_outweighs_every_allowance() {
    let world = World::open(
        "[roles.all]\nallow = [{ uri = \"\", match = \"prefix\" }]\n[roles.careful]\ndeny = [{ uri = \"loans.post\" }]\n",
    )
    .await;
    let grants = world.identity.grants();
    let (all, both): (Vec<Arc<str>>, Vec<Arc<str>>) = (vec!["all".into()], vec!["all".into(), "careful".into()]);
    assert!(grants.permits(&all, Action::Call, "loans.post"));
    assert!(!grants.permits(&both, Action::Call, "loans.post"));
    assert!(grants.permits(&both, Action::Call, "loans.balance"));
    assert_eq!(
        grants.decision(&both, Action::Call, "loans.post").to_string(),
        "refused: role `careful` says deny `loans.post` (exact)"
    );
    assert!(!grants.permits_pattern(&both, Action::Call, "loans.", Match::Prefix));
}

#[tokio::test]
async fn rates_are_those_of_the_configuration() {
    let world = World::open(
        "[caller_rate]\nper_second = 0.5\nburst = 3\n[roles.a]\nrate = { per_second = 10, burst = 20 }\n[roles.b]\n",
    )
    .await;
    let grants = world.identity.grants();
    assert_eq!(grants.caller_rate().map(|rate| (rate.per_second, rate.burst)), Some((0.5, 3)));
    assert_eq!(grants.role_rate("a").map(|rate| rate.burst), Some(20));
    assert_eq!(grants.role_rate("b"), None);
    assert_eq!(grants.rated_roles().map(|(role, _)| role.to_string()).collect::<Vec<_>>(), ["a"]);
}
