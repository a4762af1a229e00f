//! `guichet replay`: past mail through the real intake, without a trace.

use std::path::Path;

use serde_json::Value;

use super::guichet;

const CONFIG: &str = "data_dir = \"data\"\n[[mailbox]]\nname = \"support\"\nsource = \"maildir\"\npath = \"mail\"\n\
    addresses = [\"support@shop.example\"]\nfrom = \"Maison <support@shop.example>\"\n[mailbox.smtp]\noutbox_dir = \"out\"\n";

fn letter(id: &str, from: &str, to: &str, day: &str, more: &str, text: &str) -> String {
    format!(
        "Return-Path: <{from}>\r\nReceived: from a by b with LMTP id x; {day} 10:12:00 +0100\r\nMessage-ID: <{id}@client.example>\r\n\
         Date: Mon, 05 Jan 2026 08:00:00 +0100\r\nFrom: {from}\r\nTo: {to}\r\nSubject: Kettle\r\n{more}\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
    )
}

fn shop(folder: &Path) {
    std::fs::write(folder.join("guichet.toml"), CONFIG).unwrap();
    let mail = folder.join("mail/cur");
    std::fs::create_dir_all(&mail).unwrap();
    let us = "support@shop.example";
    let broken = "My kettle of order 48213 stopped working. I want my money back.";
    // Written out of order: what counts is when each arrived.
    let letters = [
        ("3", letter("again", "ana@client.example", us, "Wed, 04 Mar 2026", "", "Any news about order 48213?")),
        ("1", letter("first", "ana@client.example", us, "Mon, 02 Mar 2026", "", broken)),
        ("2", letter("away", "bo@client.example", us, "Tue, 03 Mar 2026", "Auto-Submitted: auto-replied\r\n", "Away.")),
        ("4", letter("other", "cy@else.example", "hello@shop.example", "Thu, 05 Mar 2026", "", broken)),
        ("5", letter("first", "ana@client.example", us, "Fri, 06 Mar 2026", "", broken)),
    ];
    for (name, text) in letters {
        std::fs::write(mail.join(format!("{name}:2,S")), text).unwrap();
    }
}

fn replay(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = guichet(folder, &[&["replay"], arguments].concat(), b"");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[test]
fn it_tells_in_the_order_of_arrival_who_would_have_been_answered() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let before = (files(folder.path()), files(&folder.path().join("mail/cur")));
    let (status, text, problems) = replay(folder.path(), &["--json", "mail"]);
    assert_eq!((status, problems.as_str()), (Some(0), ""));
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |n: usize, key: &str| lines[n][key].as_str().unwrap_or("-").to_owned();
    let told: Vec<_> = (0..lines.len()).map(|n| (of(n, "what"), of(n, "to"), of(n, "draft"))).collect();
    let row = |what: &str, to: &str, draft: &str| (what.to_owned(), to.to_owned(), draft.to_owned());
    assert_eq!(
        told,
        [
            row("acknowledged", "ana@client.example", "ask_information"),
            row("machine", "-", "-"),
            row("joined", "-", "ask_information"),
            row("not_acknowledged", "-", "ask_information"),
            row("known", "-", "ask_information"),
        ],
        "{text}"
    );
    assert_eq!(of(0, "at"), "2026-03-02T09:12:00Z");
    assert_eq!(of(0, "case"), of(2, "case"));
    assert!(of(1, "why").contains("auto-submitted") && of(3, "why").contains("not visible"), "{text}");
    assert_eq!(before, (files(folder.path()), files(&folder.path().join("mail/cur"))), "nothing is written here");
}

#[test]
fn the_text_ends_with_the_sum_and_the_reasons() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    std::fs::write(folder.path().join("empty.eml"), "").unwrap();
    let (status, text, _) = replay(folder.path(), &["mail", "empty.eml"]);
    assert_eq!(status, Some(1), "an input was unreadable");
    for said in [
        "empty.eml: unreadable: it is empty",
        "acknowledged → ana@client.example",
        "6 mails: 1 acknowledged, 1 joined a case, 1 not acknowledged, 1 from machines, 1 known already, \
         0 answers of ours and reports, 1 unreadable",
        "1 × our address not visible",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_mailbox_is_read_so_far_back_as_wanted() {
    let folder = tempfile::tempdir().unwrap();
    shop(folder.path());
    let (status, text, problems) = replay(folder.path(), &["--json", "--mailbox", "support", "--days", "7"]);
    assert_eq!((status, text.as_str(), problems.as_str()), (Some(0), "", ""), "all of it is older than a week");
    let (_, text, _) = replay(folder.path(), &["--json", "--mailbox", "support", "--days", "60000"]);
    assert_eq!(text.lines().count(), 5);
}

#[test]
fn what_is_missing_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let (status, _, problems) = replay(folder.path(), &["mail"]);
    assert!(status == Some(1) && problems.contains("no configuration"), "{problems}");
    shop(folder.path());
    assert!(replay(folder.path(), &[]).2.contains("--mailbox: support"));
    assert!(replay(folder.path(), &["--mailbox", "sales"]).2.contains("no mailbox is named sales; there are: support"));
}
