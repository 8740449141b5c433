//! What is wrong with a WAMP section is told when it is read, each with its key.

use std::path::Path;
use std::sync::Arc;

use crossgate_call::{Clock, SystemClock};
use crossgate_identity::{Fetch, Identity};

use super::kit::*;
use crate::kit::{Web, World, parsed};

/// The keys of the faults, and their messages.
fn faults(config: &str) -> Vec<(String, String)> {
    let fetch: Arc<dyn Fetch> = Arc::new(Web::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match Identity::check(&parsed(config), fetch, clock) {
        Ok(()) => Vec::new(),
        Err(error) => error.faults.into_iter().map(|fault| (fault.key, fault.message)).collect(),
    }
}

#[test]
fn each_fault_has_its_key() {
    let principal = |body: &str| format!("[roles.client]\n[wamp.principals.joe]\n{body}");
    let method = |body: &str| {
        format!(
            "[roles.client]\n[roles.auth]\nallow = [{{ uri = \"a.b\", actions = [\"register\"] }}]\n[wamp.auth.x]\n{body}"
        )
    };
    let key = "11".repeat(32);
    for (config, expected, word) in [
        (principal("role = \"client\""), "wamp.principals.joe", "no credentials"),
        (principal("ticket = \"long-enough\""), "wamp.principals.joe.role", "no role"),
        (principal("role = \"nobody\"\nticket = \"long-enough\""), "wamp.principals.joe.role", "no role `nobody`"),
        (principal("role = \"operator\"\nticket = \"long-enough\""), "wamp.principals.joe.role", "given to nobody"),
        (
            format!("[roles.trusted]\n{}", principal("role = \"trusted\"\nticket = \"long-enough\"")),
            "wamp.principals.joe.role",
            "given to nobody",
        ),
        (principal("role = \"client\"\nticket = \"short\""), "wamp.principals.joe.ticket", "shorter"),
        (principal("role = \"client\"\nticket = \"eyJhbGciOi.x.y\""), "wamp.principals.joe.ticket", "token"),
        (principal("role = \"client\"\nsecret = \"short\""), "wamp.principals.joe.secret", "shorter"),
        (
            principal(
                "role = \"client\"\nticket = \"long-enough\"\nsalt = { salt = \"a\", iterations = 0, keylen = 32 }",
            ),
            "wamp.principals.joe.salt",
            "iterations",
        ),
        (principal("role = \"client\"\npublic_keys = [\"00\"]"), "wamp.principals.joe.public_keys", "64 hex"),
        (principal("role = \"client\"\ncertificates = [\"B7:81:F3\"]"), "wamp.principals.joe.certificates", "SHA-256"),
        (
            principal("role = \"client\"\nticket = \"long-enough\"\nrealms = [\"a b\"]"),
            "wamp.principals.joe.realms",
            "a b",
        ),
        (
            principal("role = \"client\"\nticket = \"long-enough\"\nauth = [\"nowhere\"]"),
            "wamp.principals.joe.auth",
            "nowhere",
        ),
        (
            principal(&format!(
                "role = \"client\"\npublic_keys = [\"{key}\"]\n[wamp.principals.amy]\nrole = \"client\"\npublic_keys = [\"{key}\"]"
            )),
            "wamp",
            "the same public key",
        ),
        (
            principal(&format!(
                "role = \"client\"\nscram = {{ kdf = \"bcrypt\", iterations = 1, salt = \"00\", stored_key = \"{key}\", server_key = \"{key}\" }}"
            )),
            "wamp.principals.joe.scram",
            "kdf",
        ),
        (method(""), "wamp.auth.x", "no method"),
        (method("anonymous = { role = \"nobody\" }"), "wamp.auth.x.anonymous.role", "nobody"),
        (method("anonymous = { role = \"operator\" }"), "wamp.auth.x.anonymous.role", "given to nobody"),
        (method("ticket = { role = \"client\" }"), "wamp.auth.x.ticket.role", "authenticator"),
        (method("ticket = { authenticator_realm = \"realm1\" }"), "wamp.auth.x.ticket.authenticator_realm", "no use"),
        (method("tls = { authenticator = \"no uri\" }"), "wamp.auth.x.tls.authenticator", "URI"),
        (method("tls = { authenticator = \"a.b\", timeout_ms = 0 }"), "wamp.auth.x.tls.authenticator", "timeout_ms"),
        (
            method("tls = { authenticator = \"a.b\", authenticator_realm = \"a b\" }"),
            "wamp.auth.x.tls.authenticator_realm",
            "realm",
        ),
        (
            method("tls = { authenticator = \"a.b\", authenticator_role = \"client\" }"),
            "wamp.auth.x.tls.authenticator",
            "may not call",
        ),
        (method("tls = { authenticator = \"a.c\" }"), "wamp.auth.x.tls.authenticator", "may register `a.c`"),
        (method("cookie = { lifetime_s = 10000000 }"), "wamp.auth.x.cookie.lifetime_s", "at most"),
    ] {
        let found = faults(&config);
        assert!(found.iter().any(|(key, text)| key == expected && text.contains(word)), "{config}\n{found:?}");
    }
}

#[test]
fn an_authorizers_own_role_has_static_grants() {
    let judged = "[roles.server]\nauthorizer = \"a.b\"\n";
    let message = |config: &str| {
        let found = faults(config);
        assert!(found.iter().all(|(key, _)| key == "roles.server.authorizer"), "{found:?}");
        found.into_iter().map(|(_, message)| message).collect::<String>()
    };
    assert!(message(judged).contains("no role without an authorizer may register `a.b`"));
    let itself = format!("{judged}allow = [{{ uri = \"a.b\", actions = [\"register\"] }}]\n");
    assert!(message(&itself).contains("no role without an authorizer"), "it would authorize itself");
    let free = format!("{judged}[roles.auth]\nallow = [{{ uri = \"a.b\", actions = [\"register\"] }}]\n");
    assert_eq!(message(&free), "");
    let asked = format!("{free}[wamp.authorization]\nrole = \"server\"\n");
    assert!(message(&asked).contains("may not call"));
    let judged_asker = format!(
        "{free}[wamp.authorization]\nrole = \"asker\"\n[roles.asker]\nauthorizer = \"a.b\"\nallow = [{{ uri = \"a.b\" }}]\n"
    );
    assert!(faults(&judged_asker).iter().any(|(_, message)| message.contains("has an authorizer itself")));
}

#[tokio::test]
async fn without_a_wamp_section_everybody_may_be_anonymous_and_nobody_may_do_anything() {
    let world = World::open("").await;
    let joined = welcome(Client::new(&world, &["anonymous"]).hello().await);
    assert_eq!(&*joined.authrole, "anonymous");
    for method in ["ticket", "wampcra", "scram", "wamp-scram", "cryptosign", "tls"] {
        let client = Client::new(&world, &[method]).named("joe");
        assert_eq!(uri(client.hello().await), "wamp.error.no_matching_auth_method", "{method}");
    }
}

#[tokio::test]
async fn secrets_come_from_files_beside_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("ticket"), "from-a-file\n").unwrap();
    let text = "[roles.client]\n[wamp.principals.joe]\nrole = \"client\"\nticket = \"file:ticket\"\n";
    let mut config = parsed(text);
    config.relative_to(directory.path());
    assert_eq!(config.wamp.set_names().collect::<Vec<_>>(), ["default"]);
    let world = World::open("").await;
    world.identity.reload(config).unwrap();
    welcome(Client::new(&world, &["ticket"]).named("joe").joined_with("from-a-file").await);
    assert!(faults(text).iter().any(|(key, _)| Path::new(key).ends_with("wamp.principals.joe.ticket")));
}
