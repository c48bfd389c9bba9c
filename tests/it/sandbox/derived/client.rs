//! A client that keeps its connection: HTTP/1.1 by hand, so that a request can be as wrong as it has to be, and two
//! thousand of them take seconds.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sandbox::http::{Headers, head, header};

/// Longer than any answer takes; then it counts as none.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection to one server.
pub(super) struct Client {
    host: String,
    stream: TcpStream,
}

/// What came back; status 0 is no answer at all.
pub(super) struct Answer {
    pub(super) status: u16,
    headers: Headers,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// Connects to the server of an address.
    pub(super) async fn of(address: &str) -> Self {
        let host = host(address).to_owned();
        let stream = TcpStream::connect(&host).await.expect("the server listens");
        stream.set_nodelay(true).expect("a connected socket takes options");
        Self { host, stream }
    }

    /// Sends a request and waits for its answer. Where the server breaks off, the next request finds a new connection.
    pub(super) async fn send(&mut self, method: &str, target: &str, headers: &[(&str, String)], body: &[u8]) -> Answer {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.host);
        for (name, value) in headers {
            head = head + name + ": " + value + "\r\n";
        }
        head = format!("{head}content-length: {}\r\n\r\n", body.len());
        let message = [head.as_bytes(), body].concat();
        let answer = tokio::time::timeout(PATIENCE, self.exchange(&message)).await;
        match answer.unwrap_or_else(|late| Err(late.into())) {
            Ok(answer) => answer,
            Err(fault) => {
                let host = self.host.clone();
                *self = Self::of(&host).await;
                Answer { status: 0, headers: Headers::new(), body: fault.to_string().into_bytes() }
            }
        }
    }

    async fn exchange(&mut self, message: &[u8]) -> io::Result<Answer> {
        self.stream.write_all(message).await?;
        let mut bytes: Vec<u8> = Vec::new();
        let mut answer = loop {
            if let Some((status, headers, body)) = head(&bytes) {
                break Answer { status, headers, body: body.to_vec() };
            }
            self.more(&mut bytes).await?;
        };
        let length: usize = answer.header("content-length").and_then(|length| length.parse().ok()).unwrap_or_default();
        while answer.body.len() < length {
            self.more(&mut answer.body).await?;
        }
        Ok(answer)
    }

    async fn more(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        match self.stream.read_buf(bytes).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

/// `host:port` of an address.
fn host(address: &str) -> &str {
    let rest = address.trim_start_matches("http://");
    rest.split_once('/').map_or(rest, |(host, _)| host)
}

impl Answer {
    /// A header by its lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as JSON; `null` where it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Status and body in short, for a list of failures.
    pub(super) fn told(&self) -> String {
        format!("{} {}", self.status, short(&String::from_utf8_lossy(&self.body)))
    }
}

/// The beginning of a text.
pub(super) fn short(text: &str) -> String {
    const MOST: usize = 240;
    if text.chars().count() <= MOST { text.to_owned() } else { text.chars().take(MOST).chain("…".chars()).collect() }
}
