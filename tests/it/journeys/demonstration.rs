//! `crossgate up` as a newcomer types it: no configuration, then the commands that it prints, as printed.

use std::process::Command;

use crossgate_tests::{Program, Site};

/// The demonstration's doors on free ports, so that it can be tried on a machine where one is running. The
/// environment overrides the file, as docs/configuration.md says.
const LISTENERS: (&str, &str) = (
    "CROSSGATE__EDGE__LISTENERS",
    "[{ name = \"tls\", address = \"127.0.0.1:0\", tls = { certificates = [{ chain = \"server.pem\", key = \"server-key.pem\" }], \
     client_ca = [\"ca.pem\"], client_certificate = \"optional\" } }, { name = \"plain\", address = \"127.0.0.1:0\" }]",
);

/// What a shell says to commands, run in the site's folder with `crossgate` on the path.
fn shell(site: &Site, script: &str) -> String {
    let mut folders = vec![crossgate_tests::executable().parent().expect("a folder").to_owned()];
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").expect("a path")));
    let output = Command::new("sh")
        .args(["-euc", script])
        .current_dir(site.folder())
        .env("PATH", std::env::join_paths(folders).expect("folders"))
        .env_remove("HTTPS_PROXY")
        .env_remove("https_proxy")
        .output()
        .expect("a shell");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{said}\n{complained}");
    said.into_owned()
}

/// The commands that the welcome prints for another terminal, as one script.
fn printed_commands(program: &Program) -> String {
    let welcome = program.stdout();
    let (_, commands) =
        welcome.split_once("Try it in another terminal").unwrap_or_else(|| panic!("no commands in: {welcome}"));
    let commands: Vec<&str> = commands.lines().skip(1).take_while(|line| !line.starts_with("Stop it")).collect();
    // Several short commands share a line, for the eye's sake.
    commands.join("\n").replace("      crossgate", "\n  crossgate")
}

#[tokio::test]
async fn what_up_prints_works_as_printed() {
    let site = Site::new();
    let program = site.start_demonstration(&[LISTENERS]).await;
    let commands = printed_commands(&program);
    assert!(commands.contains("curl") && commands.contains("TOKEN="), "{commands}");
    let said = shell(&site, &commands);
    let owed = said.split("owed $").nth(1).and_then(|rest| rest.lines().next()).expect("the command line's answer");
    assert!(said.contains(&format!("\"{owed}\"")), "curl and the command line are told the same: {said}");
    assert!(said.contains("crossgate_calls_total"), "and the metrics: {said}");
    assert!(said.contains("loans.balance"), "and the record of the call: {said}");

    let welcome = program.stdout();
    for word in ["/docs", "alice", "console"] {
        assert!(welcome.contains(word), "{word} in: {welcome}");
    }
    program.stop().await;

    // The second start finds what the first one made, and the passwords still fit.
    let program = site.start_demonstration(&[LISTENERS]).await;
    shell(&site, &printed_commands(&program));
    program.stop().await;
}

#[tokio::test]
async fn the_secrets_of_the_demonstration_are_its_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let site = Site::new();
    let program = site.start_demonstration(&[LISTENERS]).await;
    program.stop().await;
    for entry in std::fs::read_dir(site.path("crossgate-data")).expect("the demonstration's folder") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("UTF-8");
        let mode = entry.metadata().expect("metadata").permissions().mode();
        let secret = ["key", "credentials", ".toml", ".db"].iter().any(|word| name.contains(word));
        assert!(!secret || mode & 0o077 == 0, "{name} has mode {mode:o}");
    }
}
