//! The stream lettre reads from: real servers' replies, made to fit lettre's strict parser.
//!
//! lettre refuses a reply of three digits alone (RFC 5321 §4.2 tells clients to accept it), waits for
//! ever on one that ends in a bare line feed, and fails on Latin-1 text and on lines above 1,000
//! octets. After the final dot each of these would leave a delivery in doubt that the server confirmed.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Characters kept of a reply line.
const LINE_LIMIT: usize = 900;

/// Lines of one reply: lettre reads a reply anew with each of its lines, so that an endless one would keep
/// the whole program busy.
const REPLY_LINES: usize = 200;

/// Splits what a server sends into lines and mends them.
#[derive(Debug, Default)]
pub(super) struct ReplyLines {
    partial: Vec<u8>,
}

impl ReplyLines {
    /// Takes received bytes; gives each line that is complete now, without its line end.
    pub(super) fn push(&mut self, received: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for byte in received {
            match byte {
                b'\n' => lines.push(mended(&std::mem::take(&mut self.partial))),
                // Four octets at most make one character: more can never be shown.
                _ if self.partial.len() < 4 * LINE_LIMIT => self.partial.push(*byte),
                _ => {}
            }
        }
        lines
    }

    /// Whether a line was begun and not ended.
    pub(super) fn in_line(&self) -> bool {
        !self.partial.is_empty()
    }
}

fn mended(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut text: String = text.chars().filter(|c| !c.is_control()).collect();
    // The parser counts octets.
    while text.len() > LINE_LIMIT {
        text.pop();
    }
    if text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.push(' ');
    }
    text
}

/// A byte stream in both directions.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug> Duplex for T {}

/// See the module's description.
#[derive(Debug)]
pub(super) struct Wire {
    stream: Box<dyn Duplex>,
    peer: SocketAddr,
    lines: ReplyLines,
    /// Lines of the reply being received so far.
    in_reply: usize,
    ready: VecDeque<u8>,
}

impl Wire {
    /// `replayed` is a reply that was read before and that lettre expects to read (the greeting, when
    /// STARTTLS was done before lettre took over).
    pub(super) fn new(stream: impl Duplex + 'static, peer: SocketAddr, replayed: Option<&str>) -> Self {
        let ready = replayed.map(|line| format!("{line}\r\n").into_bytes().into()).unwrap_or_default();
        Self { stream: Box::new(stream), peer, lines: ReplyLines::default(), in_reply: 0, ready }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.ready.is_empty() {
            let mut space = [0_u8; 2048];
            let mut received = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut received))?;
            if received.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            for line in this.lines.push(received.filled()) {
                this.in_reply = if line.as_bytes().get(3) == Some(&b'-') { this.in_reply + 1 } else { 0 };
                if this.in_reply > REPLY_LINES {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "an endless reply")));
                }
                this.ready.extend(line.as_bytes());
                this.ready.extend(b"\r\n");
            }
        }
        let count = out.remaining().min(this.ready.len());
        let bytes: Vec<u8> = this.ready.drain(..count).collect();
        out.put_slice(&bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_reply_lines_are_mended() {
        let mut lines = ReplyLines::default();
        assert_eq!(lines.push(b"250\r\n354 go"), ["250 "]);
        assert!(lines.in_line());
        assert_eq!(lines.push(b" ahead\n"), ["354 go ahead"]);
        assert_eq!(lines.push(b"550 refus\xe9\r\n"), ["550 refus\u{fffd}"]);
        assert_eq!(lines.push("550 refusé\r\n".as_bytes()), ["550 refusé"]);
        assert!(!lines.in_line());
    }

    #[test]
    fn an_endless_line_takes_no_endless_memory() {
        let mut lines = ReplyLines::default();
        for _ in 0..1000 {
            assert!(lines.push(&[b'x'; 1000]).is_empty());
        }
        assert!(lines.partial.len() <= 4 * LINE_LIMIT);
        let line = lines.push(b"\n").remove(0);
        assert_eq!(line.len(), LINE_LIMIT);
    }
}
