//! `cargo bench --bench sandbox`: how fast the stand-in answers and starts, and how much memory it takes, each beside
//! the bare thing in the same run.
//!
//! Ratios are what to look at; absolute figures depend on the machine. Beside the stand-in stands a server of the same
//! HTTP library that answers a constant body of the same size and does nothing else. Each server has one thread.

use std::{
    convert::Infallible,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use constantcontact::sandbox::{Options, Sandbox, Seed};
use http_body_util::Full;
use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

/// Connections that are kept open, so that the server is never without work.
const LINES: usize = 16;
const ROUNDS: usize = 6;
/// How long each server is asked in a round.
const ROUND: Duration = Duration::from_millis(700);
const STARTS: usize = 15;
/// Everything that can be shown of a contact.
const INCLUDES: &str = "custom_fields,list_memberships,phone_numbers,street_addresses,taggings,notes";

fn main() {
    // `cargo bench` passes flags of the usual harness; none of them matters here.
    starts();
    memory();
    let large = Server::sandbox(Seed::Large);
    reads(&large);
    pages(&large);
}

// --- In a process of its own ---------------------------------------------------------------------------------------

/// From the start of the process to the line that says that it is ready.
fn starts() {
    let (mut demo, mut empty, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS {
        demo.push(Stand::start("demo").1);
        empty.push(Stand::start("empty").1);
        let start = Instant::now();
        assert!(Command::new("true").status().expect("a process").success());
        nothing.push(start.elapsed());
    }
    let (demo, empty, nothing) = (median(&mut demo), median(&mut empty), median(&mut nothing));
    let ratio = ratio(demo, empty);
    println!(
        "start         demo seed {demo:>9.1?}   empty seed {empty:>9.1?}   ratio {ratio:.2}   `true` {nothing:.1?}   \
         (goal 100 ms)"
    );
}

/// What a process takes after its start, before anybody has asked for anything.
fn memory() {
    let start = |seed: &str| {
        let (stand, took) = Stand::start(seed);
        (resident(&stand.child), took)
    };
    let ((empty, _), (large, took)) = (start("empty"), start("large"));
    match (empty, large) {
        (Some(empty), Some(large)) => println!(
            "memory        large seed {large:.1} MB   empty seed {empty:.1} MB   ratio {:.1} (goal 200 MB); \
             it starts in {took:.1?}",
            large / empty
        ),
        _ => println!("memory        cannot be read on this system; the large seed starts in {took:.1?}"),
    }
}

/// `ctct sandbox` with one of its seeds.
struct Stand {
    child: Child,
}

impl Stand {
    /// Starts it; tells how long it took until it was ready.
    fn start(seed: &str) -> (Self, Duration) {
        let start = Instant::now();
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctct"));
        command.args(["sandbox", "--limits", "off", "--seed", seed]).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let took = start.elapsed();
        assert!(line.contains("access_token"), "the ready line, not {line:?}");
        (Self { child }, took)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Megabytes that a process holds in memory, where the system tells.
fn resident(child: &Child) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
}

// --- On a thread of its own ----------------------------------------------------------------------------------------

/// A server on one thread, for as long as the program runs.
struct Server {
    address: SocketAddr,
    token: String,
    /// Where Linux keeps the account of its thread.
    thread: Option<PathBuf>,
}

impl Server {
    fn sandbox(seed: Seed) -> Self {
        on_a_thread(async move || {
            let options = Options { seed, limits: false, ..Options::default() };
            let sandbox = Sandbox::start(options).await.expect("a sandbox");
            let (api, token) = (sandbox.ready().api.clone(), sandbox.ready().access_token.clone());
            let address = api.trim_start_matches("http://").trim_end_matches("/v3").parse().expect("an address");
            (address, token, sandbox)
        })
    }

    /// The other side: the same library, and a body of so many bytes.
    fn bare(size: usize) -> Self {
        on_a_thread(async move || {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            (address, "none".to_owned(), tokio::spawn(answer(listener, Bytes::from(vec![b'x'; size]))))
        })
    }

    /// Time that its thread has worked, where the system tells.
    fn worked(&self) -> Option<Duration> {
        let folder = self.thread.as_ref()?;
        let nanoseconds = fs::read_to_string(folder.join("schedstat")).ok()?;
        nanoseconds.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    }

    fn line(&self) -> Line {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Line { stream: BufReader::with_capacity(64 * 1024, stream), body: Vec::new() }
    }

    fn request(&self, path: &str) -> Vec<u8> {
        let token = &self.token;
        format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n").into_bytes()
    }
}

/// Starts something that serves, on a thread with a runtime of its own; what it keeps lives as long as the thread.
fn on_a_thread<K: 'static>(start: impl AsyncFnOnce() -> (SocketAddr, String, K) + Send + 'static) -> Server {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let (address, token, _kept) = start().await;
            let thread = fs::read_link("/proc/thread-self").ok().map(|link| PathBuf::from("/proc").join(link));
            sender.send(Server { address, token, thread }).expect("somebody who waits");
            std::future::pending::<()>().await;
        });
    });
    receiver.recv().expect("a server")
}

