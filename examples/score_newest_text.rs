//! Scores the newest text against a folder of bodies with known answers.
//!
//! `cargo run --example score_newest_text -- FOLDER [SOURCE]`: FOLDER holds an `index.jsonl` whose
//! rows name a `file`, its `source`, its `kind` (`body`, or a whole mail) and for bodies the
//! `expected_reply`. Prints, a source each, how many are the same but for white space, and the mean
//! F1 over words; the rows that differ when SOURCE is given; for whole mails, how many carry a machine mark.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use anyhow::Context;
use guichet::domain::message::{Message, RawMessage, ReturnPath};
use guichet::reading;
use jiff::Timestamp;

#[derive(serde::Deserialize)]
struct Row {
    file: String,
    source: String,
    kind: String,
    expected_reply: Option<String>,
}

#[derive(Default)]
struct Score {
    rows: usize,
    exact: usize,
    f1: f64,
}

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("usage: score_newest_text FOLDER [SOURCE]")?;
    let shown = arguments.next();
    let folder = Path::new(&folder);
    let index = std::fs::read_to_string(folder.join("index.jsonl")).context("the folder has no index.jsonl")?;
    let mut scores: BTreeMap<String, Score> = BTreeMap::new();
    let mut mails: Vec<Vec<u8>> = Vec::new();
    let (mut whole, mut marked, mut unmarked) = (0, 0, Vec::new());
    for line in index.lines() {
        let row: Row = serde_json::from_str(line)?;
        let bytes = std::fs::read(folder.join(&row.file)).with_context(|| row.file.clone())?;
        let is_body = row.kind == "body";
        let bytes = if is_body { wrapped(&bytes) } else { bytes };
        let message = reading::read(&raw(bytes.clone()));
        mails.push(bytes);
        if is_body {
            // Bodies without a known answer are only read.
            let Some(expected) = &row.expected_reply else { continue };
            add(scores.entry(row.source.clone()).or_default(), &row, expected, &message, shown.as_deref());
        } else {
            whole += 1;
            if is_machine(&message) { marked += 1 } else { unmarked.push(row.file) }
        }
    }
    for (source, score) in &scores {
        let rows = score.rows as f64;
        println!(
            "{source}: {} of {} exact ({:.1} %), mean F1 {:.3}",
            score.exact,
            score.rows,
            100.0 * score.exact as f64 / rows,
            score.f1 / rows
        );
    }
    println!("whole mails: {whole}, with a machine mark: {marked}; without: {}", unmarked.join(" "));
    time(&mails);
    Ok(())
}

fn wrapped(body: &[u8]) -> Vec<u8> {
    let head = b"From: A <a@customer.example>\r\nTo: support@shop.example\r\nSubject: Re: hello\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    [head.as_slice(), body].concat()
}

fn raw(bytes: Vec<u8>) -> RawMessage {
    RawMessage { bytes, arrived_at: Timestamp::UNIX_EPOCH, partial: false }
}

fn is_machine(message: &Message) -> bool {
    let marks = &message.marks;
    let daemon = |local: &str| {
        let local = local.to_lowercase();
        ["mailer-daemon", "postmaster", "no-reply", "noreply", "mailerdaemon"]
            .iter()
            .any(|name| local.starts_with(name))
    };
    marks.auto_submitted.as_deref().is_some_and(|keyword| keyword != "no")
        || message.return_path == ReturnPath::Null
        || !marks.auto_headers.is_empty()
        || !marks.auto_response_suppress.is_empty()
        || marks.machine_part.is_some()
        || matches!(marks.precedence.as_deref(), Some("bulk" | "junk" | "auto_reply"))
        || message.from.iter().any(|address| daemon(address.email.local()))
}

fn add(score: &mut Score, row: &Row, expected: &str, message: &Message, shown: Option<&str>) {
    let same = collapsed(expected) == collapsed(&message.newest_text);
    let f1 = f1(expected, &message.newest_text);
    score.rows += 1;
    score.exact += usize::from(same);
    score.f1 += f1;
    if !same && shown == Some(row.source.as_str()) {
        println!("=== {} F1 {f1:.2}\n--- expected\n{expected}\n--- found\n{}\n", row.file, message.newest_text);
    }
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn f1(expected: &str, found: &str) -> f64 {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for word in expected.split_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    let mut shared = 0;
    for word in found.split_whitespace() {
        let left = counts.entry(word).or_default();
        shared += i64::from(*left > 0);
        *left -= 1;
    }
    let total = (expected.split_whitespace().count() + found.split_whitespace().count()) as f64;
    if total == 0.0 { 1.0 } else { 2.0 * shared as f64 / total }
}

fn time(mails: &[Vec<u8>]) {
    let raws: Vec<RawMessage> = mails.iter().cloned().map(raw).collect();
    let bytes: usize = mails.iter().map(Vec::len).sum();
    let started = Instant::now();
    let mut read = 0;
    while read < 5_000 {
        for raw in &raws {
            std::hint::black_box(reading::read(raw));
        }
        read += raws.len().max(1);
    }
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{:.0} messages a second ({read} of {} bytes on average)",
        read as f64 / seconds,
        bytes / mails.len().max(1)
    );
}
