//! Where the doors listen.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tokio::net::UnixStream;

use crate::client::ask;
use crate::served::{Served, within};

#[tokio::test]
async fn a_unix_socket_is_a_door_like_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let mut served = Served::listeners(json!([
        {"name": "local", "address": format!("unix:{}", path.display()), "mode": "0600"},
    ]))
    .await;
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = within(UnixStream::connect(&path)).await.unwrap();
    assert!(ask(&mut stream, "/whoami").await.starts_with("HTTP/1.1 200"));
    let page = ask(&mut stream, "/page").await;
    assert!(page.contains(r#""source":null"#) && page.contains(r#""listener":"local""#), "{page}");
    drop(stream);
    served.tell();
    assert_eq!(served.stopped().await, 0);
    assert!(!path.exists(), "the file goes with the listener");
}

#[tokio::test]
async fn a_door_that_cannot_be_opened_says_which_and_why() {
    let first = Served::plain(json!({})).await;
    let taken = first.address("plain").to_string();
    let again = Served::try_start(json!({"listeners": [{"name": "second", "address": taken}]})).await;
    let error = again.err().unwrap().to_string();
    assert!(error.starts_with(&format!("listener `second` cannot listen on {taken}: ")), "{error}");
    let unsafe_address = json!({"listeners": [{"name": "open", "address": "0.0.0.0:0"}]});
    let error = Served::try_start(unsafe_address).await.err().unwrap().to_string();
    assert!(error.contains("insecure_plain"), "{error}");
}
