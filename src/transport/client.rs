//! The HTTP client, made on first use: loading the system's certificates takes milliseconds that a dry run, a
//! listing or a loopback sandbox should not pay.

use std::{error::Error as _, path::PathBuf, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use reqwest::{
    Client,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
    multipart, redirect,
};
use secrecy::ExposeSecret;

use super::{Body, Credentials, FailureKind, HttpAnswer, HttpCall, SendFailure, Transport, tls};
use crate::protocol::Sent;

/// A page of 500 contacts is under half a megabyte; an export of 100,000 about twenty.
const LARGEST_ANSWER: usize = 128 * 1024 * 1024;

/// What a person may set about connections.
#[derive(Debug, Clone, Default)]
pub struct HttpSettings {
    /// A PEM file of certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// The client of the runtime. Proxies come from the environment (`HTTPS_PROXY`, `NO_PROXY` …), but loopback
/// addresses never go through one.
#[derive(Debug)]
pub struct HttpClient {
    settings: HttpSettings,
    secure: OnceLock<Client>,
    loopback: OnceLock<Client>,
}

impl HttpClient {
    /// A client with these settings; nothing is opened yet.
    pub fn new(settings: HttpSettings) -> Self {
        Self { settings, secure: OnceLock::new(), loopback: OnceLock::new() }
    }

    /// Only a client that could be made is kept: a certificate file that was missing may be there next time.
    fn client(&self, scheme: &str) -> Result<&Client, SendFailure> {
        let kept = if scheme == "https" { &self.secure } else { &self.loopback };
        if let Some(client) = kept.get() {
            return Ok(client);
        }
        let made = if scheme == "https" { secure(&self.settings) } else { loopback(redirect::Policy::none()) };
        let failed = |cause| SendFailure { kind: FailureKind::Malformed, sent: Sent::No, cause };
        let client = made.map_err(failed)?;
        Ok(kept.get_or_init(|| client))
    }
}

fn base() -> reqwest::ClientBuilder {
    Client::builder()
        .user_agent(concat!("constantcontact-connector/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_secs(10))
        // Shorter than what servers usually keep idle connections for, so that none is used as it closes.
        .pool_idle_timeout(Duration::from_secs(20))
}

/// A client for addresses of this machine: no proxy, no certificates.
pub(crate) fn loopback(redirects: redirect::Policy) -> Result<Client, String> {
    base().redirect(redirects).no_proxy().tls_backend_preconfigured(tls::none()?).build().map_err(|e| e.to_string())
}

fn secure(settings: &HttpSettings) -> Result<Client, String> {
    let extra = match &settings.ca_file {
        Some(path) => std::fs::read(path).map_err(|e| format!("cannot read the CA file {}: {e}", path.display()))?,
        None => Vec::new(),
    };
    base().https_only(true).tls_backend_preconfigured(tls::config(&extra)?).build().map_err(|e| e.to_string())
}

#[async_trait]
impl Transport for HttpClient {
    async fn send(&self, call: HttpCall) -> Result<HttpAnswer, SendFailure> {
        let client = self.client(call.url.scheme())?;
        let request = build(client, call)?;
        let mut response = client.execute(request).await.map_err(|e| failure(&e))?;
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let content_type = header("content-type").unwrap_or_default().to_ascii_lowercase();
        let request_id = header("x-amzn-requestid");
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| cut_off(status, &e))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                let cause = format!("the answer is larger than {LARGEST_ANSWER} bytes");
                return Err(SendFailure { kind: FailureKind::CutOff { status }, sent: Sent::Yes, cause });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, content_type, request_id, body: Bytes::from(body) })
    }
}

fn build(client: &Client, call: HttpCall) -> Result<reqwest::Request, SendFailure> {
    let malformed = |cause: String| SendFailure { kind: FailureKind::Malformed, sent: Sent::No, cause };
    let method = reqwest::Method::from_bytes(call.method.as_bytes()).map_err(|e| malformed(e.to_string()))?;
    let mut request = client.request(method.clone(), call.url).timeout(call.timeout);
    request = match call.credentials {
        Credentials::None => request,
        Credentials::Bearer(token) => {
            request.header(AUTHORIZATION, sensitive("Bearer", token.expose_secret()).map_err(malformed)?)
        }
        Credentials::Basic(pair) => {
            let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, pair.expose_secret());
            request.header(AUTHORIZATION, sensitive("Basic", &encoded).map_err(malformed)?)
        }
        Credentials::Partner { token, api_key } => {
            let header = sensitive("Bearer", token.expose_secret()).map_err(malformed)?;
            request.header(AUTHORIZATION, header).header("x-api-key", api_key)
        }
    };
    request = match call.body {
        Body::None if method == reqwest::Method::POST || method == reqwest::Method::PUT => request.body(Bytes::new()),
        Body::None => request,
        Body::Json(text) => request.header(CONTENT_TYPE, "application/json").body(text),
        Body::Form(form) => request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.0),
        // The client writes the boundary itself: a Content-Type set by hand is refused by the service with 415.
        Body::Multipart(parts) => request.multipart(parts.into_iter().fold(multipart::Form::new(), |form, part| {
            let content = multipart::Part::bytes(part.content);
            match part.filename {
                Some(filename) => form.part(part.name, content.file_name(filename)),
                None => form.part(part.name, content),
            }
        })),
    };
    request.build().map_err(|e| malformed(e.without_url().to_string()))
}

fn sensitive(scheme: &str, secret: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {secret}"))
        .map_err(|_| "the token holds characters that no header can".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

fn failure(error: &reqwest::Error) -> SendFailure {
    let cause = cause(error);
    let (kind, sent) = if error.is_builder() {
        (FailureKind::Malformed, Sent::No)
    } else if error.is_connect() {
        (FailureKind::Connect, Sent::No)
    } else if error.is_timeout() {
        (FailureKind::Timeout, Sent::Maybe)
    } else {
        (FailureKind::Broken, Sent::Maybe)
    };
    SendFailure { kind, sent, cause }
}

fn cut_off(status: u16, error: &reqwest::Error) -> SendFailure {
    let kind = if error.is_timeout() { FailureKind::Timeout } else { FailureKind::CutOff { status } };
    SendFailure { kind, sent: Sent::Yes, cause: cause(error) }
}

/// The innermost cause: the outer layers only repeat the address, which may hold people's data in its query.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: Option<&dyn std::error::Error> = error.source();
    let mut text = "the connection failed".to_owned();
    while let Some(cause) = inner {
        text = cause.to_string();
        inner = cause.source();
    }
    text
}
