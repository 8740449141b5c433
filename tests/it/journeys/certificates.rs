//! `crossgate cert`: what it makes, openssl, curl and autobahn-python take; what it refuses, it says why.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crossgate_tests::{Program, Python, Site, until};
use serde_json::Value;

/// What a shell says to a script that is run in the site's folder, and whether it was content.
fn sh(site: &Site, script: &str) -> (bool, String) {
    let output = Command::new("sh").args(["-euc", script]).current_dir(site.folder()).output().expect("a shell");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

/// As [`sh`], for a script that must succeed.
#[track_caller]
fn done(site: &Site, script: &str) -> String {
    let (fine, said) = sh(site, script);
    assert!(fine, "{script}\n{said}");
    said
}

/// `crossgate cert` with these arguments, separated by spaces.
fn cert(site: &Site, arguments: &str) -> crossgate_tests::Finished {
    let arguments: Vec<&str> = ["cert"].into_iter().chain(arguments.split(' ')).collect();
    site.run(&arguments)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// An authority, a server's certificate for this machine, and one client's.
fn set() -> Site {
    let site = Site::new();
    cert(&site, "ca").success();
    cert(&site, "server localhost 127.0.0.1 spiffe://example.test/api --as server").success();
    cert(&site, "client worker-1 --organization Example --unit Works --uri spiffe://example.test/worker-1").success();
    site
}

#[test]
fn openssl_takes_every_kind_of_key_and_finds_what_was_asked_for() {
    for kind in ["ecdsa-p256", "rsa-2048", "rsa-4096", "ed25519"] {
        let site = Site::new();
        cert(&site, &format!("ca --key {kind}")).success();
        cert(
            &site,
            &format!("server example.test *.example.test 192.0.2.1 spiffe://example.test/api --as s --key {kind}"),
        )
        .success();
        cert(
            &site,
            &format!("client worker-1 --organization Example --unit Works --email joe@example.test --key {kind}"),
        )
        .success();
        done(&site, "cd certificates && openssl verify -x509_strict -CAfile ca.pem -purpose sslserver s.pem");
        done(&site, "cd certificates && openssl verify -x509_strict -CAfile ca.pem -purpose sslclient worker-1.pem");
        done(&site, "cd certificates && openssl crl -in ca.crl -CAfile ca.pem -noout -verify");
        for (purpose, file) in [("sslclient", "s"), ("sslserver", "worker-1")] {
            let (fine, _) = sh(
                &site,
                &format!("openssl verify -CAfile certificates/ca.pem -purpose {purpose} certificates/{file}.pem"),
            );
            assert!(!fine, "{file}.pem is for {purpose}");
        }
        for name in ["ca", "s", "worker-1"] {
            let keys = done(
                &site,
                &format!(
                    "cd certificates && openssl pkey -in {name}-key.pem -pubout && openssl x509 -in {name}.pem -pubkey -noout"
                ),
            );
            let (first, second) = keys.split_at(keys.len() / 2);
            assert_eq!(first, second, "{name}-key.pem is the key of {name}.pem");
        }
        let text = |name: &str| done(&site, &format!("openssl x509 -in certificates/{name}.pem -noout -text"));
        for (name, words) in [
            ("ca", &["Version: 3", "CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign"][..]),
            (
                "s",
                &[
                    "Version: 3",
                    "CA:FALSE",
                    "TLS Web Server Authentication",
                    "DNS:example.test",
                    "DNS:*.example.test",
                    "IP Address:192.0.2.1",
                    "URI:spiffe://example.test/api",
                    "X509v3 Authority Key Identifier",
                    "X509v3 Subject Key Identifier",
                    "Digital Signature",
                ],
            ),
            (
                "worker-1",
                &["O = Example, OU = Works, CN = worker-1", "TLS Web Client Authentication", "email:joe@example.test"],
            ),
        ] {
            for word in words {
                assert!(text(name).contains(word), "{kind} {name}: {word} in {}", text(name));
            }
        }
    }
}

#[test]
fn what_is_printed_is_what_openssl_says_and_files_are_kept_from_others() {
    let site = Site::new();
    cert(&site, "ca").success();
    let issued = json(&cert(&site, "client worker-1 --json").success());
    let facts = &issued[0]["issued"];
    for (algorithm, key) in [("sha1", "sha1"), ("sha256", "sha256")] {
        let said = done(&site, &format!("openssl x509 -in certificates/worker-1.pem -noout -fingerprint -{algorithm}"));
        assert_eq!(said.trim().split_once('=').expect("a fingerprint").1, facts[key].as_str().expect("text"));
    }
    assert_eq!(facts["sha256"].as_str().expect("text").replace(':', "").to_lowercase(), facts["sha256_hex"]);
    let serial = done(&site, "openssl x509 -in certificates/worker-1.pem -noout -serial");
    assert_eq!(serial.trim().trim_start_matches("serial=").to_lowercase(), facts["serial"].as_str().expect("text"));
    assert_eq!(facts["serial"].as_str().expect("text").len(), 32, "128 bits");
    assert!(issued[0]["configuration"].as_str().expect("text").contains(facts["sha256_hex"].as_str().expect("text")));
    let mode = |name: &str| std::fs::metadata(site.path(name)).expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode("certificates"), 0o700);
    assert_eq!((mode("certificates/ca-key.pem"), mode("certificates/worker-1-key.pem")), (0o600, 0o600));
    assert_eq!((mode("certificates/ca.pem"), mode("certificates/worker-1.pem")), (0o644, 0o644));
}

#[test]
fn nothing_is_overwritten_unasked_and_nothing_senseless_is_issued() {
    let site = set();
    let before = site.read("certificates/worker-1.pem");
    for (arguments, word) in [
        ("ca", "--force"),
        ("client worker-1", "--force"),
        ("server spiffe://example.test/only", "DNS name"),
        ("server a..b", "a..b"),
        ("server example.test --days 9000", "825"),
        ("client worker-2 --days 0", "1 to"),
        ("client ../escape --as ../escape", "--as"),
        ("client ca", "--as"),
        ("revoke nobody", "nobody"),
        ("renew nobody", "nobody"),
        ("client x --dir nowhere", "crossgate cert ca"),
        ("check nowhere.pem", "nowhere.pem"),
    ] {
        let said = cert(&site, arguments).failure();
        assert!(said.contains(word), "{arguments}: {said}");
    }
    assert_eq!(site.read("certificates/worker-1.pem"), before);
    cert(&site, "client worker-1 --force").success();
    assert_ne!(site.read("certificates/worker-1.pem"), before);
}

#[test]
fn a_passphrase_and_pkcs12_are_what_openssl_knows() {
    let site = Site::new();
    site.write("pass", "correct horse battery staple\n");
    cert(&site, "ca --passphrase file:pass").success();
    assert!(site.read("certificates/ca-key.pem").starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    done(&site, "openssl pkey -in certificates/ca-key.pem -passin file:pass -noout");
    let missing = site.run_with_input(&["cert", "client", "worker-1"], "wrong horse battery staple\n").failure();
    assert!(missing.contains("does not open"), "{missing}");
    for kind in ["ecdsa-p256", "rsa-2048", "ed25519"] {
        cert(&site, &format!("client {kind} --key {kind} --passphrase file:pass --p12 file:pass")).success();
        let opened = done(&site, &format!("openssl pkcs12 -in certificates/{kind}.p12 -passin file:pass -nodes"));
        assert_eq!(opened.matches("BEGIN CERTIFICATE").count(), 2, "its own and the authority's: {opened}");
        let same = format!(
            "openssl pkcs12 -in certificates/{kind}.p12 -passin file:pass -nodes -nocerts | openssl pkey | cmp - certificates/{kind}-key.pem"
        );
        done(&site, &same);
    }
    let typed =
        site.run_with_input(&["cert", "client", "worker-1", "--passphrase", "-"], "correct horse battery staple\n");
    typed.success();
}

#[test]
fn certificates_are_listed_renewed_and_revoked() {
    let site = set();
    let state = |name: &str| -> Vec<String> {
        let listed = json(&cert(&site, "list --json").success());
        let of = listed["certificates"]
            .as_array()
            .expect("certificates")
            .iter()
            .filter(|one| one["certificate"]["name"] == name);
        of.map(|one| one["state"].as_str().expect("text").to_owned()).collect()
    };
    assert_eq!(state("worker-1"), ["valid"]);
    let old = site.read("certificates/worker-1.pem");
    cert(&site, "renew worker-1").success();
    assert_ne!(site.read("certificates/worker-1.pem"), old);
    let text = done(&site, "openssl x509 -in certificates/worker-1.pem -noout -text");
    assert!(
        text.contains("O = Example, OU = Works, CN = worker-1") && text.contains("URI:spiffe://example.test/worker-1"),
        "{text}"
    );
    assert!(cert(&site, "renew --due-days 30").success().contains("nothing is due"));
    assert!(cert(&site, "renew --due-days 370").success().contains("worker-1.pem"));
    assert_eq!(state("worker-1").len(), 3);
    let said = cert(&site, "revoke worker-1 --reason key-compromise").success();
    assert!(said.contains("SIGHUP") && said.contains("ca.crl"), "{said}");
    assert_eq!(state("worker-1"), ["revoked"; 3]);
    let list = done(&site, "openssl crl -in certificates/ca.crl -noout -text");
    assert_eq!((list.matches("Serial Number").count(), list.matches("Key Compromise").count()), (3, 3), "{list}");
    assert!(cert(&site, "revoke worker-1").failure().contains("already"));
    assert!(cert(&site, "list").success().contains("revoked"));
    let number = json(&cert(&site, "crl --crl-days 7 --json").success())["number"].as_u64();
    assert_eq!(number, Some(3), "each list has a greater number");
    // What the authority signed before it was renewed stays good.
    let authority = site.read("certificates/ca.pem");
    cert(&site, "renew ca").success();
    assert_ne!(site.read("certificates/ca.pem"), authority);
    done(&site, "cd certificates && openssl verify -x509_strict -CAfile ca.pem -purpose sslserver server.pem");
}

/// The standard doors with certificates made here, and the set itself.
fn site_with_set(rule: &str) -> Site {
    let site = Site::standard();
    cert(&site, "ca").success();
    cert(&site, "server localhost 127.0.0.1 --as server").success();
    for client in [Site::PARTNER, "worker-2", "worker-3"] {
        cert(&site, &format!("client {client}")).success();
    }
    site.reconfigure(
        "chain = \"server.pem\", key = \"server.key\"",
        "chain = \"certificates/server.pem\", key = \"certificates/server-key.pem\"",
    );
    site.reconfigure("client_ca = [\"ca.pem\"]", "client_ca = \"certificates/ca.pem\"\ncrls = \"certificates/ca.crl\"");
    site.reconfigure("client_certificate = \"optional\"", &format!("client_certificate = \"{rule}\""));
    site
}

/// What curl is answered with a client's certificate: the status, or its complaint.
fn curl(site: &Site, program: &Program, client: &str) -> String {
    let script = format!(
        "curl -sS --noproxy '*' --cacert certificates/ca.pem --cert certificates/{client}.pem --key certificates/{client}-key.pem \
         -o /dev/null -w '%{{http_code}}' {}/healthz",
        program.url("tls")
    );
    sh(site, &script).1
}

async fn reload(program: &Program) {
    let count = |log: &str| log.matches("configuration reloaded").count();
    let before = count(&program.log());
    program.signal("HUP");
    until("the reload is logged", async || (count(&program.log()) > before).then_some(())).await;
}

#[tokio::test]
async fn a_client_is_let_in_until_it_is_revoked_and_the_others_stay() {
    let site = site_with_set("required");
    let program = site.start().await;
    assert_eq!(curl(&site, &program, "worker-3"), "200");
    assert_eq!(curl(&site, &program, "worker-2"), "200");
    cert(&site, "revoke worker-2 --reason privilege-withdrawn").success();
    reload(&program).await;
    let refused = curl(&site, &program, "worker-2");
    assert!(!refused.starts_with("200") && refused.contains("revoked"), "{refused}");
    assert_eq!(curl(&site, &program, "worker-3"), "200");
    let alert = sh(&site, &format!(
        "openssl s_client -ign_eof </dev/null -connect {} -CAfile certificates/ca.pem -cert certificates/worker-2.pem -key certificates/worker-2-key.pem 2>&1",
        program.listener("tls").address
    )).1;
    assert!(alert.contains("certificate revoked") && alert.contains("alert number 44"), "{alert}");
    let log = program.stop().await;
    assert!(log.contains("a client's certificate was refused: it is revoked") && log.contains("CN=worker-2"), "{log}");
}

#[tokio::test]
async fn autobahn_python_joins_with_a_certificate_made_here() {
    let site = site_with_set("required");
    site.reconfigure("[services.loans]", "[identity.wamp.auth.default]\ntls = {}\n\n[services.loans]");
    let program = site.start().await;
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the top of the checkout");
    let certificate = |name: &str| site.path(&format!("certificates/{name}"));
    let output = Python::find()
        .command("python")
        .arg(top.join("tests/wamp/autobahn_certificate.py"))
        .arg(program.url("tls").replace("https://", "wss://") + "/ws")
        .args([certificate("ca.pem"), certificate("partner-bank.pem"), certificate("partner-bank-key.pem")])
        .output()
        .expect("python starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
    let seen = json(stdout.lines().last().unwrap_or_default());
    assert_eq!((&seen["authid"], &seen["authmethod"]), (&Site::PARTNER.into(), &"tls".into()), "{seen}");
    program.stop().await;
}

/// Certificates that openssl makes and nobody should use, with what is wrong with each. `ca.pem` signs them.
const UNUSABLE: [(&str, &str, &str); 7] = [
    ("v1", "", "version 1"),
    ("nameless", "extendedKeyUsage=serverAuth", "no subject alternative name"),
    ("elsewhere", "subjectAltName=DNS:localhost\nextendedKeyUsage=emailProtection", "serverAuth"),
    ("expired", "subjectAltName=DNS:localhost", "expired"),
    ("weak", "subjectAltName=DNS:localhost", "rsa-1024"),
    ("sha1", "subjectAltName=DNS:localhost", "SHA-1"),
    ("authority", "subjectAltName=DNS:localhost\nbasicConstraints=CA:TRUE\nextendedKeyUsage=serverAuth", "CA:TRUE"),
];

/// Has openssl make one of them, signed by the authority in `certificates/`.
fn make_unusable(site: &Site, name: &str, extensions: &str) {
    let key = if name == "weak" { "rsa:1024" } else { "rsa:2048" };
    let digest = if name == "sha1" { "-sha1" } else { "-sha256" };
    let days = if name == "expired" { "-days -1" } else { "-days 2" };
    site.write("extensions", extensions);
    let extensions = if extensions.is_empty() { "" } else { "-extfile extensions" };
    done(
        site,
        &format!(
            "openssl req -newkey {key} -nodes -keyout {name}.key -out {name}.csr -subj /CN={name} 2>&1 && \
         openssl x509 -req -in {name}.csr -CA certificates/ca.pem -CAkey certificates/ca-key.pem -set_serial 0x{}77 {digest} {days} {extensions} -out {name}.pem 2>&1",
            name.len()
        ),
    );
}

#[test]
fn certificates_that_nobody_should_use_are_refused_with_the_reason() {
    let site = site_with_set("optional");
    let good = site.read("crossgate.toml");
    for (name, extensions, why) in UNUSABLE {
        make_unusable(&site, name, extensions);
        let checked = cert(&site, &format!("check {name}.pem"));
        assert_eq!(checked.code, Some(1), "{checked:?}");
        assert!(checked.stdout.contains("NOT USABLE") && checked.stdout.contains(why), "{name}: {}", checked.stdout);
        site.write("crossgate.toml", &good);
        site.reconfigure("certificates/server.pem", &format!("{name}.pem"));
        site.reconfigure("certificates/server-key.pem", &format!("{name}.key"));
        let whole = site.run(&["check", "--config", "crossgate.toml"]);
        let said = format!("{}{}", whole.stdout, whole.stderr);
        assert!(said.contains(why) && said.contains(&format!("{name}.pem")), "{name}: {said}");
        // Time passes, and mends or spoils; everything else keeps the program from starting.
        assert_eq!(whole.code == Some(0), name == "expired", "{name}: {said}");
    }
    let fine =
        cert(&site, "check certificates/server.pem certificates/worker-2.pem certificates/ca.pem --json").success();
    let fine = json(&fine);
    let purposes: Vec<_> =
        fine["certificates"].as_array().expect("three").iter().map(|one| one["for"].as_str()).collect();
    assert_eq!(purposes, [Some("server"), Some("client"), Some("authority")]);
    // An authority that is none.
    site.write("crossgate.toml", &good);
    site.reconfigure("client_ca = \"certificates/ca.pem\"", "client_ca = \"certificates/worker-2.pem\"");
    let said = site.run(&["check", "--config", "crossgate.toml"]).failure();
    assert!(said.contains("no authority"), "{said}");
}

#[tokio::test]
async fn a_client_with_an_unusable_certificate_is_refused_and_the_log_says_why() {
    let site = site_with_set("required");
    let program = site.start().await;
    for (name, extensions, why) in [
        ("v1", "", "is X.509 version 1"),
        ("elsewhere", "extendedKeyUsage=emailProtection", "is not for this use"),
        ("expired", "extendedKeyUsage=clientAuth", "expired at"),
        ("authority", "basicConstraints=CA:TRUE\nextendedKeyUsage=clientAuth", "is an authority's"),
    ] {
        make_unusable(&site, name, extensions);
        done(&site, &format!("cp {name}.pem certificates/{name}.pem && cp {name}.key certificates/{name}-key.pem"));
        let refused = curl(&site, &program, name);
        assert!(refused.starts_with("000"), "{name}: {refused}");
        let told = format!("a client's certificate was refused: it {why}");
        until("the log says why", async || program.log().contains(&told).then_some(())).await;
    }
    assert_eq!(curl(&site, &program, "worker-2"), "200");
    program.stop().await;
}
