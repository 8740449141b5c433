//! `crossgate wamp` against the real program: every way in, every method, and what goes wrong.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command};

use crossgate_tests::{Authority, Finished, Program, Site, until};
use serde_json::{Value, json};

/// Joe can prove who he is by every method.
const CLIENTS: &str = r#"
[[edge.listeners]]
name = "unix"
address = "unix:{{folder}}/wamp.sock"

[identity.wamp.auth.default]
anonymous = { role = "guest" }
ticket = {}
wampcra = {}
scram = {}
wamp-scram = {}
cryptosign = {}
tls = {}

[identity.wamp.principals.joe]
role = "worker"
ticket = "joe-has-a-ticket"
secret = "joe-has-a-secret"
{{scram}}
public_keys = ["1766c9e6ec7d7b354fd7a2e4542753a23cae0b901228305621e5b8713299ccdd"]

[identity.wamp.principals.ann]
role = "worker"
secret = "{{salted}}"
salt = { salt = "pepper", iterations = 1000, keylen = 32 }

[[identity.certificates]]
common_name = "worker-7"
id = "worker-7"
roles = ["worker"]

[identity.roles.guest]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
]

[identity.roles.worker]
allow = [
    { uri = "com.example.", match = "prefix", actions = ["call", "register", "publish", "subscribe"] },
    { uri = "wamp.session.get" },
    { uri = "loans.balance" },
]

[services.loans]"#;

/// PBKDF2 with SHA-256 of `ann-has-a-password`, salt `pepper`, 1000 iterations, in base64.
const SALTED: &str = "ZVWoA1t9SgPGqHdu8o5P0GVIbsv+dmSjfOF3BM2pPDo=";

/// The private half of Joe's key.
const KEY: &str = "4ffddd896a530ce5ee8c86b83b0d31835490a97a9cd718cb2f09c9fd31c4a7d7";

async fn started() -> (Site, Program) {
    let site = Site::with_loans();
    let scram = site.run_with_input(&["hash", "scram", "--iterations", "4096"], "joe-has-a-password\n").success();
    let clients = CLIENTS
        .replace("{{folder}}", &site.folder().display().to_string())
        .replace("{{scram}}", scram.trim())
        .replace("{{salted}}", SALTED);
    site.reconfigure("[services.loans]", &clients);
    for (name, secret) in [
        ("ticket", "joe-has-a-ticket"),
        ("secret", "joe-has-a-secret"),
        ("password", "joe-has-a-password"),
        ("ann", "ann-has-a-password"),
        ("wrong", "joe-has-forgotten"),
        ("key", KEY),
    ] {
        site.write(name, &format!("{secret}\n"));
    }
    let worker = site.authority.client("worker-7");
    site.write("worker.pem", &worker.certificate);
    site.write("worker.key", &worker.key);
    let program = site.start().await;
    (site, program)
}

/// Where a door is, in one scheme: `wss`, `rs`, `unix`, ...
fn url(site: &Site, program: &Program, scheme: &str) -> String {
    let path = if scheme.starts_with("ws") { "/ws" } else { "" };
    match scheme {
        "unix" | "ws+unix" => format!("{scheme}:{}", site.path("wamp.sock").display()),
        "wss" | "rss" => format!("{scheme}://{}{path}", program.listener("tls").address),
        _ => format!("{scheme}://{}{path}", program.listener("plain").address),
    }
}

/// The arguments of a command, in Joe's name unless something else is said.
fn arguments<'a>(url: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    let mut all = vec!["wamp"];
    all.extend(command);
    all.extend(["--url", url, "--realm", "crossgate", "--ca", "ca.pem"]);
    if !command.iter().any(|argument| ["--auth", "--token", "--cert"].contains(argument)) {
        all.extend(["--auth", "ticket", "--user", "joe", "--secret", "file:ticket"]);
    }
    all
}

fn run(site: &Site, url: &str, command: &[&str]) -> Finished {
    site.run(&arguments(url, command))
}

/// What a command prints, as JSON.
#[track_caller]
fn told(finished: Finished) -> Value {
    serde_json::from_str(&finished.success()).expect("JSON")
}

/// A command that goes on until it is stopped.
struct Running {
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    async fn start(site: &Site, name: &str, url: &str, command: &[&str], ready: &str) -> Self {
        let (stdout, stderr) = (site.path(&format!("{name}.out")), site.path(&format!("{name}.err")));
        let child = site
            .command(&arguments(url, command))
            .env("PATH", "/usr/bin:/bin")
            .stdout(File::create(&stdout).expect("a file"))
            .stderr(File::create(&stderr).expect("a file"))
            .spawn()
            .expect("the program starts");
        let running = Self { child, stdout, stderr };
        running.says(ready).await;
        running
    }

