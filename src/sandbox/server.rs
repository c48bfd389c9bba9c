//! The server: HTTP/1.1 on loopback, one lock around the world, and connections that can be made to break.

mod broken;

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpListener;
use url::form_urlencoded;

use super::{
    call::{Call, Reply},
    deliveries,
    env::{Options, http_date},
    faults::{self, Kind, Strike},
    gate, levers, oauth, page,
    snapshot::{self, Unsaved},
    world::World,
};
use broken::{Broken, CutOff};

/// The largest request that is read: a little more than the largest import.
const LARGEST_REQUEST: usize = 8 * 1024 * 1024;
/// The same for a whole state.
const LARGEST_STATE: usize = 512 * 1024 * 1024;
/// How often the state is written to its file, where there is one.
const SAVED_EVERY: Duration = Duration::from_secs(10);
/// How long no connection is accepted after one could not be, as when too many are open.
const BREATH: Duration = Duration::from_millis(50);

/// What a client needs to know, printed as one line when the server is ready.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// Base of the API.
    pub api: String,
    /// The page for people: accounts, calls, jobs, mail, clock.
    pub page: String,
    /// The authorize page.
    pub authorize: String,
    /// The token endpoint.
    pub token: String,
    /// The token endpoint of technology partners.
    pub partner_token: String,
    /// Where a device asks for a code; open to the application for PKCE.
    pub device: String,
    /// An application with a secret.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// An application for PKCE.
    pub pkce_client_id: String,
    /// A technology partner's own credentials, for the token endpoint's client credentials grant.
    pub partner_client_id: String,
    /// Their secret.
    pub partner_client_secret: String,
    /// The redirect address that both have registered.
    pub redirect_uri: String,
    /// A token that works at once.
    pub access_token: String,
    /// The refresh token beside it.
    pub refresh_token: String,
}

/// A running stand-in. Dropping it stops it.
pub struct Sandbox {
    ready: Ready,
    world: Arc<Mutex<World>>,
    task: tokio::task::JoinHandle<()>,
    /// Writes the state from time to time, where it has a file.
    keeper: Option<tokio::task::JoinHandle<()>>,
}

impl Sandbox {
    /// Starts on a free port of this machine.
    pub async fn start(options: Options) -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), options).await
    }

    /// Starts at this address, which must be on loopback. A file of the options that cannot be used is told as
    /// `InvalidData`, with its name.
    pub async fn listen(address: SocketAddr, options: Options) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the sandbox listens on loopback addresses only"));
        }
        let listener = TcpListener::bind(address).await?;
        let mut world = world(options)?;
        let ready = ready(&mut world, listener.local_addr()?);
        let kept = world.env.options.state.is_some();
        let world = Arc::new(Mutex::new(world));
        let task = tokio::spawn(serve(listener, Arc::clone(&world)));
        let keeper = kept.then(|| tokio::spawn(keep(Arc::clone(&world))));
        Ok(Self { ready, world, task, keeper })
    }

    /// Addresses and credentials.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Waits until the server ends, which it does only when it is stopped, or with the process.
    pub async fn wait(&mut self) {
        let _ = (&mut self.task).await;
    }

    /// Stops answering, so that no answered call is missing from a state that is saved after this.
    pub async fn stop(&mut self) {
        self.task.abort();
        self.wait().await;
    }

    /// Writes the state to the file that the options name, if any and if anything has changed since the last time.
    pub fn save(&self) -> io::Result<()> {
        save(&self.world)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

/// The world as its options say: new or as it was left, with the faults that stand from the start.
fn world(options: Options) -> io::Result<World> {
    let (state, faults) = (options.state.clone(), options.faults.clone());
    let kept = match &state {
        Some(path) => kept_in(path).map_err(|error| unusable(path, &error.to_string()))?,
        None => None,
    };
    let mut world = match kept {
        Some(state) => World::restored(options, state),
        None => World::new(options),
    };
    if let Some(path) = faults {
        let orders = std::fs::read(&path).map_err(|error| error.to_string()).and_then(|json| faults::read(&json));
        world.faults.add(orders.map_err(|text| unusable(&path, &text))?);
    }
    Ok(world)
}

/// The state in its file. That its folder is missing is better told at the start than at the end.
fn kept_in(path: &Path) -> io::Result<Option<snapshot::State>> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.is_dir() => {
            Err(io::Error::new(io::ErrorKind::NotFound, "there is no such folder"))
        }
        _ => snapshot::load(path),
    }
}

fn unusable(path: &Path, text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {text}", path.display()))
}

/// The world, whatever became of who held it last.
fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the state to its file. Answers wait while it is put into words, and not while it is written.
fn save(world: &Mutex<World>) -> io::Result<()> {
    let unsaved = lock(world).unsaved()?;
    unsaved.map_or(Ok(()), Unsaved::write)
}

