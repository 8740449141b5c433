//! Server-Sent Events as a client reads them (HTML §9.2.6), as far as we send them.

use std::collections::VecDeque;

use serde_json::Value;

/// A stream of events that is open.
pub struct EventStream {
    response: reqwest::Response,
    text: Vec<u8>,
    ready: VecDeque<Told>,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Its id; empty when it has none.
    pub id: String,
    /// Its type; empty for ordinary ones.
    pub kind: String,
    /// Its data.
    pub data: Value,
}

impl EventStream {
    pub(crate) fn new(response: reqwest::Response) -> Self {
        Self { response, text: Vec::new(), ready: VecDeque::new() }
    }

    /// A header of the answer as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The next event; none when the stream has ended as it should.
    ///
    /// # Panics
    /// When it broke off, or nothing came within the client's patience.
    pub async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(told) = self.ready.pop_front() {
                return Some(told);
            }
            let more = self.response.chunk().await.expect("the stream does not break off")?;
            self.text.extend_from_slice(&more);
            while let Some(end) = self.text.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.text.drain(..end + 2).collect();
                self.ready.extend(read(&String::from_utf8(block).expect("a stream is UTF-8")));
            }
        }
    }

    /// The next event, which must come.
    ///
    /// # Panics
    /// When the stream has ended.
    pub async fn told(&mut self) -> Told {
        self.next().await.expect("the stream goes on")
    }
}

/// The event of a block of lines; comments and settings are none.
fn read(block: &str) -> Option<Told> {
    let (mut told, mut data) = (Told::default(), Vec::new());
    for line in block.lines() {
        match line.split_once(": ") {
            Some(("id", id)) => id.clone_into(&mut told.id),
            Some(("event", kind)) => kind.clone_into(&mut told.kind),
            Some(("data", line)) => data.push(line),
            _ => {}
        }
    }
    if data.is_empty() {
        return None;
    }
    told.data = serde_json::from_str(&data.join("\n")).expect("data is JSON");
    Some(told)
}
