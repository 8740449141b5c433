//! An installation of Crossgate: a folder with its configuration, certificates and data.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::{Authority, Http, Program, Visitor};

/// A folder that Crossgate is run in. It goes when the value goes.
pub struct Site {
    folder: TempDir,
    /// Signs the server's certificate (`server.pem`, `server.key`) and, as `ca.pem`, client certificates.
    pub authority: Authority,
}

/// What a command that ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// What it printed for its caller.
    pub stdout: String,
    /// What it printed for people.
    pub stderr: String,
}

impl Finished {
    /// What it printed, when it succeeded.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn success(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.stdout
    }

    /// What it complained about, when it failed, as it should without a panic.
    ///
    /// # Panics
    /// When it succeeded, or panicked.
    #[track_caller]
    pub fn failure(self) -> String {
        assert!(self.code.is_some_and(|code| code != 0), "{self:#?}");
        assert!(!self.stderr.contains("panicked at"), "{self:#?}");
        self.stderr
    }
}

/// The program's file: where cargo put it, which is beside the test binary or one folder up (`deps/`).
///
/// # Panics
/// When it has not been built.
pub fn executable() -> PathBuf {
    let test = std::env::current_exe().expect("a process knows its executable");
    let beside = test.parent().expect("an executable is in a folder");
    let folder = if beside.ends_with("deps") { beside.parent().expect("deps is in a folder") } else { beside };
    let program = folder.join("crossgate");
    assert!(
        program.exists(),
        "the real program is started, and {} is not there: run `cargo build --workspace` first, or `make test`",
        program.display()
    );
    program
}

impl Site {
    /// A new folder with `ca.pem`, `server.pem` and `server.key` in it.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("crossgate-").tempdir().expect("a temporary folder can be made");
        let site = Self { folder, authority: Authority::new("Crossgate test authority") };
        let server = site.authority.server(&[]);
        site.write("ca.pem", &site.authority.pem());
        site.write("server.pem", &server.certificate);
        site.write("server.key", &server.key);
        site
    }

    /// A new folder with that configuration in `crossgate.toml`.
    pub fn with(configuration: &str) -> Self {
        let site = Self::new();
        site.write("crossgate.toml", configuration);
        site
    }

    /// Where a file of that name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, readable by its owner alone as keys have to be.
    pub fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Never half a file: the running program may read it at any moment.
        let new = self.path(&format!("{name}.new"));
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .expect("the folder can be written");
        file.write_all(text.as_bytes()).expect("the file can be written");
        std::fs::rename(&new, self.path(name)).expect("the file can be put in place");
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// `crossgate` with arguments, in this folder, with an environment that says nothing.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(executable());
        command.args(arguments).current_dir(self.folder.path()).env_clear().env("RUST_BACKTRACE", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `crossgate` with arguments until it ends.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        self.run_with_input(arguments, "")
    }

    /// Runs `crossgate` with arguments and text on its standard input until it ends.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Finished {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("piped");
        // A program that needs no input may be gone before it is written.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().expect("the program ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program prints UTF-8");
        Finished { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// A client of `base` (`https://127.0.0.1:40123`) without credentials, that trusts this site's authority.
    pub fn visitor(&self, base: &str) -> Visitor {
        Visitor::new(base.to_owned(), self.authority.der().clone(), Http::Any, None)
    }

    /// Starts `crossgate up` with this folder's configuration, and waits until it is ready.
    pub async fn start(&self) -> Program {
        Program::start(self, self.command(&["up", "--config", "crossgate.toml"])).await
    }

    /// Starts `crossgate up` with the folder's configuration and more arguments: several processes can run on one folder.
    pub async fn start_with(&self, arguments: &[&str]) -> Program {
        let mut command = self.command(&["up", "--config", "crossgate.toml"]);
        command.args(arguments);
        Program::start(self, command).await
    }

    /// Starts `crossgate up` as a newcomer does, without a configuration, in an environment that says `variables`.
    pub async fn start_demonstration(&self, variables: &[(&str, &str)]) -> Program {
        let mut command = self.command(&["up"]);
        command.envs(variables.iter().copied());
        Program::start(self, command).await
    }
}

impl Default for Site {
    fn default() -> Self {
        Self::new()
    }
}
