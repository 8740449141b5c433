use crossgate_store::secrets::{SecretError, resolve, resolve_or_literal};
use secrecy::ExposeSecret;

fn file(content: &[u8], mode: u32) -> (tempfile::TempDir, String) {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let reference = format!("file:{}", path.display());
    (directory, reference)
}

#[test]
fn a_secret_file_gives_its_text_without_one_line_end() {
    for (content, secret) in
        [(&b"s3cret"[..], "s3cret"), (b"s3cret\n", "s3cret"), (b"s3cret\r\n", "s3cret"), (b"s3cret\n\n", "s3cret\n")]
    {
        let (_directory, reference) = file(content, 0o600);
        assert_eq!(resolve(&reference).unwrap().expose_secret(), secret);
    }
}

#[test]
fn a_file_that_everybody_can_read_serves_and_one_that_everybody_can_write_does_not() {
    let (_directory, readable) = file(b"s3cret", 0o644);
    assert_eq!(resolve(&readable).unwrap().expose_secret(), "s3cret");
    let (_directory, writable) = file(b"s3cret", 0o602);
    assert!(matches!(resolve(&writable), Err(SecretError::Unfit { .. })));
}

#[test]
fn a_file_that_is_empty_too_large_no_text_missing_or_no_file_is_refused() {
    for content in [&b""[..], b"\n", &[b'x'; 65 * 1024], &[0xff, 0xfe, 0x00]] {
        let (_directory, reference) = file(content, 0o600);
        assert!(resolve(&reference).is_err());
    }
    let (directory, reference) = file(b"x", 0o600);
    assert!(matches!(resolve(&format!("{reference}-missing")), Err(SecretError::File { .. })));
    let refused = resolve(&format!("file:{}", directory.path().display()));
    assert!(matches!(refused, Err(SecretError::Unfit { .. })), "{refused:?}");
}

#[test]
fn an_environment_variable_gives_its_text() {
    // Cargo sets this one for every test.
    assert_eq!(resolve("env:CARGO_PKG_NAME").unwrap().expose_secret(), "crossgate-store");
    assert!(matches!(resolve("env:CROSSGATE_NO_SUCH_VARIABLE"), Err(SecretError::Environment(_))));
}

#[test]
fn a_literal_is_refused_unless_asked_for_and_never_shown() {
    let refused = resolve("hunter2").unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
    assert_eq!(resolve_or_literal("hunter2").unwrap().expose_secret(), "hunter2");
    assert!(!format!("{:?}", resolve_or_literal("hunter2")).contains("hunter2"));
    assert!(resolve_or_literal("").is_err());
}
