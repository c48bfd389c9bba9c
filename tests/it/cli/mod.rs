//! The program `ctct`, started as people and scripts start it: what it prints, where, and how it ends.
//!
//! Every test has a home of its own and, where it needs the service, a sandbox started by `ctct sandbox`.

mod catalogue;
mod connect;
mod profiles;
mod refusals;
mod run;
mod store;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use url::{Position, Url};

/// How a run of the program ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    fn new(code: Option<i32>, out: &[u8], err: &[u8]) -> Self {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let ran = Self { code, out: text(out), err: text(err) };
        assert!(!ran.err.contains("panicked"), "{ran:#?}");
        ran
    }

    /// It must have worked.
    fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
    }

    /// It must have ended with this code, nothing on stdout, and one clear line that holds all these words.
    fn refused(self, code: i32, words: &[&str]) -> Self {
        assert_eq!((self.code, self.out.as_str()), (Some(code), ""), "{self:#?}");
        let line = self.err.lines().next().unwrap_or_default();
        assert!(line.starts_with("error: "), "{self:#?}");
        assert!(words.iter().all(|word| line.contains(word)), "{words:?} in {self:#?}");
        self
    }

    /// What stands on stdout, as one JSON document.
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }

    /// What stands on stderr, as one JSON document.
    fn error(&self) -> Value {
        serde_json::from_str(&self.err).unwrap_or_else(|e| panic!("{e}: {self:#?}"))
    }
}

/// The program under way; ended when dropped.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Self {
        Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap())
    }

    /// Gives it this on stdin, and no more.
    fn say(&mut self, text: &str) {
        self.0.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Waits for its end.
    fn end(mut self) -> Ran {
        drop(self.0.stdin.take());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        if let Some(mut stdout) = self.0.stdout.take() {
            stdout.read_to_end(&mut out).unwrap();
        }
        self.0.stderr.take().unwrap().read_to_end(&mut err).unwrap();
        Ran::new(self.0.wait().unwrap().code(), &out, &err)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The next line of a stream, as JSON; not a byte further is read.
fn json_line(stream: &mut impl Read) -> Value {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    serde_json::from_slice(&line).unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&line)))
}

/// A home folder of its own, and variables that hold secrets.
struct Home {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Home {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where a file of that name would be, as it is written on the command line.
    fn named(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Writes a file, and the folders above it.
    fn write(&self, name: &str, text: &str) -> String {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
        self.named(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ctct"));
        command.args(args).env_clear().env("HOME", self.folder.path()).env("CTCT_HOME", self.path("ctct"));
        for name in ["PATH", "SystemRoot"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn run(&self, args: &[&str]) -> Ran {
        let output = self.command(args).output().unwrap();
        Ran::new(output.status.code(), &output.stdout, &output.stderr)
    }
}

/// `ctct sandbox` without limits.
struct Stand {
    _process: Running,
    ready: Value,
}

impl Stand {
    fn start(more: &[&str]) -> Self {
        let args = [&["sandbox", "--listen", "127.0.0.1:0", "--limits", "off"][..], more].concat();
        let mut process = Running::start(Home::new().command(&args));
        let ready = json_line(process.0.stdout.as_mut().unwrap());
        Self { _process: process, ready }
    }

    /// A text of the ready line.
    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// What has arrived: method and path, oldest first.
    fn arrived(&self) -> Vec<String> {
        let (_, _, body) = http("GET", &self.journal(), "");
        let entries: Vec<Value> = serde_json::from_str(&body).unwrap();
        entries.iter().map(|e| format!("{} {}", e["method"].as_str().unwrap(), e["path"].as_str().unwrap())).collect()
    }

    /// Forgets what has arrived.
    fn forget(&self) {
        assert_eq!(http("DELETE", &self.journal(), "").0, 204);
    }

    fn journal(&self) -> Url {
        Url::parse(self.text("api")).unwrap().join("/_sandbox/journal").unwrap()
    }
}

/// A home with the connection `shop` to a sandbox, by a pasted token.
struct Shop {
    home: Home,
    stand: Stand,
}

impl Shop {
    fn open() -> Self {
        Self::with(&["--per-second", "0", "--per-day", "0"])
    }

    fn with(limits: &[&str]) -> Self {
        let stand = Stand::start(&[]);
        let home = Home::new().with("TOKEN", stand.text("access_token"));
        let add = ["connections", "add", "shop", "--access-token", "env:TOKEN", "--api-base", stand.text("api")];
        home.run(&[&add[..], limits].concat()).done();
        Self { home, stand }
    }

    fn run(&self, action: &str, input: &Value, more: &[&str]) -> Ran {
        self.home.run(&[&["run", action, "--input", &input.to_string()][..], more].concat())
    }

    /// Adds a person, and gives the contact's id.
    fn person(&self, name: &str) -> String {
        let result = self.run("create_contact", &person(name), &[]).done().json();
        result["output"]["contact_id"].as_str().unwrap().to_owned()
    }
}

/// The input that makes a contact.
fn person(name: &str) -> Value {
    let address = format!("{name}@example.com");
    json!({ "first_name": name, "email_address": { "address": address, "permission_to_send": "implicit" } })
}

/// One call, as a browser would make it: status, head and body of the answer. A body is a form.
fn http(method: &str, url: &Url, form: &str) -> (u16, String, String) {
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let kind = "application/x-www-form-urlencoded";
    let mut stream = TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).unwrap();
    write!(
        stream,
        "{method} {target} HTTP/1.1\r\nhost: {}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{form}",
        url.authority(),
        form.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer.as_str(), ""));
    let status = head.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{answer}"));
    (status, head.to_owned(), body.to_owned())
}

/// A port that nobody listens on. Below those that systems hand out, so that no other test is given it.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 8_000).unwrap();
    let ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed));
    ports.take(1_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}
