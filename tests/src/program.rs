//! The running program.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};

use rustls_pki_types::CertificateDer;
use serde::Deserialize;

use crate::client::{Http, Visitor};
use crate::{Leaf, Site, until};

/// A door of the running program, as its ready file names it.
#[derive(Clone, Debug, Deserialize)]
pub struct Listener {
    /// The name that the configuration gave.
    pub name: String,
    /// Host and port, or the path of a socket.
    pub address: String,
    /// Whether it speaks TLS.
    pub tls: bool,
}

/// What `crossgate up --ready-file` writes once it answers.
#[derive(Debug, Deserialize)]
struct Ready {
    listeners: Vec<Listener>,
    pid: u32,
}

/// The running program. Dropping it ends it at once; [`Program::stop`] ends it as an operator would.
pub struct Program {
    child: Child,
    log: PathBuf,
    stdout: PathBuf,
    /// Its doors.
    pub listeners: Vec<Listener>,
    root: CertificateDer<'static>,
    stopped: bool,
}

/// Tells the files of several starts in one folder apart.
static STARTS: AtomicU32 = AtomicU32::new(1);

impl Program {
    pub(crate) async fn start(site: &Site, mut command: Command) -> Self {
        let start = STARTS.fetch_add(1, Ordering::Relaxed);
        let file = |name: &str| site.path(&format!("{name}.{start}"));
        let (ready_file, log, stdout) = (file("ready"), file("log"), file("stdout"));
        let child = command
            .arg("--ready-file")
            .arg(&ready_file)
            .stdout(File::create(&stdout).expect("the folder can be written"))
            .stderr(File::create(&log).expect("the folder can be written"))
            .spawn()
            .expect("the program starts");
        let root = site.authority.der().clone();
        let mut program = Self { child, log, stdout, listeners: Vec::new(), root, stopped: false };
        program.listeners = until("the program is ready", async || {
            if let Some(status) = program.child.try_wait().expect("a child can be asked") {
                program.stopped = true;
                panic!("the program ended before it was ready ({status}):\n{}", program.log());
            }
            let ready: Ready = serde_json::from_slice(&std::fs::read(&ready_file).ok()?).ok()?;
            assert_eq!(ready.pid, program.child.id(), "the ready file names the process that wrote it");
            Some(ready.listeners)
        })
        .await;
        program
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        std::fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The door of that name.
    pub fn listener(&self, name: &str) -> &Listener {
        self.listeners
            .iter()
            .find(|listener| listener.name == name)
            .unwrap_or_else(|| panic!("there is a listener `{name}` among {:?}", self.listeners))
    }

    /// Where a door is: `https://127.0.0.1:40123`, without a path.
    pub fn url(&self, listener: &str) -> String {
        let listener = self.listener(listener);
        let scheme = if listener.tls { "https" } else { "http" };
        format!("{scheme}://{}", listener.address)
    }

    /// A client of a door, without credentials, that trusts the site's authority.
    pub fn visitor(&self, listener: &str) -> Visitor {
        self.visitor_with(listener, Http::Any, None)
    }

    /// A client of a door that speaks one version of HTTP, or shows a certificate, or both.
    pub fn visitor_with(&self, listener: &str, http: Http, certificate: Option<&Leaf>) -> Visitor {
        Visitor::new(self.url(listener), self.root.clone(), http, certificate)
    }

    /// A client of a door that trusts another authority than the site's: the demonstration's, for one.
    pub fn visitor_trusting(&self, listener: &str, root: CertificateDer<'static>) -> Visitor {
        Visitor::new(self.url(listener), root, Http::Any, None)
    }

    /// A client of a door that goes by a name, which leads to this machine, and trusts another authority than the site's.
    pub fn visitor_named(&self, listener: &str, name: &str, root: CertificateDer<'static>) -> Visitor {
        Visitor::named(&self.listener(listener).address, name, root)
    }

    /// Sends a signal by its name: `HUP`, `TERM`.
    pub fn signal(&self, name: &str) {
        // The shell's own kill: a small machine may have no other.
        let kill = format!("kill -{name} {}", self.child.id());
        let status = Command::new("sh").args(["-c", &kill]).status().expect("there is a shell");
        assert!(status.success(), "{kill}: {status}");
    }

    /// Ends it with SIGTERM, waits, and gives its log.
    ///
    /// # Panics
    /// When it does not end by itself, not with success, or has panicked while it ran.
    pub async fn stop(mut self) -> String {
        self.signal("TERM");
        let status = self.ended().await;
        let log = self.log();
        assert!(status.success(), "the program ended with {status}:\n{log}");
        assert!(!log.contains("panicked at"), "the program panicked:\n{log}");
        log
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let child = &mut self.child;
        let status = until("the program ends", async || child.try_wait().expect("a child can be asked")).await;
        self.stopped = true;
        status
    }

    /// Ends it as a power cut does.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if !self.stopped {
            self.stopped = true;
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
        if std::thread::panicking() {
            // The runner shows this with the failed test.
            let log = self.log();
            #[expect(clippy::print_stderr, reason = "the runner shows it with the failed test")]
            {
                eprintln!("--- the program's log\n{log}---");
            }
        }
    }
}
