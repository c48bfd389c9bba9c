//! Real processes on one store: killed at any moment, and refreshing all at once. Short forms of what
//! `tests/drivers/{kills,storm}.py` prove at length.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use constantcontact::sandbox::{Options, Ready, Reuse};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::sleep,
};
use url::{Url, form_urlencoded};

use crate::support::{Bench, free};

const TOKEN: &str = "/oauth2/default/v1/token";
/// No test waits longer for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// Flags of a profile whose calls are not counted.
const FREE: [&str; 4] = ["--per-second", "0", "--per-day", "0"];
/// The run that is killed. A dead process's lease holds for ten seconds, which is less than the time allowed.
const RUN: [&str; 6] = ["run", "get_user_privileges", "-c", "c", "--timeout", "25"];
/// Seconds that a token lives in the tests of kills.
const TTL: i64 = 2;
/// Kills of one connection, at the most.
const KILLS: u64 = 5;
/// A connection that lasted so long has waited for a dead process's lease, and is killed no more.
const ENOUGH: Duration = Duration::from_secs(8);
/// The token endpoint is asked once a second and a little more. A refresh that came sooner would wait with the lease in
/// its hand, and all kills would fall into that.
const PACE: Duration = Duration::from_millis(1_200);

/// Waits, but not for ever.
async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("an end in time")
}

/// How a process ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// It must have worked.
    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// What stands on stdout: one JSON document a line.
    fn documents(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {self:#?}"));
        self.out.lines().map(read).collect()
    }
}

/// A process under way, and what it prints; killed when dropped.
struct Running {
    process: Child,
    out: UnboundedReceiver<String>,
    err: UnboundedReceiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (out, err) = (lines(process.stdout.take().unwrap()), lines(process.stderr.take().unwrap()));
        Self { process, out, err }
    }

    /// Gives it this on stdin, and no more.
    fn say(&mut self, text: &str) {
        self.process.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end.
    async fn end(mut self) -> Ran {
        drop(self.process.stdin.take());
        let (out, err) = within(async { (rest(&mut self.out).await, rest(&mut self.err).await) }).await;
        // Only its end has closed both streams.
        let ran = Ran { code: self.process.wait().unwrap().code(), out, err };
        assert!(!ran.err.contains("panicked"), "{ran:#?}");
        ran
    }

    /// Ends it at once, so that it cannot notice.
    fn kill(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The lines of a stream, as they come.
fn lines(stream: impl Read + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    receiver
}

/// All lines to the end of a stream.
async fn rest(lines: &mut UnboundedReceiver<String>) -> String {
    let mut text = String::new();
    while let Some(line) = lines.recv().await {
        text += &line;
        text.push('\n');
    }
    text
}

/// A store in a folder of its own, and the sandbox that its connections are to.
struct Home {
    folder: TempDir,
    ready: Ready,
}

impl Home {
    fn new(bench: &Bench) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), ready: bench.sandbox.ready().clone() }
    }

    fn start(&self, args: &[&str]) -> Running {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctct"));
        let home = self.folder.path();
        command.args(args).env_clear().env("HOME", home).env("CTCT_HOME", home.join("ctct"));
        command.env("CLIENT_SECRET", &self.ready.client_secret);
        for name in ["PATH", "SystemRoot"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        Running::start(command)
    }

    /// Makes a profile, whose name stands in the query of each of its requests to the token endpoint, and a connection
    /// of the same name that can refresh. Gives the connection's generation.
    async fn connected(&self, name: &str, limits: &[&str]) -> i64 {
        let ready = &self.ready;
        let token = format!("{}?label={name}", ready.token);
        let whose = ["--client-id", ready.client_id.as_str(), "--client-secret", "env:CLIENT_SECRET"];
        let places = ["--api-base", ready.api.as_str(), "--authorize-url", &ready.authorize, "--token-url", &token];
        let add = [&["profiles", "add", name][..], &whose, &places, limits].concat();
        self.start(&add).end().await.done();
        self.connect(name).await
    }

    /// Connects, or connects again. Gives the connection's generation.
    async fn connect(&self, name: &str) -> i64 {
        let mut running = self.start(&["connect", name, "--profile", name, "--json", "--paste"]);
        let line = within(running.err.recv()).await.unwrap_or_default();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let open = told["open"].as_str().unwrap_or_else(|| panic!("{told}"));
        let back = within(allow(&open.parse().unwrap())).await;
        running.say(&format!("{back}\n"));
        running.end().await.done().documents()[0]["generation"].as_i64().unwrap()
    }

    /// The generation of the only connection, as it is in the store.
    async fn generation(&self) -> i64 {
        let listed = self.start(&["connections", "list", "--json"]).end().await.done();
        listed.documents()[0][0]["generation"].as_i64().unwrap()
    }

    /// Runs the action of `RUN` to its end.
    async fn run(&self) -> Ran {
        self.start(&RUN).end().await
    }

    /// The answers of one `ctct plugin` that is asked for all these connections at once.
    async fn ask(&self, connections: &[&str]) -> Vec<Value> {
        let line = |(id, connection)| {
            let options = json!({ "timeout_ms": 25_000 });
            let params = json!({ "action": "get_user_privileges", "connection": connection, "options": options });
            json!({ "jsonrpc": "2.0", "id": id, "method": "actions/invoke", "params": params }).to_string() + "\n"
        };
        let mut running = self.start(&["plugin"]);
        running.say(&connections.iter().copied().enumerate().map(line).collect::<String>());
        running.end().await.done().documents()
    }

    /// Lets three processes ask, each for all these connections. All must be answered with success.
    async fn three_ask(&self, connections: &[&str]) {
        let answers = tokio::join!(self.ask(connections), self.ask(connections), self.ask(connections));
        for answers in [answers.0, answers.1, answers.2] {
            let good = answers.iter().filter(|answer| answer["result"].is_object()).count();
            assert_eq!((good, answers.len()), (connections.len(), connections.len()), "{answers:#?}");
        }
    }
}

