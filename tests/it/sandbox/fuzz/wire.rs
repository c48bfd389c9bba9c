//! A sandbox under fire, and a client that sends what no proper client would: bytes on a socket.
//!
//! The sandbox has threads of its own, known by their name, so that a panic among them is heard even though the server
//! goes on after it.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    panic,
    sync::{Mutex, Once, PoisonError},
    thread,
    time::Duration,
};

use constantcontact::sandbox::{Options, Ready, Sandbox};
use serde::de::IgnoredAny;
use tokio::runtime::{Builder, Runtime};

use crate::sandbox::http::{Headers, head, header};

/// How long an answer may take in a slow build on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// What the names of all threads under fire begin with.
const NAMES: &str = "fuzz-";

/// Thread and message of each panic among them.
static PANICS: Mutex<Vec<(String, String)>> = Mutex::new(Vec::new());

/// Notes panics of threads under fire; all others are none of our business.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            let thread = thread::current();
            let name = thread.name().unwrap_or_default();
            if name.starts_with(NAMES) {
                let noted = (name.to_owned(), panic.to_string());
                PANICS.lock().unwrap_or_else(PoisonError::into_inner).push(noted);
            }
            usual(panic);
        }));
    });
}

/// One request, which need not be a good one.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn new(method: &str, target: impl Into<String>) -> Self {
        Self { method: method.to_owned(), target: target.into(), ..Self::default() }
    }

    /// The request with one more header.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The request with a body of this content type.
    pub(super) fn carrying(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("content-type", kind)
    }

    /// As it goes on the wire. It asks for the connection to be closed, so that the answer ends with it.
    pub(super) fn bytes(&self, host: SocketAddr) -> Vec<u8> {
        let mut head = vec![format!("{} {} HTTP/1.1", self.method, self.target), "connection: close".to_owned()];
        if self.headers.iter().all(|(name, _)| *name != "host") {
            head.push(format!("host: {host}"));
        }
        head.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        if !self.body.is_empty() {
            head.push(format!("content-length: {}", self.body.len()));
        }
        let head = head.join("\r\n") + "\r\n\r\n";
        [head.as_bytes(), self.body.as_slice()].concat()
    }

    /// Whether it is good HTTP, so that it must be answered.
    fn is_plain(&self) -> bool {
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/?&=+,:;@!$'()*".contains(&byte);
        let visible = |(_, value): &(&str, String)| value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        self.target.starts_with('/') && self.target.bytes().all(usual) && self.headers.iter().all(visible)
    }
}

/// Enough of a request to send it again by hand.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {:?}", self.method, self.target)?;
        for (name, value) in &self.headers {
            writeln!(f, "{name}: {value:?}")?;
        }
        let shown = &self.body[..self.body.len().min(4_000)];
        write!(f, "{} bytes of body: {:?}", self.body.len(), String::from_utf8_lossy(shown))
    }
}

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The answer at the beginning of these bytes, and what is behind it.
    fn first(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (status, headers, rest) = head(bytes)?;
        let length = header(&headers, "content-length").and_then(|length| length.parse::<usize>().ok()).unwrap_or(0);
        let (body, rest) = rest.split_at(length.min(rest.len()));
        Some((Self { status, headers, body: body.to_vec() }, rest))
    }

    /// All answers in these bytes, without those that only say to go on.
    pub(super) fn all(mut bytes: &[u8]) -> Vec<Self> {
        let mut answers = Vec::new();
        while let Some((answer, rest)) = Self::first(bytes) {
            bytes = rest;
            answers.extend(Some(answer).filter(|answer| answer.status >= 200));
        }
        answers
    }
}

/// A sandbox of its own, and what is heard of it.
pub(super) struct Fuzzed {
    pub(super) ready: Ready,
    pub(super) address: SocketAddr,
    /// The name of its threads.
    name: &'static str,
    /// Where chance began, to be told with a failure.
    seed: u64,
    _sandbox: Sandbox,
    _runtime: Runtime,
}

