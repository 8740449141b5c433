//! What is wrong with a configuration is said at once, by key, with what would be right.

use std::sync::Arc;

use crossgate_call::SystemClock;
use crossgate_identity::{Config, Fetch, Identity, generate_signing_key};
use jsonwebtoken::Algorithm;

use crate::kit::*;

fn faults(config: &str) -> Vec<String> {
    let checked = Identity::check(&parsed(config), Arc::new(Web::default()) as Arc<dyn Fetch>, Arc::new(SystemClock));
    checked.err().map(|error| error.faults.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

#[test]
fn every_fault_names_its_key_and_says_what_would_be_right() {
    let pair = Pair::make(Algorithm::EdDSA);
    let key = public_key(&pair);
    let weak = weak_rsa_pem();
    for (config, expected) in [
        ("[users.a]\npassword = 'x'".to_owned(), "users.a.password: not an argon2id hash"),
        ("[users.a]".to_owned(), "users.a.password: is missing"),
        (
            "[users.a]\nroles = ['raeder']\n[roles.reader]".to_owned(),
            "users.a.roles: there is no role `raeder` (did you mean `reader`?)",
        ),
        ("[clients.c]\nroles = ['nope']".to_owned(), "clients.c.roles: there is no role `nope`"),
        ("[clients.c]".to_owned(), "clients.c: cannot prove itself"),
        (
            "[clients.c]\nsecret_hash = 'sha256:zz'".to_owned(),
            "clients.c.secret_hash: `sha256:` is followed by 64 hex digits",
        ),
        ("[clients.c]\nsecret_hash = 'plain'".to_owned(), "clients.c.secret_hash: not an argon2id hash"),
        ("[clients.c]\ntls = { id = 'x', common_name = 'y' }".to_owned(), "clients.c.tls: the client's own name"),
        (
            "[clients.c]\nscopes = ['a b']\ntls = { common_name = 'y' }".to_owned(),
            "clients.c.scopes: `a b` is no scope",
        ),
        ("[clients.c]\nlifetime_s = 100000".to_owned(), "clients.c.lifetime_s: is 1 to 86400"),
        ("[api_keys.k]\nsha256 = 'abc'".to_owned(), "api_keys.k.sha256: is the SHA-256 of the key"),
        ("[[certificates]]\nroles = []".to_owned(), "certificates[0]: names nothing to match"),
        (
            "[[certificates]]\nsan_dns = 'a.*.b'".to_owned(),
            "certificates[0].san_dns: a `*` stands for the whole first label",
        ),
        ("[[certificates]]\nsha256 = 'abc'".to_owned(), "certificates[0].sha256: a SHA-256 is 64 hex digits"),
        ("[[certificates]]\ncommon_name = ''".to_owned(), "certificates[0]: an empty condition"),
        (format!("[issuers.i]\nissuer = 'x'\n{key}"), "issuers.i.audience: is missing"),
        (format!("[issuers.i]\naudience = ['x']\n{key}"), "issuers.i.issuer: is missing"),
        ("[issuers.i]\nissuer = 'x'\naudience = ['x']".to_owned(), "issuers.i: write exactly one of `jwks`"),
        (issuer(&format!("{key}\nsecret = 'x'")), "issuers.test: write exactly one of `jwks`"),
        (issuer("secret = 'short'"), "issuers.test: a secret is at least as long"),
        (
            issuer("secret = '0123456789abcdef0123456789abcdef'\nalgorithms = ['HS512']"),
            "issuers.test: a secret is at least as long",
        ),
        (
            issuer("secret = 'env:CROSSGATE_TEST_NOT_SET'"),
            "issuers.test.secret: the environment variable `CROSSGATE_TEST_NOT_SET`",
        ),
        (
            issuer(&format!("{key}\nalgorithms = ['EdDAS']")),
            "issuers.test.algorithms: `EdDAS` is no signature algorithm that is known here (did you mean `EdDSA`?)",
        ),
        (issuer(&format!("{key}\nalgorithms = ['none']")), "issuers.test.algorithms: `none` is no signature algorithm"),
        (
            issuer(&format!("{key}\nalgorithms = ['RS256']")),
            "issuers.test: there is no key that `algorithms` can be used with",
        ),
        (issuer(&format!("{key}\nalgorithms = ['HS256']")), "issuers.test: `algorithms` names HS256"),
        (
            issuer("jwks_url = 'https://x.example'\nalgorithms = ['HS256']"),
            "issuers.test.algorithms: HS256, HS384 and HS512 need a `secret`",
        ),
        (issuer("jwks_url = 'http://x.example'"), "issuers.test.jwks_url: is `https://...`"),
        (issuer("public_key = 'x'"), "issuers.test: the key is malformed"),
        (issuer(&format!("public_key = '''{}'''", pair.private_pem())), "issuers.test: neither an RSA"),
        (issuer(&format!("public_key = '''{weak}'''")), "issuers.test: an RSA key has 2048 to 8192 bits"),
        (
            issuer("jwks = { keys = [{ kty = 'oct', k = 'AAAA' }] }"),
            "issuers.test: key 0: a shared secret does not belong",
        ),
        (issuer("file = '/nowhere/at/all'"), "issuers.test: cannot read /nowhere/at/all"),
        (issuer(&format!("{key}\nleeway_s = 301")), "issuers.test.leeway_s: is at most 300"),
        (
            issuer(&format!("{key}\nrole_map = {{ x = ['raeder'] }}")),
            "issuers.test.role_map.x: there is no role `raeder`",
        ),
        ("[roles.a]\nallow = [{ uri = 'a.*' }]".to_owned(), "roles.a.allow[0]: a URI has no spaces, `#` or `*`"),
        ("[roles.a]\ndeny = [{ uri = 'a..b' }]".to_owned(), "roles.a.deny[0]: has an empty component"),
        ("[roles.a]\nallow = [{ uri = 'a', actions = [] }]".to_owned(), "roles.a.allow[0]: names no action"),
        (
            "[roles.a]\nrate = { per_second = 0, burst = 1 }".to_owned(),
            "roles.a.rate: `per_second` and `burst` are more than zero",
        ),
        ("caller_rate = { per_second = nan, burst = 1 }".to_owned(), "caller_rate: `per_second` and `burst`"),
        ("[roles.'a b']".to_owned(), "roles.a b: a role's name"),
        ("[tokens]\nissuer = 'https://x.example'".to_owned(), "tokens: `issuer` and `key` go together"),
        (format!("[tokens]\nkey = '''{}'''", pair.private_pem()), "tokens: `issuer` and `key` go together"),
        ("[tokens]\nissuer = 'https://x.example'\nkey = 'x'".to_owned(), "tokens.key: not a private key in PEM"),
        (
            format!("[tokens]\nissuer = 'https://x.example'\nkey = '''{}'''", pair.public_pem()),
            "tokens.key: not an Ed25519",
        ),
        (format!("{}previous_keys = ['x']", issuing(&pair, "")), "tokens.previous_keys[0]: not a private key in PEM"),
        (format!("{}lifetime_s = 0", issuing(&pair, "")), "tokens.lifetime_s: is 1 to 86400"),
        (
            issuing(&pair, &issuer(&key).replace(ISSUER, "https://gate.example")),
            "tokens.issuer: is also the `issuer` of one of `issuers`",
        ),
        ("[sessions]\nidle_s = 0".to_owned(), "sessions: `lifetime_s` and `idle_s` are at least 1"),
    ] {
        let faults = faults(&config);
        assert!(faults.iter().any(|fault| fault.starts_with(expected)), "{expected}\n{faults:#?}");
    }
}

fn weak_rsa_pem() -> String {
    // A well-formed SubjectPublicKeyInfo with 1024 bits: rsaEncryption, then SEQUENCE { n, 65537 }.
    let mut der = vec![
        0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    der.extend([0x03, 0x81, 0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00]);
    der.extend([0xff; 128]);
    der.extend([0x02, 0x03, 0x01, 0x00, 0x01]);
    pem("PUBLIC KEY", &der)
}

#[test]
fn all_faults_are_told_at_once() {
    let found = faults("[users.a]\nroles = ['x', 'y']\n[[certificates]]\n[sessions]\nidle_s = 0");
    assert_eq!(found.len(), 5, "{found:#?}");
}

#[test]
fn a_secret_in_the_configuration_shows_in_no_debug_output_and_in_no_fault() {
    let config = "[issuers.i]\nissuer = 'x'\naudience = ['x']\nsecret = 'hunter2'\n[users.a]\npassword = 'hunter2'\n[clients.c]\nsecret_hash = 'hunter2'\n[tokens]\nissuer = 'x'\nkey = 'hunter2'\nprevious_keys = ['hunter2']";
    assert!(!format!("{:?} {:#?}", parsed(config), parsed(config)).contains("hunter2"));
    let faults = faults(config);
    assert!(faults.len() >= 4 && !faults.join("\n").contains("hunter2"), "{faults:#?}");
}

#[test]
fn unknown_keys_are_refused_and_the_schema_describes_the_known_ones() {
    for config in [
        "isuers = {}",
        "[users.a]\npasword = 'x'",
        "[roles.a]\nallow = [{ uri = 'a', action = ['call'] }]",
        "[tokens]\nlifetime = 3",
    ] {
        assert!(toml::from_str::<Config>(config).is_err(), "{config}");
    }
    let schema = serde_json::to_value(schemars::schema_for!(Config)).unwrap();
    assert!(schema["properties"]["issuers"]["description"].is_string(), "{schema:#}");
    assert!(schema["$defs"]["Issuer"]["properties"]["leeway_s"]["description"].as_str().unwrap().contains("seconds"));
}

#[test]
fn a_generated_signing_key_serves() {
    let key = generate_signing_key().unwrap();
    assert_ne!(key, generate_signing_key().unwrap());
    assert_eq!(faults(&format!("[tokens]\nissuer = 'https://x.example'\nkey = '''{key}'''")), Vec::<String>::new());
}

/// Every TOML example in the operators' documentation is a configuration that works.
#[test]
fn the_documentations_examples_are_configurations() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/identity.md")).unwrap();
    let blocks: Vec<&str> = text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 8, "{}", blocks.len());
    let whole = blocks.concat();
    let mut table: toml::Table = toml::from_str(&whole).unwrap_or_else(|error| panic!("{error}\n{whole}"));
    let config: Config = table.remove("identity").unwrap().try_into().unwrap();
    // What the examples refer to lies elsewhere; everything else must be in order.
    let found =
        Identity::check(&config, Arc::new(Web::default()) as Arc<dyn Fetch>, Arc::new(SystemClock)).unwrap_err();
    for fault in &found.faults {
        let elsewhere =
            ["cannot read", "cannot be read", "environment variable"].iter().any(|text| fault.message.contains(text));
        let clients_need_the_key_that_lies_elsewhere = fault.key == "clients";
        assert!(elsewhere || clients_need_the_key_that_lies_elsewhere, "{fault}");
    }
}
