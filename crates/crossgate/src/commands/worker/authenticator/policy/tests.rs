use super::*;

const SHA1: &str = "B7:81:F3:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00";
const SHA256: &str = "3502aabbccddeeff00112233445566778899aabbccddeeff0011223344556677";

const POLICY: &str = r#"
[[principals]]
fingerprints = ["b781f300112233445566778899aabbccddeeff00", "35:02:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77"]
authid = "server"
role = "server"
realm = "crossbar"
extra = { desk = 7 }

[[principals]]
san_dns = "Worker.example"
issuer = "Our authority"
authid = "node"
role = "node"

[[principals]]
common_name = "app1"
issuer = "Our authority"
authid = "named"
role = "node"

[roles.server]
allow = [
    { uri = "hello.world.rpc", actions = ["call", "register"], cache = true, disclose = true },
    { uri = "app.news.", match = "prefix", actions = ["publish", "subscribe"] },
    { uri = "site..open", match = "wildcard" },
]
deny = [{ uri = "app.news.secret.", match = "prefix", actions = ["publish", "subscribe"] }]

[roles.node]
"#;

fn policy() -> Policy {
    Policy::parse(POLICY).unwrap()
}

fn authid(shown: &Shown<'_>) -> Option<String> {
    policy().identify(shown).map(|identity| identity.authid.clone())
}

#[test]
fn a_certificate_is_known_by_either_fingerprint_however_it_is_written() {
    let nobody = Shown { sha1: "00", sha256: "00", ..Shown::default() };
    assert_eq!(authid(&Shown { sha1: SHA1, ..nobody.clone() }).as_deref(), Some("server"));
    assert_eq!(authid(&Shown { sha256: SHA256, ..nobody.clone() }).as_deref(), Some("server"));
    assert_eq!(authid(&Shown { sha256: SHA1, ..nobody.clone() }).as_deref(), Some("server"));
    assert_eq!(authid(&nobody), None);
    assert_eq!(authid(&Shown::default()), None, "a certificate without fingerprints is nobody's");
}

#[test]
fn a_certificate_is_known_by_names_only_when_all_of_them_fit() {
    let issuer = Some("Our authority");
    let dns = Shown { alternative_names: "URI:spiffe://a, DNS:worker.EXAMPLE", issuer, ..Shown::default() };
    assert_eq!(authid(&dns).as_deref(), Some("node"));
    assert_eq!(authid(&Shown { issuer: Some("Another"), ..dns.clone() }), None);
    for names in
        ["DNS:worker.example.org", "URI:worker.example", "email:worker.example", "DNS:a%2C DNS:worker.example", ""]
    {
        assert_eq!(authid(&Shown { alternative_names: names, ..dns.clone() }), None, "{names}");
    }
    let named = Shown { common_name: Some("app1"), issuer, ..Shown::default() };
    assert_eq!(authid(&named).as_deref(), Some("named"));
    assert_eq!(authid(&Shown { issuer: None, ..named }), None);
}

#[test]
fn what_is_not_allowed_is_denied() {
    let policy = policy();
    let all = Verdict { allow: true, disclose: Some(true), cache: true };
    let plain = Verdict { allow: true, disclose: None, cache: false };
    for (role, action, uri, kind, expected) in [
        ("server", Action::Call, "hello.world.rpc", Match::Exact, all),
        ("server", Action::Register, "hello.world.rpc", Match::Exact, all),
        ("server", Action::Subscribe, "hello.world.rpc", Match::Exact, DENIED),
        ("server", Action::Register, "hello.world.", Match::Prefix, DENIED),
        ("server", Action::Call, "hello.world.rpc2", Match::Exact, DENIED),
        ("server", Action::Publish, "app.news.today", Match::Exact, plain),
        ("server", Action::Subscribe, "app.news.sport.", Match::Prefix, plain),
        ("server", Action::Subscribe, "app.news.", Match::Prefix, DENIED),
        ("server", Action::Publish, "app.news.secret.a", Match::Exact, DENIED),
        ("server", Action::Call, "site.a.open", Match::Exact, plain),
        ("server", Action::Call, "site.a.b.open", Match::Exact, DENIED),
        ("server", Action::Call, "", Match::Exact, DENIED),
        ("node", Action::Call, "hello.world.rpc", Match::Exact, DENIED),
        ("nobody", Action::Call, "hello.world.rpc", Match::Exact, DENIED),
        ("", Action::Call, "hello.world.rpc", Match::Exact, DENIED),
    ] {
        assert_eq!(policy.judge(role, action, uri, kind), expected, "{role} {action:?} {uri} {kind:?}");
    }
}

#[test]
fn what_is_wrong_with_a_policy_is_said_with_its_place() {
    let principal = |lines: &str| format!("[roles.r]\n\n[[principals]]\nauthid = \"a\"\nrole = \"r\"\n{lines}");
    for (text, place, words) in [
        (String::new(), "", "names nobody"),
        ("[[principals]]\nauthid = \"a\"".into(), "line 1", "missing field `role`"),
        (principal("fingerprint = [\"00\"]"), "line 6, column 1", "did you mean `fingerprints`?"),
        (principal("fingerprints = [\"00\"]"), "line 3", "`00` is no fingerprint"),
        (principal(&format!("fingerprints = [\"{}\"]", "g".repeat(40))), "line 3", "is no fingerprint"),
        (principal(&format!("fingerprints = [\"{SHA1}\", \"{SHA1}\"]")), "line 3", "twice"),
        (principal(&format!("fingerprints = [\"{SHA1}\"]\nsan_dns = \"a\"")), "line 3", "write two entries"),
        (principal(""), "line 3", "matches no certificate"),
        (principal("common_name = \"a\""), "line 3", "name the `issuer`"),
        (principal("issuer = \"a\""), "line 3", "alone is everybody"),
        (principal("san_dns = \"\""), "line 3", "a name is empty"),
        (principal("san_dns = \"a\"\nrealm = \"a b\""), "line 3", "is not the name of a realm"),
        (principal("san_dns = \"a\"").replace("role = \"r\"", "role = \"s\""), "line 3", "there is no role `s`"),
        (principal("san_dns = \"a\"").replace("role = \"r\"", "role = \"trusted\""), "line 3", "given to nobody"),
        (principal("san_dns = \"a\"").replace("role = \"r\"", "role = \"operator\""), "line 3", "given to nobody"),
        ("[roles.r]\nallow = [{ uri = \"a.*\" }]".into(), "line 1: roles.r", "`match = \"prefix\"`"),
        ("\n[roles.r]\nallow = [{ uri = \"a\", actions = [] }]".into(), "line 2: roles.r", "no actions"),
        ("[roles.r]\nallow = [{ uri = \"a\", actions = [\"dance\"] }]".into(), "line 2", "unknown variant"),
        ("[roles.r]\ndeny = [{ uri = \"a\", cache = true }]".into(), "line 2", "unknown field"),
        ("nonsense".into(), "line 1", ""),
    ] {
        let error = format!("{:#}", Policy::parse(&text).unwrap_err());
        assert!(error.contains(place) && error.contains(words), "{text}\n{error}");
    }
}
