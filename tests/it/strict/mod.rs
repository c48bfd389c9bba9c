//! A server that knows nothing but the vendor's contract, and complains of every call that does not keep it.
//!
//! Written from `tests/contract/v3.json` alone: no catalogue, no runtime, no sandbox code, so that what they get wrong
//! together is still found. It keeps no state: a call that fits is answered with the lowest success code of its
//! operation and the smallest body that the contract allows, any other with 400 and a list of complaints.

mod answer;
mod call;
pub(crate) mod facts;
mod formats;
pub(crate) mod json;
mod judge;
mod multipart;
mod own;
mod text;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use call::Call;
use facts::Facts;

/// A running server; it stops when this is dropped.
pub(crate) struct Strict {
    /// What stands before every path: `http://127.0.0.1:PORT/v3`.
    pub(crate) base: String,
    court: Arc<Court>,
    task: JoinHandle<()>,
}

impl Strict {
    /// Starts on a free port of the loopback.
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    /// The same, letting pass what an action file states as a fault of the contract: pairs of an operation
    /// (`METHOD /path`, as the contract writes it) and a part of the complaint.
    pub(crate) async fn start_with(excuses: Vec<(String, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("the loopback has a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let court = Arc::new(Court { facts: Facts::load(), excuses, record: Mutex::default() });
        let task = tokio::spawn(serve(listener, Arc::clone(&court)));
        Self { base: format!("http://{address}/v3"), court, task }
    }

    /// All that was wrong so far, each as `METHOD /path: what`.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.court.record(|record| record.complaints.clone())
    }

    /// Method and path, with its `{variables}`, of each call so far; of a path that the contract lacks, as it came.
    pub(crate) fn seen(&self) -> Vec<(String, String)> {
        self.court.record(|record| record.seen.clone())
    }

    /// Excuses that no call has needed: they are to be deleted.
    pub(crate) fn unused_excuses(&self) -> Vec<(String, String)> {
        let used = self.court.record(|record| record.used.clone());
        self.court.excuses.iter().filter(|excuse| !used.contains(excuse)).cloned().collect()
    }
}

impl Drop for Strict {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What all connections share.
struct Court {
    facts: Facts,
    excuses: Vec<(String, String)>,
    record: Mutex<Record>,
}

/// What has happened so far.
#[derive(Default)]
struct Record {
    seen: Vec<(String, String)>,
    complaints: Vec<String>,
    used: Vec<(String, String)>,
}

impl Court {
    /// Looks at the record, or writes in it. A test that failed while it did so does not hide the record from others.
    fn record<T>(&self, with: impl FnOnce(&mut Record) -> T) -> T {
        with(&mut self.record.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn answer(&self, call: &Call) -> Response<Full<Bytes>> {
        let (operation, variables) = match self.facts.route(&call.method, &call.path) {
            Ok(found) => found,
            Err(fault) => return self.verdict(&call.method, &call.path, vec![fault], None),
        };
        let path = operation["path"].as_str().unwrap_or_default();
        let complaints = judge::judge(&self.facts, operation, &variables, call);
        self.verdict(&call.method, path, complaints, Some(answer::smallest(&self.facts, operation)))
    }

    fn verdict(&self, method: &str, path: &str, complaints: Vec<String>, good: Option<Good>) -> Response<Full<Bytes>> {
        let key = format!("{method} {path}");
        let (excused, left): (Vec<_>, Vec<_>) = complaints
            .into_iter()
            .map(|complaint| (self.excuse(&key, &complaint), complaint))
            .partition(|c| c.0.is_some());
        self.record(|record| {
            record.seen.push((method.to_owned(), path.to_owned()));
            record.complaints.extend(left.iter().map(|(_, complaint)| format!("{key}: {complaint}")));
            record.used.extend(excused.into_iter().filter_map(|(excuse, _)| excuse));
        });
        match good {
            Some(good) if left.is_empty() => respond(good.status, good.kind, good.body),
            _ => {
                let left: Vec<String> = left.into_iter().map(|(_, complaint)| complaint).collect();
                respond(400, Some("application/json"), json!({ "complaints": left }).to_string())
            }
        }
    }

    fn excuse(&self, key: &str, complaint: &str) -> Option<(String, String)> {
        self.excuses.iter().find(|(operation, part)| operation == key && complaint.contains(part.as_str())).cloned()
    }
}

/// How a call that fits is answered.
struct Good {
    status: u16,
    /// The media type; none where there is no body.
    kind: Option<&'static str>,
    body: String,
}

fn respond(status: u16, kind: Option<&'static str>, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(status);
    if let Some(kind) = kind {
        response = response.header(header::CONTENT_TYPE, kind);
    }
    response.body(Full::new(Bytes::from(body))).expect("a status and one known header make a response")
}

async fn serve(listener: TcpListener, court: Arc<Court>) {
    while let Ok((stream, _)) = listener.accept().await {
        let court = Arc::clone(&court);
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let court = Arc::clone(&court);
                async move { Ok::<_, Infallible>(court.answer(&Call::read(request).await)) }
            });
            // A client that goes away in the middle is no concern of ours.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
