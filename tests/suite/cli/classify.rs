//! `guichet classify` as a script uses it: one JSON object a line, whose keys and types are a contract.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::guichet;

/// A customer who wants a refund and leaves most facts out.
const CUSTOMER: &str = "Return-Path: <ana@client.example>\r\nMessage-ID: <one@client.example>\r\n\
    From: Ana <ana@client.example>\r\nTo: support@shop.example\r\nSubject: Remboursement\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    Bonjour,\r\n\r\nMa commande CMD-2024-001 est arriv\u{e9}e cass\u{e9}e, je veux \u{ea}tre rembours\u{e9}e.\r\n";
/// An absence notice.
const MACHINE: &str = "Return-Path: <>\r\nMessage-ID: <two@client.example>\r\nAuto-Submitted: auto-replied\r\n\
    From: Ana <ana@client.example>\r\nTo: support@shop.example\r\nSubject: Absence\r\n\r\nJe suis absente.\r\n";
const KEYS: [&str; 21] = [
    "schema",
    "file",
    "index",
    "message_id",
    "automated",
    "permission",
    "acknowledge",
    "language",
    "newest_text",
    "intent",
    "intent_confidence",
    "anger",
    "anger_confidence",
    "reason",
    "reason_confidence",
    "unsure",
    "given",
    "missing_information",
    "signals",
    "suggested_reply",
    "explanation",
];