/// Writes the state every now and then, apart from the threads that answer: a large one takes a moment.
async fn keep(world: Arc<Mutex<World>>) {
    loop {
        tokio::time::sleep(SAVED_EVERY).await;
        let world = Arc::clone(&world);
        let saved = tokio::task::spawn_blocking(move || save(&world)).await;
        if let Ok(Err(error)) = saved {
            tracing::warn!(%error, "the state of the sandbox could not be written");
        }
    }
}

fn ready(world: &mut World, address: SocketAddr) -> Ready {
    let (access_token, refresh_token) = oauth::ready_made(world);
    let base = format!("http://{address}");
    let [secret, public, partner] = world.authority.apps.clone();
    Ready {
        api: format!("{base}/v3"),
        page: format!("{base}{}", page::PATH),
        authorize: format!("{base}/oauth2/default/v1/authorize"),
        token: format!("{base}/oauth2/default/v1/token"),
        partner_token: format!("{base}/partners/oauth2/default/v1/token"),
        device: format!("{base}/oauth2/default/v1/device/authorize"),
        client_id: secret.client_id,
        client_secret: secret.client_secret.unwrap_or_default(),
        pkce_client_id: public.client_id,
        partner_client_id: partner.client_id,
        partner_client_secret: partner.client_secret.unwrap_or_default(),
        redirect_uri: public.redirect_uris.first().cloned().unwrap_or_default(),
        access_token,
        refresh_token,
    }
}

async fn serve(listener: TcpListener, world: Arc<Mutex<World>>) {
    // Connections end with the server: the set is dropped, and with it every task in it.
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(deliveries::run(Arc::clone(&world)));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(BREATH).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let world = Arc::clone(&world);
        connections.spawn(async move {
            let service = service_fn(move |request| respond(Arc::clone(&world), request));
            // The date is ours: it follows the sandbox's clock.
            let _ = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

type Outgoing = UnsyncBoxBody<Bytes, Broken>;

async fn respond(world: Arc<Mutex<World>>, request: Request<Incoming>) -> Result<Response<Outgoing>, Broken> {
    let call = read(request).await?;
    let (strike, reply) = {
        let mut world = lock(&world);
        let (strike, reply) = handle(&mut world, call);
        (strike, reply.with("date", http_date(world.env.now())))
    };
    match strike {
        Some(Strike { kind: Kind::Reset | Kind::ResetAfter, .. }) => return Err(Broken),
        Some(Strike { kind: Kind::Slow, delay_ms }) => tokio::time::sleep(Duration::from_millis(delay_ms)).await,
        _ => {}
    }
    write(reply, strike.is_some_and(|s| s.kind == Kind::CutOff))
}

async fn read(request: Request<Incoming>) -> Result<Call, Broken> {
    let (head, body) = request.into_parts();
    let largest = if levers::takes_a_state(&head.method, head.uri.path()) { LARGEST_STATE } else { LARGEST_REQUEST };
    let body = Limited::new(body, largest).collect().await.map_err(|_| Broken)?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    let headers =
        head.headers.iter().map(|(k, v)| (k.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    Ok(Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: headers.collect(),
        body: body.into(),
        ..Call::default()
    })
}

/// One call through faults, routing and journal.
fn handle(world: &mut World, call: Call) -> (Option<Strike>, Reply) {
    if levers::serves(&call) {
        return (None, levers::answer(world, &call));
    }
    let strike = world.faults.strike(&call);
    let kind = strike.map(|strike| strike.kind);
    world.env.lag_ms = strike.filter(|strike| strike.kind == Kind::ReadLag).map_or(0, Strike::milliseconds);
    let (call, mut reply) = match kind.and_then(|kind| faults::instead(kind, &call.path)) {
        Some(reply) => (call, reply),
        None if oauth::serves(&call.path) => {
            let reply = oauth::answer(world, &call);
            (call, reply)
        }
        None => gate::answer(world, call),
    };
    if kind == Some(Kind::Error500After) {
        reply = faults::broken();
    }
    if kind == Some(Kind::Duplicate) {
        faults::repeat_a_row(&mut reply);
    }
    world.note(&call, reply.status);
    let (request_id, gateway_id) = (world.env.uuid_v4(), world.env.token(15) + "=");
    let reply = reply.with("x-amzn-requestid", request_id).with("x-amz-apigw-id", gateway_id);
    (strike, reply.with("access-control-allow-origin", "*"))
}

fn write(reply: Reply, cut: bool) -> Result<Response<Outgoing>, Broken> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let body = Bytes::from(reply.body);
    let body = if cut {
        CutOff::of(&body).boxed_unsync()
    } else {
        Full::new(body).map_err(|e: Infallible| match e {}).boxed_unsync()
    };
    response.body(body).map_err(|_| Broken)
}
