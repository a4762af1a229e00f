//! What an IMAP server says. The input's first byte chooses how the session begins; the rest are the server's
//! answers, one for each line that the client sends, with a line `%%` between two and `TAG ` for the command's
//! tag. After the last answer the server is gone. Time passes only when both sides wait.
#![no_main]

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use guichet::adapters::imap::{ImapSettings, ImapSource};
use guichet::adapters::secret::Secret;
use guichet::adapters::tls::Security;
use guichet::domain::position::FolderRole;
use guichet::domain::{Folder, Position};
use guichet::ports::{Arrival, MailError, Standing};
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

/// A folder read up to UID 4, all history imported.
const STORED: &str = r#"{"uid_validity":7,"next_uid":5,"history":{"next":5,"end":5,"since":"2026-04-01"},"newest":"2026-05-01T00:00:00Z"}"#;
/// Greeting, LOGIN, CAPABILITY, EXAMINE as a good server answers them.
const OPENED: [&[u8]; 4] = [
    b"* OK ready\r\n",
    b"TAG OK in\r\n",
    b"* CAPABILITY IMAP4rev1 IDLE\r\nTAG OK done\r\n",
    b"* 9 EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n* OK [UIDNEXT 10] next\r\nTAG OK opened\r\n",
];
/// Rounds of fetching and waiting.
const ROUNDS: usize = 6;

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::new(
        Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime"),
    );
}

fuzz_target!(init: guichet_fuzz::survive_parsers(), |data: &[u8]| {
    let Some((start, said)) = data.split_first() else { return };
    let good = usize::from(start & 7).min(OPENED.len());
    let answers: Vec<&[u8]> = OPENED.into_iter().take(good).chain(answers(said)).collect();
    let stored = (start & 8 == 0).then(|| Position { mark: STORED.into(), ..Position::default() });
    RUNTIME.with_borrow(|runtime| {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        // What goes wrong is told to the caller; how, is not judged here.
        runtime.block_on(async { tokio::join!(serve(theirs, answers), client(ours, stored.as_ref())).1.ok() });
    });
});

/// The input cut at its lines `%%`.
fn answers(said: &[u8]) -> Vec<&[u8]> {
    let mut answers = Vec::new();
    let mut rest = said;
    while let Some(at) = rest.windows(3).position(|three| three == b"%%\n") {
        answers.push(&rest[..at]);
        rest = &rest[at + 3..];
    }
    answers.push(rest);
    answers
}

async fn serve(stream: DuplexStream, answers: Vec<&[u8]>) {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read);
    let mut tag = Vec::new();
    for (number, answer) in answers.into_iter().enumerate() {
        // The first one greets.
        if number > 0 {
            let mut line = Vec::new();
            if !matches!(lines.read_until(b'\n', &mut line).await, Ok(1..)) {
                return;
            }
            if let Some(at) = line.iter().position(|byte| *byte == b' ') {
                tag = line[..at].to_vec();
            }
        }
        if write.write_all(&tagged(answer, &tag)).await.is_err() {
            return;
        }
    }
}

fn tagged(answer: &[u8], tag: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(answer.len());
    let mut rest = answer;
    while let Some(at) = rest.windows(4).position(|four| four == b"TAG ") {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(tag);
        rest = &rest[at + 3..];
    }
    out.extend_from_slice(rest);
    out
}

/// As the watcher drives a session.
async fn client(stream: DuplexStream, stored: Option<&Position>) -> Result<(), MailError> {
    let settings = ImapSettings {
        retry_delay: Duration::ZERO,
        size_cap: 4096,
        ..ImapSettings::new("imap.shop.example", 143, Security::None, "user", Secret::Given("secret".into()))
    };
    let folder = Folder { mailbox: "support".into(), role: FolderRole::Inbox };
    let source = ImapSource::new(Arc::new(settings), folder);
    let mut session = source.connect_over(stream).await?;
    let opened = session.open(stored).await?;
    assert_eq!(opened.standing == Standing::First, stored.is_none());
    let mut mark = of(&opened.position);
    for _ in 0..ROUNDS {
        let arrivals = session.fetch(10).await?;
        assert!(arrivals.len() <= 10, "more than was asked for");
        for arrival in &arrivals {
            mark = checked(arrival, &mark);
        }
        if arrivals.is_empty() {
            session.wait(Duration::from_secs(60), &CancellationToken::new()).await?;
        }
    }
    session.close().await;
    Ok(())
}

fn of(position: &Position) -> serde_json::Value {
    serde_json::from_str(&position.mark).expect("a position can be read again")
}

/// A position only goes forward, in the folder it began in.
fn checked(arrival: &Arrival, before: &serde_json::Value) -> serde_json::Value {
    let after = of(&arrival.position);
    assert_eq!(after["uid_validity"], before["uid_validity"]);
    assert!(after["next_uid"].as_u64() >= before["next_uid"].as_u64(), "{before} then {after}");
    after
}
