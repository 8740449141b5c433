//! Files that appear whole or not at all, and that only their owner may read where they are secret.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Permissions of a key.
pub(crate) const SECRET: u32 = 0o600;
/// Permissions of what everybody may know.
pub(crate) const PUBLIC: u32 = 0o644;
/// No file that is read here is larger, in bytes.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// Makes a folder that its owner alone may enter, and those above it. One that is there stays as it is.
///
/// # Errors
/// When it cannot be made.
pub fn folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::writing(path))
}

/// Writes a file with these permissions, on disk when this returns, and whole for whoever reads it meanwhile. One that
/// is there is replaced only with `replace`.
///
/// # Errors
/// When it is there, or cannot be written.
pub fn write(path: &Path, bytes: &[u8], mode: u32, replace: bool) -> Result<()> {
    let aside = aside(path);
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&aside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if replace {
            return std::fs::rename(&aside, path);
        }
        // Linking fails where there is a file already, in one step.
        let linked = std::fs::hard_link(&aside, path);
        std::fs::remove_file(&aside)?;
        linked
    })();
    if let Err(error) = written {
        // What was begun is of no use to anybody; a file of somebody else's is not ours to remove.
        if error.kind() != ErrorKind::AlreadyExists || path.exists() {
            let _ = std::fs::remove_file(&aside);
        }
        return match error.kind() {
            ErrorKind::AlreadyExists if path.exists() => Err(there(path)),
            _ => Err(Error::writing(path)(error)),
        };
    }
    // The name itself is on disk only when the folder is.
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(Error::writing(path))?;
    }
    Ok(())
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    path.with_file_name(name)
}

/// Refuses when one of the files is there and may not be replaced.
pub(crate) fn absent(paths: &[&Path], replace: bool) -> Result<()> {
    match paths.iter().find(|path| !replace && path.symlink_metadata().is_ok()) {
        Some(path) => Err(there(path)),
        None => Ok(()),
    }
}

fn there(path: &Path) -> Error {
    Error::refused(format!("{} is there already, and is not overwritten; use another name, or --force", path.display()))
}

/// Reads a file of a sane size.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes)).map_err(Error::reading(path))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(Error::refused(format!("{} is larger than {BYTES_MAX} bytes", path.display())));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_file_is_written_whole_and_never_over_another_unasked() {
        let parent = tempfile::tempdir().unwrap();
        let (inside, path) = (parent.path().join("a/b"), parent.path().join("a/b/key.pem"));
        folder(&inside).unwrap();
        assert_eq!(std::fs::metadata(&inside).unwrap().permissions().mode() & 0o777, 0o700);
        write(&path, b"first", SECRET, false).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let refused = write(&path, b"second", SECRET, false).unwrap_err().to_string();
        assert!(refused.contains("--force") && refused.contains("key.pem"), "{refused}");
        assert_eq!(read(&path).unwrap(), b"first");
        write(&path, b"second", SECRET, true).unwrap();
        assert_eq!(read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(&inside).unwrap().count(), 1, "nothing is left lying about");
    }
}