impl Fuzzed {
    /// Starts one whose threads have this name, which no other may begin with.
    pub(super) fn start(name: &'static str, seed: u64, options: Options) -> Self {
        assert!(name.starts_with(NAMES));
        listen();
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name(name).enable_all().build().unwrap();
        let sandbox = runtime.block_on(Sandbox::start(options)).unwrap();
        let ready = sandbox.ready().clone();
        let address = ready.api.trim_start_matches("http://").trim_end_matches("/v3").parse().unwrap();
        Self { ready, address, name, seed, _sandbox: sandbox, _runtime: runtime }
    }

    /// Sends a request and holds the answer against what every answer must be. None where the request was no HTTP and
    /// was not answered.
    pub(super) fn ask(&self, number: usize, request: &Request) -> Option<Answer> {
        let heard = exchange(self.address, &request.bytes(self.address), false);
        let told = || format!("FUZZ_SEED={}, request {number}: {request}", self.seed);
        self.no_panics(&told);
        let heard = heard.unwrap_or_else(|| panic!("no end of an answer\n{}", told()));
        let answer = Answer::all(&heard).into_iter().next();
        match &answer {
            Some(answer) => is_in_order(answer, request, &told),
            None => assert!(!request.is_plain(), "no answer\n{}", told()),
        }
        answer
    }

    /// Sends any bytes, and nothing after them. Whatever is answered is no failure.
    pub(super) fn shout(&self, number: usize, bytes: &[u8]) {
        let heard = exchange(self.address, bytes, true);
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(4_000)]);
        let told = || format!("FUZZ_SEED={}, bytes {number}: {shown:?}", self.seed);
        self.no_panics(&told);
        let heard = heard.unwrap_or_else(|| panic!("the connection stays open\n{}", told()));
        for answer in Answer::all(&heard) {
            assert!(answer.status < 500, "{}\n{}", answer.status, told());
        }
    }

    /// All answers to bytes that hold more than one request.
    pub(super) fn answers(&self, bytes: &[u8]) -> Vec<Answer> {
        let heard = exchange(self.address, bytes, false);
        Answer::all(&heard.unwrap_or_else(|| panic!("no end of the answers")))
    }

    /// Connections that have begun a request and never go on with it.
    pub(super) fn half_open(&self, count: usize) -> Vec<TcpStream> {
        let begin = |number: usize| {
            let mut stream = TcpStream::connect(self.address).unwrap();
            let begun: &[u8] = if number.is_multiple_of(2) {
                b"GET /v3/contacts HT"
            } else {
                b"POST /v3/contacts HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{"
            };
            stream.write_all(begun).unwrap();
            stream
        };
        (0..count).map(begin).collect()
    }

    /// A good request is answered well, whatever came before.
    pub(super) fn still_works(&self, number: usize) {
        let request = Request::new("GET", "/v3/account/summary")
            .with("authorization", format!("Bearer {}", self.ready.access_token));
        let status = self.ask(number, &request).map(|answer| answer.status);
        assert_eq!(status, Some(200), "FUZZ_SEED={}, after request {number}", self.seed);
    }

    fn no_panics(&self, told: &dyn Fn() -> String) {
        let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let ours: Vec<_> = panics.iter().filter(|(name, _)| name.starts_with(self.name)).collect();
        assert!(ours.is_empty(), "{ours:#?}\n{}", told());
    }
}

/// No failure that nobody ordered; and what says that it is JSON is.
fn is_in_order(answer: &Answer, request: &Request, told: &dyn Fn() -> String) {
    assert!((200..500).contains(&answer.status), "{}\n{}", answer.status, told());
    let json = answer.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    if json && request.method != "HEAD" {
        let read = serde_json::from_slice::<IgnoredAny>(&answer.body);
        assert!(read.is_ok(), "{read:?}: {}\n{}", String::from_utf8_lossy(&answer.body), told());
    }
}

/// Sends bytes, and hears what comes back until the connection ends; none where it does not. A server that has heard
/// enough may close it before all is sent.
fn exchange(address: SocketAddr, bytes: &[u8], ends: bool) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let _ = stream.write_all(bytes);
    if ends {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut heard = Vec::new();
    let end = stream.read_to_end(&mut heard);
    let late = |error: &io::Error| matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
    end.err().is_none_or(|error| !late(&error)).then_some(heard)
}