    fn stdout(&self) -> String {
        std::fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    fn stderr(&self) -> String {
        std::fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Waits until it has said something so many times.
    async fn says_times(&self, words: &str, times: usize) {
        until(words, async || (self.stderr().matches(words).count() >= times).then_some(())).await;
    }

    async fn says(&self, words: &str) {
        self.says_times(words, 1).await;
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
    }

    /// Waits until it has ended; gives the exit code.
    async fn ended(&mut self) -> Option<i32> {
        let child = &mut self.child;
        until("the command ends", async || child.try_wait().expect("a child")).await.code()
    }

    /// Stops it as Ctrl-C does, and checks that it minds.
    async fn stop(mut self) -> String {
        self.signal("INT");
        assert_eq!(self.ended().await, Some(0), "{}", self.stderr());
        self.stdout()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Of a test that failed; else it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn echo(site: &Site, program: &Program) -> Running {
    let url = url(site, program, "rs");
    let command = ["register", "com.example.echo", "--echo"];
    Running::start(site, "echo", &url, &command, "registered com.example.echo, as joe (worker) in crossgate").await
}

#[tokio::test]
async fn every_transport_carries_every_serializer() {
    let (site, program) = started().await;
    let echo = echo(&site, &program).await;
    for scheme in ["ws", "wss", "rs", "rss", "unix", "ws+unix"] {
        let url = url(&site, &program, scheme);
        for serializer in ["cbor", "msgpack", "json", "cbor.batched", "msgpack.batched", "json.batched"] {
            if serializer.ends_with("batched") && scheme != "ws" {
                continue;
            }
            let values = ["[1.5,null,\"\u{e9}\"]", "--kwargs", "{\"a\":{\"b\":-1}}"];
            let mut command = vec!["call", "com.example.echo", "--json", "--serializer", serializer];
            command.extend(values);
            let told = told(run(&site, &url, &command));
            let expected = json!({"args": [[1.5, null, "\u{e9}"]], "kwargs": {"a": {"b": -1}}});
            assert_eq!(told, expected, "{scheme} {serializer}");
        }
    }
    let refused = run(&site, &url(&site, &program, "rs"), &["call", "a.b", "--serializer", "cbor.batched"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    echo.stop().await;
    program.stop().await;
}

#[tokio::test]
async fn a_client_proves_who_it_is_by_every_method() {
    let (site, program) = started().await;
    let url = url(&site, &program, "wss");
    let issue = ["token", "issue", "--subject", "night-job", "--role", "worker", "--config", "crossgate.toml"];
    site.write("token", &site.run(&issue).success());
    for (method, proof, name) in [
        ("ticket", &["--user", "joe", "--secret", "file:ticket"][..], "joe"),
        ("ticket", &["--token", "file:token"], "night-job"),
        ("wampcra", &["--user", "joe", "--secret", "file:secret"], "joe"),
        ("wampcra", &["--user", "ann", "--secret", "file:ann"], "ann"),
        ("scram", &["--user", "joe", "--secret", "file:password"], "joe"),
        ("wamp-scram", &["--user", "joe", "--secret", "file:password"], "joe"),
        ("wamp-scram", &["--user", "joe", "--secret", "file:password", "--channel-binding"], "joe"),
        ("cryptosign", &["--user", "joe", "--secret", "file:key"], "joe"),
        ("cryptosign", &["--secret", "file:key", "--channel-binding"], "joe"),
        ("tls", &["--cert", "worker.pem", "--key", "worker.key"], "worker-7"),
        ("anonymous", &[], "guest"),
    ] {
        let mut command = vec!["subscribe", "com.example.news", "--auth", method];
        command.extend(proof);
        let who = if method == "anonymous" { "(guest)".to_owned() } else { format!("as {name} (worker)") };
        let subscribed = Running::start(&site, "proof", &url, &command, &who).await;
        assert_eq!(subscribed.stop().await, "");
    }
    program.stop().await;
}

#[tokio::test]
async fn who_is_not_let_in_learns_why_and_scripts_learn_it_from_the_exit_code() {
    let (site, program) = started().await;
    let (wss, ws) = (url(&site, &program, "wss"), url(&site, &program, "ws"));
    site.write("other.pem", &Authority::new("somebody else").pem());
    let nobody = ["--auth", "anonymous"];
    let wrong = |method| ["call", "a.b", "--auth", method, "--user", "joe", "--secret", "file:wrong"];
    for method in ["ticket", "wampcra", "scram", "wamp-scram"] {
        let finished = run(&site, &wss, &wrong(method));
        assert_eq!(finished.code, Some(5), "{finished:?}");
        assert!(finished.stderr.contains("authentication_denied"), "{method}: {finished:?}");
        assert!(!finished.stderr.contains("forgotten"), "{finished:?}");
    }
    let anonymous = |rest: &[&'static str]| [&["call", "com.example.echo"][..], &nobody, rest].concat();
    let tls_on_plain = ws.replace("ws://", "wss://");
    let elsewhere = ws.replace("/ws", "/elsewhere");
    for (url, rest, code, words) in [
        (wss.as_str(), anonymous(&[]), 3, "no_such_procedure"),
        (&wss, vec!["call", "org.forbidden", "--auth", "anonymous"], 3, "not_authorized"),
        (&elsewhere, anonymous(&[]), 5, "404"),
        (&tls_on_plain, anonymous(&[]), 4, "cannot connect"),
        ("http://localhost/", anonymous(&[]), 2, "not a router's address"),
        ("ws://192.0.2.1/ws", anonymous(&[]), 2, "in the clear"),
        ("ws://127.0.0.1:1/ws", anonymous(&[]), 4, "refused"),
        ("unix:gone.sock", anonymous(&[]), 4, "cannot connect"),
        (&wss, vec!["call", "a.b", "--user", "joe"], 1, "--auth"),
        (&wss, vec!["call", "a.b", "--auth", "ticket", "--user", "joe", "--secret", "bare-secret"], 1, "file:PATH"),
        (&ws, [&anonymous(&[])[..], &["--channel-binding"]].concat(), 2, "TLS 1.3"),
    ] {
        let finished = if rest == ["call", "a.b", "--user", "joe"] {
            site.run(&["wamp", "call", "a.b", "--user", "joe", "--url", url, "--realm", "crossgate"])
        } else {
            run(&site, url, &rest)
        };
        assert_eq!(finished.code, Some(code), "{url} {rest:?}: {finished:?}");
        assert!(finished.stderr.contains(words), "{url} {rest:?}: `{words}` in {finished:?}");
        assert!(!finished.stderr.contains("bare-secret"), "{finished:?}");
        assert_eq!(finished.stdout, "");
    }
    let finished = site.run(&["wamp", "call", "a.b", "--url", &wss, "--realm", "nowhere", "--ca", "ca.pem"]);
    assert_eq!(finished.code, Some(5), "{finished:?}");
    for untrusted in [&["--ca", "other.pem"][..], &[]] {
        let command = [&["wamp", "call", "a.b", "--url", &wss, "--realm", "crossgate"], untrusted].concat();
        let finished = site.run(&command);
        // A machine without any authority of its own is told so before it connects.
        let expected = if untrusted.is_empty() { &[2, 4][..] } else { &[4] };
        assert!(finished.code.is_some_and(|code| expected.contains(&code)), "{finished:?}");
        assert!(finished.failure().contains("certificate"), "{untrusted:?}");
    }
    program.stop().await;
}

#[tokio::test]
async fn a_shell_command_answers_calls() {
    let (site, program) = started().await;
    let url = url(&site, &program, "wss");
    let script = "read input; case $input in *fail*) echo oops >&2; exit 7;; *slow*) sleep 600;; *big*) yes;; \
                  *steps*) echo 1; echo 2; echo 3;; *) echo \"{\\\"got\\\": $input, \\\"by\\\": \\\"$CROSSGATE_PROCEDURE\\\"}\";; esac";
    let register = [
        "register",
        "com.example.run",
        "--lines",
        "--command",
        script,
        "--timeout",
        "30",
        "--output-bytes-max",
        "10000",
    ];
    let callee = Running::start(&site, "callee", &url, &register, "registered com.example.run").await;
    let call = |rest: &[&str]| run(&site, &url, &[&["call", "com.example.run", "--json"], rest].concat());

    let input = json!({"args": [1], "kwargs": {"a": "b"}});
    let answer = json!({"args": [{"got": input, "by": "com.example.run"}], "kwargs": {}});
    assert_eq!(told(call(&["1", "-k", "a=b"])), answer);
    let failed = call(&["fail"]);
    assert_eq!(failed.code, Some(3), "{failed:?}");
    let error: Value = serde_json::from_str(&failed.stdout).expect("JSON");
    assert_eq!((&error["error"], &error["kwargs"]), (&json!("wamp.error.runtime_error"), &json!({"status": 7})));
    callee.says("oops").await;
    let big = call(&["big"]);
    assert!(big.code == Some(3) && big.stderr.contains("payload_size_exceeded"), "{big:?}");
    let steps = call(&["steps", "--progress"]);
    assert_eq!(steps.stderr.lines().count(), 2, "{steps:?}");
    assert_eq!(told(steps), json!({"args": [3], "kwargs": {}}));
    let slow = call(&["slow", "--timeout", "0.3"]);
    assert!(slow.code == Some(6) && slow.stderr.contains("timeout"), "{slow:?}");
    let group = |pid: u32| {
        let children = format!("/proc/{pid}/task/{pid}/children");
        std::fs::read_to_string(children).unwrap_or_default().trim().to_owned()
    };
    until("what is canceled is killed", async || group(callee.child.id()).is_empty().then_some(())).await;
    callee.stop().await;
    let gone = call(&[]);
    assert!(gone.stderr.contains("no_such_procedure"), "{gone:?}");
    program.stop().await;
}

#[tokio::test]
async fn somebody_elses_client_calls_a_shell_command() {
    let (site, program) = started().await;
    let register =
        ["register", "com.example.sum", "--command", "tr -cd '0-9,' | tr , '\\n' | awk '{ s += $1 } END { print s }'"];
    let callee =
        Running::start(&site, "sum", &url(&site, &program, "wss"), &register, "registered com.example.sum").await;
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("wamp/autobahn_call.py");
    let output = crossgate_tests::Python::find()
        .command("python")
        .arg(script)
        .args([&url(&site, &program, "ws"), "com.example.sum", "2", "40"])
        .output()
        .expect("python starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "42");
    callee.stop().await;
    program.stop().await;
}

#[tokio::test]
async fn events_are_printed_one_a_line() {
    let (site, program) = started().await;
    let (wss, rs) = (url(&site, &program, "wss"), url(&site, &program, "rs"));
    let publish = |rest: &[&str]| run(&site, &rs, &[&["publish"], rest].concat());
    let published = told(publish(&["com.example.level", "7", "--retain", "--acknowledge", "--json"]));
    assert!(published["publication"].as_u64().is_some(), "{published}");
    let retained = told(run(&site, &wss, &["subscribe", "com.example.level", "--retained", "--count", "1"]));
    assert_eq!((&retained["args"], &retained["retained"]), (&json!([7]), &json!(true)));

    let subscribe = ["subscribe", "com.example.", "--match", "prefix", "--count", "2"];
    let mut subscriber = Running::start(&site, "news", &wss, &subscribe, "subscribed to com.example.").await;
    publish(&["com.example.hidden", "--eligible-authrole", "nobody", "--acknowledge"]).success();
    publish(&["com.example.news", "hello", "-k", "a=1"]).success();
    publish(&["com.example.more", "--disclose-me", "--acknowledge"]).success();
    assert_eq!(subscriber.ended().await, Some(0), "{}", subscriber.stderr());
    let lines: Vec<Value> = subscriber.stdout().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["topic"], &lines[0]["args"]), (&json!("com.example.news"), &json!(["hello"])));
    assert_eq!(lines[0]["kwargs"], json!({"a": 1}));
    assert_eq!(lines[1]["publisher_authid"], "joe");

    let refused = publish(&["org.forbidden", "--acknowledge"]);
    assert!(refused.code == Some(3) && refused.stderr.contains("not_authorized"), "{refused:?}");
    program.stop().await;
}

#[tokio::test]
async fn a_built_in_procedure_is_called_by_the_configuration_alone() {
    let (site, program) = started().await;
    // As after `crossgate up`: a fixed port, and the authority's certificate beside the configuration.
    let port = program.listener("tls").address.rsplit(':').next().expect("a port").to_owned();
    let fixed = site.read("crossgate.toml").replacen("127.0.0.1:0", &format!("127.0.0.1:{port}"), 1);
    site.write("fixed.toml", &fixed);
    let call = ["wamp", "call", "loans.balance", "-k", "loan_id=1", "-k", "date=2020-10-31", "--config", "fixed.toml"];
    let finished = site.run(&call);
    assert_eq!(finished.success().trim(), super::OWED.trim_matches('"'));
    let nowhere = site.run(&["wamp", "call", "a.b"]);
    assert!(nowhere.failure().contains("--url"));
    program.stop().await;
}

#[tokio::test]
async fn the_routers_stop_is_told_and_a_worker_that_reconnects_comes_back() {
    let (site, program) = started().await;
    let unix = format!("unix:{}", site.path("wamp.sock").display());
    let once = ["register", "com.example.once", "--echo"];
    let mut once = Running::start(&site, "once", &unix, &once, "registered com.example.once").await;
    let again = ["register", "com.example.again", "--echo", "--reconnect"];
    let again = Running::start(&site, "again", &unix, &again, "registered com.example.again").await;
    program.stop().await;
    assert_eq!(once.ended().await, Some(4), "{}", once.stderr());
    assert!(once.stderr().contains("ended the session") || once.stderr().contains("lost"), "{}", once.stderr());
    again.says("trying again in").await;

    let program = site.start().await;
    again.says_times("registered com.example.again", 2).await;
    let told = told(run(&site, &unix, &["call", "com.example.again", "1", "--json"]));
    assert_eq!(told, json!({"args": [1], "kwargs": {}}));
    again.stop().await;
    program.stop().await;
}
