//! Peers that mean harm, by hand: raw sockets, and the real program's memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crossgate_tests::{PATIENCE, Program, Site, until};
use serde_json::{Value, json};

/// Everybody may do everything; who does not read is waited for longer than any test waits.
const OPEN: &str = r#"
[edge.listeners.limits]
connections_per_ip = 4000

[edge.listeners.wamp]
compress = true
send_ms = 600000
join_ms = 2000

[identity.roles.guest]
allow = [{ uri = "", match = "prefix", actions = ["call", "register", "publish", "subscribe"] }]

[identity.wamp.auth.default]
anonymous = { role = "guest" }
"#;

async fn started() -> (Site, Program) {
    let site = Site::standard();
    let plain = "name = \"plain\"\naddress = \"127.0.0.1:0\"\n";
    site.reconfigure(plain, &format!("{plain}{OPEN}"));
    let program = site.start().await;
    (site, program)
}

/// What the program has in memory, in KiB.
fn resident(program: &Program) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", program.pid())).expect("the program runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("Linux tells");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}

fn connected(program: &Program) -> TcpStream {
    let stream = TcpStream::connect(&program.listener("plain").address).expect("the door is open");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
    stream
}

/// A client of RawSocket with JSON that sends whatever it is told to.
struct Raw {
    stream: TcpStream,
    request: u64,
}

impl Raw {
    /// Shakes hands, and says nothing yet.
    fn new(program: &Program) -> Self {
        let mut stream = connected(program);
        stream.write_all(&[0x7f, 0xf1, 0, 0]).expect("the peer reads");
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).expect("an answer");
        assert_eq!(answer[..2], [0x7f, 0xf1]);
        Self { stream, request: 0 }
    }

    fn joined(program: &Program) -> Self {
        let mut raw = Self::new(program);
        let roles = json!({"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}});
        raw.send(&json!([1, "crossgate", {"roles": roles}]));
        assert_eq!(raw.next()[0], 2);
        raw
    }

    fn send(&mut self, message: &Value) {
        self.send_text(&message.to_string());
    }

    fn send_text(&mut self, bytes: &str) {
        let length = u32::try_from(bytes.len()).expect("a short message");
        self.stream.write_all(&[&length.to_be_bytes()[..], bytes.as_bytes()].concat()).expect("the peer reads");
    }

    /// Sends a request of a kind: its options, and the rest.
    fn ask(&mut self, kind: u64, options: Value, rest: &[Value]) {
        self.request += 1;
        let head = [json!(kind), json!(self.request), options];
        self.send(&head.iter().chain(rest).cloned().collect());
    }

    fn next(&mut self) -> Value {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length).expect("a message");
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut bytes).expect("a whole message");
        serde_json::from_slice(&bytes).expect("JSON")
    }

    /// Reads until the end of the connection; gives how much came.
    fn end(mut self) -> usize {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
        }
        rest.len()
    }
}

const SUBSCRIBE: u64 = 32;
const PUBLISH: u64 = 16;
const CALL: u64 = 48;
const REGISTER: u64 = 64;

/// A request of a size that fills queues quickly.
fn large(kind: u64, request: u64, uri: &str) -> String {
    format!("[{kind},{request},{{}},\"{uri}\",[\"{}\"]]", "x".repeat(60_000))
}

#[tokio::test]
async fn a_reader_that_never_reads_costs_the_real_program_no_more_than_its_queue() {
    let (_site, program) = started().await;
    let (mut publisher, mut sleeper) = (Raw::joined(&program), Raw::joined(&program));
    sleeper.ask(SUBSCRIBE, json!({}), &[json!("com.flood")]);
    sleeper.next();
    let flood = large(PUBLISH, 1, "com.flood");
    let (before, mut most) = (resident(&program), 0);
    // Twenty times as much as may wait.
    for _ in 0..14 {
        for _ in 0..100 {
            publisher.send_text(&flood);
        }
        // When this is answered, all of it has been routed.
        publisher.ask(PUBLISH, json!({"acknowledge": true}), &[json!("com.done")]);
        assert_eq!(publisher.next()[0], 17);
        most = most.max(resident(&program));
    }
    assert!(most < before + 24 * 1024, "{before} KiB grew to {most} KiB");
    program.stop().await;
}

#[tokio::test]
async fn callers_of_a_callee_that_never_reads_do_not_wait_for_it() {
    let (_site, program) = started().await;
    let (mut caller, mut sleeper) = (Raw::joined(&program), Raw::joined(&program));
    sleeper.ask(REGISTER, json!({}), &[json!("com.work")]);
    sleeper.next();
    let calls = 400;
    for request in 1..=calls {
        caller.send_text(&large(CALL, request, "com.work"));
    }
    let mut answered = std::collections::BTreeSet::new();
    for _ in 0..calls {
        let error = caller.next();
        let uri = error[4].as_str().unwrap_or_default();
        let lost = ["wamp.error.canceled", "wamp.error.no_such_procedure", "wamp.error.no_available_callee"];
        assert!(error[0] == 8 && lost.contains(&uri), "{error}");
        assert!(answered.insert(error[2].as_u64()), "answered twice: {error}");
    }
    program.stop().await;
}