async fn answer(listener: TcpListener, body: Bytes) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let body = body.clone();
        tokio::spawn(async move {
            let service = service_fn(move |_| {
                let body = Full::new(body.clone());
                let response = Response::builder().header("content-type", "application/json").body(body);
                async move { Ok::<_, Infallible>(response.expect("a response")) }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// A connection that is kept open.
struct Line {
    stream: BufReader<TcpStream>,
    body: Vec<u8>,
}

impl Line {
    fn ask(&mut self, request: &[u8]) {
        self.stream.get_mut().write_all(request).expect("sent");
    }

    /// Reads one answer, which must be good; its body stays in `body`.
    fn hear(&mut self) {
        let mut line = String::new();
        let mut length = 0;
        self.stream.read_line(&mut line).expect("a status");
        assert!(line.contains(" 200 "), "{line}");
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.split_once(':') else { break };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().expect("a length");
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).expect("a body");
    }

    /// How long one answer takes, from the first byte sent to the last byte received.
    fn time(&mut self, request: &[u8]) -> Duration {
        let start = Instant::now();
        self.ask(request);
        self.hear();
        start.elapsed()
    }
}

// --- What is measured ----------------------------------------------------------------------------------------------

/// Calls of one kind to one server, over connections that stay open.
struct Load<'a> {
    server: &'a Server,
    lines: Vec<Line>,
    requests: Vec<Vec<u8>>,
    answered: u32,
    took: Duration,
    worked: Duration,
}

impl<'a> Load<'a> {
    fn new(server: &'a Server, paths: &[String]) -> Self {
        Self {
            server,
            lines: (0..LINES).map(|_| server.line()).collect(),
            requests: paths.iter().map(|path| server.request(path)).collect(),
            answered: 0,
            took: Duration::ZERO,
            worked: Duration::ZERO,
        }
    }

    /// Asks on all connections at once, as long as a round lasts.
    fn round(&mut self) {
        let (start, before) = (Instant::now(), self.server.worked());
        let mut requests = self.requests.iter().cycle();
        while start.elapsed() < ROUND {
            for (line, request) in self.lines.iter_mut().zip(&mut requests) {
                line.ask(request);
            }
            for line in &mut self.lines {
                line.hear();
                self.answered += 1;
            }
        }
        self.took += start.elapsed();
        let worked = self.server.worked().zip(before).map(|(after, before)| after.saturating_sub(before));
        self.worked += worked.unwrap_or_else(|| start.elapsed());
    }

    /// Answers a second of the clock, and a second of the server's own work.
    fn rates(&self) -> (f64, f64) {
        let answered = f64::from(self.answered);
        (answered / self.took.as_secs_f64(), answered / self.worked.as_secs_f64())
    }
}

/// `GET /contacts/{contact_id}`, of a thousand people in turn.
fn reads(large: &Server) {
    let demo = Server::sandbox(Seed::Demo);
    let paths = [people(large), people(&demo)];
    let bare = Server::bare(size(large, &paths[0][0]));
    let mut loads = [Load::new(large, &paths[0]), Load::new(&demo, &paths[1]), Load::new(&bare, &paths[0])];
    for _ in 0..ROUNDS {
        loads.iter_mut().for_each(Load::round);
    }
    let [large, demo, bare] = loads.map(|load| load.rates());
    let ratio = bare.1 / large.1;
    println!(
        "GET contact   a second of one core: demo seed {:.0}   large seed {:.0}   bare hyper {:.0}   ratio {ratio:.2} \
         (goal 5000)",
        demo.1, large.1, bare.1
    );
    println!(
        "              a second of the clock: demo seed {:.0}   large seed {:.0}   bare hyper {:.0}",
        demo.0, large.0, bare.0
    );
}

/// Paths of the first people of an account.
fn people(server: &Server) -> Vec<String> {
    let page = read(server, "/v3/contacts?limit=500");
    let contacts = page["contacts"].as_array().expect("contacts");
    let id = |contact: &Value| contact["contact_id"].as_str().expect("an id").to_owned();
    contacts.iter().map(|contact| format!("/v3/contacts/{}", id(contact))).collect()
}

fn read(server: &Server, path: &str) -> Value {
    let mut line = server.line();
    line.time(&server.request(path));
    serde_json::from_slice(&line.body).expect("JSON")
}

fn size(server: &Server, path: &str) -> usize {
    let mut line = server.line();
    line.time(&server.request(path));
    line.body.len()
}

/// All pages of 500 contacts with everything included, one after the other, as far as the links lead.
fn pages(large: &Server) {
    let first = format!("/v3/contacts?limit=500&include={INCLUDES}");
    let bare = Server::bare(size(large, &first));
    let (mut line, mut other) = (large.line(), bare.line());
    let plain = bare.request("/");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut next = Some(first);
    while let Some(path) = next {
        ours.push(line.time(&large.request(&path)));
        theirs.push(other.time(&plain));
        let page: Value = serde_json::from_slice(&line.body).expect("JSON");
        next = page["_links"]["next"]["href"].as_str().map(str::to_owned);
    }
    let (count, worst) = (ours.len(), ours.iter().max().copied().unwrap_or_default());
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    let ratio = ratio(ours, theirs);
    println!(
        "500 contacts  with all includes {ours:>9.1?}   bare hyper {theirs:>9.1?}   ratio {ratio:.1} (goal 10 ms); \
         at worst {worst:.1?} of {count} pages"
    );
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ratio(ours: Duration, theirs: Duration) -> f64 {
    ours.as_secs_f64() / theirs.as_secs_f64()
}
