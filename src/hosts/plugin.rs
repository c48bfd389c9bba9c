//! The plugin host: JSON-RPC 2.0, one message a line, on stdin and stdout, for a host in any language.
//!
//! Requests run side by side; answers come as they are ready. `$/cancel` with the id of a request stops it, and the
//! answer then says whether the call had been sent. stdout carries nothing but messages.

use std::{collections::HashMap, io, sync::Arc};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    sync::{Mutex, mpsc},
    task::{AbortHandle, JoinSet},
};

use crate::{
    ActionRequest, Connector,
    protocol::{ActionError, Code, Sent, raw},
};

/// Longer lines are refused: an import of 4 MB fits in, a runaway host does not fill the memory.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;

#[derive(Deserialize)]
struct Message {
    jsonrpc: Option<String>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default, deserialize_with = "present")]
    id: Option<Value>,
}

/// `"id": null` is a request with the id null; a missing id makes a notification.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A JSON-RPC error.
struct Fault {
    code: i32,
    message: String,
    data: Option<Value>,
}

impl Fault {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }
}

impl From<ActionError> for Fault {
    fn from(error: ActionError) -> Self {
        Self { code: -32_000, message: error.to_string(), data: serde_json::to_value(&error).ok() }
    }
}

type Answer = Result<Box<RawValue>, Fault>;

/// Serves stdin and stdout until stdin ends, and keeps all connections alive meanwhile.
pub async fn serve(connector: &Connector) -> io::Result<()> {
    let served = tokio::select! {
        served = serve_on(connector, tokio::io::stdin(), tokio::io::stdout()) => served,
        () = connector.keeper().stay_alive() => Ok(()),
    };
    // A connection may just have been kept alive.
    connector.flush().await;
    served
}

/// Serves any pair of streams.
pub async fn serve_on(
    connector: &Connector,
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
) -> io::Result<()> {
    let (answers, receiver) = mpsc::unbounded_channel();
    let writer = tokio::spawn(write(output, receiver));
    let mut lines = BufReader::new(input);
    let mut work = Work { connector: connector.clone(), tasks: JoinSet::new(), running: Arc::default(), answers };
    let mut line = Vec::new();
    let read = loop {
        match read_line(&mut lines, &mut line).await {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            // A host whose end breaks off, as a terminal does, ends us no less orderly.
            Err(error) => break Err(error),
        }
        if line.len() as u64 > LONGEST_LINE {
            work.answer(&Value::Null, Err(Fault::new(-32_600, "the line is too long")));
        } else if !line.iter().all(u8::is_ascii_whitespace) {
            work.take(&line).await;
        }
        while work.tasks.try_join_next().is_some() {}
    };
    while work.tasks.join_next().await.is_some() {}
    connector.flush().await;
    drop(work);
    let written = writer.await.map_err(io::Error::other)?;
    read.and(written)
}

