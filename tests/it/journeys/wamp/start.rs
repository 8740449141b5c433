//! From the first connection on.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use crossgate_tests::{Site, until};

const HANDSHAKE: &str = "GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
    sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: wamp.2.json\r\n\r\n";

#[tokio::test]
async fn the_first_connection_that_a_starting_program_takes_is_served_although_pages_have_the_root() {
    let site = Site::standard();
    // A port that was free a moment ago, so that it is known before the program listens.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
    site.reconfigure(
        "name = \"plain\"\naddress = \"127.0.0.1:0\"",
        &format!("name = \"plain\"\naddress = \"127.0.0.1:{port}\""),
    );
    let starting = site.start();
    let first = async {
        let mut stream = until("the port is open", async || TcpStream::connect(("127.0.0.1", port)).ok()).await;
        tokio::task::spawn_blocking(move || {
            stream.write_all(HANDSHAKE.as_bytes()).expect("the program reads");
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).expect("the program answers");
            String::from_utf8_lossy(&answer).into_owned()
        })
        .await
        .expect("the handshake ends")
    };
    let (program, answer) = tokio::join!(starting, first);
    assert_eq!(answer, "HTTP/1.1 101");
    assert_eq!(program.visitor("plain").get("/sign-in").await.status, 200, "pages are served beside it");
    program.stop().await;
}
