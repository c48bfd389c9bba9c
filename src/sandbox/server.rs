//! The server: HTTP/1.1 on loopback, one lock around the world, and connections that can be made to break.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response,
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpListener;
use url::form_urlencoded;

use super::{
    call::{Call, Reply},
    env::Options,
    faults::{self, Kind, Strike},
    gate, levers, oauth,
    world::World,
};

/// The largest request that is read: a little more than the largest import.
const LARGEST_REQUEST: usize = 8 * 1024 * 1024;

/// What a client needs to know, printed as one line when the server is ready.
#[derive(Debug, Clone, Serialize)]
pub struct Ready {
    /// Base of the API.
    pub api: String,
    /// The authorize page.
    pub authorize: String,
    /// The token endpoint.
    pub token: String,
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
    task: tokio::task::JoinHandle<()>,
}

impl Sandbox {
    /// Starts on a free port of this machine.
    pub async fn start(options: Options) -> io::Result<Self> {
        Self::listen(SocketAddr::from(([127, 0, 0, 1], 0)), options).await
    }

    /// Starts at this address, which must be on loopback.
    pub async fn listen(address: SocketAddr, options: Options) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the sandbox listens on loopback addresses only"));
        }
        let listener = TcpListener::bind(address).await?;
        let mut world = World::new(options);
        let ready = ready(&mut world, listener.local_addr()?);
        let task = tokio::spawn(serve(listener, Arc::new(Mutex::new(world))));
        Ok(Self { ready, task })
    }

    /// Addresses and credentials.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Waits until the server ends, which it does only with the process.
    pub async fn wait(mut self) {
        let _ = (&mut self.task).await;
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn ready(world: &mut World, address: SocketAddr) -> Ready {
    let (access_token, refresh_token) = oauth::ready_made(world);
    let base = format!("http://{address}");
    let [secret, public, partner] = world.authority.apps.clone();
    Ready {
        api: format!("{base}/v3"),
        authorize: format!("{base}/oauth2/default/v1/authorize"),
        token: format!("{base}/oauth2/default/v1/token"),
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
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        let world = Arc::clone(&world);
        connections.spawn(async move {
            let service = service_fn(move |request| respond(Arc::clone(&world), request));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// A failure that closes the connection instead of answering.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is broken on order")
    }
}

impl std::error::Error for Broken {}

type Outgoing = UnsyncBoxBody<Bytes, Broken>;

async fn respond(world: Arc<Mutex<World>>, request: Request<Incoming>) -> Result<Response<Outgoing>, Broken> {
    let call = read(request).await?;
    let (strike, reply) = {
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        handle(&mut world, call)
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
    let body = Limited::new(body, LARGEST_REQUEST).collect().await.map_err(|_| Broken)?.to_bytes();
    let query = head.uri.query().unwrap_or_default();
    let headers =
        head.headers.iter().map(|(k, v)| (k.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()));
    Ok(Call {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
        headers: headers.collect(),
        body: body.to_vec(),
        ..Call::default()
    })
}

/// One call through faults, routing and journal.
fn handle(world: &mut World, call: Call) -> (Option<Strike>, Reply) {
    if call.path.starts_with("/_sandbox/") {
        let reply = levers::answer(world, &call);
        return (None, reply);
    }
    let strike = world.faults.strike(&call);
    let stand_in =
        strike.and_then(|s| if s.kind == Kind::Reset { Some(Reply::empty(0)) } else { faults::instead(s.kind) });
    let (call, mut reply) = match stand_in {
        Some(reply) => (call, reply),
        None if call.path.starts_with("/oauth2/") || call.path == oauth::ACTIVATE => {
            let reply = oauth::answer(world, &call);
            (call, reply)
        }
        None => gate::answer(world, call),
    };
    if strike.is_some_and(|s| s.kind == Kind::Error500After) {
        reply = Reply::errors(500, "internal.error", "There was a problem with our internal service.");
    }
    if strike.is_some_and(|s| s.kind == Kind::Duplicate) {
        faults::repeat_a_row(&mut reply);
    }
    world.note(&call, reply.status);
    let request_id = world.env.uuid_v4();
    (strike, reply.with("x-amzn-requestid", request_id).with("access-control-allow-origin", "*"))
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

/// A body that promises more than it gives. It pauses before it breaks, so that its head and first half are on their
/// way by then.
struct CutOff {
    half: Option<Bytes>,
    promised: u64,
    pause: Pin<Box<tokio::time::Sleep>>,
}

impl CutOff {
    fn of(body: &Bytes) -> Self {
        let pause = Box::pin(tokio::time::sleep(Duration::from_millis(30)));
        Self { half: Some(body.slice(..body.len() / 2)), promised: body.len() as u64, pause }
    }
}

impl Body for CutOff {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        if let Some(half) = self.half.take() {
            return Poll::Ready(Some(Ok(Frame::data(half))));
        }
        self.pause.as_mut().poll(context).map(|()| Some(Err(Broken)))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.promised)
    }
}