#[tokio::test]
async fn whoever_says_hello_byte_by_byte_is_cut_off_when_its_time_is_over() {
    let (_site, program) = started().await;
    let mut raw = Raw::new(&program);
    raw.stream.write_all(&60_000_u32.to_be_bytes()).expect("the peer reads");
    let mut dribbled = 0;
    until("the connection is closed", async || {
        dribbled += 1;
        raw.stream.write_all(b" ").err().map(|_| ())
    })
    .await;
    assert!(dribbled > 10, "{dribbled}");
    assert_eq!(raw.end(), 0);
    program.stop().await;
}

#[tokio::test]
async fn thousands_that_never_join_cost_little_keep_nobody_out_and_are_closed() {
    const STRANGERS: usize = 2000;
    let (_site, program) = started().await;
    drop(Raw::joined(&program));
    let before = resident(&program);
    let strangers: Vec<Raw> = (0..STRANGERS).map(|_| Raw::new(&program)).collect();
    let each = resident(&program).saturating_sub(before) * 1024 / STRANGERS as u64;
    assert!(each < 16 * 1024, "{each} bytes each");
    drop(Raw::joined(&program));
    for stranger in strangers {
        assert_eq!(stranger.end(), 0);
    }
    program.stop().await;
}

#[tokio::test]
async fn a_flood_of_connections_makes_nobody_wait_for_the_next_try() {
    // As many as come while the program does something else. Beyond the queue, a client tries again after a second.
    const BURST: usize = 1000;
    let (_site, program) = started().await;
    let backlog = std::fs::read_to_string("/proc/sys/net/core/somaxconn").expect("Linux tells");
    assert!(backlog.trim().parse::<usize>().is_ok_and(|most| most >= BURST), "{backlog}");
    program.signal("STOP");
    let burst: Vec<TcpStream> = (0..BURST).map(|_| connected(&program)).collect();
    program.signal("CONT");
    drop(burst);
    drop(Raw::joined(&program));
    program.stop().await;
}

#[tokio::test]
async fn a_thousand_patterns_and_topics_of_any_length_hold_nobody_up() {
    let (_site, program) = started().await;
    let (mut bomber, mut honest) = (Raw::joined(&program), Raw::joined(&program));
    // Each component of the topic could be taken by a literal or by an empty place: all combinations, which fail at the end.
    for bits in 0..1024_u32 {
        let parts: Vec<&str> = (0..10).map(|at| if bits >> at & 1 == 0 { "a" } else { "" }).collect();
        bomber.ask(SUBSCRIBE, json!({"match": "wildcard"}), &[json!(parts.join(".") + ".z")]);
        bomber.ask(SUBSCRIBE, json!({"match": "prefix"}), &[json!("a".repeat(bits as usize / 2 + 1))]);
    }
    let refused = (0..2048).filter(|_| bomber.next()[0] != 33).count();
    assert_eq!(refused, 0);
    // For each answer, on a machine that does ten other things.
    honest.stream.set_read_timeout(Some(PATIENCE / 10)).expect("a socket has a timeout");
    for topic in [format!("{}.q", ["a"; 10].join(".")), ["b"; 4000].join("."), "b".repeat(60_000)] {
        for _ in 0..20 {
            honest.ask(PUBLISH, json!({"acknowledge": true}), &[json!(topic)]);
            let answer = honest.next();
            assert!(answer[0] == 17 || answer[4] == "wamp.error.invalid_uri", "{answer}");
        }
    }
    program.stop().await;
}

#[tokio::test]
async fn handshakes_that_are_abandoned_at_any_byte_leave_nothing_behind() {
    let (_site, program) = started().await;
    let hello = json!([1, "crossgate", {"roles": {"caller": {}}}]).to_string();
    let wire = [&[0x7f, 0xf1, 0, 0][..], &u32::try_from(hello.len()).expect("short").to_be_bytes(), hello.as_bytes()];
    let wire = wire.concat();
    for end in 1..=wire.len() {
        connected(&program).write_all(&wire[..end]).expect("the peer reads");
    }
    let watcher = &mut Raw::joined(&program);
    until("only the one who counts is left", async || {
        watcher.ask(CALL, json!({}), &[json!("wamp.session.count")]);
        (watcher.next()[3] == json!([1])).then_some(())
    })
    .await;
    program.stop().await;
}
