//! Calls from the command line: the configured parts opened in this process, and the same `admit`
//! and `call` as for everybody, in the name of whoever runs the program.

use crossgate_call::{Outcome, Payload};
use crossgate_router::Origin;
use std::sync::Arc;

use crossgate_call::{Caller, Trace};

use crate::cli::ConfigFile;
use crate::compose::Program;

/// The program's parts, and who uses them.
pub(super) struct Local {
    pub(super) program: Program,
    pub(super) caller: Arc<Caller>,
}

impl Local {
    /// Opens what the configuration names.
    pub(super) async fn open(file: &ConfigFile) -> anyhow::Result<Self> {
        let loaded = super::configuration(file)?;
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let program = Program::open(&loaded.config, metrics).await?;
        let caller = program.identity.local(&program.realm, &user());
        Ok(Self { program, caller })
    }

    pub(super) fn origin(&self) -> Origin {
        Origin { door: "cli", source: None, trace: Trace::from_random(random_bits()) }
    }

    /// Calls a procedure.
    pub(super) async fn call(&self, procedure: &str, input: serde_json::Value) -> anyhow::Result<Outcome> {
        let permit = self
            .program
            .router
            .admit(&self.caller, procedure, self.origin())
            .await
            .map_err(|error| explained(&error))?;
        self.program.router.call(permit, Payload::from_value(input)).await.map_err(|error| explained(&error))
    }

    /// Calls a procedure that answers a value.
    pub(super) async fn value(&self, procedure: &str, input: serde_json::Value) -> anyhow::Result<serde_json::Value> {
        match self.call(procedure, input).await? {
            Outcome::Value(value) | Outcome::Created { value, .. } | Outcome::Accepted { value, .. } => {
                Ok(value.value().map_err(|error| explained(&error))?.clone())
            }
            Outcome::Empty | Outcome::Bytes { .. } | Outcome::Stream(_) => Ok(serde_json::Value::Null),
        }
    }

    pub(super) async fn close(self) -> anyhow::Result<()> {
        self.program.close().await
    }
}

/// A call's error as a person at a terminal reads it: the sentence, then each field; and, because
/// whoever runs the program is its operator, the cause.
pub(super) fn explained(error: &crossgate_call::Error) -> anyhow::Error {
    let mut text = error.public().to_owned();
    for field in error.fields() {
        let place = if field.pointer.is_empty() { field.place } else { &field.pointer };
        text.push_str(&format!("\n  {place}: {}", field.detail));
    }
    if let Some(cause) = error.cause() {
        text.push_str(&format!("\n  cause: {cause}"));
    }
    anyhow::Error::msg(text)
}

/// The operating system's name for whoever runs the program: of the process's user, not of a variable that anybody can set.
fn user() -> String {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(uid) = std::fs::metadata("/proc/self").map(|process| process.uid()) else { return "local".to_owned() };
    let known = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_of(&known, uid).unwrap_or_else(|| format!("uid {uid}"))
}

/// A line of the file: name, password, number, ...
fn name_of(passwd: &str, uid: u32) -> Option<String> {
    let mut users = passwd.lines().map(|line| line.split(':'));
    users.find_map(|mut fields| {
        let name = fields.next()?;
        let number = fields.nth(1)?;
        (number.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

/// A trace id names, it does not protect; the hasher's per-process random keys are enough.
fn random_bits() -> u128 {
    use std::hash::{BuildHasher as _, RandomState};
    let half = |salt: u8| u128::from(RandomState::new().hash_one(salt));
    (half(0) << 64) | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_as_the_system_names_it() {
        let passwd = "root:x:0:0:root:/root:/bin/bash\nann:x:1000:1000::/home/ann:/bin/sh\nbroken\n";
        assert_eq!(name_of(passwd, 1000).as_deref(), Some("ann"));
        assert_eq!(name_of(passwd, 1001), None);
    }
}
