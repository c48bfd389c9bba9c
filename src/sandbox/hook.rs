//! One post to a web address of this machine, and to no other.
//!
//! Addresses are taken literally: no name is looked up, no redirect followed and no proxy asked, because each of them
//! could lead elsewhere.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::Full;
use hyper::Request;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use url::{Host, Url};

/// Where to connect, and what to ask for there.
pub(super) struct Address {
    sockets: Vec<SocketAddr>,
    host: String,
    target: String,
}

/// Whether notifications to this address are really sent.
pub(super) fn on_this_machine(uri: &str) -> bool {
    address(uri).is_ok()
}

/// Takes an address apart, if it is one of this machine; of names only `localhost` is. Else says why not.
pub(super) fn address(uri: &str) -> Result<Address, &'static str> {
    let url = Url::parse(uri).map_err(|_| "not delivered: not an address")?;
    let ips = match url.host() {
        Some(Host::Ipv4(ip)) if ip.is_loopback() => vec![IpAddr::V4(ip)],
        Some(Host::Ipv6(ip)) if ip.is_loopback() => vec![IpAddr::V6(ip)],
        Some(Host::Domain("localhost")) => vec![IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)],
        _ => return Err("not delivered: not a loopback address"),
    };
    if url.scheme() != "http" {
        return Err("not delivered: not plain http");
    }
    let port = url.port_or_known_default().unwrap_or(80);
    let host = url.host_str().unwrap_or("localhost");
    Ok(Address {
        sockets: ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(),
        host: format!("{host}:{port}"),
        target: url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path())),
    })
}

/// Posts a body; gives the status of the answer.
pub(super) async fn send(uri: &str, body: String) -> Result<u16, Box<dyn Error + Send + Sync>> {
    let address = address(uri)?;
    let stream = TcpStream::connect(address.sockets.as_slice()).await?;
    let request = Request::post(address.target)
        .header("host", address.host)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    // The connection has to be driven for the answer to come. It may end first, with the answer already handed over.
    let answer = tokio::select! {
        biased;
        answered = &mut answer => answered,
        _ = connection => answer.await,
    };
    Ok(answer?.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        for here in ["http://127.0.0.1:8080/hook", "http://[::1]/hook?a=b", "http://localhost:9", "HTTP://LocalHost/"] {
            assert!(on_this_machine(here), "{here}");
        }
        for elsewhere in [
            "http://www.example.com/hook",
            "https://hooks.example.com",
            "http://192.0.2.7/",
            "http://localhost.example.com/",
            "http://127.0.0.1@www.example.com/",
            "http://[::ffff:192.0.2.7]/",
            "file:///hook",
        ] {
            let refusal = address(elsewhere).err();
            assert_eq!(refusal, Some("not delivered: not a loopback address"), "{elsewhere}");
        }
        assert_eq!(address("https://localhost/").err(), Some("not delivered: not plain http"));
        assert_eq!(address("localhost").err(), Some("not delivered: not an address"));
    }

    #[test]
    fn an_address_is_taken_apart() {
        let parts = address("http://[::1]:8080/a/b?c=d").map(|a| (a.host, a.target, a.sockets.len()));
        assert_eq!(parts, Ok(("[::1]:8080".to_owned(), "/a/b?c=d".to_owned(), 1)));
    }
}
