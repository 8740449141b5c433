//! Calls answered by a shell command.
#![expect(clippy::print_stderr, reason = "whoever runs the command learns why it failed")]

use std::process::Stdio;
use std::time::Duration;

use crossgate_client::wamp::{Map, Value, uris};
use crossgate_client::{Arguments, Invocation, WampError};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdout, Command};

use super::{show, values};

/// How much is read at a time, in bytes.
const READ_BYTES: usize = 8192;

/// A command, and how far it may go.
pub(super) struct Shell {
    pub(super) command: String,
    pub(super) procedure: String,
    pub(super) timeout: Duration,
    pub(super) output_bytes_max: usize,
    /// Lines are parts of the result.
    pub(super) lines: bool,
}

/// A running command. Dropping it kills the command with all its children, at once and for certain.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // The number is the group's until the command was waited for; after that, tokio does not tell it any more.
        let group = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // It may have ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn failed(sentence: impl Into<String>) -> WampError {
    WampError::new(uris::error::RUNTIME_ERROR, sentence)
}

impl Shell {
    /// Runs the command for one call.
    pub(super) async fn answer(&self, invocation: Invocation) -> Result<Arguments, WampError> {
        let mut group = Group(self.spawn(&invocation)?);
        match tokio::time::timeout(self.timeout, self.converse(&mut group.0, &invocation)).await {
            Ok(answer) => answer,
            Err(_) => Err(WampError::new(uris::error::TIMEOUT, "the command took too long")),
        }
    }

    fn spawn(&self, invocation: &Invocation) -> Result<Child, WampError> {
        let details = &invocation.details;
        let procedure = details.procedure.clone().unwrap_or_else(|| self.procedure.clone());
        let known = [
            ("CROSSGATE_PROCEDURE", Some(procedure)),
            ("CROSSGATE_CALLER", details.caller.map(|id| id.to_string())),
            ("CROSSGATE_CALLER_AUTHID", details.caller_authid.clone()),
            ("CROSSGATE_CALLER_AUTHROLE", details.caller_authrole.clone()),
        ];
        // An environment cannot hold a NUL, and nobody honest is called so.
        let known = known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|v| !v.contains('\0'))?)));
        let mut command = Command::new("sh");
        command.args(["-c", &self.command]).envs(known);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()).process_group(0);
        command.spawn().map_err(|error| {
            eprintln!("the command cannot be started: {error}");
            failed("the command cannot be started")
        })
    }

    /// Hands the arguments over and takes the answer, at the same time: a command may print before it has read.
    async fn converse(&self, child: &mut Child, invocation: &Invocation) -> Result<Arguments, WampError> {
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else { return Err(failed("the command has no pipes")) };
        let input = show::json(invocation.arguments.clone()).to_string();
        let write = async {
            // A command that does not read its input is none the worse for it.
            let _ = stdin.write_all(input.as_bytes()).await;
            drop(stdin);
        };
        let ((), output) = tokio::join!(write, self.read(stdout, invocation));
        let output = output?;
        let status = child.wait().await.map_err(|_| failed("the command cannot be waited for"))?;
        if !status.success() {
            eprintln!("the command failed: {status}");
            let mut error = failed("the command failed");
            error.kwargs = Map::new().with("status", status.code().map_or(Value::Null, |code| i64::from(code).into()));
            return Err(error);
        }
        Ok(Arguments::from(values::printed(&output)))
    }

    /// All that the command prints, or its last line where lines are parts.
    async fn read(&self, mut stdout: ChildStdout, invocation: &Invocation) -> Result<String, WampError> {
        let (mut rest, mut bytes) = (Vec::new(), 0);
        let mut room = vec![0; READ_BYTES];
        loop {
            let read = stdout.read(&mut room).await.map_err(|_| failed("the command's output cannot be read"))?;
            let Some(piece) = room.get(..read).filter(|piece| !piece.is_empty()) else { break };
            bytes += read;
            if bytes > self.output_bytes_max {
                return Err(WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED, "the command prints too much"));
            }
            rest.extend_from_slice(piece);
            // The last line is the result, so a line is a part once the next one has begun.
            while self.lines
                && let Some(end) = rest.iter().position(|byte| *byte == b'\n').filter(|end| end + 1 < rest.len())
            {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let part = Arguments::from(values::printed(&text(line)?));
                invocation.part(part).await.map_err(|error| failed(error.to_string()))?;
            }
        }
        text(rest)
    }
}

fn text(bytes: Vec<u8>) -> Result<String, WampError> {
    String::from_utf8(bytes).map_err(|_| failed("the command's output is not UTF-8"))
}
