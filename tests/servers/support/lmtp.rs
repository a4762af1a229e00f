//! As much LMTP (RFC 2033) as it takes to deliver a message.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Delivers `bytes` to `recipient` with envelope sender `from`; returns after the server's `250`.
pub async fn deliver(port: u16, from: &str, recipient: &str, bytes: &[u8]) {
    let mut stream = BufReader::new(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
    expect(&mut stream, "220").await;
    for (line, code) in [
        ("LHLO tests.example".to_owned(), "250"),
        (format!("MAIL FROM:<{from}>"), "250"),
        (format!("RCPT TO:<{recipient}>"), "250"),
        ("DATA".to_owned(), "354"),
    ] {
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        expect(&mut stream, code).await;
    }
    let mut data = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            data.push(b'.');
        }
        data.extend_from_slice(line);
    }
    if !data.ends_with(b"\r\n") {
        data.extend_from_slice(b"\r\n");
    }
    data.extend_from_slice(b".\r\n");
    stream.write_all(&data).await.unwrap();
    expect(&mut stream, "250").await;
    stream.write_all(b"QUIT\r\n").await.unwrap();
}

async fn expect(stream: &mut BufReader<TcpStream>, code: &str) {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(code), "expected {code}, the LMTP server said: {line:?}");
        if line.get(3..4).is_none_or(|mark| mark != "-") {
            return;
        }
    }
}
