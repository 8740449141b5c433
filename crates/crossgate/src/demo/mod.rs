//! The demonstration: on its first start it writes an ordinary, complete configuration with its own
//! certificates, keys, users and passwords into one folder; from then on it is started like any other.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use crossgate_call::{Clock as _, SystemClock};
use crossgate_certificates::{Days, Folder, Kind, Request};

/// The demonstration's folder, in the current one.
pub(crate) const FOLDER: &str = "crossgate-data";
/// The configuration in it.
const CONFIG_NAME: &str = "crossgate.toml";
/// The passwords in it, in the form `name password`, one a line.
const CREDENTIALS_NAME: &str = "demo-credentials.txt";
/// How long the demonstration's revocation list is valid, in days: as long as its authority.
const REVOCATION_LIST_DAYS: u32 = 3650;
/// The configuration's text, with `{{...}}` where this module fills something in.
const TEMPLATE: &str = include_str!("../../../../deploy/demo.toml");

/// What somebody trying things out needs to know.
pub(crate) struct Demo {
    pub(crate) folder: PathBuf,
    pub(crate) config: PathBuf,
    /// Whether this start made it.
    pub(crate) fresh: bool,
    /// The secrets by name: users' passwords and a client's secret.
    pub(crate) credentials: Vec<(String, String)>,
}

impl Demo {
    /// The secret of one name.
    pub(crate) fn secret(&self, name: &str) -> &str {
        self.credentials.iter().find(|(known, _)| known == name).map_or("", |(_, secret)| secret)
    }
}

/// Opens the demonstration in `folder`, making it if it is not there.
pub(crate) fn open(folder: &Path) -> anyhow::Result<Demo> {
    let config = folder.join(CONFIG_NAME);
    let fresh = !config.exists();
    if fresh {
        make(folder).with_context(|| format!("cannot set up the demonstration in {}", folder.display()))?;
    }
    let text = match std::fs::read_to_string(folder.join(CREDENTIALS_NAME)) {
        Ok(text) => text,
        // Deleting the file is a way of keeping its passwords to oneself.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", folder.join(CREDENTIALS_NAME).display()));
        }
    };
    let credentials = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, secret)| (name.to_owned(), secret.trim().to_owned()))
        .collect();
    Ok(Demo { folder: folder.to_owned(), config, fresh, credentials })
}

fn make(folder: &Path) -> anyhow::Result<()> {
    crossgate_certificates::make_folder(folder)?;
    certificates(folder, SystemClock.now())?;
    write(folder, "token-key.pem", &crossgate_identity::generate_signing_key()?, 0o600)?;
    let (alice, auditor, billing) = (secret()?, secret()?, secret()?);
    write(folder, CREDENTIALS_NAME, &format!("alice {alice}\nauditor {auditor}\nbilling {billing}\n"), 0o600)?;
    let hash = |secret: &str| crossgate_identity::hash_password(secret);
    let config = TEMPLATE
        .replace("{{alice}}", &hash(&alice)?)
        .replace("{{auditor}}", &hash(&auditor)?)
        .replace("{{billing}}", &crossgate_identity::hash_client_secret(&billing));
    if config.contains("{{") {
        bail!("the demonstration's configuration has a place that nothing fills");
    }
    // Last, because its presence says that everything else is there.
    write(folder, CONFIG_NAME, &config, 0o600)
}

/// A private authority, and a certificate for this machine: `crossgate cert` goes on with them. Folders that an interrupted
/// start left half made are made anew.
fn certificates(folder: &Path, now: jiff::Timestamp) -> anyhow::Result<()> {
    let authority = Folder::new(folder);
    let request = Request::new(Kind::Authority, "Crossgate private CA", Vec::new());
    authority.create(&request, None, Days(REVOCATION_LIST_DAYS), true, now)?;
    let names = vec!["localhost".parse()?, "127.0.0.1".parse()?, "::1".parse()?];
    authority.unlock(None)?.issue("server", &Request::new(Kind::Server, "localhost", names), None, true, now)?;
    Ok(())
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> anyhow::Result<()> {
    Ok(crossgate_certificates::write_file(&folder.join(name), text.as_bytes(), mode, true)?)
}

/// 120 random bits in an alphabet that survives shells, mails and reading aloud.
fn secret() -> anyhow::Result<String> {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0; 24];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow::anyhow!("the system gives no random bytes"))?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_and_its_configuration_loads() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        let first = open(&folder).unwrap();
        assert!(first.fresh);
        assert_eq!(first.credentials.len(), 3);
        let second = open(&folder).unwrap();
        assert!(!second.fresh);
        assert_eq!(first.credentials, second.credentials);
        crate::config::load(&second.config, std::iter::empty()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_secret_is_readable_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("data");
        open(&folder).unwrap();
        for name in ["ca-key.pem", "server-key.pem", "token-key.pem", CREDENTIALS_NAME, CONFIG_NAME] {
            let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
        }
    }
}
