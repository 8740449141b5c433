//! The demonstration: on its first start it writes an ordinary, complete configuration with its own
//! certificates, keys, users and passwords into one folder; from then on it is started like any other.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use crossgate_call::{Clock, SystemClock};

use crate::pki;

/// The demonstration's folder, in the current one.
pub(crate) const FOLDER: &str = "crossgate-data";
/// The configuration in it.
const CONFIG_NAME: &str = "crossgate.toml";
/// The passwords in it, in the form `name password`, one a line.
const CREDENTIALS_NAME: &str = "demo-credentials.txt";
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
    make_folder(folder)?;
    let pki = pki::loopback(SystemClock.now())?;
    write(folder, "ca.pem", &pki.ca_certificate, 0o644)?;
    write(folder, "ca-key.pem", &pki.ca_key, 0o600)?;
    write(folder, "server.pem", &pki.server_certificate, 0o644)?;
    write(folder, "server-key.pem", &pki.server_key, 0o600)?;
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

fn make_folder(folder: &Path) -> anyhow::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(folder)?)
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> anyhow::Result<()> {
    let path = folder.join(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(&path).with_context(|| format!("cannot write {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(())
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