/// Presses the button of the consent page, and gives the address that the browser is sent back to.
async fn allow(open: &Url) -> String {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(open.query_pairs())
        .append_pair("decision", "allow")
        .finish();
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        open.path(),
        open.authority(),
        form.len()
    );
    let mut stream = TcpStream::connect((open.host_str().unwrap(), open.port().unwrap())).await.unwrap();
    stream.write_all((head + &form).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let mut headers = answer.lines().filter_map(|line| line.split_once(": "));
    let location = headers.find(|(name, _)| name.eq_ignore_ascii_case("location"));
    location.unwrap_or_else(|| panic!("{answer}")).1.to_owned()
}

/// What has arrived, oldest first.
async fn journal(bench: &Bench) -> Vec<Value> {
    bench.lever("GET", "journal", None).await.1.as_array().unwrap().clone()
}

/// Kills processes that must refresh one connection. The next run must work, or say that a refresh broke off; the latter
/// only where the service's answer was lost with the process, and never where the service has a time of grace.
async fn kills(nth: u64, grace: i64) {
    let bench = Bench::with(Options { token_ttl: TTL, reuse: Reuse::RevokeFamily, grace, ..free() }).await;
    let home = Home::new(&bench);
    let first = home.connected("c", &FREE).await;
    let (began, mut lost) = (Instant::now(), 0);
    for kill in nth * KILLS..(nth + 1) * KILLS {
        sleep(PACE).await;
        bench.advance(TTL + 1).await;
        let running = home.start(&RUN);
        // All moments of 0 to 60 ms have their turn, far from one after the other.
        let moment = kill * 37 % 61;
        sleep(Duration::from_millis(moment)).await;
        running.kill();
        let ran = home.run().await;
        if ran.code == Some(4) {
            lost += 1;
            assert!(ran.err.contains("broke off"), "killed after {moment} ms: {ran:#?}");
            assert_eq!(grace, 0, "lost in spite of the grace, killed after {moment} ms: {ran:#?}");
            let given = journal(&bench).await.iter().filter(|e| e["path"] == TOKEN && e["status"] == 200).count();
            // The first was that of the first generation.
            let ours = home.generation().await - first + 1;
            assert_eq!(i64::try_from(given).unwrap(), ours + lost, "killed after {moment} ms: {ran:#?}");
            home.connect("c").await;
            home.run().await.done();
        } else {
            ran.done();
        }
        if began.elapsed() > ENOUGH {
            break;
        }
    }
}

/// Side by side, because most of the time is spent on waiting. Each connection has a sandbox and a store of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_kill_loses_a_connection_but_between_the_services_rotation_and_our_commit() {
    tokio::join!(
        Box::pin(kills(0, 0)),
        Box::pin(kills(1, 0)),
        Box::pin(kills(2, 0)),
        Box::pin(kills(3, 60)),
        Box::pin(kills(4, 60))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_whose_tokens_all_end_at_once_refresh_each_connection_once() {
    let bench = Bench::with(Options { reuse: Reuse::RevokeFamily, ..free() }).await;
    let home = Home::new(&bench);
    let names = ["c0", "c1", "c2", "c3"];
    for name in names {
        home.connected(name, &FREE).await;
    }
    let before = journal(&bench).await.len();
    bench.advance(90_000).await;
    home.three_ask(&names).await;
    let entries = journal(&bench).await;
    let refreshes = entries[before..].iter().filter(|entry| entry["path"] == TOKEN);
    let mut seen: Vec<_> = refreshes.map(|e| (e["query"].as_str().unwrap(), e["status"].as_u64().unwrap())).collect();
    seen.sort_unstable();
    assert_eq!(seen, [("label=c0", 200), ("label=c1", 200), ("label=c2", 200), ("label=c3", 200)]);
}