fn classify(folder: &Path, paths: &[&str], input: &str) -> (Option<i32>, Vec<Value>) {
    let output = guichet(folder, &[&["classify", "--json"], paths].concat(), input.as_bytes());
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn keys(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn places(lines: &[Value]) -> Vec<(&str, u64)> {
    lines.iter().map(|line| (line["file"].as_str().unwrap(), line["index"].as_u64().unwrap())).collect()
}

fn is_share(value: &Value) -> bool {
    value.as_f64().is_some_and(|share| (0.0..=1.0).contains(&share))
}

#[test]
fn a_customers_mail_has_every_key_with_its_type() {
    let folder = tempfile::tempdir().unwrap();
    let (status, lines) = classify(folder.path(), &["-"], CUSTOMER);
    assert_eq!((status, lines.len()), (Some(0), 1));
    let line = &lines[0];
    assert_eq!(keys(line), BTreeSet::from(KEYS));
    let expected = [
        ("schema", json!(1)),
        ("file", json!("-")),
        ("index", json!(0)),
        ("message_id", json!("one@client.example")),
        ("automated", json!(false)),
        ("permission", json!("allowed")),
        ("language", json!("fr")),
        ("intent", json!("refund_request")),
        ("reason", json!("defective")),
        ("suggested_reply", json!("ask_information")),
    ];
    for (key, value) in expected {
        assert_eq!(line[key], value, "{key} of {line}");
    }
    let acknowledge = &line["acknowledge"];
    assert_eq!(keys(acknowledge), BTreeSet::from(["allowed", "to", "why"]));
    assert_eq!((&acknowledge["allowed"], &acknowledge["to"]), (&json!(true), &json!("ana@client.example")));
    assert!(acknowledge["why"].as_str().unwrap().contains("no configuration"), "{acknowledge}");
    assert!(line["newest_text"].as_str().unwrap().contains("cassée"));
    assert!(line["anger"].as_u64().is_some_and(|level| level <= 3), "{line}");
    for key in ["intent_confidence", "anger_confidence", "reason_confidence"] {
        assert!(is_share(&line[key]), "{key} of {line}");
    }
    let given = &line["given"];
    let facts = ["announced_date", "order_number", "product", "purchase_date", "reason"];
    assert_eq!(keys(given), BTreeSet::from(facts));
    assert_eq!((&given["order_number"], &given["reason"]), (&json!("CMD-2024-001"), &json!("defective")));
    assert!(given["announced_date"].is_null());
    for key in ["unsure", "missing_information", "signals"] {
        assert!(line[key].as_array().unwrap().iter().all(Value::is_string), "{key} of {line}");
    }
    assert!(line["missing_information"].as_array().unwrap().contains(&json!("purchase_date")), "{line}");
    let explanation = line["explanation"].as_array().unwrap();
    assert!(explanation.iter().any(|part| part["from"] == "rule"), "{line}");
    for part in explanation {
        assert_eq!(keys(part), BTreeSet::from(["from", "matched", "name", "weight"]));
        assert!(part["weight"].is_number() && part["matched"].is_string(), "{part}");
    }
}

#[test]
fn a_machines_mail_has_the_same_keys_and_no_judgement() {
    let folder = tempfile::tempdir().unwrap();
    let (status, lines) = classify(folder.path(), &["-"], MACHINE);
    assert_eq!((status, lines.len()), (Some(0), 1));
    let line = &lines[0];
    assert_eq!(keys(line), BTreeSet::from(KEYS));
    assert_eq!((&line["automated"], &line["permission"]), (&json!(true), &json!("machine")));
    for key in ["intent", "intent_confidence", "anger", "anger_confidence", "reason", "suggested_reply"] {
        assert!(line[key].is_null(), "{key} of {line}");
    }
    assert!(line["acknowledge"]["to"].is_null() && line["acknowledge"]["allowed"] == false);
    assert_eq!(line["missing_information"], json!([]));
    assert!(line["given"].as_object().unwrap().values().all(Value::is_null));
}

#[test]
fn output_follows_the_input_and_an_mbox_counts_its_messages() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir_all(folder.path().join("mails/b/cur")).unwrap();
    write("mails/z.eml", CUSTOMER);
    write("mails/a.eml", MACHINE);
    write("mails/notes.txt", "not a mail");
    write("mails/b/cur/1700.M1.host:2,S", CUSTOMER);
    let separator = "From ana@client.example Sat Jan  3 01:05:34 2026\n";
    write("two.mbox", &format!("{separator}{CUSTOMER}\n{separator}{MACHINE}"));
    let (status, lines) = classify(folder.path(), &["two.mbox", "-", "mails"], CUSTOMER);
    assert_eq!(status, Some(0));
    let expected = [
        ("two.mbox", 0),
        ("two.mbox", 1),
        ("-", 0),
        ("mails/a.eml", 0),
        ("mails/b/cur/1700.M1.host:2,S", 0),
        ("mails/z.eml", 0),
    ];
    assert_eq!(places(&lines), expected);
    assert_eq!(lines[1]["automated"], true);
}

#[test]
fn what_cannot_be_read_is_an_error_object_and_the_rest_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("empty.eml", "");
    write("empty.mbox", "");
    write("no-from-line.mbox", CUSTOMER);
    write("good.eml", CUSTOMER);
    let broken = ["missing.eml", "empty.eml", "empty.mbox", "no-from-line.mbox"];
    let (status, lines) = classify(folder.path(), &[&broken[..], &["good.eml"]].concat(), "");
    assert_eq!(status, Some(1));
    assert_eq!(places(&lines).iter().map(|(file, _)| *file).collect::<Vec<_>>()[..4], broken);
    for line in &lines[..4] {
        assert_eq!(keys(line), BTreeSet::from(["error", "file", "index", "schema"]), "{line}");
        assert!(!line["error"].as_str().unwrap().is_empty());
    }
    assert_eq!(lines[4]["intent"], "refund_request");
}

#[test]
fn a_file_that_is_no_mail_is_held_for_a_person_and_gets_no_reply() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("picture.eml"), [0x89, b'P', b'N', b'G', 0, 0, 1, 2, 3, 0xff]).unwrap();
    let (status, lines) = classify(folder.path(), &["picture.eml"], "");
    assert_eq!((status, lines.len()), (Some(0), 1));
    let line = &lines[0];
    assert_eq!(keys(line), BTreeSet::from(KEYS));
    assert_eq!((&line["permission"], &line["acknowledge"]["allowed"]), (&json!("held"), &json!(false)));
    assert!(line["acknowledge"]["why"].as_str().unwrap().starts_with("unreadable"), "{line}");
    assert!(line["suggested_reply"].is_null(), "{line}");
}