/// One line, however it ends; what is beyond the longest is read and dropped.
async fn read_line(lines: &mut (impl AsyncBufReadExt + Unpin), line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        let chunk = lines.fill_buf().await?;
        if chunk.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = chunk.iter().position(|b| *b == b'\n');
        let used = end.map_or(chunk.len(), |at| at + 1);
        if line.len() as u64 <= LONGEST_LINE {
            line.extend_from_slice(&chunk[..used]);
        }
        lines.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

async fn write(mut output: impl AsyncWrite + Unpin, mut answers: mpsc::UnboundedReceiver<String>) -> io::Result<()> {
    while let Some(mut line) = answers.recv().await {
        line.push('\n');
        output.write_all(line.as_bytes()).await?;
        output.flush().await?;
    }
    Ok(())
}

struct Work {
    connector: Connector,
    tasks: JoinSet<()>,
    running: Arc<Mutex<HashMap<String, AbortHandle>>>,
    answers: mpsc::UnboundedSender<String>,
}

impl Work {
    async fn take(&mut self, line: &[u8]) {
        let value: Value = match serde_json::from_slice(line) {
            Ok(value) => value,
            Err(error) => {
                return self
                    .answer(&Value::Null, Err(Fault::new(-32_700, format!("not JSON: column {}", error.column()))));
            }
        };
        let message = serde_json::from_value::<Message>(value).ok().filter(|m| m.jsonrpc.as_deref() == Some("2.0"));
        let Some((message, method)) = message.and_then(|mut m| m.method.take().map(|method| (m, method))) else {
            return self.answer(
                &Value::Null,
                Err(Fault::new(-32_600, "not a JSON-RPC 2.0 request; batches are not supported")),
            );
        };
        match (message.id, method.as_str()) {
            (_, "$/cancel") => self.cancel(&message.params["id"]).await,
            // Other notifications ask for nothing.
            (None, _) => {}
            (Some(id), _) => self.start(id, method, message.params).await,
        }
    }

    async fn start(&mut self, id: Value, method: String, params: Value) {
        let (connector, answers, running) = (self.connector.clone(), self.answers.clone(), Arc::clone(&self.running));
        let key = id.to_string();
        let mut table = self.running.lock().await;
        let handle = self.tasks.spawn(async move {
            let answer = answer(&connector, &method, params).await;
            if running.lock().await.remove(&id.to_string()).is_some() {
                let _ = answers.send(envelope(&id, answer));
            }
        });
        table.insert(key, handle);
    }

    /// The request is answered here and now, so that a host never waits for one that it has given up.
    async fn cancel(&mut self, id: &Value) {
        if let Some(task) = self.running.lock().await.remove(&id.to_string()) {
            task.abort();
            let error =
                ActionError::new(Code::Cancelled, "the host cancelled the request; a call may have been on its way")
                    .sent(Sent::Maybe);
            self.answer(id, Err(error.into()));
        }
    }

    fn answer(&self, id: &Value, answer: Answer) {
        let _ = self.answers.send(envelope(id, answer));
    }
}

fn envelope(id: &Value, answer: Answer) -> String {
    match answer {
        Ok(result) => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{}}}"#, result.get()),
        Err(fault) => {
            let mut error = json!({ "code": fault.code, "message": fault.message });
            if let Some(data) = fault.data {
                error["data"] = data;
            }
            json!({ "jsonrpc": "2.0", "id": id, "error": error }).to_string()
        }
    }
}

async fn answer(connector: &Connector, method: &str, params: Value) -> Answer {
    match method {
        "connector/describe" => Ok(raw(connector.catalog().manifest())),
        "connector/metrics" => Ok(raw(&json!({ "text": connector.metrics_text() }))),
        "actions/list" => Ok(raw(connector.catalog().entries())),
        "actions/describe" => describe(connector, &params),
        "actions/invoke" => {
            let request: ActionRequest =
                serde_json::from_value(params).map_err(|e| Fault::new(-32_602, e.to_string()))?;
            Ok(raw(&connector.invoke(request).await?))
        }
        other => Err(Fault::new(-32_601, format!("there is no method {other}"))),
    }
}

fn describe(connector: &Connector, params: &Value) -> Answer {
    let name = params["action"].as_str().ok_or_else(|| Fault::new(-32_602, "params.action must name an action"))?;
    let document = connector.catalog().document(name).and_then(|text| RawValue::from_string(text.to_owned()).ok());
    document.ok_or_else(|| ActionError::new(Code::UnknownAction, format!("no action is called {name}")).into())
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        pin::Pin,
        sync::Arc,
        task::{Context, Poll},
    };

    use serde_json::{Value, json};
    use tokio::io::{AsyncRead, AsyncReadExt as _, ReadBuf};

    use super::serve_on;
    use crate::{
        Connector,
        clock::SystemClock,
        store::{SqliteStore, vault::Key},
    };

    /// What stdin is when its terminal is gone.
    struct HungUp;

    impl AsyncRead for HungUp {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Err(io::Error::other("hung up")))
        }
    }

    async fn fresh() -> Connector {
        let store = Arc::new(SqliteStore::in_memory().await.unwrap());
        Connector::builder(store, Key::generate(&SystemClock)).build()
    }

    #[tokio::test]
    async fn a_host_reads_the_counters() {
        let connector = fresh().await;
        let asked = &b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"connector/metrics\"}\n"[..];
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        serve_on(&connector, asked, ours).await.unwrap();
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["result"], json!({ "text": connector.metrics_text() }), "{answer}");
        assert!(answer["result"]["text"].as_str().unwrap().lines().any(|l| l == "ctct_calls_total 0"), "{answer}");
    }

    #[tokio::test]
    async fn what_was_asked_before_the_host_hung_up_is_done() {
        let connector = fresh().await;
        let asked = &b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"connector/describe\"}\n"[..];
        let (ours, mut theirs) = tokio::io::duplex(1 << 20);
        let ended = serve_on(&connector, asked.chain(HungUp), ours).await;
        assert_eq!(ended.unwrap_err().to_string(), "hung up");
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains(r#""id":1,"result""#), "{answer}");
    }
}
