//! The loopback redirect: waits for the browser to come back, once.

use std::{
    convert::Infallible,
    future::ready,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::mpsc};
use url::{Host, Url};

use crate::{
    config::is_loopback,
    protocol::{ActionError, Code},
};

/// A listener at the profile's redirect address.
pub(super) struct Redirect {
    listener: TcpListener,
    uri: Url,
}

impl Redirect {
    /// Listens where the redirect address points. Refuses addresses that no program of this machine can answer.
    pub(super) async fn listen(uri: &str) -> Result<Self, ActionError> {
        let config = |what: String| ActionError::new(Code::Config, what);
        let mut uri = Url::parse(uri).map_err(|e| config(format!("redirect_uri: {e}")))?;
        if uri.scheme() != "http" || !is_loopback(&uri) {
            return Err(config(format!(
                "the redirect address {uri} is not on this machine over http; use ctct connect --paste"
            )));
        }
        let port = uri.port_or_known_default().unwrap_or(80);
        let address: IpAddr = match uri.host() {
            Some(Host::Ipv6(ip)) => ip.into(),
            Some(Host::Ipv4(ip)) => ip.into(),
            _ => Ipv4Addr::LOCALHOST.into(),
        };
        let listener = TcpListener::bind(SocketAddr::from((address, port))).await.map_err(|e| {
            let remedy = "stop the program that uses it, use --paste, or register another redirect address with the application and in the profile";
            config(format!("cannot listen on port {port} for the redirect: {e}; {remedy}"))
        })?;
        // Port 0 takes a free one: fit for the sandbox, which is told the address; the service needs a fixed one.
        let taken = listener.local_addr().map_err(|e| config(e.to_string()))?.port();
        let _ = uri.set_port(Some(taken));
        Ok(Self { listener, uri })
    }

    /// The address that the browser must come back to.
    pub(super) fn uri(&self) -> &Url {
        &self.uri
    }

    /// Waits for the browser. Other paths are answered, and waiting goes on.
    pub(super) async fn wait(self, patience: Duration) -> Result<String, ActionError> {
        let (sender, mut receiver) = mpsc::channel(1);
        let uri = Arc::new(self.uri);
        let serve = async {
            loop {
                let Ok((stream, _)) = self.listener.accept().await else { continue };
                let (uri, sender) = (Arc::clone(&uri), sender.clone());
                let service = service_fn(move |request| ready(answer(&uri, &sender, &request)));
                let connection =
                    http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
                // A browser may open a connection and say nothing on it.
                let _ = tokio::time::timeout(Duration::from_secs(5), connection).await;
                if let Ok(address) = receiver.try_recv() {
                    return address;
                }
            }
        };
        tokio::time::timeout(patience, serve).await.map_err(|_| {
            let detail = format!(
                "nobody came back to {uri} within {} minutes; start ctct connect again",
                patience.as_secs() / 60
            );
            ActionError::new(Code::Timeout, detail)
        })
    }
}

fn answer(
    uri: &Url,
    found: &mpsc::Sender<String>,
    request: &Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let page = |status: u16, text: &str| {
        let html = format!(
            "<!doctype html><meta charset=\"utf-8\"><title>ctct</title><p style=\"font:18px system-ui;margin:4rem\">{text}</p>"
        );
        let response = Response::builder().status(status).header("content-type", "text/html; charset=utf-8");
        Ok(response.body(Full::new(Bytes::from(html))).unwrap_or_default())
    };
    if request.uri().path() != uri.path() || request.uri().query().is_none() {
        return page(404, "This address waits for the redirect of Constant Contact.");
    }
    let mut address = uri.clone();
    address.set_query(request.uri().query());
    let _ = found.try_send(address.into());
    page(200, "That is all here. You can close this window; the terminal says how it went.")
}
