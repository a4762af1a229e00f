//! The plain beginning of a STARTTLS connection (RFC 3207), up to the point where TLS starts.
//!
//! lettre could do it, but keeps what an attacker slipped into the plain part in its buffer and reads
//! it as answers inside TLS, and does not tell an expired certificate from another failure.

use lettre::transport::smtp::extension::ClientId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::tls::ConnectError;
use super::wire::ReplyLines;

/// One reply: its code, and its lines joined.
struct Reply {
    code: String,
    text: String,
}

impl Reply {
    fn into_error(self, host: &str, to: &str) -> ConnectError {
        let words = format!("{host} answered {to} with “{} {}”", self.code, self.text);
        if self.code.starts_with('4') { ConnectError::Temporary(words) } else { ConnectError::Setup(words) }
    }
}

/// Reads the greeting, says EHLO and STARTTLS. Returns the greeting, for lettre to read once TLS is up.
pub(super) async fn begin(stream: &mut TcpStream, host: &str, hello: &ClientId) -> Result<String, ConnectError> {
    let greeting = reply(stream, host).await?;
    if greeting.code != "220" {
        return Err(greeting.into_error(host, "the connection"));
    }
    let offers = command(stream, host, &format!("EHLO {hello}\r\n")).await?;
    if offers.code != "250" {
        return Err(offers.into_error(host, "EHLO"));
    }
    if !offers.text.lines().any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(ConnectError::Setup(format!(
            "{host} does not offer STARTTLS on this port: nothing was sent in clear; use port 465 with tls = \"implicit\""
        )));
    }
    let go = command(stream, host, "STARTTLS\r\n").await?;
    if go.code != "220" {
        return Err(go.into_error(host, "STARTTLS"));
    }
    Ok("220 TLS".to_owned())
}

async fn command(stream: &mut TcpStream, host: &str, command: &str) -> Result<Reply, ConnectError> {
    stream.write_all(command.as_bytes()).await.map_err(|error| broke(host, &error.to_string()))?;
    reply(stream, host).await
}

async fn reply(stream: &mut TcpStream, host: &str) -> Result<Reply, ConnectError> {
    let mut lines = ReplyLines::default();
    let mut reply = Vec::new();
    let mut space = [0_u8; 2048];
    loop {
        let count = stream.read(&mut space).await.map_err(|error| broke(host, &error.to_string()))?;
        let received = space.get(..count).filter(|received| !received.is_empty());
        reply.extend(lines.push(received.ok_or_else(|| broke(host, "the server closed it"))?));
        if reply.len() > 200 {
            return Err(ConnectError::Setup(format!("{host} sends an endless reply: is it a mail server?")));
        }
        let Some(end) = reply.iter().position(|line| line.as_bytes().get(3) != Some(&b'-')) else { continue };
        if end + 1 < reply.len() || lines.in_line() {
            return Err(ConnectError::Setup(format!(
                "{host} sent more than its reply before TLS was up: somebody may be tampering with the connection"
            )));
        }
        let code = reply.first().and_then(|line| line.get(..3)).unwrap_or_default().to_owned();
        let text = reply.iter().filter_map(|line| line.get(4..)).collect::<Vec<_>>().join("\n");
        return Ok(Reply { code, text });
    }
}

fn broke(host: &str, what: &str) -> ConnectError {
    ConnectError::Temporary(format!("the connection to {host} broke before TLS was up: {what}"))
}
