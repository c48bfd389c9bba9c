//! The Model Context Protocol host: every action is a tool, for models and the programs that run them.
//!
//! The protocol itself (both of its eras, framing, cancellation) is rmcp's; here stands only what the catalogue makes
//! of it. Inputs are checked by `invoke`, as for every face. stdout carries nothing but messages.

mod answer;
mod options;
mod tools;

use std::sync::{Arc, OnceLock};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, Implementation, JsonObject, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::{QuitReason, RequestContext, ServerInitializeError},
    transport::io::stdio_pipes,
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::RwLock,
};

use crate::{
    ActionError, ActionRequest, ActionResult, Connector,
    catalog::{
        manifest::Manifest,
        model::{Action, Effect},
    },
    protocol::{Code, FieldError, Sent},
};
use options::hint;
use tools::{CONNECTION, PAGE_CURSOR};

pub use options::McpOptions;

/// The tools do not change while the process lives.
const FRESH_MS: u64 = 3_600_000;

/// Serves stdin and stdout until the client closes them, and keeps all connections alive meanwhile.
pub async fn serve(connector: Connector, options: McpOptions) -> Result<(), ActionError> {
    let (input, output) = stdio_pipes();
    let (keeper, log) = (connector.keeper().clone(), connector.clone());
    let served = tokio::select! {
        served = serve_on(connector, options, input, output) => served,
        () = keeper.stay_alive() => Ok(()),
    };
    // A connection may just have been kept alive.
    log.flush().await;
    served
}

/// Serves any pair of streams.
pub async fn serve_on(
    connector: Connector,
    options: McpOptions,
    input: impl AsyncRead + Send + Unpin + 'static,
    output: impl AsyncWrite + Send + Unpin + 'static,
) -> Result<(), ActionError> {
    options.check(connector.catalog())?;
    let log = connector.clone();
    let face = Face { connector, options, tools: OnceLock::new(), writes: Arc::default() };
    let writes = Arc::clone(&face.writes);
    let session = match rmcp::serve_server(face, (input, output)).await {
        Ok(session) => session,
        // A client that only looked whether somebody is there.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(not_begun(&error)),
    };
    let ended = session.waiting().await;
    drop(writes.write().await);
    log.flush().await;
    match ended {
        Err(error) | Ok(QuitReason::JoinError(error)) => Err(ActionError::new(Code::Internal, error.to_string())),
        Ok(_) => Ok(()),
    }
}

/// The words of some of these errors hold the client's whole message, which may hold people's data.
fn not_begun(error: &ServerInitializeError) -> ActionError {
    let why = match error {
        ServerInitializeError::ExpectedInitializeRequest(_) => {
            "its first message was no request of the protocol".to_owned()
        }
        ServerInitializeError::InitializeFailed(error) => error.message.to_string(),
        ServerInitializeError::TransportError { error, .. } => error.to_string(),
        _ => "it could not be answered".to_owned(),
    };
    ActionError::new(Code::Internal, format!("no session with the client began: {why}"))
}

struct Face {
    connector: Connector,
    options: McpOptions,
    /// Made when they are first asked for.
    tools: OnceLock<Vec<Tool>>,
    /// Shared by the writes under way, so that the end of the session can wait for them.
    writes: Arc<RwLock<()>>,
}

impl ServerHandler for Face {
    fn get_info(&self) -> ServerConfig {
        let manifest = self.connector.catalog().manifest();
        let server = Implementation::new(manifest.key.as_str(), env!("CARGO_PKG_VERSION"));
        let server = server.with_title(manifest.title.as_str()).with_description(manifest.description.as_str());
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(server)
            .with_instructions(instructions(manifest, self.options.read_only))
    }

    /// All at once: most clients ask for the first page only.
    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|r| r.cursor.is_some()) {
            return Err(ErrorData::invalid_params("the tools are one page, so there is no such cursor", None));
        }
        let list = ListToolsResult::with_all_items(self.tools().to_vec());
        Ok(list.with_ttl_ms(FRESH_MS).with_cache_scope(CacheScope::Private))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let action = self.offered(&request.name).ok_or_else(|| self.unknown(&request.name))?;
        let outcome = match self.request(action, request.arguments.unwrap_or_default()) {
            Ok(request) => self.run(action, request, context.ct.cancelled()).await,
            Err(error) => Err(error),
        };
        Ok(answer::of(&outcome).into())
    }
}

impl Face {
    fn tools(&self) -> &[Tool] {
        let default = self.options.connection.as_deref();
        let catalog = self.connector.catalog();
        self.tools.get_or_init(|| {
            let offered = catalog.entries().iter().filter_map(|entry| self.offered(entry.name));
            offered.map(|action| tools::tool(action, default)).collect()
        })
    }

    fn offered(&self, name: &str) -> Option<&'static Action> {
        let catalog = self.connector.catalog();
        let entry = catalog.entries().get(catalog.position(name)?)?;
        if self.options.offers(entry) { catalog.action(name) } else { None }
    }

    fn unknown(&self, name: &str) -> ErrorData {
        let mut near = self.connector.catalog().similar(name);
        near.retain(|name| self.offered(name).is_some());
        ErrorData::invalid_params(format!("unknown tool: {name}{}", hint(&near)), None)
    }

    /// A control property that the tool does not offer stays in the input, where validation refuses it by its name.
    fn request(&self, action: &Action, mut input: JsonObject) -> Result<ActionRequest, ActionError> {
        let connection = control(&mut input, CONNECTION)?.or_else(|| self.options.connection.clone());
        let cursor = if action.page.is_some() { control(&mut input, PAGE_CURSOR)? } else { None };
        let mut request = ActionRequest::new(action.name.as_str(), input);
        request.connection = connection;
        request.options.page.cursor = cursor;
        Ok(request)
    }

    /// A read stops when the client takes its call back. A write runs to its end, so that the run log says what it did.
    async fn run(
        &self,
        action: &Action,
        request: ActionRequest,
        cancelled: impl Future<Output = ()>,
    ) -> Result<ActionResult, ActionError> {
        if action.effect != Effect::Read {
            let _under_way = self.writes.read().await;
            return self.connector.invoke(request).await;
        }
        tokio::select! {
            outcome = self.connector.invoke(request) => outcome,
            () = cancelled => {
                let detail = format!("the client took its call of {} back", action.name);
                Err(ActionError::new(Code::Cancelled, detail).sent(Sent::Maybe))
            }
        }
    }
}

/// Takes a control property out of the input. Models write `null` or an empty text where they mean to leave it out.
fn control(input: &mut JsonObject, name: &str) -> Result<Option<String>, ActionError> {
    match input.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(_) => {
            let field = FieldError { pointer: format!("/{name}"), message: "must be a text".to_owned() };
            Err(ActionError::new(Code::InvalidInput, format!("/{name} must be a text")).fields(vec![field]))
        }
    }
}

fn instructions(manifest: &Manifest, read_only: bool) -> String {
    let (title, day, second) = (&manifest.title, manifest.budget.per_day, manifest.budget.per_second);
    let mut words = format!(
        "Each tool is one action on a {title} account. There are {day} calls a day and {second} a second, \
so prefer a listing to many single reads. A listing gives one page: give its next_cursor as {PAGE_CURSOR} for the next one."
    );
    if !read_only {
        words.push_str(
            " Prefer one bulk job to many single writes. Ask the user before a tool that deletes or sends. \
After the error outcome_unknown, look whether the call took effect before you repeat it.",
        );
    }
    words
}
