//! One HTTP/1.1 request, one answer (RFC 9110, RFC 9112): for the shop's order source and its payment side.
//!
//! Each request has a connection of its own, follows no redirect, and ends within its limits, whatever the
//! server does. Off this very machine only `https` is spoken.

mod url;

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::tls::{ConnectError, Security, Tls, dial};
pub use hyper::Method;
pub use url::{BadUrl, HttpUrl};

/// Who asks, as servers' logs show it.
const AGENT: &str = concat!("Guichet/", env!("CARGO_PKG_VERSION"));

/// What one exchange may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// From the name's resolution to the last byte of the answer.
    pub time: Duration,
    /// Bytes of the answer's body; a longer one is [`HttpError::Permanent`].
    pub body: usize,
}

/// What the server answered, whatever the status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 599. Redirects (3xx) are not followed.
    pub status: u16,
    /// The body as sent.
    pub body: Vec<u8>,
    /// `Retry-After` in seconds; its date form is not read.
    pub retry_after: Option<u64>,
}

/// Why there is no answer. The text names the host, never the path (it may hold a key).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Asking again later may help: no route, no answer in time, broken connection.
    #[error("{0}")]
    Temporary(String),
    /// A person has to look: certificate, answer too large, no HTTP at all, an impossible header.
    #[error("{0}")]
    Permanent(String),
}

impl From<ConnectError> for HttpError {
    fn from(error: ConnectError) -> Self {
        match error {
            ConnectError::Temporary(words) => Self::Temporary(words),
            ConnectError::Setup(words) => Self::Permanent(words),
        }
    }
}

/// Sends one request and reads the whole answer.
///
/// # Errors
/// Only when there is no complete answer; a refusal by the server is an [`Answer`].
pub async fn request(
    tls: &Tls,
    method: Method,
    url: &HttpUrl,
    headers: &[(&str, &str)],
    body: Vec<u8>,
    limits: Limits,
) -> Result<Answer, HttpError> {
    let request = build(method, url, headers, body)?;
    let exchange = async {
        if url.is_secure() {
            let stream = dial(url.host(), url.port(), Security::Implicit).await?;
            converse(tls.handshake(stream, url.host()).await?, request, url.host(), limits.body).await
        } else {
            converse(dial(url.host(), url.port(), Security::None).await?, request, url.host(), limits.body).await
        }
    };
    let late =
        || HttpError::Temporary(format!("{} gave no complete answer in {} s", url.host(), limits.time.as_secs_f32()));
    tokio::time::timeout(limits.time, exchange).await.map_err(|_| late())?
}

fn build(
    method: Method,
    url: &HttpUrl,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<Request<Full<Bytes>>, HttpError> {
    let mut request = Request::builder()
        .method(method)
        .uri(url.path_and_query())
        .header(HOST, url.authority())
        .header(USER_AGENT, AGENT)
        .header(CONNECTION, "close");
    for (name, value) in headers {
        // The value may be a secret: only the name is said.
        let wrong = || HttpError::Permanent(format!("the header {name} cannot be sent: it holds control characters"));
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        request = request.header(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
    }
    let built = request.body(Full::new(Bytes::from(body)));
    built.map_err(|error| HttpError::Permanent(format!("no request can be made for {}: {error}", url.host())))
}

async fn converse<S>(stream: S, request: Request<Full<Bytes>>, host: &str, most: usize) -> Result<Answer, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| explain(host, &error))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(|error| explain(host, &error))?;
        whole(response, host, most).await
    };
    tokio::pin!(exchange);
    // The connection ends with the last byte; what it read by then is still to be taken.
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}

async fn whole(response: Response<Incoming>, host: &str, most: usize) -> Result<Answer, HttpError> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = Limited::new(response.into_body(), most).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() {
            HttpError::Permanent(format!("the answer of {host} is longer than {most} bytes"))
        } else {
            HttpError::Temporary(format!("the answer of {host} broke off: {error}"))
        }
    })?;
    Ok(Answer { status, body: body.to_bytes().to_vec(), retry_after })
}

fn explain(host: &str, error: &hyper::Error) -> HttpError {
    if error.is_parse() {
        HttpError::Permanent(format!("{host} does not speak HTTP on this port ({error}): check the address"))
    } else {
        HttpError::Temporary(format!("the connection to {host} broke: {error}"))
    }
}
