//! `cargo bench --bench latency`: from Dovecot's 250 over LMTP to the acknowledgement's 250 over SMTP, beside
//! the raw IDLE wake-up of the same deliveries. Needs Dovecot (see `scripts/test`).
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on should say where")]

#[path = "../tests/support/daemon.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod daemon;
#[path = "support/machine.rs"]
#[allow(dead_code, reason = "memory is the other bench's business")]
mod machine;
#[path = "../tests/support/scripted_smtp.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod scripted_smtp;
#[allow(dead_code, reason = "shared with the tests")]
mod support {
    #[path = "../../tests/servers/support/dovecot.rs"]
    pub mod dovecot;
    #[path = "../../tests/servers/support/lmtp.rs"]
    pub mod lmtp;

    pub fn free_port() -> u16 {
        std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }
}

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use daemon::{Daemon, PATIENCE, Seen};
use scripted_smtp::SmtpServer;
use support::dovecot::{Dovecot, USER};
use support::lmtp;

const DELIVERIES: usize = 200;

/// A connection that does nothing but IDLE (RFC 2177).
struct Idler(BufReader<TcpStream>);

impl Idler {
    fn start(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut idler = Self(BufReader::new(stream));
        idler.line_with("* OK");
        let quoted = USER.1.replace('\\', "\\\\").replace('"', "\\\"");
        idler.say(&format!("a LOGIN {} \"{quoted}\"", USER.0), "a OK");
        idler.say("b EXAMINE INBOX", "b OK");
        idler.say("c IDLE", "+ ");
        idler
    }

    fn say(&mut self, command: &str, answer: &str) {
        self.0.get_mut().write_all(format!("{command}\r\n").as_bytes()).unwrap();
        self.line_with(answer);
    }

    fn line_with(&mut self, words: &str) {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the server closed before “{words}”");
            if line.contains(words) {
                return;
            }
        }
    }
}

fn configuration(folder: &std::path::Path, dovecot: &Dovecot, smtp: u16) -> std::path::PathBuf {
    let secret = folder.join("secret");
    std::fs::write(&secret, USER.1).unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = format!(
        "data_dir = {data:?}\n[[mailbox]]\nname = \"support\"\nsource = \"imap\"\nfrom = \"Shop <support@shop.example>\"\n\
         [mailbox.imap]\nhost = \"localhost\"\nport = {imaps}\nusername = {user:?}\npassword = {{ file = {secret:?} }}\nca_file = {ca:?}\n\
         [mailbox.smtp]\nhost = \"127.0.0.1\"\nport = {smtp}\ntls = \"none\"\n[desk]\nlisten = \"off\"\n",
        data = folder.join("data"),
        imaps = dovecot.imaps,
        user = USER.0,
        ca = dovecot.ca_file(),
    );
    let path = folder.join("guichet.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn row(name: &str, times: &mut [Duration]) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_millis();
    println!(
        "{name:<34} p50 {:>5} ms   p90 {:>5} ms   p99 {:>5} ms   longest {:>5} ms",
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    );
}

#[tokio::main]
async fn main() {
    machine::print();
    let dovecot = Dovecot::start();
    let smtp = SmtpServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(&configuration(folder.path(), &dovecot, smtp.port), None);
    assert!(daemon.wait_ready(), "{}", daemon.log.join("\n"));
    let mut idler = Idler::start(dovecot.imap);
    let (mut woken, mut accepted) = (Vec::new(), Vec::new());
    for n in 0..DELIVERIES {
        let from = format!("customer{n}@d{n}.example");
        let mail = format!(
            "Message-ID: <{n}@mail.example>\r\nFrom: <{from}>\r\nTo: {}\r\nSubject: Order {n}\r\n\r\nThe kettle of order {n} is broken, I want my money back.\r\n",
            USER.0
        );
        let seen = daemon.log.len();
        lmtp::deliver(dovecot.lmtp, &from, USER.0, mail.as_bytes()).await;
        let delivered = Instant::now();
        tokio::task::block_in_place(|| idler.line_with("EXISTS"));
        woken.push(delivered.elapsed());
        let line = tokio::task::block_in_place(|| daemon.wait_line_from(seen, &["acknowledgement accepted"]));
        assert!(matches!(line, Seen::Line(_)), "{}", daemon.log.join("\n"));
        accepted.push(delivered.elapsed());
    }
    println!("{DELIVERIES} deliveries, one after the other");
    row("LMTP 250 → raw IDLE wake-up", &mut woken);
    row("LMTP 250 → acknowledgement's 250", &mut accepted);
}
